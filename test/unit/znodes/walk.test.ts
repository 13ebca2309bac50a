import { describe, expect, test } from 'vitest';
import { walk, type WalkedNode, type WalkOptions } from '../../../src/znodes/walk.js';
import { FakeZooKeeper, openFakeSession } from '../../fakes/fake-session.js';
import { failureOf } from '../../support/failure-of.js';

const HIDDEN = [{ scheme: 'digest', id: 'bob:x9yQ', permissions: ['read'] }] as const;

async function walked(server: FakeZooKeeper, root: string, options: WalkOptions = {}): Promise<WalkedNode[]> {
  const nodes: WalkedNode[] = [];
  for await (const node of walk(await openFakeSession(server), root, options)) nodes.push(node);
  return nodes;
}

const paths = (nodes: readonly WalkedNode[]): string[] => nodes.map(({ path }) => path);

describe('a walk', () => {
  test('hands out parents before children, and children by code point, whatever their names sort like as paths', async () => {
    const server = new FakeZooKeeper();
    server.putAll(['/t/b/2', '/t/b/1', '/t/b-c/x', '/t/a', '/t/b c', '/t/é', '/t/B']);
    const nodes = await walked(server, '/t');
    expect(paths(nodes)).toEqual(['/t', '/t/B', '/t/a', '/t/b', '/t/b/1', '/t/b/2', '/t/b c', '/t/b-c', '/t/b-c/x', '/t/é']);
    expect(nodes.map(({ depth }) => depth)).toEqual([0, 1, 1, 1, 2, 2, 1, 1, 2, 1]);
  });

  test('reads data and ACLs where it is told to, and asks for nothing that is not wanted', async () => {
    const server = new FakeZooKeeper();
    server.putAll(['/t/a', '/t/b']);
    const [, a] = await walked(server, '/t', { withData: true, withAcl: true });
    expect([a?.data?.toString(), a?.acl?.[0]?.id]).toEqual(['/t/a', 'anyone']);
    server.requests.length = 0;
    await walked(server, '/t');
    expect(server.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'exists /t',
      'children /t',
      'exists /t/a',
      'exists /t/b',
    ]);
  });

  test('goes as deep as it is told to, and not into what it is to skip', async () => {
    const server = new FakeZooKeeper();
    server.putAll(['/t/a/b/c', '/t/d/e']);
    expect(paths(await walked(server, '/t', { depth: 1 }))).toEqual(['/t', '/t/a', '/t/d']);
    expect(paths(await walked(server, '/t', { skip: (path) => path === '/t/a' }))).toEqual(['/t', '/t/d', '/t/d/e']);
    expect(paths(await walked(server, '/', { depth: 1 }))).toEqual(['/', '/t', '/zookeeper']);
  });

  test('leaves out what vanishes on the way, before it is read and before it is listed', async () => {
    const server = new FakeZooKeeper();
    server.putAll(['/t/a/1', '/t/b/1', '/t/c/1']);
    server.onRequest = ({ method, path }) => {
      if ((method === 'exists' && path === '/t/a') || (method === 'children' && path === '/t/b')) server.remove(path);
    };
    expect(paths(await walked(server, '/t'))).toEqual(['/t', '/t/c', '/t/c/1']);
  });

  test('says which nodes are denied, with what can be known of them, and goes on', async () => {
    const server = new FakeZooKeeper();
    server.put('/t/a', { data: 'secret', acl: HIDDEN });
    server.putAll(['/t/a/below', '/t/b/1']);
    for (const hidesStats of [true, false]) {
      server.tree.hidesStats = hidesStats;
      const nodes = await walked(server, '/t', { withData: true, withAcl: true });
      expect(paths(nodes)).toEqual(['/t', '/t/a', '/t/b', '/t/b/1']);
      expect(nodes.map(({ isDenied, stat }) => [isDenied, stat === null])).toEqual([
        [false, false],
        [true, hidesStats],
        [false, false],
        [false, false],
      ]);
      expect(paths((await walked(server, '/t')).filter(({ isDenied }) => isDenied))).toEqual(['/t/a']);
    }
    const nodes = await walked(server, '/t', { withData: true, withAcl: true });
    expect(nodes[1]).toMatchObject({ isDenied: true, data: null, acl: null, stat: { dataLength: 6, numChildren: 1 } });
  });

  test('rejects where the root is missing or denied, and when the session ends', async () => {
    const server = new FakeZooKeeper();
    server.put('/t', { acl: HIDDEN });
    server.put('/t/a');
    expect((await failureOf(walked(server, '/none'))).code).toBe('not-found');
    expect((await failureOf(walked(server, '/t'))).code).toBe('denied');
    server.put('/u/a');
    server.failNext('exists', 'session-expired', { path: '/u/a' });
    expect((await failureOf(walked(server, '/u'))).details).toMatchObject({ reason: 'session-expired' });
  });

  test('ends with the reason of the signal', async () => {
    const server = new FakeZooKeeper();
    server.putAll(Array.from({ length: 500 }, (_, index) => `/t/${index}`));
    const abort = new AbortController();
    server.onRequest = () => {
      if (server.requests.length === 100) abort.abort(new Error('enough'));
    };
    await expect(walked(server, '/t', { signal: abort.signal })).rejects.toThrow('enough');
    expect(server.requests.length).toBeLessThan(250);
  });
});

describe('reading ahead', () => {
  const shapes = {
    flat: Array.from({ length: 2000 }, (_, index) => `/t/n${index}`),
    'two levels': Array.from({ length: 2000 }, (_, index) => `/t/d${index % 40}/n${index}`),
    'many small ones': Array.from({ length: 2000 }, (_, index) => `/t/d${Math.floor(index / 2)}/n${index}`),
    binary: Array.from({ length: 1023 }, (_, index) => `/t/${(index + 1).toString(2).replaceAll(/\B/g, '/')}`),
  };
  test.each(Object.entries(shapes))('has 64 requests under way and no more, in a tree that is %s', async (_, all) => {
    const server = new FakeZooKeeper();
    server.putAll(all);
    let busy = 0;
    server.onRequest = () => {
      if (server.underWay > 16) busy += 1;
    };
    const nodes = await walked(server, '/t');
    expect(nodes).toHaveLength(server.tree.paths.filter((path) => path.startsWith('/t')).length);
    expect(server.mostUnderWay).toBe(64);
    expect(busy).toBeGreaterThan(nodes.length / 2);
  });

  test('reads no further ahead than it may while nobody takes anything', async () => {
    const server = new FakeZooKeeper();
    server.putAll(Array.from({ length: 3000 }, (_, index) => `/t/n${index}`));
    const nodes = walk(await openFakeSession(server), '/t', { withData: true });
    await nodes.next();
    await nodes.next();
    for (let turn = 0; turn < 200; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    expect(server.requests.length).toBeGreaterThan(400);
    expect(server.requests.length).toBeLessThan(700);
    await nodes.return();
  });
});
