/** Writing an export back into ZooKeeper. */
import type { ZooKeeperSession } from '../zookeeper/index.js';
import { placeTree, type PlaceOptions, type PlaceResult } from './place-tree.js';
import { readExport } from './read-export.js';

/**
 * Writes the tree of an export below `target`, or where it was exported from. What it promises is what `placeTree` promises. A file that was
 * cut off is written as far as it goes, nothing is removed for it, and the import rejects with `usage`.
 */
export async function importTree(
  session: ZooKeeperSession,
  chunks: AsyncIterable<Uint8Array | string>,
  target: string | undefined,
  options: PlaceOptions,
): Promise<PlaceResult> {
  const { header, records } = await readExport(chunks);
  return placeTree(session, target ?? header.root, records, options);
}
