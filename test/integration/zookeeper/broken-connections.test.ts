import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  askFourLetterWord,
  digestId,
  OPEN_ACL,
  openSession,
  parseConnectString,
  parseServerStatus,
  type ServerAddress,
  type SessionOptions,
  type ZooKeeperSession,
} from '../../../src/zookeeper/index.js';
import { runChild } from '../../../src/runtime/run-child.js';
import { failureOf } from '../../support/failure-of.js';
import { docker, status, up, useEnsembles } from '../../support/story.js';
import { openEcho, openWire, type Wire } from './proxy.js';

const SESSION_TIMEOUT_MS = 4000;
const none = Buffer.alloc(0);

describe('a session whose connection breaks', () => {
  const ensembles = useEnsembles();
  let name: string;
  let servers: readonly ServerAddress[];
  const later: (() => Promise<unknown>)[] = [];
  beforeAll(async () => {
    name = ensembles.name();
    const { cluster } = await up(name, '--size', '3', '--client-port', 'auto');
    servers = parseConnectString(cluster.connect).servers;
  });
  afterEach(async () => {
    for (const undo of later.splice(0).reverse()) await undo();
  });

  const open = async (options: Partial<SessionOptions> = {}): Promise<ZooKeeperSession> => {
    const session = await openSession({ servers, sessionTimeoutMs: SESSION_TIMEOUT_MS, timeoutMs: 20_000, ...options });
    later.push(() => session.close());
    return session;
  };
  const wired = async (options: Partial<SessionOptions> = {}): Promise<{ wire: Wire; session: ZooKeeperSession }> => {
    const wire = await openWire(servers);
    later.push(() => wire.close());
    return { wire, session: await open({ servers: [wire.address], ...options }) };
  };
  const fresh = (session: ZooKeeperSession): Promise<string> => session.create('/broken-', none, { mode: 'persistent-sequential' });
  /** Begins a request whose reply never comes: it has arrived, and then the connection is gone. */
  const losing = async <T>(wire: Wire, request: () => Promise<T>): Promise<T> => {
    wire.become('deaf');
    const answer = request();
    answer.catch(() => undefined);
    await sleep(300);
    wire.drop();
    wire.become('open');
    return await answer;
  };

  it('finds out that its lost create was done, and does it once', async () => {
    const { wire, session } = await wired();
    const root = await fresh(session);
    expect(await losing(wire, () => session.create(`${root}/a`, Buffer.from('mine')))).toBe(`${root}/a`);
    expect((await session.get(`${root}/a`)).stat).toMatchObject({ version: 0, cversion: 0 });
    expect(await losing(wire, () => session.create(`${root}/e`, none, { mode: 'ephemeral' }))).toBe(`${root}/e`);
    expect((await session.exists(`${root}/e`))?.ephemeralOwner).toBe(session.id);
    const path = await losing(wire, () => session.create(`${root}/s-`, Buffer.from('mine'), { mode: 'ephemeral-sequential' }));
    expect((await session.children(root)).children).toEqual(['a', 'e', path.slice(root.length + 1)]);
  });

  it('goes on as soon as its server serves again, however long that was away', async () => {
    const server = servers[2] as ServerAddress;
    const session = await open({ servers: [server], sessionTimeoutMs: 40_000 });
    await docker('stop', '--time', '0', `zkd-${name}-3`);
    await sleep(8000);
    expect(session.state).toBe('disconnected');
    await docker('start', `zkd-${name}-3`);
    const mode = async (): Promise<string | null> =>
      parseServerStatus(await askFourLetterWord(server, 'srvr', { timeoutMs: 500 }).catch(() => '')).mode;
    await expect.poll(mode, { timeout: 30_000, interval: 20 }).toBe('follower');
    // By itself the library takes six seconds more, in which a shorter session ends.
    await expect.poll(() => session.state, { timeout: 3000, interval: 20 }).toBe('connected');
  });

  it('comes back where a child that was started beside it lives on', async () => {
    const server = servers[0] as ServerAddress;
    const { wire, session } = await wired();
    const over = new AbortController();
    const child = runChild({ command: ['sleep', '60'], input: none, env: process.env, signal: over.signal });
    later.push(async () => {
      over.abort();
      await child;
    });
    for (let round = 0; round < 3; round++) {
      wire.become('cut');
      await expect.poll(() => session.state, { interval: 5 }).toBe('disconnected');
      wire.become('open');
      await expect.poll(() => session.state, { timeout: 3000, interval: 20 }).toBe('connected');
      expect((await session.exists('/'))?.czxid).toBeDefined();
      // Another session of the process gets the number of the lost one's socket.
      await open({ servers: [server] });
    }
    // It hears nothing that is not its own: the loop would never be at rest.
    const before = process.cpuUsage();
    await sleep(1000);
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1e6).toBeLessThan(0.5);
  });

  it('does not take what somebody else has made for its own', async () => {
    const { wire, session } = await wired();
    const root = await fresh(session);
    const other = await open();
    await other.create(`${root}/a`, Buffer.from('theirs'));
    const error = await failureOf(losing(wire, () => session.create(`${root}/a`, Buffer.from('mine'))));
    expect(error.details).toMatchObject({ reason: 'node-exists' });
    expect((await session.get(`${root}/a`)).data.toString()).toBe('theirs');
  });

  it('says that nobody knows what became of a persistent sequential create, and does not repeat it', async () => {
    const { wire, session } = await wired();
    const root = await fresh(session);
    const error = await failureOf(losing(wire, () => session.create(`${root}/s-`, none, { mode: 'persistent-sequential' })));
    expect(error).toMatchObject({ code: 'zookeeper-unavailable', details: { reason: 'connection-lost', outcome: 'unknown' } });
    expect((await session.children(root)).children).toHaveLength(1);
  });

  it('finds out what became of a set on condition, and repeats one without', async () => {
    const { wire, session } = await wired();
    const root = await fresh(session);
    expect((await losing(wire, () => session.set(root, Buffer.from('1'), { version: 0 }))).version).toBe(1);
    const bad = await failureOf(losing(wire, () => session.set(root, Buffer.from('2'), { version: 0 })));
    expect(bad.details['reason']).toBe('bad-version');
    expect((await losing(wire, () => session.set(root, Buffer.from('3')))).version).toBe(3);
    expect((await session.get(root)).data.toString()).toBe('3');
  });

  it('repeats a delete, and says of one on condition that nobody knows', async () => {
    const { wire, session } = await wired();
    const root = await fresh(session);
    await session.create(`${root}/a`, none);
    await losing(wire, () => session.delete(`${root}/a`));
    expect(await session.exists(`${root}/a`)).toBeNull();
    await session.create(`${root}/a`, none);
    const error = await failureOf(losing(wire, () => session.delete(`${root}/a`, { version: 0 })));
    expect(error.details).toMatchObject({ reason: 'connection-lost', outcome: 'unknown' });
  });

  it('says of a lost transaction that nobody knows, and does nothing of it any more', async () => {
    const { wire, session } = await wired();
    const root = await fresh(session);
    const steps = (name: string) => [{ kind: 'create' as const, path: `${root}/${name}`, data: none, acl: OPEN_ACL }];
    await session.transact(steps('first'));
    const error = await failureOf(losing(wire, () => session.transact(steps('lost'))));
    expect(error.details).toMatchObject({ reason: 'connection-lost', outcome: 'unknown' });
    expect((await session.children(root)).children).toEqual(['first', 'lost']);
    await session.transact(steps('next'));
    expect((await session.children(root)).children).toEqual(['first', 'lost', 'next']);
  });

  it('goes on reading many nodes where a connection is dropped again and again', async () => {
    const { wire, session } = await wired();
    const root = await fresh(session);
    await Promise.all(Array.from({ length: 100 }, (_, index) => session.create(`${root}/${index}`, Buffer.from(String(index)))));
    let isOver = false;
    const reading = Array.from({ length: 64 }, async (_, worker) => {
      for (let round = 0; !isOver; round++) {
        const child = String((worker * 7 + round) % 100);
        expect((await session.get(`${root}/${child}`)).data.toString()).toBe(child);
      }
    });
    // Twice within a connection's beginning, then time for one: a session that never gets one is rightly given up.
    for (let drops = 0; drops < 6; drops++) {
      await sleep(150);
      wire.drop();
      await sleep(150);
      wire.drop();
      await session.sync(root);
    }
    isOver = true;
    await Promise.all(reading);
  });

  it('lives on where a connection is gone at the very moment something is sent', async () => {
    const { wire, session } = await wired();
    const root = await fresh(session);
    for (let round = 0; round < 3; round++) {
      // An answer has just come: the library has told the event loop to watch its socket, which has not begun.
      await session.get(root);
      await nextTurn();
      wire.drop();
      await Promise.all(Array.from({ length: 8 }, () => session.exists(root)));
    }
    expect(session.state).toBe('connected');
  });

  it('leaves the other sockets of the process alone when it finds another server', async () => {
    const { wire, session } = await wired();
    const root = await fresh(session);
    const echo = await openEcho();
    later.push(() => echo.close());
    for (let round = 0; round < 5; round++) {
      wire.drop();
      const reading = session.get(root);
      // Sockets opened at every moment of it get the numbers of those that have just been closed.
      const talks = await Promise.all([0, 5, 20, 60].map(async (ms) => await sleep(ms).then(() => echo.talk())));
      await reading;
      expect(await Promise.all(talks.map((talk) => talk('still there')))).toEqual(talks.map(() => 'still there'));
    }
  });

  it('never lets others read the data of a node with an ACL, whatever is lost', async () => {
    const { wire, session } = await wired({ auth: [{ scheme: 'digest', credential: 'alice:wonder' }] });
    const root = await fresh(session);
    const other = await open();
    const acl = [{ scheme: 'digest', id: digestId('alice:wonder'), permissions: ['read', 'admin'] as const }];
    const read: string[] = [];
    const done = new AbortController();
    const spying = (async () => {
      while (!done.signal.aborted) {
        for (const child of (await other.children(root)).children) {
          await other.get(`${root}/${child}`).then(
            ({ data }) => read.push(data.toString()),
            () => undefined,
          );
        }
      }
    })();
    for (let round = 0; round < 20; round++) {
      if (round % 5 === 4) setTimeout(() => wire.drop(), 3);
      await session.create(`${root}/${round}`, Buffer.from('secret'), { acl }).catch(() => undefined);
    }
    done.abort();
    await spying;
    expect(read.filter((text) => text !== '')).toEqual([]);
    expect((await session.get(`${root}/0`)).data.toString()).toBe('secret');
  });

  it('gives up in time where the server has frozen, and says that nobody knows', async () => {
    const { wire, session } = await wired({ timeoutMs: 1500 });
    const root = await fresh(session);
    wire.become('frozen');
    const startedAt = performance.now();
    const [read, write] = await Promise.all([failureOf(session.get(root)), failureOf(session.set(root, none))]);
    expect(performance.now() - startedAt).toBeLessThan(2500);
    expect([read.details['reason'], write.details['reason'], write.details['outcome']]).toEqual(['timeout', 'timeout', 'unknown']);
    wire.become('open');
    wire.drop();
  });

  it('goes on when the leader is killed: reads repeat, every node is made once', async () => {
    const session = await open({ sessionTimeoutMs: 10_000 });
    const root = await fresh(session);
    const names = Array.from({ length: 3000 }, (_, index) => String(index));
    const { cluster } = await status(name);
    let next = 0;
    let killing: Promise<unknown> | undefined;
    const reads: Promise<unknown>[] = [];
    const work = async (): Promise<void> => {
      for (;;) {
        const child = names[next++];
        if (child === undefined) return;
        if (next === 1000) killing = docker('kill', `zkd-${name}-${cluster.leader}`);
        await session.create(`${root}/${child}`, Buffer.from(child));
        if (next % 10 === 0) reads.push(session.get(`${root}/${child}`));
      }
    };
    await Promise.all(Array.from({ length: 64 }, work));
    await Promise.all([killing, ...reads]);
    await session.sync(root);
    const { children, stat } = await session.children(root);
    expect(children).toEqual([...names].sort());
    // Every change of the children counts: had one been made twice it would show.
    expect(stat.cversion).toBe(names.length);
    await docker('start', `zkd-${name}-${cluster.leader}`);
  });

  it('reads 100,000 children, and a node of a megabyte, over a wire that cuts them up', async () => {
    const { session } = await wired();
    const root = await fresh(session);
    const direct = await open();
    let next = 0;
    const work = async (): Promise<void> => {
      for (let number = next++; number < 100_000; number = next++) await direct.create(`${root}/child-${number}`, none);
    };
    await Promise.all(Array.from({ length: 256 }, work));
    await session.sync(root);
    expect((await session.children(root)).children).toHaveLength(100_000);
    const large = Buffer.alloc(1_048_000, 'zkd');
    await direct.set(root, large);
    await session.sync(root);
    expect((await session.get(root)).data.equals(large)).toBe(true);
  });

  it('is refused with credentials of a scheme the server does not know', async () => {
    const auth = [{ scheme: 'nonsense', credential: 'secret-of-mine' }];
    const error = await failureOf(openSession({ servers, auth }));
    expect(error).toMatchObject({ code: 'denied', details: { reason: 'auth-failed' } });
    expect(`${error.message}${JSON.stringify(error.details)}`).not.toContain('secret-of-mine');
  });
});
