import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { PacketCutter, PacketReader } from '../../../src/zookeeper/jute.js';
import { SideSession, type AtLeast } from '../../../src/zookeeper/side-session.js';

const [EXISTS, SYNC] = [3, 9];
const NO_NODE = -101;
const [BEHIND, LEVEL] = [7n, 8n];
const CONNECTION_LOST = -4;

/**
 * A server behind its leader, as real ones are for moments too short to meet: on each connection the node is missing until somebody asks it
 * to catch up.
 */
async function openLaggingServer() {
  const asked: number[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined));
    const cutter = new PacketCutter();
    let isConnected = false;
    let hasCaughtUp = false;
    const answer = (...parts: Buffer[]): void => {
      const body = Buffer.concat(parts);
      socket.write(Buffer.concat([int(body.length), body]));
    };
    socket.on('data', (chunk: Buffer) => {
      for (const packet of cutter.cut(chunk)) {
        if (!isConnected) {
          isConnected = true;
          answer(int(0), int(10_000), long(1n), int(16), Buffer.alloc(16));
          continue;
        }
        const reader = new PacketReader(packet);
        const [xid, op] = [reader.int(), reader.int()];
        asked.push(op);
        hasCaughtUp ||= op === SYNC;
        const isMissing = op === EXISTS && !hasCaughtUp;
        answer(
          int(xid),
          long(hasCaughtUp ? LEVEL : BEHIND),
          int(isMissing ? NO_NODE : 0),
          op === SYNC ? int(0) : Buffer.alloc(isMissing ? 0 : 68),
        );
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const drop = async (): Promise<void> => {
    for (const socket of sockets) {
      socket.destroy();
      if (!socket.closed) await once(socket, 'close');
    }
    sockets.clear();
  };
  return {
    asked,
    drop,
    address: { host: '127.0.0.1', port: (server.address() as AddressInfo).port },
    async close() {
      await drop();
      server.close();
    },
  };
}

describe('the session beside the main one, at a server behind the leader', () => {
  const later: (() => unknown)[] = [];
  afterEach(async () => {
    for (const undo of later.splice(0).reverse()) await undo();
  });

  const world = async () => {
    const server = await openLaggingServer();
    const side = new SideSession([server.address], {});
    later.push(
      () => server.close(),
      () => side.close(),
    );
    const ask = (atLeast: AtLeast): Promise<number> => new Promise((resolve) => side.read('exists', '/a', atLeast, resolve));
    /** As the main session asks: again, where the connection is lost. */
    const exists = async (atLeast: AtLeast): Promise<number> => {
      for (;;) {
        const code = await ask(atLeast);
        if (code !== CONNECTION_LOST) return code;
        await sleep(5);
      }
    };
    return { server, exists };
  };

  it('has it catch up with what the main session has written, once on each connection', async () => {
    const { server, exists } = await world();
    expect(await exists({ zxid: 0n, writes: 1 })).toBe(0);
    expect(await exists({ zxid: 0n, writes: 1 })).toBe(0);
    expect(server.asked).toEqual([SYNC, EXISTS, EXISTS]);
    await server.drop();
    // What the server before it had caught up with says nothing of this one.
    expect(await exists({ zxid: 0n, writes: 1 })).toBe(0);
    expect(server.asked).toEqual([SYNC, EXISTS, EXISTS, SYNC, EXISTS]);
    expect(await exists({ zxid: 0n, writes: 2 })).toBe(0);
    expect(server.asked.slice(5)).toEqual([SYNC, EXISTS]);
  });

  it('asks again after it has caught up, where its answer is older than what the main session has seen', async () => {
    const { server, exists } = await world();
    expect(await exists({ zxid: LEVEL, writes: -1 })).toBe(0);
    expect(server.asked).toEqual([EXISTS, SYNC, EXISTS]);
    await server.drop();
    expect(await exists({ zxid: BEHIND, writes: -1 })).toBe(NO_NODE);
  });
});

function int(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function long(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(value);
  return bytes;
}
