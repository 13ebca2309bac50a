/**
 * What became of a write whose reply was lost, judged by what the node looks like after the session is connected again and has caught up
 * with the leader (`sync`): from then on the server refuses whatever of the old connection may still be on its way. Pure.
 */
import type { Stat } from './port.js';

/** `applied`: as asked, by all signs. `not-applied`: safe to repeat, or to be answered by the server anew. */
export type Judgement = 'applied' | 'not-applied' | 'unknown';

/** A node as it is now; `data` is null where it may not be read. */
export interface Seen {
  readonly stat: Stat;
  readonly data: Uint8Array | null;
}

/** Whether a node is no younger than the last thing the session knew before it asked. */
const isOlderThan = (stat: Stat, zxid: bigint): boolean => BigInt(stat.czxid) <= zxid;

/**
 * A set on condition of a version. Two writers that set the same bytes on the same version cannot be told apart; the node is as both asked.
 */
export function judgeSet(asked: { readonly version: number; readonly data: Uint8Array }, now: Seen | null): Judgement {
  if (now === null || now.stat.version < asked.version) return 'unknown';
  if (now.stat.version === asked.version) return 'not-applied';
  if (now.stat.version > asked.version + 1 || now.data === null) return 'unknown';
  return Buffer.compare(now.data, asked.data) === 0 ? 'applied' : 'not-applied';
}

/** A delete on condition of a version. That a node is gone does not say who deleted it. */
export function judgeDelete(asked: { readonly version: number; readonly knownZxid: bigint }, now: Stat | null): Judgement {
  if (now === null) return 'unknown';
  return now.version === asked.version || isOlderThan(now, asked.knownZxid) ? 'not-applied' : 'unknown';
}

export interface AskedCreate {
  readonly isEphemeral: boolean;
  readonly data: Uint8Array;
  readonly sessionId: string;
  readonly knownZxid: bigint;
}

/** A create of a name that is known. An ephemeral node says whose it is; any other one tells by being young, untouched and as asked. */
export function judgeCreate(asked: AskedCreate, now: Seen | null): Judgement {
  if (now === null) return 'not-applied';
  const { stat, data } = now;
  if (isOlderThan(stat, asked.knownZxid) || asked.isEphemeral !== (stat.ephemeralOwner !== null)) return 'not-applied';
  if (asked.isEphemeral) return stat.ephemeralOwner === asked.sessionId ? 'applied' : 'not-applied';
  if (stat.version > 0) return 'unknown';
  if (data === null) return stat.aversion === 0 ? 'not-applied' : 'unknown';
  return Buffer.compare(data, asked.data) === 0 ? 'applied' : 'not-applied';
}

/** The children a lost sequential create may have made, youngest first: those whose name is the asked one and ten digits. */
export function sequentialCandidates(name: string, children: readonly string[]): string[] {
  return children
    .filter((child) => child.startsWith(name) && /^-?\d{10}$/.test(child.slice(name.length)))
    .sort((one, other) => Number(other.slice(name.length)) - Number(one.slice(name.length)));
}
