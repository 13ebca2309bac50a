/** What the fake does that no contract can ask of the real thing: the means of the tests themselves. */
import { expect, test } from 'vitest';
import { FakeZooKeeper, openFakeSession } from '../../fakes/fake-session.js';
import { failureOf } from '../../support/failure-of.js';

const NOTHING = Buffer.alloc(0);

test('a session that expires takes its ephemerals along, and says so to requests and watches', async () => {
  const server = new FakeZooKeeper();
  const [session, other] = [await openFakeSession(server), await openFakeSession(server)];
  await session.create('/mine', NOTHING, { mode: 'ephemeral' });
  const { watch } = await other.watchNode('/mine');
  const own = await session.watchNode('/mine');
  server.expire(session);
  expect(await watch.next()).toBe('fired');
  expect(await other.exists('/mine')).toBeNull();
  expect((await failureOf(own.watch.next())).details).toMatchObject({ reason: 'session-expired' });
  expect((await failureOf(session.get('/mine'))).details).toEqual({ reason: 'session-expired', path: '/mine' });
});

test('a request waits for the connection, and a watch tells what it missed', async () => {
  const server = new FakeZooKeeper();
  const session = await openFakeSession(server);
  server.put('/a', { data: 'old' });
  const { watch } = await session.watchNode('/a');
  server.disconnect(session);
  const read = session.get('/a');
  server.put('/a', { data: 'new' });
  server.reconnect(session);
  expect((await read).data.toString()).toBe('new');
  expect([await watch.next(), await watch.next(), await watch.next()]).toEqual(['disconnected', 'connected', 'fired']);
});

test('a call fails with or without its effect, as the test says', async () => {
  const server = new FakeZooKeeper();
  const session = await openFakeSession(server);
  server.failNext('create', 'connection-lost', { path: '/b' });
  server.failNext('create', 'connection-lost', { path: '/a', applied: true });
  expect((await failureOf(session.create('/a', NOTHING))).details).toMatchObject({ outcome: 'unknown' });
  expect((await failureOf(session.create('/b', NOTHING))).details).toEqual({ reason: 'connection-lost', path: '/b' });
  expect([await session.exists('/b'), (await session.exists('/a'))?.version]).toEqual([null, 0]);
});

test('counts what is under way, and lets a test change something before a request is answered', async () => {
  const server = new FakeZooKeeper();
  const session = await openFakeSession(server, { servers: [], chroot: '/app' });
  server.putAll(['/app/one', '/app/two']);
  server.onRequest = ({ path }) => {
    if (path === '/app/two') server.remove(path);
  };
  const [one, two] = await Promise.allSettled([session.get('/one'), session.get('/two')]);
  expect([one.status, two.status]).toEqual(['fulfilled', 'rejected']);
  expect(two).toMatchObject({ reason: { details: { reason: 'no-node', path: '/two' } } });
  expect([server.underWay, server.mostUnderWay]).toEqual([0, 2]);
});
