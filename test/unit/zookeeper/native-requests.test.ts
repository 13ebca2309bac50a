import { EventEmitter } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { NativeClient, NativeRequests } from '../../../src/zookeeper/native-client.js';
import { NativeConnection, type EndReason, type Reopen } from '../../../src/zookeeper/native-connection.js';
import { NativeSession } from '../../../src/zookeeper/native-operations.js';
import type { Watch } from '../../../src/zookeeper/port.js';
import { SideSession } from '../../../src/zookeeper/side-session.js';
import { failureOf } from '../../support/failure-of.js';

type Answer = (done: (code: number, text: string, ...rest: unknown[]) => void, ...args: readonly unknown[]) => number | undefined;

const STAT = {
  czxid: 1,
  mzxid: 1,
  pzxid: 1,
  ctime: new Date(0),
  mtime: new Date(0),
  version: 0,
  cversion: 0,
  aversion: 0,
  ephemeralOwner: '0',
  dataLength: 0,
  numChildren: 0,
};

/** The client library with answers that are written down: each request takes the next one, later than its call. */
class ScriptedClient extends EventEmitter implements NativeClient {
  readonly asked: string[] = [];
  readonly answers: Answer[] = [];
  isInCallback = false;
  closedInCallback: boolean | undefined;
  readonly native: NativeRequests;
  /** The library's: 3 while connected. */
  readonly state = { client_id: 'abc', client_password: 'def', timeout: 4000, state: 3 };
  readonly #unanswered = new Set<(code: number, text: string) => void>();
  isClosed = false;

  constructor() {
    super();
    this.native = new Proxy(this.state, {
      get: (target, name) => {
        if (typeof name === 'symbol' || name in target) return target[name as keyof typeof target];
        return (...args: unknown[]) => this.#take(name, args);
      },
    }) as unknown as NativeRequests;
  }

  init(): void {
    throw new Error('a second init aborts the process');
  }

  close(): void {
    this.closedInCallback ??= this.isInCallback;
    this.isClosed = true;
    this.state.state = 0;
    for (const done of this.#unanswered) done(-116, 'closing');
    this.#unanswered.clear();
  }

  /** Answers the next request with a code, and what belongs to it. */
  next(code: number, ...rest: unknown[]): this {
    this.answers.push((done) => {
      done(code, 'text', ...rest);
      return 0;
    });
    return this;
  }

  #take(name: string, args: unknown[]): number {
    this.asked.push(name);
    const answer = this.answers.shift();
    const done = args.at(-1) as (...given: unknown[]) => void;
    if (!answer) {
      this.#unanswered.add(done);
      return 0;
    }
    let refusal: number | undefined;
    setImmediate(() => {
      this.isInCallback = true;
      if (refusal === undefined) answer((...given) => done(...given), ...args);
      this.isInCallback = false;
    });
    if (answer.length === 0) {
      refusal = answer(() => undefined) ?? 0;
      if (refusal === 0) this.#unanswered.add(done);
      return refusal;
    }
    return 0;
  }
}

interface Scripted {
  readonly client: ScriptedClient;
  readonly session: NativeSession;
  readonly connection: NativeConnection;
  /** What takes the session up when its client is lost, one after the other; nothing where there is none. */
  readonly next: (ScriptedClient | EndReason)[];
}

function scripted(timeoutMs = 1000): Scripted {
  const client = new ScriptedClient();
  const next: (ScriptedClient | EndReason)[] = [];
  const reopen: Reopen = (pass) => {
    expect(pass).toEqual({ client_id: 'abc', client_password: 'def' });
    const found = next.shift();
    return found === undefined ? new Promise(() => undefined) : Promise.resolve(found);
  };
  const connection = new NativeConnection(client, reopen);
  const side = new SideSession([], {});
  const session = new NativeSession(connection, { timeoutMs, chroot: null, hasCredentials: false, side });
  return { client, session, connection, next };
}

const none = Buffer.alloc(0);

describe('requests over the client library', () => {
  it('are sent again where the server refused them unseen, without looking', async () => {
    const { client, session } = scripted();
    client.next(-127).next(-118).next(0, '/a');
    expect(await session.create('/a', none)).toBe('/a');
    expect(client.asked).toEqual(['a_create', 'a_create', 'a_create']);
  });

  it('are looked up after the leader was caught up with, where the reply was lost', async () => {
    const { client, session } = scripted();
    client.next(-4).next(0).next(0, STAT, none);
    expect(await session.create('/a', none)).toBe('/a');
    expect(client.asked).toEqual(['a_create', 'a_sync', 'a_get']);
  });

  it('are sent again where they were not done', async () => {
    const { client, session } = scripted();
    client.next(-4).next(0).next(-101).next(0, '/a');
    expect(await session.create('/a', none)).toBe('/a');
    expect(client.asked).toEqual(['a_create', 'a_sync', 'a_get', 'a_create']);
  });

  it('take a lost delete for done where the node is gone then, and no other', async () => {
    const { client, session } = scripted();
    client.next(-7).next(-101).next(-101);
    await session.delete('/a');
    expect((await failureOf(session.delete('/a'))).details).toMatchObject({ reason: 'no-node' });
  });

  it('end with the reason the library gives only afterwards, and say that nobody knows of a write', async () => {
    const { client, session } = scripted();
    client.next(0, STAT, none);
    const watching = await session.watchNode('/a');
    client.answers.push((done) => {
      done(-116, 'closing');
      client.emit('close', client, -112);
      return 0;
    });
    const error = await failureOf(session.set('/a', none));
    expect(error).toMatchObject({ code: 'zookeeper-unavailable', details: { reason: 'session-expired', outcome: 'unknown' } });
    expect(session.state).toBe('expired');
    expect((await failureOf(watching.watch.next())).details['reason']).toBe('session-expired');
    expect((await failureOf(session.get('/a'))).details['reason']).toBe('session-expired');
    expect(client.asked).toEqual(['aw_get', 'a_set']);
  });

  it('end in time where nothing comes', async () => {
    const { session } = scripted(50);
    expect((await failureOf(session.get('/a'))).details['reason']).toBe('timeout');
    expect((await failureOf(session.set('/a', none))).details).toMatchObject({ reason: 'timeout', outcome: 'unknown' });
  });

  it('are not sent while there is no connection, and are said not to be done', async () => {
    const { client, session } = scripted(50);
    client.emit('connecting', client);
    const error = await failureOf(session.set('/a', none));
    expect(error.details).toMatchObject({ reason: 'connection-lost', outcome: 'not-applied' });
    expect(client.asked).toEqual([]);
  });

  it('never have the library closed from inside one of its callbacks', async () => {
    const { client, session } = scripted();
    client.next(0, STAT, none);
    await session.get('/a').then(() => session.close());
    expect(client.closedInCallback).toBe(false);
    expect(client.asked).toEqual(['a_get']);
  });

  it('go out over another client for the same session where one is lost, after it has caught up', async () => {
    const { client, session, connection, next } = scripted();
    const other = new ScriptedClient().next(0).next(-127).next(0).next(0, STAT, none);
    next.push(other);
    connection.remember('digest', 'alice:wonder');
    const reading = session.get('/a');
    await nextTurn();
    client.emit('connecting', client);
    expect(client.isClosed).toBe(false);
    expect(session.state).toBe('disconnected');
    expect((await reading).stat.version).toBe(0);
    expect(other.asked).toEqual(['add_auth', 'a_sync', 'a_sync', 'a_get']);
    // To close a client that is connected would end the session.
    expect(other.isClosed).toBe(false);
    expect([client.isClosed, client.closedInCallback, session.state, session.id]).toEqual([true, false, 'connected', '0xabc']);
  });

  it('close a client at once that could not send', async () => {
    const { client, session, next } = scripted();
    const other = new ScriptedClient().next(0).next(0);
    next.push(other);
    client.answers.push(() => {
      client.state.state = 999;
      return 0;
    });
    const deleting = session.delete('/a');
    await Promise.resolve();
    expect(client.isClosed).toBe(true);
    await deleting;
    expect([client.asked, other.asked]).toEqual([['a_delete_'], ['a_sync', 'a_delete_']]);
  });

  it('end with the session where its time was over before another client came', async () => {
    const { client, session, next } = scripted();
    next.push('session-expired');
    const failing = failureOf(session.set('/a', none));
    await nextTurn();
    client.emit('connecting', client);
    expect((await failing).details).toMatchObject({ reason: 'session-expired', outcome: 'unknown' });
    expect(session.state).toBe('expired');
  });

  it('leave watches that are set again with another client, and fire for what has changed meanwhile', async () => {
    const { client, session, next } = scripted();
    client.next(0, STAT, none).next(0, ['x'], STAT).next(-101).next(-101);
    const changed = await session.watchNode('/changed');
    const same = await session.watchChildren('/same');
    const absent = await session.watchNode('/absent');
    const other = new ScriptedClient()
      .next(0)
      .next(0, { ...STAT, mzxid: 7 })
      .next(-101)
      .next(0, ['x'], { ...STAT, mzxid: 7 });
    next.push(other);
    client.emit('connecting', client);
    const signals = async ({ watch }: { readonly watch: Watch }) => [await watch.next(), await watch.next()];
    for (const one of [changed, same, absent]) expect(await signals(one)).toEqual(['disconnected', 'connected']);
    expect(await changed.watch.next()).toBe('fired');
    expect(other.asked).toEqual(['a_sync', 'aw_exists', 'aw_exists', 'aw_get_children2']);
    const last = new ScriptedClient();
    next.push(last);
    other.emit('connecting', other);
    for (const one of [same, absent]) expect(await signals(one)).toEqual(['disconnected', 'connected']);
    expect(last.asked).toEqual(['a_sync', 'aw_exists', 'aw_get_children2']);
  });

  it('are refused by the library itself without a word of what was in them', async () => {
    const { client, session } = scripted();
    client.answers.push(() => -8);
    const error = await failureOf(session.set('/a', Buffer.from('secret')));
    expect(error.details['reason']).toBe('invalid-path');
    expect(`${error.message}${JSON.stringify(error.details)}`).not.toContain('secret');
  });
});
