/** Copying a tree to another place, or to another ensemble. */
import { ZkdError } from '../errors.js';
import type { Stat, ZooKeeperSession } from '../zookeeper/index.js';
import { placeTree, type PlaceOptions, type PlaceResult } from './place-tree.js';
import { readTree } from './read-tree.js';
import { absolutePath, isReserved, isWithin, relativePath } from './tree-path.js';

export interface TreePlace {
  readonly session: ZooKeeperSession;
  readonly path: string;
}

/**
 * Copies data, ACLs, kinds and times to live; no versions and times. Promises what `placeTree` promises. Not atomic: what changes meanwhile
 * is copied as it is when its turn comes.
 */
export async function copyTree(from: TreePlace, to: TreePlace, options: PlaceOptions): Promise<PlaceResult> {
  await refuseOverlap(from, to, options.mode === 'mirror');
  if (isReserved(from.path, from.session.chroot))
    throw refusal(`Znode "${from.path}" is not copied: ZooKeeper keeps its own data there`, from, to);
  const { ephemerals = false, signal } = options;
  const records = readTree(from.session, from.path, { ephemerals: true, ...(signal && { signal }) });
  return placeTree(to.session, to.path, records, { ...options, ephemerals });
}

/** Into itself it would never end; and a mirror of a part over the whole would remove what it copies. */
async function refuseOverlap(from: TreePlace, to: TreePlace, isMirror: boolean): Promise<void> {
  const [source, target] = [wholePath(from), wholePath(to)];
  const isInto = isWithin(source, target);
  if (!isInto && !(isMirror && isWithin(target, source))) return;
  if (!(await isOneEnsemble(from, to))) return;
  if (isInto) throw refusal(`Znode "${source}" cannot be copied into itself ("${target}")`, from, to);
  throw refusal(`A mirror of "${source}" in "${target}" would remove the original`, from, to);
}

/** With the chroot of its session. */
const wholePath = ({ session, path }: TreePlace): string => absolutePath(session.chroot ?? '/', path);

/**
 * Of two places of which one is within the other. However two sessions were connected, a node that both can see tells: on one ensemble it
 * was born with the same change at the same time. Rejects with `denied` where it may not be looked at, with
 * `refused` where there is none.
 */
async function isOneEnsemble(from: TreePlace, to: TreePlace): Promise<boolean> {
  if (from.session === to.session) return true;
  // Onto itself does no harm: everything is as it shall be.
  if (wholePath(from) === wholePath(to)) return false;
  const landmark = await findLandmark(from, to);
  // There is nothing to copy, and nothing to tell by.
  if (landmark === undefined) return true;
  const look = async ({ session }: TreePlace): Promise<Stat | null> => {
    const path = relativePath(session.chroot ?? '/', landmark);
    await session.sync(path);
    return session.exists(path);
  };
  const [here, there] = await Promise.all([look(from), look(to)]);
  if (!here && !there && (await from.session.exists(from.path))) throw untold(landmark, from, to);
  return here !== null && here.czxid === there?.czxid && here.ctime === there.ctime;
}

/** The deepest node on the way to both that both can see; below "/", which is as old everywhere, whatever there is. */
async function findLandmark(from: TreePlace, to: TreePlace): Promise<string | undefined> {
  const [source, target] = [wholePath(from), wholePath(to)];
  const outer = isWithin(source, target) ? source : target;
  // All three are on one way down, so that the longest is the deepest.
  const ways = [outer, from.session.chroot ?? '/', to.session.chroot ?? '/'];
  const deepest = ways.reduce((longest, path) => (path.length > longest.length ? path : longest));
  if (deepest !== '/') return deepest;
  const { children } = await from.session.children('/');
  return children.map((name) => `/${name}`).find((path) => !isReserved(path, null));
}

/** A chroot that nobody made yet shows nothing of its ensemble. */
function untold(chroot: string, from: TreePlace, to: TreePlace): ZkdError {
  const why = `it cannot be told whether "${chroot}", which is not there yet, will be in it`;
  return new ZkdError('refused', `Znode "${wholePath(from)}" is not copied: ${why}`, {
    details: { from: from.path, to: to.path, override: null },
    suggestions: [`Make "${chroot}" first, where the copy goes`],
  });
}

function refusal(message: string, from: TreePlace, to: TreePlace): ZkdError {
  return new ZkdError('refused', message, { details: { from: from.path, to: to.path, override: null } });
}
