import { FakeZooKeeper, openFakeSession } from '../../fakes/fake-session.js';
import { describeSession } from '../../support/session-contract.js';

describeSession('FakeSession', async () => {
  const server = new FakeZooKeeper();
  return {
    open: (options = {}) => openFakeSession(server, { servers: [{ host: 'fake', port: 2181 }], ...options }),
    disconnect: async (session) => server.disconnect(session),
    reconnect: async (session) => server.reconnect(session),
    expire: async (session) => server.expire(session),
    close: async () => undefined,
  };
});
