/** Writing a tree out as lines. Streams: memory does not grow with the tree. */
import { ZkdError } from '../errors.js';
import type { ZooKeeperSession } from '../zookeeper/index.js';
import { deniedFailure, Failures } from './failures.js';
import { isDenied, readTree } from './read-tree.js';
import { formatEnd, formatHeader, formatRecord } from './record-format.js';
import { absolutePath } from './tree-path.js';

export interface ExportOptions {
  /** Ephemeral nodes too; left out where absent. */
  readonly ephemerals?: boolean;
  /** What the ensemble has reached, where somebody can tell; asked before the first and after the last node. */
  readonly readZxid?: () => Promise<string | null>;
  readonly signal?: AbortSignal;
  /** Called for each node. */
  readonly onProgress?: (done: ExportProgress) => void;
}

export interface ExportProgress {
  readonly nodes: number;
  /** Bytes of data. */
  readonly bytes: number;
}

export interface ExportResult extends ExportProgress {
  readonly root: string;
  readonly firstZxid: string | null;
  readonly lastZxid: string | null;
  /** The newest change in the file. */
  readonly newestZxid: string | null;
}

const CHUNK = 64 * 1024;

/**
 * Writes a tree in the format of `record-format.ts`, a few lines at a time; each write is waited for. Nodes that may not be read are in the
 * file as far as they could be, and listed at the end (`partial`, 9) once all others are written. An export that rejects in any other
 * way has not written the last line, so that readers notice.
 */
export async function exportTree(
  session: ZooKeeperSession,
  root: string,
  write: (text: string) => Promise<void> | void,
  { ephemerals = false, readZxid = () => Promise.resolve(null), signal, onProgress }: ExportOptions = {},
): Promise<ExportResult> {
  const failures = new Failures();
  let [nodes, bytes, newest, pending] = [0, 0, 0n, ''];
  const records = readTree(session, root, { ephemerals, ...(signal && { signal }) });
  const firstZxid = await readZxid();
  let record = await records.next();
  pending = `${formatHeader({ root, exportedAt: new Date().toISOString(), firstZxid, ephemerals })}\n`;
  for (; record.done !== true; record = await records.next()) {
    const { path, data, stat } = record.value;
    const full = absolutePath(root, path);
    if (isDenied(record.value)) failures.add(full, deniedFailure(data === null ? 'reading the data' : 'reading all of the ACL', full));
    if (stat) newest = max(newest, max(BigInt(stat.mzxid), BigInt(stat.czxid)));
    nodes += 1;
    bytes += data?.length ?? 0;
    pending += `${formatRecord(record.value)}\n`;
    onProgress?.({ nodes, bytes });
    if (pending.length < CHUNK) continue;
    await write(pending);
    pending = '';
  }
  // Nodes come and go while it walks; without its root there is nothing left that the file would be of.
  if (!(await session.exists(root))) throw rootRemoved(root);
  const newestZxid = nodes > 0 ? `0x${newest.toString(16)}` : null;
  const lastZxid = await readZxid();
  await write(`${pending}${formatEnd({ nodes, denied: failures.count, newestZxid, lastZxid })}\n`);
  failures.throwIfAny('read whole', nodes, { root, nodes, bytes });
  return { root, nodes, bytes, firstZxid, lastZxid, newestZxid };
}

function rootRemoved(root: string): ZkdError {
  return new ZkdError('not-found', `Znode "${root}" was removed while it was exported`, { details: { reason: 'no-node', path: root } });
}

const max = (one: bigint, other: bigint): bigint => (one > other ? one : other);
