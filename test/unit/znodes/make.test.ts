import { expect, test } from 'vitest';
import { makeNode } from '../../../src/znodes/index.js';
import { FakeZooKeeper, openFakeSession } from '../../fakes/fake-session.js';
import { failureOf } from '../../support/failure-of.js';

const data = Buffer.from('x');

test('makes the parents that are missing, also where those that are there may not be written to', async () => {
  const server = new FakeZooKeeper();
  const session = await openFakeSession(server);
  server.put('/closed/mine');
  for (const path of ['/', '/closed']) await session.setAcl(path, [{ scheme: 'world', id: 'anyone', permissions: ['read'] }]);
  expect(await makeNode(session, { path: '/closed/mine/a/b/c', data, parents: true })).toBe('/closed/mine/a/b/c');
  expect(server.text('/closed/mine/a/b/c')).toBe('x');
  expect((await failureOf(makeNode(session, { path: '/closed/other/a', data, parents: true }))).code).toBe('denied');
});

test('gives up where the nodes above it go again, or where its chroot is missing', async () => {
  const server = new FakeZooKeeper();
  const session = await openFakeSession(server);
  server.onRequest = ({ method, path }) => {
    if (method === 'create' && path === '/a/b') server.remove('/a');
  };
  expect((await failureOf(makeNode(session, { path: '/a/b/c', data, parents: true }))).details).toMatchObject({ reason: 'no-node' });
  const chrooted = await openFakeSession(server, { servers: [], chroot: '/none/such' });
  expect((await failureOf(makeNode(chrooted, { path: '/a/b/c', data, parents: true }))).details).toMatchObject({ reason: 'no-node' });
});
