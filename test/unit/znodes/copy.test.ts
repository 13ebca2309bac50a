import { expect, test } from 'vitest';
import { copyTree, type TreePlace } from '../../../src/znodes/copy.js';
import { diffTrees } from '../../../src/znodes/diff.js';
import { readTree } from '../../../src/znodes/read-tree.js';
import { removeTree } from '../../../src/znodes/remove-tree.js';
import type { AclEntry } from '../../../src/zookeeper/index.js';
import { FakeZooKeeper, openFakeSession } from '../../fakes/fake-session.js';
import { failureOf } from '../../support/failure-of.js';

const HIDDEN: readonly AclEntry[] = [{ scheme: 'digest', id: 'bob:x9yQ', permissions: ['read'] }];

async function world() {
  const server = new FakeZooKeeper();
  server.put('/from/a', { data: 'a', mode: 'ttl', ttlMs: 5000 });
  server.put('/from/b', { mode: 'container' });
  server.putAll(['/from/b/1', '/from/b/2']);
  return { server, session: await openFakeSession(server) };
}

const below = (server: FakeZooKeeper, root: string): string[] => server.tree.paths.filter((path) => path.startsWith(`${root}/`));

test('copies data, kinds and times to live, within an ensemble and to another one', async () => {
  const { server, session } = await world();
  await session.create('/from/mine', Buffer.alloc(0), { mode: 'ephemeral' });
  const [there, other] = [new FakeZooKeeper(), await openFakeSession(new FakeZooKeeper())];
  const elsewhere = await openFakeSession(there);
  const from = { session, path: '/from' };
  expect(await copyTree(from, { session, path: '/deep/to' }, { mode: 'create' })).toMatchObject({ created: 5, leftOut: 1 });
  expect(await copyTree(from, { session: elsewhere, path: '/from' }, { mode: 'create', ephemerals: true })).toMatchObject({ created: 6 });
  expect(await copyTree({ session, path: '/' }, { session: other, path: '/' }, { mode: 'create' })).toMatchObject({
    created: 11,
    unchanged: 1,
  });
  expect(below(server, '/deep/to')).toEqual(['/deep/to/a', '/deep/to/b', '/deep/to/b/1', '/deep/to/b/2']);
  expect(there.tree.stat('/from/a')).toMatchObject({ kind: 'ttl', ttlMs: 5000, dataLength: 1 });
  expect([there.tree.stat('/from/b')?.kind, there.tree.stat('/from/mine')?.kind]).toEqual(['container', 'persistent']);
});

test('refuses to copy into itself, to mirror a part over the whole, and ZooKeeper itself', async () => {
  const { server, session } = await world();
  const copy = (from: string, to: string, mode: 'create' | 'mirror' = 'create'): Promise<unknown> =>
    copyTree({ session, path: from }, { session, path: to }, { mode });
  const before = server.tree.paths;
  const refusals = [
    copy('/from', '/from'),
    copy('/from', '/from/b/x'),
    copy('/', '/x'),
    copy('/from/b', '/from', 'mirror'),
    copy('/zookeeper', '/x'),
  ];
  expect(await Promise.all(refusals.map(async (refusal) => (await failureOf(refusal)).code))).toEqual(Array(5).fill('refused'));
  expect(server.tree.paths).toEqual(before);
  await copy('/from', '/from-2');
  expect(below(server, '/from-2')).toHaveLength(4);
});

test('sees through other connections and other chroots that it would be copied into itself', async () => {
  const { server } = await world();
  server.putAll(['/from/b/1/deep']);
  const place = async (chroot: string, path: string) => ({ session: await openFakeSession(server, { servers: [], chroot }), path });
  const before = server.tree.paths;
  const copies = [
    [await place('', '/from'), await place('', '/from/b')],
    [await place('', '/from'), await place('/from', '/new')],
    [await place('/from', '/b'), await place('', '/from/b/x/y')],
    [await place('/from', '/b'), await place('/from/b/1', '/')],
    [await place('/from', '/'), await place('/from/b', '/x')],
    [await place('', '/'), await place('', '/x')],
    [await place('', '/'), await place('/from', '/b/1/deep/x')],
    [await place('', '/'), await place('/from', '/')],
  ] as const;
  const mirrors = [
    [await place('', '/from/b'), await place('', '/from')],
    [await place('/from/b', '/'), await place('', '/from')],
    [await place('/from/b', '/1'), await place('/from', '/')],
    [await place('', '/from'), await place('', '/')],
    [await place('/from', '/b'), await place('', '/')],
  ] as const;
  for (const [from, to] of copies) {
    const failure = await failureOf(copyTree(from, to, { mode: 'create' }));
    expect(failure).toMatchObject({ code: 'refused', message: expect.stringContaining('into itself') as string });
  }
  for (const [from, to] of mirrors) expect((await failureOf(copyTree(from, to, { mode: 'mirror' }))).code).toBe('refused');
  const untold = await failureOf(copyTree(await place('', '/'), await place('/unmade', '/x'), { mode: 'create' }));
  expect(untold).toMatchObject({ code: 'refused', suggestions: ['Make "/unmade" first, where the copy goes'] });
  const missing = copyTree(await place('', '/none'), await place('/none/chroot', '/x'), { mode: 'create', dryRun: true });
  expect((await failureOf(missing)).code).toBe('not-found');
  expect(server.tree.paths).toEqual(before);
});

test('copies to the same path, and into it, where that is on another ensemble', async () => {
  const { server, session } = await world();
  server.putAll(['/from/plain/1']);
  const there = new FakeZooKeeper();
  // Born with another change than here, even within the same millisecond.
  there.putAll(['/earlier', '/from/b']);
  const other = await openFakeSession(there);
  const chrooted = await openFakeSession(there, { servers: [], chroot: '/from' });
  const copied = async (path: string, target: TreePlace, mode: 'create' | 'mirror' = 'create') =>
    copyTree({ session, path }, target, { mode });
  expect(await copied('/from', { session: other, path: '/from' })).toMatchObject({ created: 5 });
  expect(await copied('/from', { session: other, path: '/from/b/copy' })).toMatchObject({ created: 7 });
  expect(await copied('/from', { session: chrooted, path: '/x' })).toMatchObject({ created: 7 });
  expect(await copied('/', { session: other, path: '/all' })).toMatchObject({ created: 8 });
  expect(await copied('/from/plain', { session: other, path: '/from' }, 'mirror')).toMatchObject({ created: 1, removed: 20 });
});

test('lists what it may not read and copies everything else; writes what vanishes meanwhile not at all', async () => {
  const { server, session } = await world();
  server.put('/from/secret', { acl: HIDDEN });
  server.put('/from/secret/below');
  server.onRequest = ({ method, path }) => {
    if (method === 'get' && path === '/from/b/1') server.remove(path);
  };
  const failure = await failureOf(copyTree({ session, path: '/from' }, { session, path: '/to' }, { mode: 'create' }));
  expect(failure).toMatchObject({ code: 'partial', details: { created: 4, failedCount: 1, target: '/to' } });
  expect(failure.details['failed']).toEqual([{ path: '/to/secret', message: expect.stringContaining('/to/secret') as string }]);
  expect(below(server, '/to')).toEqual(['/to/a', '/to/b', '/to/b/2']);
  expect((await failureOf(copyTree({ session, path: '/none' }, { session, path: '/to' }, { mode: 'create' }))).code).toBe('not-found');
});

test('a mirror makes the other tree the same, and a diff says so', async () => {
  const { server, session } = await world();
  server.putAll(['/to/a', '/to/b/1', '/to/c/d']);
  server.put('/to/b/1', { data: 'x' });
  const diff = async (): Promise<string[]> => {
    const found: string[] = [];
    for await (const { path, kind, fields } of diffTrees(readTree(session, '/from'), readTree(session, '/to'))) {
      found.push([kind, path, ...fields].join(' '));
    }
    return found;
  };
  expect(await diff()).toEqual(['changed /a data kind', 'changed /b kind', 'changed /b/1 data', 'missing /b/2', 'extra /c', 'extra /c/d']);
  server.remove('/to');
  server.putAll(['/to/c/d']);
  await copyTree({ session, path: '/from' }, { session, path: '/to' }, { mode: 'mirror' });
  expect(await diff()).toEqual([]);
  await session.setAcl('/to/b/2', HIDDEN);
  const failure = await failureOf(diff());
  expect(failure).toMatchObject({ code: 'partial', details: { compared: 5, different: 0, failedCount: 1 } });
});

test('a mirror removes nothing, and a diff claims nothing, below what may not be read in the original', async () => {
  const { server, session } = await world();
  server.put('/from/secret', { acl: HIDDEN });
  server.putAll(['/from/secret/both', '/to/extra', '/to/secret/both', '/to/secret/more/deep', '/to/secrets']);
  const failure = await failureOf(copyTree({ session, path: '/from' }, { session, path: '/to' }, { mode: 'mirror' }));
  expect(failure).toMatchObject({ code: 'partial', details: { removed: 2, failedCount: 1 } });
  expect(below(server, '/to/secret')).toEqual(['/to/secret/both', '/to/secret/more', '/to/secret/more/deep']);
  for (const [one, other] of [
    ['/from', '/to'],
    ['/to', '/from'],
  ] as const) {
    const found: string[] = [];
    const failing = (async () => {
      for await (const { path } of diffTrees(readTree(session, one), readTree(session, other))) found.push(path);
    })();
    expect((await failureOf(failing)).details).toMatchObject({ failedCount: 1 });
    expect(found).toEqual([]);
  }
});

test('makes nothing where there is nothing to copy', async () => {
  const { server, session } = await world();
  const before = server.tree.paths;
  const error = await failureOf(copyTree({ session, path: '/none' }, { session, path: '/deep/to' }, { mode: 'create' }));
  expect(error.details['reason']).toBe('no-node');
  expect(server.tree.paths).toEqual(before);
});

test('takes "/zookeeper" below a chroot for what it is, a node as any other', async () => {
  const { server } = await world();
  server.putAll(['/from/zookeeper', '/from/zookeeper/x']);
  const session = await openFakeSession(server, { servers: [], chroot: '/from' });
  const [own, other] = [await openFakeSession(server, { servers: [], chroot: '/zookeeper' }), await openFakeSession(new FakeZooKeeper())];
  expect(await copyTree({ session, path: '/' }, { session: other, path: '/all' }, { mode: 'create' })).toMatchObject({ created: 7 });
  expect(await copyTree({ session, path: '/zookeeper' }, { session, path: '/copy' }, { mode: 'create' })).toMatchObject({ created: 2 });
  expect(await removeTree(session, '/zookeeper')).toMatchObject({ removed: 2 });
  expect(await failureOf(copyTree({ session: own, path: '/' }, { session: other, path: '/x' }, { mode: 'create' }))).toMatchObject({
    code: 'refused',
  });
});
