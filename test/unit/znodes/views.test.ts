import { describe, expect, test } from 'vitest';
import { findNodes, type FindQuery } from '../../../src/znodes/find.js';
import { viewTree, type TreeViewNode } from '../../../src/znodes/tree-view.js';
import { measureUsage } from '../../../src/znodes/usage.js';
import type { AclEntry, ZooKeeperSession } from '../../../src/zookeeper/index.js';
import { FakeZooKeeper, openFakeSession } from '../../fakes/fake-session.js';
import { failureOf } from '../../support/failure-of.js';

const HIDDEN: readonly AclEntry[] = [{ scheme: 'digest', id: 'bob:x9yQ', permissions: ['read'] }];

async function world() {
  const server = new FakeZooKeeper();
  server.putAll(['/t/a/1', '/t/a/2', '/t/a/3', '/t/b', '/t/c/x/y']);
  return { server, session: await openFakeSession(server) };
}

const drawn = ({ name, children, leftOut }: TreeViewNode): string =>
  `${name}${leftOut > 0 ? `+${leftOut}` : ''}${children.length > 0 ? `(${children.map(drawn).join(' ')})` : ''}`;

describe('a view of a tree', () => {
  test('is the tree, with what is known of each node', async () => {
    const { session } = await world();
    await session.create('/t/a/m', Buffer.from('12'), { mode: 'ephemeral' });
    const view = await viewTree(session, '/t');
    expect(drawn(view.root)).toBe('t(a(1 2 3 m) b c(x(y)))');
    expect(view).toMatchObject({ nodes: 10, leftOut: 0, denied: [] });
    expect(view.root.children[0]?.children[3]).toMatchObject({
      path: '/t/a/m',
      kind: 'ephemeral',
      ephemeralOwner: session.id,
      dataLength: 2,
    });
  });

  test('says what it left out, by depth, by width and by permission', async () => {
    const { server, session } = await world();
    expect(drawn((await viewTree(session, '/t', { depth: 1 })).root)).toBe('t(a+3 b c+1)');
    const narrow = await viewTree(session, '/t', { width: 2 });
    expect([drawn(narrow.root), narrow.nodes, narrow.leftOut]).toEqual(['t+1(a+1(1 2) b)', 5, 2]);
    server.put('/t/d', { acl: HIDDEN });
    server.put('/t/d/below');
    for (const hidesStats of [true, false]) {
      server.tree.hidesStats = hidesStats;
      const view = await viewTree(session, '/t');
      expect([drawn(view.root), view.denied]).toEqual([`t(a(1 2 3) b c(x(y)) d${hidesStats ? '' : '+1'})`, ['/t/d']]);
    }
    expect((await failureOf(viewTree(session, '/none'))).code).toBe('not-found');
  });
});

describe('usage', () => {
  test('counts what is below each node, the largest first', async () => {
    const { session } = await world();
    const { root, entries } = await measureUsage(session, '/t');
    expect(root).toEqual({ path: '/t', nodes: 9, ephemerals: 0, bytes: 30 });
    expect(entries.map(({ path, nodes, bytes }) => [path, nodes, bytes])).toEqual([
      ['/t/a', 4, 18],
      ['/t/c', 3, 8],
      ['/t/b', 1, 4],
    ]);
    const deeper = (await measureUsage(session, '/t', { depth: 2 })).entries.map(({ path }) => path);
    expect(deeper).toEqual(['/t/a', '/t/c', '/t/c/x', '/t/a/1', '/t/a/2', '/t/a/3', '/t/b']);
    expect((await measureUsage(session, '/t', { depth: 0 })).entries).toEqual([]);
  });

  test('says where it could not count', async () => {
    const { server, session } = await world();
    server.put('/t/d', { data: 'xx', acl: HIDDEN });
    server.put('/t/d/below');
    expect(await measureUsage(session, '/t')).toMatchObject({ root: { nodes: 10, bytes: 30 }, denied: ['/t/d'] });
    server.tree.hidesStats = false;
    expect(await measureUsage(session, '/t')).toMatchObject({ root: { nodes: 10, bytes: 32 }, denied: ['/t/d'] });
  });
});

describe('finding', () => {
  const find = async (session: ZooKeeperSession, query: FindQuery): Promise<string[]> => {
    const found: string[] = [];
    for await (const { path } of findNodes(session, '/t', query)) found.push(path);
    return found;
  };

  test('goes by name, data, kind, owner and depth, and by all of them at once', async () => {
    const { server, session } = await world();
    server.put('/t/b', { data: 'needle\nhay' });
    await session.create('/t/a/m', Buffer.from('needle'), { mode: 'ephemeral' });
    expect(await find(session, { name: /^[12]$/g })).toEqual(['/t/a/1', '/t/a/2']);
    expect(await find(session, { data: /^needle$/gm })).toEqual(['/t/a/m', '/t/b']);
    expect(await find(session, { kind: 'ephemeral' })).toEqual(['/t/a/m']);
    expect(await find(session, { owner: session.id })).toEqual(['/t/a/m']);
    expect(await find(session, { data: /needle/, depth: 1 })).toEqual(['/t/b']);
    expect(await find(session, { data: /needle/, name: /^m/, kind: 'persistent' })).toEqual([]);
  });

  test('reads no data where none is asked about', async () => {
    const { server, session } = await world();
    await find(session, { name: /x/ });
    expect(server.requests.filter(({ method }) => method === 'get')).toEqual([]);
  });

  test('lists at the end what it could not look into', async () => {
    const { server, session } = await world();
    server.put('/t/d', { data: 'needle', acl: HIDDEN });
    const failure = await failureOf(find(session, { data: /needle/ }));
    expect(failure).toMatchObject({ code: 'partial', details: { failedCount: 1, looked: 10 } });
    server.tree.hidesStats = false;
    expect(await find(session, { name: /^d$/ })).toEqual(['/t/d']);
  });
});
