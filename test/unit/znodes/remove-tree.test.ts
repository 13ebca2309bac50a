import { expect, test } from 'vitest';
import { countTree, removeTree } from '../../../src/znodes/remove-tree.js';
import { FakeZooKeeper, openFakeSession } from '../../fakes/fake-session.js';
import { failureOf } from '../../support/failure-of.js';

const READ_ONLY = [{ scheme: 'world', id: 'anyone', permissions: ['read'] }] as const;

const left = (server: FakeZooKeeper): string[] => server.tree.paths.filter((path) => path !== '/' && !path.startsWith('/zookeeper'));

test('counts what would go', async () => {
  const server = new FakeZooKeeper();
  const session = await openFakeSession(server);
  server.putAll(['/t/a/1', '/t/b']);
  await session.create('/t/mine', Buffer.from('x'), { mode: 'ephemeral' });
  expect(await countTree(session, '/t')).toEqual({ nodes: 5, ephemerals: 1, bytes: 11, denied: 0 });
});

test('removes a tree from the leaves up, with at most 64 requests under way and one for many leaves', async () => {
  const server = new FakeZooKeeper();
  const session = await openFakeSession(server);
  server.putAll(Array.from({ length: 5000 }, (_, index) => `/t/d${index % 5}/n${index}`));
  server.put('/u');
  const progress: number[] = [];
  expect(await removeTree(session, '/t', { onProgress: (removed) => progress.push(removed) })).toEqual({ removed: 5006 });
  expect(left(server)).toEqual(['/u']);
  expect(server.mostUnderWay).toBe(64);
  expect(server.requests.length).toBeLessThan(5000 / 20 + 6 * 4);
  expect([progress[0], progress.at(-1), progress.length]).toEqual([1, 5006, 5006]);
});

test('removes deep and narrow trees too', async () => {
  const server = new FakeZooKeeper();
  server.putAll([`/t${'/x'.repeat(300)}`, '/t/a/b/c', '/t/a/b/d']);
  expect(await removeTree(await openFakeSession(server), '/t')).toEqual({ removed: 305 });
  expect(left(server)).toEqual([]);
});

test('goes on where nodes are gone already, and takes newcomers along', async () => {
  const server = new FakeZooKeeper();
  server.putAll(['/t/a/1', '/t/a/2', '/t/b/1']);
  let newcomers = 3;
  server.onRequest = ({ method, path }) => {
    if (path === '/t/a/1') server.remove('/t/a');
    if (method === 'delete' && path === '/t/b' && !server.tree.paths.includes('/t/b/1') && newcomers-- > 0)
      server.put(`/t/b/late${newcomers}/x`);
  };
  await removeTree(await openFakeSession(server), '/t');
  expect(left(server)).toEqual([]);
  expect(newcomers).toBeLessThanOrEqual(0);
});

test('gives up on a node that gets new children for ever', async () => {
  const server = new FakeZooKeeper();
  server.putAll(['/t/a', '/t/b/1']);
  let count = 0;
  server.onRequest = ({ method, path }) => {
    if (method === 'delete' && path === '/t/b') server.put(`/t/b/${(count += 1)}`);
  };
  const failure = await failureOf(removeTree(await openFakeSession(server), '/t'));
  expect(failure.code).toBe('partial');
  expect(failure.details['failed']).toEqual([{ path: '/t/b', message: 'Znode "/t/b" gets new children all the time' }]);
});

test('removes all but what is denied, and lists that', async () => {
  const server = new FakeZooKeeper();
  server.put('/t/locked', { acl: READ_ONLY });
  server.put('/t/hidden', { acl: [{ scheme: 'digest', id: 'bob:x9yQ', permissions: ['read'] }] });
  server.putAll(['/t/locked/1', '/t/locked/2', '/t/a/1', '/t/hidden/1']);
  const failure = await failureOf(removeTree(await openFakeSession(server), '/t'));
  expect(failure).toMatchObject({ code: 'partial', details: { removed: 2, failedCount: 3 } });
  const failed = failure.details['failed'] as { path: string }[];
  expect(failed.map(({ path }) => path).sort()).toEqual(['/t/hidden', '/t/locked/1', '/t/locked/2']);
  expect(left(server)).toEqual(['/t', '/t/hidden', '/t/hidden/1', '/t/locked', '/t/locked/1', '/t/locked/2']);
});

test('rejects as a single delete does where only one node is concerned', async () => {
  const server = new FakeZooKeeper();
  server.put('/locked', { acl: READ_ONLY });
  server.put('/locked/t');
  const session = await openFakeSession(server);
  expect(await failureOf(removeTree(session, '/locked/t'))).toMatchObject({ code: 'denied', details: { reason: 'no-auth' } });
  server.put('/hidden', { acl: [{ scheme: 'digest', id: 'bob:x9yQ', permissions: ['read'] }] });
  expect(await removeTree(session, '/hidden')).toEqual({ removed: 1 });
  expect(await failureOf(removeTree(session, '/none'))).toMatchObject({ code: 'not-found', details: { path: '/none' } });
});

test.each(['/', '/zookeeper'])('refuses %s without asking', async (path) => {
  const server = new FakeZooKeeper();
  expect((await failureOf(removeTree(await openFakeSession(server), path))).code).toBe('refused');
  expect(server.requests).toEqual([]);
});

test('stops when told to or when the session ends, and finishes when run again', async () => {
  const server = new FakeZooKeeper();
  const session = await openFakeSession(server);
  server.putAll(Array.from({ length: 5000 }, (_, index) => `/t/d${index % 5}/n${index}`));
  const abort = new AbortController();
  await expect(
    removeTree(session, '/t', { signal: abort.signal, onProgress: (removed) => removed === 200 && abort.abort(new Error('enough')) }),
  ).rejects.toThrow('enough');
  // What was asked before is still answered.
  await expect.poll(() => server.underWay).toBe(0);
  expect(left(server).length).toBeGreaterThan(3500);
  const progress = (removed: number): void => {
    if (removed === 100) server.expire(session);
  };
  expect((await failureOf(removeTree(session, '/t', { onProgress: progress }))).details).toMatchObject({ reason: 'session-expired' });
  await removeTree(await openFakeSession(server), '/t');
  expect(left(server)).toEqual([]);
});

test('removes newcomers below leaves that go together', async () => {
  const server = new FakeZooKeeper();
  server.putAll(Array.from({ length: 100 }, (_, index) => `/t/d/n${index}`));
  server.onRequest = ({ method }) => {
    if (method === 'transact') server.putAll(['/t/d/n50/late', '/t/d/n51/late']);
  };
  const session = await openFakeSession(server);
  expect(await removeTree(session, '/t')).toEqual({ removed: 104 });
  expect(left(server)).toEqual([]);
});

test.each([true, false])('counts what a lost transaction removed (done: %s)', async (applied) => {
  const server = new FakeZooKeeper();
  server.putAll(Array.from({ length: 30 }, (_, index) => `/t/n${index}`));
  server.failNext('transact', 'connection-lost', { applied });
  expect(await removeTree(await openFakeSession(server), '/t')).toEqual({ removed: 31 });
  expect(left(server)).toEqual([]);
});
