/** Writing one node's data. */
import { hasReason, ZkdError } from '../errors.js';
import type { Stat, ZooKeeperSession } from '../zookeeper/index.js';
import { noParent } from './make.js';

export interface WriteRequest {
  readonly path: string;
  readonly data: Uint8Array;
  /** Only where the node has this version. */
  readonly version: number | undefined;
  /** Makes the node where there is none; without a version only. */
  readonly create: boolean;
}

export interface WriteResult {
  readonly path: string;
  /** Whether the node was made. */
  readonly created: boolean;
  readonly stat: Stat;
}

/** How often somebody else may make and remove the node in between. */
const ROUNDS = 5;

/** Writes the data. Rejects with `not-found` where there is no such node and none is to be made, with `conflict` where it has another version. */
export async function writeNode(session: ZooKeeperSession, { path, data, version, create }: WriteRequest): Promise<WriteResult> {
  for (let round = 1; ; round += 1) {
    try {
      return { path, created: false, stat: await session.set(path, data, version === undefined ? {} : { version }) };
    } catch (error) {
      if (!hasReason(error, 'no-node') || (create && round === ROUNDS)) throw error;
      if (!create) throw notThere(path, error);
    }
    try {
      await session.create(path, data);
      const stat = await session.exists(path);
      if (stat) return { path, created: true, stat };
    } catch (error) {
      if (hasReason(error, 'no-node')) throw noParent(path, error);
      if (!hasReason(error, 'node-exists')) throw error;
    }
  }
}

function notThere(path: string, cause: unknown): ZkdError {
  return new ZkdError('not-found', `There is no znode "${path}" to write to`, {
    cause,
    suggestions: [`zkd znode set ${path} --create`, `zkd znode create ${path}`],
    details: { reason: 'no-node', path },
  });
}
