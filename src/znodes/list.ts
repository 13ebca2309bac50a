/** The children of one node, with all there is to know of each. */
import type { Stat, ZooKeeperSession } from '../zookeeper/index.js';
import { joinPath } from '../zookeeper/index.js';
import { relativePath } from './tree-path.js';
import { walk } from './walk.js';

export interface ListedNode {
  /** Below the node that was asked for. */
  readonly name: string;
  readonly stat: Stat;
}

/** Requests under way at once. */
const WIDTH = 64;

/** The children with their stats, by name; one that goes meanwhile is left out. */
export async function listChildren(session: ZooKeeperSession, path: string): Promise<readonly ListedNode[]> {
  const { children } = await session.children(path);
  const found: ListedNode[] = [];
  for (let at = 0; at < children.length; at += WIDTH) {
    const names = children.slice(at, at + WIDTH);
    const stats = await Promise.all(names.map((name) => session.exists(joinPath(path, name))));
    for (const [index, name] of names.entries()) {
      const stat = stats[index];
      if (stat) found.push({ name, stat });
    }
  }
  return found;
}

/** Everything below a node in the order of a walk, and where what is below may not be listed. Kept in memory as a whole. */
export async function listTree(
  session: ZooKeeperSession,
  root: string,
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<{ readonly nodes: readonly ListedNode[]; readonly denied: readonly string[] }> {
  const nodes: ListedNode[] = [];
  const denied: string[] = [];
  for await (const { path, depth, stat, isDenied } of walk(session, root, signal ? { signal } : {})) {
    if (isDenied) denied.push(path);
    if (depth > 0) nodes.push({ name: relativePath(root, path).slice(1), stat });
  }
  return { nodes, denied };
}
