/**
 * Writing one node as a record says. Every step can be done again: where the connection is lost in between, what is there is looked at
 * anew, so that nothing is lost, doubled or written over that somebody else wrote meanwhile.
 */
import { hasReason, ZkdError } from '../errors.js';
import { systemClock, type Clock } from '../runtime/retry-until.js';
import type { AclEntry, CreateMode, NodeKind, Stat, ZooKeeperSession } from '../zookeeper/index.js';
import { deniedFailure } from './failures.js';
import type { TreeRecord } from './record-format.js';
import { differingFields } from './same-node.js';

/** `kept`: it was there, is different or may not be read, and is not to be written over. */
export type Placed = 'created' | 'changed' | 'unchanged' | 'kept';

export interface PlaceNodeOptions {
  /** Writes over what is there and different. */
  readonly overwrite: boolean;
  /** Only says what it would do. */
  readonly dryRun: boolean;
  /** The node is probably there: it is read first, which is faster than a create that is refused. */
  readonly isExpected?: boolean;
  /** An earlier try, of which nobody knows whether it was done, may have made it. */
  readonly mayBeOurs?: boolean;
  readonly signal?: AbortSignal | undefined;
  readonly clock?: Clock;
}

/** What a node shall be like. */
export type Wanted = Pick<TreeRecord, 'ttlMs'> & { readonly kind: NodeKind; readonly data: Buffer; readonly acl: readonly AclEntry[] };

/** Before each further try. */
const PAUSES_MS: readonly number[] = [50, 200, 500, 1000, 2000];

/**
 * Creates the node, or makes it what it shall be. A node's kind cannot be changed: rejects with `conflict` where it is another. Rejects with
 * whatever the session says; a lost connection after five further tries, of which none begins later than a session lives, since a new leader
 * is there by then.
 */
export async function placeNode(session: ZooKeeperSession, path: string, wanted: Wanted, options: PlaceNodeOptions): Promise<Placed> {
  const { signal, clock = systemClock } = options;
  let { mayBeOurs = false } = options;
  const startedAt = clock.now();
  for (let round = 0; ; round += 1) {
    signal?.throwIfAborted();
    try {
      const placed = await tryOnce(session, path, wanted, options);
      if (mayBeOurs && (placed === 'unchanged' || placed === 'made anew')) return 'created';
      return placed === 'made anew' ? 'changed' : placed;
    } catch (error) {
      const pauseMs = PAUSES_MS[round];
      const isLate = clock.now() - startedAt >= session.timeoutMs;
      if (pauseMs === undefined || isLate || !isWorthAnotherTry(error)) throw error;
      mayBeOurs ||= error instanceof CreateUnknown;
      await clock.sleep(pauseMs, signal);
    }
  }
}

/** Only that nobody knows whether a create was done, or that it was left half done, makes a node that is there ours. */
class CreateUnknown extends ZkdError {}

const isWorthAnotherTry = (error: unknown): boolean =>
  ['connection-lost', 'timeout', 'bad-version', 'vanished'].some((reason) => hasReason(error, reason));

/** `made anew`: what an interrupted run has left half made, this one perhaps. */
type Tried = Placed | 'made anew';

async function tryOnce(session: ZooKeeperSession, path: string, wanted: Wanted, options: PlaceNodeOptions): Promise<Tried> {
  const { dryRun, isExpected = false } = options;
  const mayCreate = !dryRun && path !== '/';
  if (mayCreate && !isExpected && (await isCreated(session, path, wanted))) return 'created';
  const found = await read(session, path);
  if (!found) {
    if (dryRun || (mayCreate && isExpected && (await isCreated(session, path, wanted)))) return 'created';
    throw vanished(path);
  }
  if (found === 'denied') return placeUnseen(session, path, wanted, options);
  const fields = differingFields(found, wanted);
  if (fields.length === 0) return 'unchanged';
  if (isLeftHalf(found, wanted)) return dryRun ? 'changed' : makeAnew(session, path, wanted, found.stat);
  if (!options.overwrite) return 'kept';
  if (fields.includes('kind')) throw otherKind(path, found, wanted);
  if (!dryRun) await write(session, path, wanted, found);
  return 'changed';
}

/** A node that is there and may not be read: it is different for all that can be known. */
async function placeUnseen(session: ZooKeeperSession, path: string, wanted: Wanted, options: PlaceNodeOptions): Promise<Tried> {
  const stat = await session.exists(path);
  if (!stat) throw vanished(path);
  const isLeft = isLeftClosed(stat, wanted);
  if (!options.overwrite && !isLeft) return 'kept';
  if (options.overwrite && isLeft) return options.dryRun ? 'changed' : makeAnew(session, path, wanted, stat);
  throw deniedFailure(isLeft ? 'looking whether an interrupted run left it: reading' : 'reading', path);
}

/** Nobody has written to it since, or the delete is refused. */
async function makeAnew(session: ZooKeeperSession, path: string, wanted: Wanted, { version }: Stat): Promise<Tried> {
  await session.delete(path, { version });
  if (await isCreated(session, path, wanted)) return 'made anew';
  throw vanished(path);
}

/** False where there is a node already. */
async function isCreated(session: ZooKeeperSession, path: string, { data, acl, kind, ttlMs }: Wanted): Promise<boolean> {
  try {
    // An ephemeral node would go with this session.
    const mode: CreateMode = kind === 'ephemeral' ? 'persistent' : kind;
    await session.create(path, data, { mode, ...(ttlMs !== null && { ttlMs }), ...(!isOpen(acl) && { acl }) });
    return true;
  } catch (error) {
    if (hasReason(error, 'node-exists')) return false;
    if (error instanceof ZkdError && (error.details['outcome'] === 'unknown' || error.details['left'] !== undefined)) {
      throw new CreateUnknown(error.code, error.message, { cause: error, suggestions: error.suggestions, details: error.details });
    }
    throw error;
  }
}

interface Found extends Wanted {
  readonly stat: Stat;
  readonly aversion: number;
}

async function read(session: ZooKeeperSession, path: string): Promise<Found | 'denied' | undefined> {
  try {
    const { data, stat } = await session.get(path);
    const { acl, stat: aclStat } = await session.getAcl(path);
    return { data, acl, kind: stat.kind, ttlMs: stat.ttlMs, stat, aversion: aclStat.aversion };
  } catch (error) {
    if (hasReason(error, 'no-node')) return undefined;
    if (hasReason(error, 'no-auth')) return 'denied';
    throw error;
  }
}

/**
 * A node with an ACL of its own is made empty, closed to all but its maker, filled, and gets its ACL last. A run that is killed in between
 * leaves one that nobody ever wrote to, or, with the same credentials as this one, a closed one that can be read,
 */
function isLeftHalf({ stat, acl, data }: Found, wanted: Wanted): boolean {
  const isUntouched = stat.version === 0 && stat.dataLength === 0 && stat.aversion === 0;
  if (isUntouched && isOpen(acl)) return isUnfinished(stat, wanted);
  const isClosed = acl.every(({ scheme, permissions }) => scheme === 'digest' && permissions.length === 5);
  return isClosed && isLeftClosed(stat, wanted) && (stat.version === 0 || data.equals(wanted.data));
}

/** or one that nobody can read, with one ACL since it was made, and with nothing or all in it. */
function isLeftClosed(stat: Stat, wanted: Wanted): boolean {
  const isFilled = stat.version === 1 && stat.dataLength === wanted.data.length;
  return isUnfinished(stat, wanted) && stat.aversion === 1 && (isFilled || (stat.version === 0 && stat.dataLength === 0));
}

function isUnfinished({ kind, numChildren }: Stat, wanted: Wanted): boolean {
  return kind === wanted.kind && numChildren === 0 && wanted.data.length > 0 && !isOpen(wanted.acl);
}

/** Conditional on what was read. Data is never there for anybody whom the new ACL keeps away. */
async function write(session: ZooKeeperSession, path: string, wanted: Wanted, found: Found): Promise<void> {
  const fields = differingFields(found, wanted);
  const writeData = async (): Promise<void> => {
    if (fields.includes('data')) await session.set(path, wanted.data, { version: found.stat.version });
  };
  const isPublic = wanted.acl.some(({ scheme, id, permissions }) => scheme === 'world' && id === 'anyone' && permissions.includes('read'));
  // A new ACL may well take away the right to write.
  if (isPublic) await writeData();
  if (fields.includes('acl')) await session.setAcl(path, wanted.acl, { version: found.aversion });
  if (!isPublic) await writeData();
}

/** What a node has where nothing is said. */
function isOpen(acl: readonly AclEntry[]): boolean {
  const [first] = acl;
  return acl.length === 1 && first?.scheme === 'world' && first.permissions.length === 5;
}

function vanished(path: string): ZkdError {
  return new ZkdError('conflict', `Znode "${path}" comes and goes`, { details: { reason: 'vanished', path } });
}

function otherKind(path: string, found: Wanted, wanted: Wanted): ZkdError {
  const words = ({ kind, ttlMs }: Wanted): string => (ttlMs === null ? kind : `${kind} (${ttlMs} ms)`);
  return new ZkdError('conflict', `Znode "${path}" is ${words(found)}, not ${words(wanted)}; only removing it can change that`, {
    details: { reason: 'other-kind', path },
  });
}
