/** Looking for nodes in a tree. */
import type { NodeKind, Stat, ZooKeeperSession } from '../zookeeper/index.js';
import { nodeName } from '../zookeeper/index.js';
import { deniedFailure, Failures } from './failures.js';
import { walk } from './walk.js';

/** All that is given has to hold. */
export interface FindQuery {
  /** Matches the last part of the path, anywhere in it. */
  readonly name?: RegExp;
  /** Matches the data as UTF-8 text, anywhere in it. */
  readonly data?: RegExp;
  readonly kind?: NodeKind;
  /** The session that holds an ephemeral node, as `0x...`. */
  readonly owner?: string;
  /** Levels below the root. */
  readonly depth?: number;
}

export interface FoundNode {
  readonly path: string;
  readonly stat: Stat;
}

/**
 * The nodes that a query describes, the root among them, in the order of a walk. Streams; reads data only where the query asks about it. Nodes
 * that may not be read or listed are named at the end (`partial`, 9).
 */
export async function* findNodes(
  session: ZooKeeperSession,
  root: string,
  query: FindQuery,
  { signal }: { readonly signal?: AbortSignal } = {},
): AsyncGenerator<FoundNode, void, undefined> {
  const failures = new Failures();
  const [name, data] = [query.name && stateless(query.name), query.data && stateless(query.data)];
  const limits = { ...(query.depth !== undefined && { depth: query.depth }), ...(signal && { signal }) };
  let looked = 0;
  for await (const node of walk(session, root, { withData: data !== undefined, ...limits })) {
    const { path, stat } = node;
    looked += 1;
    if (node.isDenied) failures.add(path, deniedFailure('reading data and children', path));
    if (!stat) continue;
    if (query.kind !== undefined && stat.kind !== query.kind) continue;
    if (query.owner !== undefined && stat.ephemeralOwner !== query.owner) continue;
    if (name && !name.test(nodeName(path))) continue;
    if (data && !(node.data && data.test(node.data.toString()))) continue;
    yield { path, stat };
  }
  failures.throwIfAny('looked into', looked, { looked });
}

/** A global or sticky expression would go on where the last match ended. */
function stateless({ source, flags }: RegExp): RegExp {
  return new RegExp(source, flags.replaceAll(/[gy]/g, ''));
}
