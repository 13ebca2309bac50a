/** A tree as records, from a session: what is exported, copied and compared. */
import type { AclEntry, ZooKeeperSession } from '../zookeeper/index.js';
import type { TreeRecord } from './record-format.js';
import { isReserved, relativePath } from './tree-path.js';
import { walk } from './walk.js';

export interface ReadTreeOptions {
  /** Ephemeral nodes too; left out where absent. */
  readonly ephemerals?: boolean;
  readonly signal?: AbortSignal;
}

/**
 * The records of a tree in the order of a walk, without ZooKeeper's own nodes (but for a root among them). A record whose `data` or `acl` is
 * null could not be read whole, and perhaps nothing below it.
 */
export async function* readTree(
  session: ZooKeeperSession,
  root: string,
  { ephemerals = false, signal }: ReadTreeOptions = {},
): AsyncGenerator<TreeRecord, void, undefined> {
  const { chroot } = session;
  const skip = isReserved(root, chroot) ? {} : { skip: (path: string) => isReserved(path, chroot) };
  for await (const { path, stat, data, acl } of walk(session, root, {
    withData: true,
    withAcl: true,
    ...skip,
    ...(signal && { signal }),
  })) {
    if (stat?.kind === 'ephemeral' && !ephemerals) continue;
    const { kind, ttlMs } = stat ?? { kind: null, ttlMs: null };
    yield { path: relativePath(root, path), data, acl: acl && wholeAcl(acl), kind, ttlMs, stat };
  }
}

/** True where something of the node could not be read. */
export function isDenied({ data, acl }: TreeRecord): boolean {
  return data === null || acl === null;
}

/** Without `admin` ZooKeeper shows each `digest` id as `user:x`. Written somewhere that would lock everybody out. */
function wholeAcl(acl: readonly AclEntry[]): readonly AclEntry[] | null {
  return acl.some(({ scheme, id }) => scheme === 'digest' && id.endsWith(':x')) ? null : acl;
}
