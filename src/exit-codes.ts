/**
 * The exit-code table: the one source for what a process of zkd ends with.
 * Help, `docs/exit-codes.md` and the error document are made from it. Imports nothing.
 * Scripts rely on these numbers: a released one never changes its meaning.
 */
export const EXIT_CODES = {
  ok: { number: 0, meaning: 'done, or already so' },
  failure: { number: 1, meaning: 'unexpected failure' },
  usage: { number: 2, meaning: 'wrong flags or arguments, or an unreadable specification file' },
  'not-found': { number: 3, meaning: 'no such ensemble, member, container, znode, key or lock' },
  conflict: { number: 4, meaning: 'exists already, bad version, not empty, port or name taken' },
  'engine-unavailable': { number: 5, meaning: 'no container engine, no permission, or an image that cannot be had' },
  'zookeeper-unavailable': { number: 6, meaning: 'no connection to ZooKeeper, or no quorum' },
  timeout: { number: 7, meaning: 'a wait or an acquire ran out of time' },
  lost: { number: 8, meaning: 'the lock or leadership was lost while the child ran' },
  partial: { number: 9, meaning: 'some done, some not; the details list both' },
  negative: { number: 10, meaning: 'the question was answered "no": unhealthy, drift, different, held' },
  denied: { number: 11, meaning: 'authentication or access control said no' },
  refused: { number: 12, meaning: 'a guard said no; the details say which flag overrides it' },
  interrupted: { number: 130, meaning: 'interrupted by SIGINT, after clean-up' },
  terminated: { number: 143, meaning: 'ended by SIGTERM, after clean-up' },
} as const satisfies Record<string, { number: number; meaning: string }>;

/** The name of an exit code; it is also the `code` of an error document. */
export type ExitCodeName = keyof typeof EXIT_CODES;

/** The process exit code that belongs to a name. */
export function exitNumber(name: ExitCodeName): number {
  return EXIT_CODES[name].number;
}
