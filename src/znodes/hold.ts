/** Keeping an ephemeral node alive. */
import { hasReason, ZkdError } from '../errors.js';
import type { ZooKeeperSession } from '../zookeeper/index.js';

/**
 * Waits while the node is there, and never resolves: rejects with `not-found` when somebody removed it, with `zookeeper-unavailable` when the session, and
 * with it the node, is gone. `onConnection` is told each loss and return of the connection.
 */
export async function holdNode(session: ZooKeeperSession, path: string, onConnection: (isThere: boolean) => void): Promise<never> {
  for (;;) {
    const { node, watch } = await held(session.watchNode(path), path);
    if (!node) throw new ZkdError('not-found', `Somebody removed "${path}"`, { details: { reason: 'no-node', path } });
    if (node.stat.ephemeralOwner !== session.id) {
      throw new ZkdError('not-found', `Somebody removed "${path}" and made it anew`, { details: { reason: 'no-node', path } });
    }
    for (let signal = await held(watch.next(), path); signal !== 'fired'; signal = await held(watch.next(), path))
      onConnection(signal === 'connected');
  }
}

/** Whoever holds a node asked for no watch. */
async function held<T>(wait: Promise<T>, path: string): Promise<T> {
  try {
    return await wait;
  } catch (error) {
    if (!hasReason(error, 'session-expired')) throw error;
    throw new ZkdError('zookeeper-unavailable', `The session has expired, and "${path}" is gone with it`, {
      cause: error,
      details: { reason: 'session-expired', path },
    });
  }
}
