/** Keeping an ephemeral node alive. */
import { ZkdError } from '../errors.js';
import type { ZooKeeperSession } from '../zookeeper/index.js';

/**
 * Waits while the node is there, and never resolves: rejects with `not-found` when somebody removed it, with `zookeeper-unavailable` when the session, and
 * with it the node, is gone. `onConnection` is told each loss and return of the connection.
 */
export async function holdNode(session: ZooKeeperSession, path: string, onConnection: (isThere: boolean) => void): Promise<never> {
  for (;;) {
    const { node, watch } = await session.watchNode(path);
    if (!node) throw new ZkdError('not-found', `Somebody removed "${path}"`, { details: { reason: 'no-node', path } });
    for (let signal = await watch.next(); signal !== 'fired'; signal = await watch.next()) onConnection(signal === 'connected');
  }
}
