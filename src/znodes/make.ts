/** Making one node, with what it stands on where that is asked for. */
import { hasReason, ZkdError } from '../errors.js';
import type { CreateOptions, ZooKeeperSession } from '../zookeeper/index.js';

export interface MakeRequest extends CreateOptions {
  readonly path: string;
  readonly data: Uint8Array;
  /** Makes the nodes above it that are missing: persistent, empty and open to everybody. */
  readonly parents: boolean;
}

/**
 * Makes a node and answers its path, which for a sequential one ends in the server's number. Rejects with `conflict` where it exists, with `not-found` where
 * its parent does not. What was made above it stays when it cannot be made itself.
 */
export async function makeNode(session: ZooKeeperSession, { path, data, parents, ...options }: MakeRequest): Promise<string> {
  try {
    return await session.create(path, data, options);
  } catch (error) {
    if (!hasReason(error, 'no-node')) throw error;
    if (!parents) throw noParent(path, error);
  }
  await makeParents(session, path);
  return session.create(path, data, options);
}

function noParent(path: string, cause: unknown): ZkdError {
  const parent = path.slice(0, path.lastIndexOf('/')) || '/';
  return new ZkdError('not-found', `Cannot create "${path}": there is no "${parent}"`, {
    cause,
    suggestions: [`zkd znode create ${path} --parents`],
    details: { reason: 'no-node', path: parent },
  });
}

/** From the top down; somebody else may make them at the same time. */
async function makeParents(session: ZooKeeperSession, path: string): Promise<void> {
  const parts = path.split('/').slice(1, -1);
  for (const [index] of parts.entries()) {
    try {
      await session.create(`/${parts.slice(0, index + 1).join('/')}`, new Uint8Array());
    } catch (error) {
      if (!hasReason(error, 'node-exists')) throw error;
    }
  }
}
