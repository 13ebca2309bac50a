/**
 * What is kept although it is not registered any more. Records that vanish one by one are taken at their word; where all vanish, or more than half
 * within a session timeout, the registry may be what is ill, not the servers: HAProxy's own checks then judge them for a while. Those whose containers
 * are known to end do not count: their records went because of that. Pure.
 */
import { keyOf, type Server } from './servers.js';
import { parseJson } from './settings.js';

/** A server that is not registered any more. */
interface Gone {
  readonly key: string;
  /** Unix time in milliseconds. */
  readonly since: number;
  /** It is kept until the hold is over. */
  readonly isHeld: boolean;
}
export type Memory = readonly Gone[];

export interface Loss {
  /** Registered now. */
  readonly registered: readonly Server[];
  /** What HAProxy sends requests to. */
  readonly present: readonly Server[];
  readonly memory: Memory;
  /** Keys of servers the engine knows to have ended, or to be ending: it is not the registry that is ill. */
  readonly ended?: ReadonlySet<string>;
  readonly now: number;
  /** 0: nothing is ever kept. */
  readonly holdMs: number;
  /** A session timeout: what vanishes within one may have one cause. */
  readonly windowMs: number;
}

export interface Held {
  readonly kept: readonly Server[];
  readonly memory: Memory;
  /** When the next one is not kept any more; null where none is. */
  readonly untilMs: number | null;
}

const NONE: ReadonlySet<string> = new Set();

export function decideHold({ registered, present, memory, ended = NONE, now, holdMs, windowMs }: Loss): Held {
  const keys = new Set(registered.map(keyOf));
  const isMissing = (key: string): boolean => !keys.has(key) && !ended.has(key);
  const missing = new Map(present.flatMap((server) => (isMissing(keyOf(server)) ? [[keyOf(server), server] as const] : [])));
  const known = memory.filter(({ key, since }) => isMissing(key) && since <= now);
  const fresh = [...missing.keys()].filter((key) => !known.some((gone) => gone.key === key));
  const gone: Gone[] = [...known, ...fresh.map((key) => ({ key, since: now, isHeld: false }))];
  const recent = gone.filter(({ since }) => now - since < windowMs);
  const isMassLoss = keys.size === 0 || recent.length > keys.size;
  const judged = gone.map((one) => (isMassLoss && missing.has(one.key) && recent.includes(one) ? { ...one, isHeld: true } : one));
  const held = judged.filter(({ key, since, isHeld }) => isHeld && missing.has(key) && now - since < holdMs);
  return {
    kept: held.flatMap(({ key }) => missing.get(key) ?? []),
    memory: judged.filter((one) => held.includes(one) || (now - one.since < windowMs && !one.isHeld)),
    untilMs: held.length === 0 ? null : Math.min(...held.map(({ since }) => since + holdMs)),
  };
}

export const formatMemory = (memory: Memory): string => (memory.length === 0 ? '' : `${JSON.stringify(memory)}\n`);

/** What cannot be read is forgotten. */
export function readMemory(text: string): Memory {
  const told = parseJson(text);
  if (!Array.isArray(told)) return [];
  return (told as (Partial<Gone> | null)[]).filter(
    (one): one is Gone => typeof one === 'object' && one !== null && typeof one.key === 'string' && typeof one.since === 'number',
  );
}
