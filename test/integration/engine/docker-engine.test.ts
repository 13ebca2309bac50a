import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { openEngine } from '../../../src/engine/index.js';
import { describeEngineContract } from '../../support/engine-contract.js';

describeEngineContract('DockerEngine', async () => {
  const engine = await openEngine();
  const holders: Server[] = [];
  const hold = async (): Promise<{ server: Server; port: number }> => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return { server, port: (server.address() as AddressInfo).port };
  };
  return {
    engine,
    image: 'zkd/zookeeper:3.9',
    freePort: async () => {
      const { server, port } = await hold();
      await new Promise((resolve) => server.close(resolve));
      return port;
    },
    busyPort: async () => {
      const { server, port } = await hold();
      holders.push(server);
      return port;
    },
    close: async () => {
      for (const server of holders) server.close();
      await engine.close();
    },
  };
});
