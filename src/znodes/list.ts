/** The children of one node, with all there is to know of each. */
import { hasReason } from '../errors.js';
import type { Stat, ZooKeeperSession } from '../zookeeper/index.js';
import { joinPath } from '../zookeeper/index.js';
import { relativePath } from './tree-path.js';
import { walk } from './walk.js';

export interface ListedNode {
  /** Below the node that was asked for. */
  readonly name: string;
  /** Null where it may not be looked at: from 3.9 on servers want the right to read for that. */
  readonly stat: Stat | null;
}

export interface NodeList {
  readonly nodes: readonly ListedNode[];
  /** Paths that may not be looked at, or whose children may not be listed. */
  readonly denied: readonly string[];
}

/** Requests under way at once. */
const WIDTH = 64;

/** The children with their stats, by name; one that goes meanwhile is left out. */
export async function listChildren(session: ZooKeeperSession, path: string): Promise<NodeList> {
  const { children } = await session.children(path);
  const nodes: ListedNode[] = [];
  const denied: string[] = [];
  for (let at = 0; at < children.length; at += WIDTH) {
    const names = children.slice(at, at + WIDTH);
    const stats = await Promise.all(names.map((name) => look(session, joinPath(path, name))));
    for (const [index, name] of names.entries()) {
      const stat = stats[index];
      if (stat === 'denied') denied.push(joinPath(path, name));
      if (stat) nodes.push({ name, stat: stat === 'denied' ? null : stat });
    }
  }
  return { nodes, denied };
}

async function look(session: ZooKeeperSession, path: string): Promise<Stat | 'denied' | null> {
  try {
    return await session.exists(path);
  } catch (error) {
    if (hasReason(error, 'no-auth')) return 'denied';
    throw error;
  }
}

export interface TreeNode extends ListedNode {
  readonly path: string;
  /** It may not be looked at, or its children may not be listed. */
  readonly isDenied: boolean;
}

/** Everything below a node in the order of a walk, and the node itself with an empty name where its children may not be listed. Streams. */
export async function* listTree(
  session: ZooKeeperSession,
  root: string,
  { signal }: { readonly signal?: AbortSignal } = {},
): AsyncGenerator<TreeNode, void, undefined> {
  for await (const { path, depth, stat, isDenied } of walk(session, root, signal ? { signal } : {})) {
    if (depth > 0 || isDenied) yield { name: relativePath(root, path).slice(1), stat, path, isDenied };
  }
}
