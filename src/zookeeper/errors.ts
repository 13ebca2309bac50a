/**
 * What went wrong with a session, in our words: ZooKeeper's numbers -> a reason -> ZkdError. Messages name the node, never data or
 * credentials: the client library's own texts carry the arguments and are not used.
 */
import { ZkdError } from '../errors.js';
import type { ExitCodeName } from '../exit-codes.js';
import type { SessionReason } from './port.js';

/** What was asked for. */
export interface Asked {
  /** As in "Cannot ...": `read`, `create`, `set the ACL of`. */
  readonly verb: string;
  readonly path: string;
}

/** What is known of a write that failed: `unknown` where it may have been applied. */
export type Outcome = 'not-applied' | 'unknown';

const EXIT_CODES: Readonly<Record<SessionReason, ExitCodeName>> = {
  'no-node': 'not-found',
  'node-exists': 'conflict',
  'bad-version': 'conflict',
  'not-empty': 'conflict',
  'no-children-for-ephemerals': 'conflict',
  'no-auth': 'denied',
  'auth-failed': 'denied',
  'invalid-acl': 'usage',
  'invalid-path': 'usage',
  'too-large': 'usage',
  unsupported: 'failure',
  'connection-lost': 'zookeeper-unavailable',
  timeout: 'zookeeper-unavailable',
  'session-expired': 'zookeeper-unavailable',
  closed: 'failure',
};

/** The numbers of `KeeperException.Code` and `zookeeper.h` (3.9) that mean something of their own here. */
const CODES: ReadonlyMap<number, SessionReason> = new Map([
  [-2, 'connection-lost'],
  [-4, 'connection-lost'],
  [-6, 'unsupported'],
  [-7, 'connection-lost'],
  [-8, 'invalid-path'],
  [-9, 'closed'],
  [-101, 'no-node'],
  [-102, 'no-auth'],
  [-103, 'bad-version'],
  [-108, 'no-children-for-ephemerals'],
  [-110, 'node-exists'],
  [-111, 'not-empty'],
  [-112, 'session-expired'],
  [-114, 'invalid-acl'],
  [-115, 'auth-failed'],
  [-116, 'closed'],
  [-118, 'connection-lost'],
  [-119, 'unsupported'],
  [-120, 'unsupported'],
  [-124, 'auth-failed'],
  [-127, 'connection-lost'],
]);

/** The reason behind a number; undefined for one that nothing of ours can lead to. */
export function reasonOf(code: number): SessionReason | undefined {
  return CODES.get(code);
}

const NODE_REASONS: Readonly<Partial<Record<SessionReason, (asked: Asked) => string>>> = {
  'no-node': ({ path }) => `Znode "${path}" does not exist`,
  'node-exists': ({ path }) => `Znode "${path}" exists already`,
  'bad-version': ({ path }) => `Znode "${path}" has another version than the one asked for`,
  'not-empty': ({ path }) => `Znode "${path}" has children`,
  'no-children-for-ephemerals': ({ path }) => `Znode "${path}" cannot be created: its parent is ephemeral and can have no children`,
};

const WHY: Readonly<Partial<Record<SessionReason, string>>> = {
  'no-auth': 'access control denies it',
  'auth-failed': 'ZooKeeper refuses the credentials',
  'invalid-acl': 'ZooKeeper refuses the access control list',
  'invalid-path': 'ZooKeeper does not allow the path',
  unsupported: 'the server cannot do this',
  'connection-lost': 'the connection to ZooKeeper was lost',
  'session-expired': 'the session has expired',
  closed: 'the session is closed',
};

const SUGGESTIONS: Readonly<Partial<Record<SessionReason, readonly string[]>>> = {
  'no-auth': ['Give credentials with --auth-file or ZKD_AUTH'],
  'auth-failed': ['Check the credentials in ZKD_AUTH or --auth-file: scheme:credential'],
};

/** An error of a session about a node. */
export function sessionError(
  reason: SessionReason,
  asked: Asked,
  options: { readonly outcome?: Outcome; readonly why?: string } = {},
): ZkdError {
  const { verb, path } = asked;
  const words = options.why ?? WHY[reason] ?? reason;
  const message = (options.why === undefined ? NODE_REASONS[reason]?.(asked) : undefined) ?? `Cannot ${verb} znode "${path}": ${words}`;
  const isUnknown = options.outcome === 'unknown';
  return new ZkdError(EXIT_CODES[reason], isUnknown ? `${message}; whether it was done is not known` : message, {
    details: { reason, path, ...(options.outcome !== undefined && { outcome: options.outcome }) },
    suggestions: [...(SUGGESTIONS[reason] ?? []), ...(isUnknown ? [`zkd znode stat ${quoted(path)}`] : [])],
  });
}

/** An error for a number nobody foresaw, or one of {@link reasonOf}. */
export function codeError(code: number, asked: Asked, outcome?: Outcome): ZkdError {
  const reason = reasonOf(code);
  if (reason !== undefined) return sessionError(reason, asked, outcome === undefined ? {} : { outcome });
  return new ZkdError('failure', `Cannot ${asked.verb} znode "${asked.path}": ZooKeeper answers with its error ${code}`, {
    details: { reason: 'unsupported', path: asked.path, code },
  });
}

/** No answer came in the operation's time. */
export function timeoutError(asked: Asked, timeoutMs: number, outcome?: Outcome): ZkdError {
  return sessionError('timeout', asked, { why: `no answer within ${timeoutMs} ms`, ...(outcome !== undefined && { outcome }) });
}

/** As a shell takes it. */
const quoted = (path: string): string => (/^[\w./@%+=:-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`);
