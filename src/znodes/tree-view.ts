/** What `tree` draws: a tree cut to a depth and a width, which knows what was cut off. */
import { nodeName, type NodeKind, type ZooKeeperSession } from '../zookeeper/index.js';
import { walk } from './walk.js';

export interface TreeViewOptions {
  /** Levels below the root; all where absent. */
  readonly depth?: number;
  /** Children of one node, the first ones; all where absent. */
  readonly width?: number;
  readonly signal?: AbortSignal;
}

export interface TreeViewNode {
  readonly path: string;
  /** Empty for the root of all. */
  readonly name: string;
  readonly kind: NodeKind;
  readonly ephemeralOwner: string | null;
  readonly ttlMs: number | null;
  readonly dataLength: number;
  readonly numChildren: number;
  readonly children: readonly TreeViewNode[];
  /** Children that are there and not among `children`: too deep, too many, or denied. */
  readonly leftOut: number;
  /** Its children may not be listed, or nothing of it may be seen: then it is shown as if it were empty and persistent. */
  readonly isDenied: boolean;
}

export interface TreeView {
  readonly root: TreeViewNode;
  /** In the view, with the root. */
  readonly nodes: number;
  /** Children left out, not counting what is below them. */
  readonly leftOut: number;
  /** Nodes whose children may not be listed. */
  readonly denied: readonly string[];
}

/** Reads the tree; it is kept in memory as far as it is in the view. Rejects where the root is missing or denied. */
export async function viewTree(session: ZooKeeperSession, root: string, { depth, width, signal }: TreeViewOptions = {}): Promise<TreeView> {
  const limits = { ...(depth !== undefined && { depth }), ...(width !== undefined && { width }) };
  const denied: string[] = [];
  /** From the root down to the node read last. */
  const open: Drawn[] = [];
  let [nodes, leftOut] = [0, 0];
  const close = (): void => {
    const node = open.pop();
    // Newcomers may be in the list of names and not in the count.
    if (node) node.leftOut = Math.max(0, node.numChildren - node.children.length);
    leftOut += node?.leftOut ?? 0;
  };
  let top: Drawn | undefined;
  for await (const { path, depth: level, stat, isDenied } of walk(session, root, { ...limits, ...(signal && { signal }) })) {
    while (open.length > level) close();
    const { kind, ephemeralOwner, ttlMs, dataLength, numChildren } = stat ?? UNKNOWN;
    const node = { path, name: nodeName(path), kind, ephemeralOwner, ttlMs, dataLength, numChildren, children: [], leftOut: 0, isDenied };
    open.at(-1)?.children.push(node);
    open.push(node);
    top ??= node;
    nodes += 1;
    if (isDenied) denied.push(path);
  }
  while (open.length > 0) close();
  if (!top) throw new Error(`The walk of ${root} ended without its root`);
  return { root: top, nodes, leftOut, denied };
}

/** Of a node that nobody may look at. */
const UNKNOWN = { kind: 'persistent' as const, ephemeralOwner: null, ttlMs: null, dataLength: 0, numChildren: 0 };

type Drawn = Omit<TreeViewNode, 'children' | 'leftOut'> & { readonly children: Drawn[]; leftOut: number };
