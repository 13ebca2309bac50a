import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openSession, type ServerAddress } from '../../../src/zookeeper/index.js';
import { makeCertificates } from '../../support/certificates.js';
import { failureOf } from '../../support/failure-of.js';

/** What a command waits in these tests, and what it may take beyond that. */
const TIMEOUT_MS = 4000;
const TOLERANCE_MS = 1500;

describe('opening a session where there is none', () => {
  const servers: { server: Server; sockets: Set<Socket> }[] = [];
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'zkd-tls-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  afterEach(async () => {
    for (const { server, sockets } of servers.splice(0)) {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    }
  });

  const listen = async (server: Server): Promise<ServerAddress> => {
    const sockets = new Set<Socket>();
    server.on('connection', (socket: Socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined);
    });
    servers.push({ server, sockets });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
  };
  const refused = async (): Promise<ServerAddress> => {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    return { host: '127.0.0.1', port };
  };
  const says = (line: string): Promise<ServerAddress> => listen(createServer((socket) => socket.end(line)));

  const problemOf = async (address: ServerAddress): Promise<{ problem: unknown; message: string; tookMs: number }> => {
    const startedAt = performance.now();
    const error = await failureOf(openSession({ servers: [address], timeoutMs: TIMEOUT_MS }));
    const tookMs = performance.now() - startedAt;
    expect(error.code).toBe('zookeeper-unavailable');
    expect(error.details['reason']).toBe('connection-lost');
    expect(error.message).toContain(`${address.host}:${address.port}`);
    expect(tookMs).toBeLessThan(TIMEOUT_MS + TOLERANCE_MS);
    const [first] = error.details['servers'] as { problem: string }[];
    return { problem: first?.problem, message: error.message, tookMs };
  };

  it('says at once which name does not resolve', async () => {
    const { problem, message, tookMs } = await problemOf({ host: 'no-such-host.invalid', port: 2181 });
    expect([problem, message]).toEqual(['unresolved', 'Cannot connect to ZooKeeper: no-such-host.invalid:2181 does not resolve']);
    expect(tookMs).toBeLessThan(2000);
  });

  it('says that nobody listens', async () => {
    expect((await problemOf(await refused())).problem).toBe('refused');
  });

  it('says that something else answers, whoever speaks first', async () => {
    expect((await problemOf(await says('SSH-2.0-OpenSSH_9.2\r\n'))).problem).toBe('foreign');
    expect((await problemOf(await listen(createHttpServer()))).problem).toBe('foreign');
  });

  it('says that only TLS is spoken', async () => {
    const { cert, key } = makeCertificates(folder, ['127.0.0.1']);
    const server = createTlsServer({ cert, key });
    server.on('tlsClientError', () => undefined);
    const { problem, message } = await problemOf(await listen(server));
    expect([problem, message]).toEqual(['tls-only', expect.stringContaining('wants TLS')]);
  });

  it('says that a server accepts and says nothing, or hangs up', async () => {
    expect((await problemOf(await listen(createServer()))).problem).toBe('silent');
    expect((await problemOf(await listen(createServer((socket) => socket.destroy())))).problem).toBe('hangs-up');
  });

  it('says that a server has no quorum', async () => {
    const noQuorum = await says('This ZooKeeper instance is not currently serving requests\n');
    expect((await problemOf(noQuorum)).problem).toBe('no-quorum');
    // That of a server that answers readers all the same: it hangs up on everybody else.
    const readOnly = await says('Zookeeper version: 3.8.4\nMode: read-only\nNode count: 5\n');
    expect((await problemOf(readOnly)).problem).toBe('no-quorum');
  });

  it('names every server with its own reason', async () => {
    const dead = await refused();
    const error = await failureOf(openSession({ servers: [{ host: 'no-such-host.invalid', port: 1 }, dead], timeoutMs: TIMEOUT_MS }));
    expect(error.message).toBe(
      `Cannot connect to ZooKeeper: no-such-host.invalid:1 does not resolve; 127.0.0.1:${dead.port} refuses connections`,
    );
  });

  it('keeps to a short time, too', async () => {
    const address = await listen(createServer());
    const startedAt = performance.now();
    await failureOf(openSession({ servers: [address], timeoutMs: 300 }));
    expect(performance.now() - startedAt).toBeLessThan(1000);
  });

  it('gives up when it is told to, with the reason it is told', async () => {
    const given = new AbortController();
    const reason = new Error('enough');
    const opening = openSession({ servers: [await listen(createServer())], timeoutMs: 60_000, signal: given.signal });
    setTimeout(() => given.abort(reason), 100);
    await expect(opening).rejects.toBe(reason);
  });
});
