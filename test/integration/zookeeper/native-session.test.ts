import { afterAll, beforeAll, describe } from 'vitest';
import {
  openSession,
  parseConnectString,
  type ServerAddress,
  type SessionState,
  type ZooKeeperSession,
} from '../../../src/zookeeper/index.js';
import { retryUntil } from '../../../src/runtime/retry-until.js';
import { describeSession } from '../../support/session-contract.js';
import { up, useEnsembles } from '../../support/story.js';
import { openWire, type Wire } from './proxy.js';

/** Sessions of the contract end soon when nobody is heard of. */
const SESSION_TIMEOUT_MS = 4000;

for (const image of ['zkd/zookeeper:3.9', 'zkd/zookeeper:3.8']) {
  describe(image, () => {
    const ensembles = useEnsembles();
    let servers: readonly ServerAddress[];
    beforeAll(async () => {
      const { cluster } = await up(
        ensembles.name(),
        '--size',
        '3',
        '--image',
        image,
        '--set',
        'extendedTypesEnabled=true',
        '--client-port',
        'auto',
      );
      servers = parseConnectString(cluster.connect).servers;
    });
    afterAll(() => ensembles.removeAll());

    describeSession('NativeSession', async () => {
      const wires = new Map<ZooKeeperSession, Wire>();
      const wireOf = (session: ZooKeeperSession): Wire => {
        const wire = wires.get(session);
        if (!wire) throw new Error('a session of somebody else');
        return wire;
      };
      const until = async (session: ZooKeeperSession, state: SessionState): Promise<void> => {
        const reached = await retryUntil(async () => session.state === state || undefined, { timeoutMs: 20_000, intervalMs: 20 });
        if (!reached) throw new Error(`the session is ${session.state}, not ${state}`);
      };
      return {
        async open({ isBreakable, ...options } = {}) {
          if (!isBreakable) return await openSession({ servers, sessionTimeoutMs: SESSION_TIMEOUT_MS, ...options });
          const wire = await openWire(servers);
          const session = await openSession({ servers: [wire.address], sessionTimeoutMs: SESSION_TIMEOUT_MS, ...options });
          wires.set(session, wire);
          return session;
        },
        async disconnect(session) {
          wireOf(session).become('cut');
          await until(session, 'disconnected');
        },
        async reconnect(session) {
          wireOf(session).become('open');
          await until(session, 'connected');
        },
        async expire(session) {
          const witness = await openSession({ servers });
          const path = await witness.create('/expiry-', Buffer.alloc(0), { mode: 'persistent-sequential' });
          await session.create(`${path}/e`, Buffer.alloc(0), { mode: 'ephemeral' });
          wireOf(session).become('cut');
          const isGone = async (): Promise<true | undefined> => {
            await witness.sync(path);
            return (await witness.exists(`${path}/e`)) === null ? true : undefined;
          };
          if (!(await retryUntil(isGone, { timeoutMs: 20_000, intervalMs: 50 }))) throw new Error('the session does not expire');
          await witness.close();
          wireOf(session).become('open');
          await until(session, 'expired');
        },
        async close() {
          for (const wire of wires.values()) await wire.close();
        },
      };
    });
  });
}
