/** A hand on the wire between a session and its server: cuts it, keeps it cut, swallows what the server says, freezes all of it. */
import { once } from 'node:events';
import { createConnection, createServer, type AddressInfo, type Socket } from 'node:net';
import type { ServerAddress } from '../../../src/zookeeper/index.js';

export type WireMode =
  | 'open'
  | 'cut' // every connection ends, and new ones end at once
  | 'deaf' // what the server says is lost, what the client says arrives
  | 'frozen'; // nothing passes either way

export interface Wire {
  readonly address: ServerAddress;
  become(mode: WireMode): void;
  /** Ends the connections there are; new ones pass or not as before. */
  drop(): void;
  close(): Promise<void>;
}

/** Stands between whoever connects to its address and a server of the list, the next one at each connection. */
export async function openWire(targets: readonly ServerAddress[]): Promise<Wire> {
  const sockets = new Set<Socket>();
  let mode: WireMode = 'open';
  let turn = 0;
  const drop = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  const server = createServer((client) => {
    const target = targets[turn++ % targets.length];
    if (mode === 'cut' || !target) {
      client.destroy();
      return;
    }
    const upstream = createConnection(target);
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
      socket.on('data', (chunk: Buffer) => {
        if (mode === 'open' || (mode === 'deaf' && socket === client)) other.write(chunk);
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: { host: '127.0.0.1', port: (server.address() as AddressInfo).port },
    become(next) {
      mode = next;
      if (mode === 'cut') drop();
    },
    drop,
    async close() {
      drop();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Says what it is told, on as many connections as there are. */
export interface Echo {
  /** A new connection; it answers what comes back on it. */
  talk(): Promise<(text: string) => Promise<string>>;
  close(): Promise<void>;
}

export async function openEcho(): Promise<Echo> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined));
    socket.pipe(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    async talk() {
      const socket = createConnection((server.address() as AddressInfo).port, '127.0.0.1');
      sockets.add(socket);
      await once(socket, 'connect');
      return async (text) => {
        socket.write(text);
        const [answer] = (await once(socket, 'data')) as [Buffer];
        return answer.toString();
      };
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
