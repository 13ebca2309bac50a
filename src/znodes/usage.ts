/** What `du` shows: how many nodes and bytes are below which node. */
import type { ZooKeeperSession } from '../zookeeper/index.js';
import { walk } from './walk.js';

export interface UsageOptions {
  /** Levels below the root that are listed, each with all that is below it; 1 where absent. */
  readonly depth?: number;
  readonly signal?: AbortSignal;
}

export interface UsageEntry {
  readonly path: string;
  /** The node itself and all below it. */
  readonly nodes: number;
  readonly ephemerals: number;
  /** Bytes of data, without ZooKeeper's own overhead. */
  readonly bytes: number;
}

export interface Usage {
  readonly root: UsageEntry;
  /** Without the root; the largest first, by bytes, then by nodes, then as in a walk. */
  readonly entries: readonly UsageEntry[];
  /** Nodes below which nothing could be counted. */
  readonly denied: readonly string[];
}

/** Counts a whole tree. Keeps in memory what it lists, not what it counts. Rejects where the root is missing or denied. */
export async function measureUsage(session: ZooKeeperSession, root: string, { depth = 1, signal }: UsageOptions = {}): Promise<Usage> {
  const denied: string[] = [];
  const entries: Counted[] = [];
  /** The listed nodes that the node read last is in. */
  const open: Counted[] = [];
  for await (const { path, depth: level, stat, isDenied } of walk(session, root, signal ? { signal } : {})) {
    open.length = Math.min(open.length, level);
    if (level <= depth) {
      const entry = { path, nodes: 0, ephemerals: 0, bytes: 0 };
      entries.push(entry);
      open.push(entry);
    }
    for (const entry of open) {
      entry.nodes += 1;
      entry.ephemerals += stat?.kind === 'ephemeral' ? 1 : 0;
      entry.bytes += stat?.dataLength ?? 0;
    }
    if (isDenied) denied.push(path);
  }
  const [top = { path: root, nodes: 0, ephemerals: 0, bytes: 0 }, ...below] = entries;
  return { root: top, entries: below.sort((one, other) => other.bytes - one.bytes || other.nodes - one.nodes), denied };
}

type Counted = { -readonly [Field in keyof UsageEntry]: UsageEntry[Field] };
