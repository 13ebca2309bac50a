/** Making one node, with what it stands on where that is asked for. */
import { hasReason, ZkdError } from '../errors.js';
import { parentPath, type CreateOptions, type ZooKeeperSession } from '../zookeeper/index.js';

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

/** For a node that cannot be made because of what is missing above it. */
export function noParent(path: string, cause: unknown): ZkdError {
  const parent = path.slice(0, path.lastIndexOf('/')) || '/';
  return new ZkdError('not-found', `Cannot create "${path}": there is no "${parent}"`, {
    cause,
    suggestions: [`zkd znode create ${path} --parents`],
    details: { reason: 'no-node', path: parent },
  });
}

/** Those that are missing, and no others: to make one that is there may be denied. Somebody else may make them at the same time. */
async function makeParents(session: ZooKeeperSession, path: string): Promise<void> {
  const parent = parentPath(path);
  if (parent === null || parent === '/') return;
  if (await isMade(session, parent)) return;
  await makeParents(session, parent);
  if (await isMade(session, parent)) return;
  throw new ZkdError('conflict', `Cannot create "${path}": what is above it comes and goes`, {
    details: { reason: 'no-node', path: parent },
  });
}

/** False where its own parent is missing. */
async function isMade(session: ZooKeeperSession, path: string): Promise<boolean> {
  try {
    await session.create(path, new Uint8Array());
    return true;
  } catch (error) {
    if (hasReason(error, 'node-exists')) return true;
    if (hasReason(error, 'no-node')) return false;
    throw error;
  }
}
