import { beforeEach, describe, expect, it } from 'vitest';
import { ZkdError } from '../../../src/errors.js';
import { watchTree, type WatchContext, type ZnodeEvent } from '../../../src/znodes/index.js';
import type { ZooKeeperSession } from '../../../src/zookeeper/index.js';
import { FakeZooKeeper, openFakeSession } from '../../fakes/fake-session.js';

let server: FakeZooKeeper;
beforeEach(() => {
  server = new FakeZooKeeper();
  server.putAll(['/app', '/app/a', '/app/a/deep', '/app/b']);
});

/** A watch, what it has told so far in short, and the sessions it made. */
function watching(path: string, recursive: boolean, differing: Partial<WatchContext> = {}) {
  const seen: string[] = [];
  const events: ZnodeEvent[] = [];
  const sessions: ZooKeeperSession[] = [];
  const stop = new AbortController();
  const open = async () => {
    const session = await openFakeSession(server);
    sessions.push(session);
    return session;
  };
  const context: WatchContext = {
    open,
    signal: stop.signal,
    onConnection: (isThere) => seen.push(isThere ? 'connected' : 'disconnected'),
    onStart: (isThere) => seen.push(isThere ? 'start' : 'start: not there'),
    onDenied: (denied) => seen.push(`denied ${denied}`),
    ...differing,
  };
  const end = (async () => {
    for await (const event of watchTree({ path, recursive }, context)) {
      events.push(event);
      seen.push(
        `${event.type} ${event.path}${event.node ? ` ${event.node.data.toString()}` : ''}${event.children ? ` ${event.children.join(',')}` : ''}`,
      );
    }
  })();
  end.catch(() => undefined);
  return {
    events,
    sessions,
    end,
    stop: () => stop.abort(new ZkdError('interrupted', 'stop')),
    /** Waits until so much was told, and answers it. */
    told: async (...wanted: string[]) => {
      await expect.poll(() => seen.slice().sort(), { timeout: 2000, interval: 5 }).toEqual(wanted.slice().sort());
      // What would come too much has had its time.
      await settled();
      expect(seen.slice().sort()).toEqual(wanted.slice().sort());
      seen.length = 0;
    },
  };
}

const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

describe('one node', () => {
  it('is told of when its data, its children or its existence change, again and again', async () => {
    const watch = watching('/app', false);
    await watch.told('start');
    for (const data of ['one', 'two']) {
      server.put('/app', { data });
      await watch.told(`changed /app ${data}`);
    }
    server.put('/app/c');
    await watch.told('children /app a,b,c');
    server.put('/app/a', { data: 'not of this node' });
    await watch.told();
    server.remove('/app/c');
    await watch.told('children /app a,b');
    server.remove('/app');
    await watch.told('deleted /app');
    server.put('/app', { data: 'again' });
    await watch.told('created /app again');
    server.put('/app/d');
    await watch.told('children /app d');
    expect(watch.events[0]).toMatchObject({
      type: 'changed',
      time: expect.stringMatching(/Z$/) as string,
      zxid: expect.stringMatching(/^0x/) as string,
    });
    watch.stop();
    await expect(watch.end).rejects.toMatchObject({ code: 'interrupted' });
    expect(watch.sessions.map(({ state }) => state)).toEqual(['closed']);
  });

  it('that is not there yet is waited for', async () => {
    const watch = watching('/later', false);
    await watch.told('start: not there');
    server.put('/later', { data: 'x' });
    await watch.told('created /later x');
    watch.stop();
  });

  it('that may not be read is denied', async () => {
    server.put('/secret', { acl: [{ scheme: 'digest', id: 'a:b', permissions: ['read'] }] });
    await expect(watching('/secret', false).end).rejects.toMatchObject({ code: 'denied' });
  });
});

describe('a tree', () => {
  it('is told of node by node, new ones included', async () => {
    const watch = watching('/app', true);
    await watch.told('start');
    server.put('/app/a/deep', { data: 'deeper' });
    await watch.told('changed /app/a/deep deeper');
    server.put('/app/n/m', { data: 'new' });
    await watch.told('created /app/n ', 'created /app/n/m new');
    server.put('/app/n/m', { data: 'newer' });
    await watch.told('changed /app/n/m newer');
    server.remove('/app/a');
    await watch.told('deleted /app/a/deep', 'deleted /app/a');
    server.put('/app/a/deep', { data: 'back' });
    await watch.told('created /app/a ', 'created /app/a/deep back');
    server.put('/app/a/deep', { data: 'and followed' });
    await watch.told('changed /app/a/deep and followed');
    watch.stop();
  });

  it('does not take a node that may not be read any more for one that is gone', async () => {
    const watch = watching('/app', true);
    await watch.told('start');
    const other = await openFakeSession(server);
    await other.setAcl('/app/b', [{ scheme: 'digest', id: 'a:b', permissions: ['read'] }]);
    server.put('/app/b', { data: 'unseen' });
    await watch.told('denied /app/b');
    watch.stop();
  });

  it('goes on without the parts that may not be read', async () => {
    server.put('/app/secret', { data: 'x', acl: [{ scheme: 'digest', id: 'a:b', permissions: ['read'] }] });
    const watch = watching('/app', true);
    await watch.told('start', 'denied /app/secret');
    server.put('/app/b', { data: 'seen' });
    await watch.told('changed /app/b seen');
    watch.stop();
  });

  it('says once what may not be read, however often it comes across it', async () => {
    server.put('/app/secret', { data: 'x', acl: [{ scheme: 'digest', id: 'a:b', permissions: ['read'] }] });
    const watch = watching('/app', true);
    await watch.told('start', 'denied /app/secret');
    for (const name of ['n1', 'n2']) {
      server.put(`/app/${name}`, { data: name });
      await watch.told(`created /app/${name} ${name}`);
    }
    watch.stop();
  });

  it('tells a node that was replaced behind its back as gone and made', async () => {
    const watch = watching('/app', true);
    await watch.told('start');
    server.remove('/app/b');
    server.put('/app/b', { data: 'other' });
    await watch.told('deleted /app/b', 'created /app/b other');
    watch.stop();
  });
});

describe('a lost connection', () => {
  it('hides nothing that lasts: the difference is told when it is back', async () => {
    const watch = watching('/app', true);
    await watch.told('start');
    const [session] = watch.sessions;
    if (!session) throw new Error('no session');
    server.disconnect(session);
    server.put('/app/b', { data: 'one' });
    server.put('/app/b', { data: 'two' });
    server.put('/app/c', { data: 'new' });
    server.put('/app/short');
    server.remove('/app/short');
    server.remove('/app/a');
    await watch.told('disconnected');
    server.reconnect(session);
    await watch.told('connected', 'changed /app/b two', 'created /app/c new', 'deleted /app/a/deep', 'deleted /app/a');
    watch.stop();
  });

  it('that lasts longer than the session takes it along: a new one is made', async () => {
    const open = async () => {
      const session = await openFakeSession(server, { servers: [], sessionTimeoutMs: 60 });
      opened.push(session);
      return session;
    };
    const opened: ZooKeeperSession[] = [];
    const watch = watching('/app', false, { open });
    await watch.told('start');
    server.disconnect({ id: opened[0]?.id ?? '' });
    server.put('/app', { data: 'meanwhile' });
    await watch.told('disconnected', 'connected', 'changed /app meanwhile');
    expect(opened).toHaveLength(2);
    watch.stop();
  });
});

describe('a lost session', () => {
  it('is made anew, and the difference is told', async () => {
    const watch = watching('/app', true);
    await watch.told('start');
    server.put('/app/b', { data: 'seen' });
    await watch.told('changed /app/b seen');
    const opening = watch.sessions[0];
    server.tree.onEvent = () => undefined;
    server.put('/app/b', { data: 'unseen' });
    server.put('/app/c/d', { data: 'new' });
    server.remove('/app/a');
    server.expire(opening ?? { id: '' });
    await watch.told(
      'disconnected',
      'connected',
      'changed /app/b unseen',
      'created /app/c ',
      'created /app/c/d new',
      'deleted /app/a/deep',
      'deleted /app/a',
    );
    expect(watch.sessions).toHaveLength(2);
    watch.stop();
  });

  it('that cannot be made anew ends the watch with exit 6', async () => {
    const watch = watching('/app', true);
    await watch.told('start');
    server.unreachable = 'No server answers';
    server.expire(watch.sessions[0] ?? { id: '' });
    await expect(watch.end).rejects.toMatchObject({ code: 'zookeeper-unavailable', message: 'No server answers' });
  });
});

describe('a large tree', () => {
  const leaf = (number: number): string => `/large/n${String(number).padStart(4, '0')}`;
  const last = leaf(4199);
  beforeEach(() => server.putAll(['/large', ...Array.from({ length: 4200 }, (_, number) => leaf(number))]));

  it('is watched with 64 requests at a time by sessions of 2000 nodes each, and is said to be when all of it is', async () => {
    let watched = 0;
    const watch = watching('/large', true, {
      onStart: () => (watched = new Set(server.requests.map(({ method, path }) => `${method} ${path}`)).size),
    });
    await expect.poll(() => watched, { timeout: 5000 }).toBe(2 * 4201);
    expect(server.mostUnderWay).toBeLessThanOrEqual(64);
    const carried = watch.sessions.map(({ id }) => server.requests.filter(({ sessionId }) => sessionId === id).length);
    expect(carried).toEqual([4000, 4000, 402]);
    server.put(last, { data: 'end' });
    server.put('/large', { data: 'root' });
    await watch.told(`changed ${last} end`, 'changed /large root');
    watch.stop();
    await expect(watch.end).rejects.toMatchObject({ code: 'interrupted' });
    expect(watch.sessions.map(({ state }) => state)).toEqual(['closed', 'closed', 'closed']);
  });

  it('tells the difference when the last of its connections is back, and when one of its sessions was lost', async () => {
    const watch = watching('/large', true);
    await watch.told('start');
    const [first, , third] = watch.sessions;
    if (!first || !third) throw new Error('too few sessions');
    server.disconnect(first);
    server.disconnect(third);
    server.put(last, { data: 'meanwhile' });
    server.put('/large', { data: 'meanwhile' });
    await watch.told('disconnected');
    server.reconnect(third);
    await watch.told(`changed ${last} meanwhile`);
    server.reconnect(first);
    await watch.told('connected', 'changed /large meanwhile');
    server.tree.onEvent = () => undefined;
    server.remove(leaf(7));
    server.expire(third);
    await watch.told('disconnected', 'connected', `deleted ${leaf(7)}`);
    watch.stop();
  });

  it('does not lose a node that the server of another session has not seen yet', async () => {
    const watch = watching('/large', true);
    await watch.told('start');
    server.failNext('watchNode', 'no-node', { path: '/large/new' });
    server.put('/large/new', { data: 'x' });
    await watch.told('created /large/new x');
    server.put('/large/new', { data: 'y' });
    await watch.told('changed /large/new y');
    server.remove('/large/new');
    await watch.told('deleted /large/new');
    watch.stop();
  });

  it('ends with exit 6 where not all the sessions it needs can be had', async () => {
    let count = 0;
    const open = async (): Promise<ZooKeeperSession> => {
      if ((count += 1) === 2)
        throw new ZkdError('zookeeper-unavailable', 'Too many connections', { details: { reason: 'connection-lost' } });
      return openFakeSession(server);
    };
    await expect(watching('/large', true, { open }).end).rejects.toMatchObject({ message: 'Too many connections' });
    expect(count).toBe(2);
  });
});
