/** Copying a tree to another place, or to another ensemble. */
import { hasReason, ZkdError } from '../errors.js';
import type { ZooKeeperSession } from '../zookeeper/index.js';
import { placeTree, type PlaceOptions, type PlaceResult } from './place-tree.js';
import { readTree } from './read-tree.js';
import { isReserved, isWithin } from './tree-path.js';

export interface TreePlace {
  readonly session: ZooKeeperSession;
  readonly path: string;
}

/**
 * Copies data, ACLs, kinds and times to live; no versions and times. Promises what `placeTree` promises. Not atomic: what changes meanwhile
 * is copied as it is when its turn comes.
 */
export async function copyTree(from: TreePlace, to: TreePlace, options: PlaceOptions): Promise<PlaceResult> {
  if (await isOneEnsemble(from, to)) refuseOverlap(from.path, to.path, options.mode === 'mirror');
  if (isReserved(from.path)) throw refusal(`Znode "${from.path}" is not copied: ZooKeeper keeps its own data there`, from, to);
  const { ephemerals = false, signal } = options;
  const records = readTree(from.session, from.path, { ephemerals: true, ...(signal && { signal }) });
  return placeTree(to.session, to.path, records, { ...options, ephemerals });
}

/**
 * Two sessions may well be on one ensemble: there the original is the same node for both, born with the same change at the same time. It
 * does not show through different chroots, nor for `/`, which is as old everywhere.
 */
async function isOneEnsemble(from: TreePlace, to: TreePlace): Promise<boolean> {
  if (from.session === to.session) return true;
  // Onto itself does no harm: everything is as it shall be.
  if (from.path === '/' || from.path === to.path || !(isWithin(from.path, to.path) || isWithin(to.path, from.path))) return false;
  try {
    const [here, there] = await Promise.all([from.session.exists(from.path), to.session.exists(from.path)]);
    return here !== null && here.czxid === there?.czxid && here.ctime === there.ctime;
  } catch (error) {
    if (hasReason(error, 'no-auth')) return false;
    throw error;
  }
}

/** Into itself it would never end; and a mirror of a part over the whole would remove what it copies. */
function refuseOverlap(from: string, to: string, isMirror: boolean): void {
  if (isWithin(from, to)) throw refusal(`Znode "${from}" cannot be copied into itself ("${to}")`, { path: from }, { path: to });
  if (isMirror && isWithin(to, from)) {
    throw refusal(`A mirror of "${from}" in "${to}" would remove the original`, { path: from }, { path: to });
  }
}

function refusal(message: string, from: { readonly path: string }, to: { readonly path: string }): ZkdError {
  return new ZkdError('refused', message, { details: { from: from.path, to: to.path, override: null } });
}
