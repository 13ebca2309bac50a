import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ZkdError } from '../../../src/errors.js';
import { diffTrees, type Difference } from '../../../src/znodes/diff.js';
import { exportTree, type ExportOptions } from '../../../src/znodes/export.js';
import { importTree } from '../../../src/znodes/import.js';
import type { PlaceOptions, PlaceResult } from '../../../src/znodes/place-tree.js';
import { readExport } from '../../../src/znodes/read-export.js';
import { readTree } from '../../../src/znodes/read-tree.js';
import { formatEnd, formatHeader, formatRecord, type TreeRecord } from '../../../src/znodes/record-format.js';
import { digestId, OPEN_ACL, type AclEntry, type ZooKeeperSession } from '../../../src/zookeeper/index.js';
import { FakeZooKeeper, openFakeSession } from '../../fakes/fake-session.js';
import { failureOf } from '../../support/failure-of.js';
import { records } from '../../support/znode-trees.js';

const BOB = { servers: [], auth: [{ scheme: 'digest', credential: 'bob:secret' }] };
const BOBS: readonly AclEntry[] = [{ scheme: 'digest', id: digestId('bob:secret'), permissions: OPEN_ACL[0]?.permissions ?? [] }];

async function exported(session: ZooKeeperSession, root: string, options: ExportOptions = {}): Promise<string> {
  let text = '';
  await exportTree(session, root, (piece) => void (text += piece), options);
  return text;
}

async function* inPieces(text: string): AsyncGenerator<string> {
  for (let at = 0; at < text.length; at += 1000) yield await Promise.resolve(text.slice(at, at + 1000));
}

const imported = (session: ZooKeeperSession, text: string, target?: string, options: Partial<PlaceOptions> = {}): Promise<PlaceResult> =>
  importTree(session, inPieces(text), target, { mode: 'create', ...options });

type Tree = AsyncGenerator<TreeRecord, void, undefined>;

async function differences(one: Tree, other: Tree): Promise<Difference[]> {
  const found: Difference[] = [];
  for await (const difference of diffTrees(one, other)) found.push(difference);
  return found;
}

const below = (server: FakeZooKeeper, root: string): string[] => server.tree.paths.filter((path) => path.startsWith(`${root}/`));

async function serverWith(paths: readonly string[]): Promise<{ readonly server: FakeZooKeeper; readonly session: ZooKeeperSession }> {
  const server = new FakeZooKeeper();
  server.putAll(paths);
  return { server, session: await openFakeSession(server) };
}

test('what was exported and imported again is no different, whatever the tree is like', async () => {
  await fc.assert(
    fc.asyncProperty(records, async (all) => {
      const [here, there] = [new FakeZooKeeper(), new FakeZooKeeper()];
      for (const { path, kind, ttlMs, data, acl } of all) {
        const node = { data: data ?? '', mode: kind ?? 'persistent', ...(ttlMs !== null && { ttlMs }), ...(acl && { acl }) };
        here.put(path === '/' ? '/from' : `/from${path}`, node);
      }
      const [from, to] = [await openFakeSession(here), await openFakeSession(there)];
      const text = await exported(from, '/from');
      const { created } = await imported(to, text, '/deep/below/to');
      expect(created).toBe(all.length);
      expect(await differences(readTree(from, '/from'), readTree(to, '/deep/below/to'))).toEqual([]);
      expect(await differences((await readExport(inPieces(text))).records, readTree(to, '/deep/below/to'))).toEqual([]);
      expect(await imported(to, text, '/deep/below/to', { mode: 'mirror' })).toMatchObject({
        created: 0,
        changed: 0,
        unchanged: all.length,
      });
    }),
    { numRuns: 60 },
  );
});

describe('export', () => {
  test('writes a header, the nodes in the order of a walk, and an end that counts them', async () => {
    const { session } = await serverWith(['/app/b', '/app/a/1']);
    const zxids = ['0x1', '0x99'];
    const text = await exported(session, '/app', { readZxid: async () => zxids.shift() ?? null });
    const lines = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines[0]).toMatchObject({ root: '/app', firstZxid: '0x1' });
    expect(lines.slice(1, -1).map(({ path }) => path)).toEqual(['/', '/a', '/a/1', '/b']);
    expect(lines.at(-1)).toEqual({ end: true, nodes: 4, denied: 0, newestZxid: '0x8', lastZxid: '0x99' });
  });

  test("leaves ephemeral nodes out unless asked, and ZooKeeper's own always", async () => {
    const { session } = await serverWith(['/app']);
    await session.create('/app/mine', Buffer.from('x'), { mode: 'ephemeral' });
    const paths = (text: string): string[] => [...text.matchAll(/"path":"([^"]+)"/g)].map(([, path]) => path ?? '');
    expect(paths(await exported(session, '/'))).toEqual(['/', '/app']);
    expect(paths(await exported(session, '/app', { ephemerals: true }))).toEqual(['/', '/mine']);
  });

  test('lists what is denied at the end, with everything else in the file', async () => {
    const { server } = await serverWith(['/app/a', '/app/z']);
    server.put('/app/secret', { data: 's', acl: BOBS });
    server.put('/app/secret/below');
    server.put('/app/shown', { data: 's', acl: [...BOBS, { scheme: 'world', id: 'anyone', permissions: ['read'] }] });
    let text = '';
    const failure = await failureOf(exportTree(await openFakeSession(server), '/app', (piece) => void (text += piece)));
    expect(failure).toMatchObject({ code: 'partial', details: { nodes: 5, failedCount: 2 } });
    expect((failure.details['failed'] as { path: string }[]).map(({ path }) => path)).toEqual(['/app/secret', '/app/shown']);
    expect(text).toContain('"denied":2');
    const whole = await exported(await openFakeSession(server, BOB), '/app');
    expect(whole).toContain(digestId('bob:secret'));
    expect(whole).toContain('"path":"/secret/below"');
  });

  test('passes over a node that is deleted while it is read', async () => {
    const { server, session } = await serverWith(['/app/a', '/app/b/1', '/app/c']);
    server.onRequest = ({ method, path }) => {
      if (method === 'get' && path === '/app/b/1') server.remove('/app/b');
    };
    expect((await exported(session, '/app')).match(/"path":"[^"]+"/g)).toEqual(['"path":"/"', '"path":"/a"', '"path":"/b"', '"path":"/c"']);
  });

  test('waits for whoever takes what it writes, and reads no further meanwhile', async () => {
    const server = new FakeZooKeeper();
    for (let index = 0; index < 3000; index += 1) server.put(`/app/n${index}`, { data: 'x'.repeat(200) });
    const session = await openFakeSession(server);
    let read = 0;
    const stuck = exportTree(session, '/app', async () => {
      for (let turn = 0; turn < 100; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      read = server.requests.length;
      throw new Error('full');
    });
    await expect(stuck).rejects.toThrow('full');
    expect(read).toBeLessThan(2000);
  });

  test('has no last line where the session ends in between', async () => {
    const { server, session } = await serverWith(Array.from({ length: 500 }, (_, index) => `/app/${index}`));
    let text = '';
    server.onRequest = () => server.requests.length === 400 && server.expire(session);
    const failure = await failureOf(exportTree(session, '/app', (piece) => void (text += piece)));
    expect(failure.details).toMatchObject({ reason: 'session-expired' });
    expect(text).not.toContain('"end"');
  });
});

describe('import', () => {
  const PATHS = ['/app/a', '/app/b/1', '/app/b/2'];

  test('leaves alone what is there in mode create, and writes over it in mode overwrite', async () => {
    const { server, session } = await serverWith(PATHS);
    const text = await exported(session, '/app');
    server.put('/app/a', { data: 'other' });
    await session.setAcl('/app/b', BOBS);
    server.remove('/app/b/2');
    server.put('/app/extra');
    const bob = await openFakeSession(server, BOB);
    expect(await imported(bob, text)).toMatchObject({ target: '/app', created: 1, unchanged: 2, kept: 2, changed: 0, removed: 0 });
    expect(server.text('/app/a')).toBe('other');
    expect(await imported(bob, text, undefined, { mode: 'overwrite' })).toMatchObject({ created: 0, unchanged: 3, kept: 0, changed: 2 });
    expect([server.text('/app/a'), (await session.getAcl('/app/b')).acl[0]?.scheme]).toEqual(['/app/a', 'world']);
    expect(below(server, '/app')).toContain('/app/extra');
  });

  test('removes in mode mirror what the file does not have, but for what others hold', async () => {
    const { server, session } = await serverWith(PATHS);
    const text = await exported(session, '/app');
    server.putAll(['/app/a/new/1', '/app/a/new/2', '/app/zz']);
    await session.create('/app/held', Buffer.alloc(0), { mode: 'ephemeral' });
    const actions: string[] = [];
    const onNode = (path: string, action: string): void => {
      if (action !== 'unchanged') actions.push(`${action} ${path}`);
    };
    expect(await imported(session, text, undefined, { mode: 'mirror', dryRun: true, onNode })).toMatchObject({ removed: 4, unchanged: 5 });
    expect(actions.sort()).toEqual(['removed /app/a/new', 'removed /app/a/new/1', 'removed /app/a/new/2', 'removed /app/zz']);
    expect(below(server, '/app')).toHaveLength(9);
    expect(await imported(session, text, undefined, { mode: 'mirror' })).toMatchObject({ removed: 4, unchanged: 5 });
    expect(below(server, '/app')).toEqual(['/app/a', '/app/b', '/app/b/1', '/app/b/2', '/app/held']);
  });

  test('writes nothing in a dry run and says what it would', async () => {
    const { server, session } = await serverWith(PATHS);
    const text = await exported(session, '/app');
    server.requests.length = 0;
    expect(await imported(session, text, '/other/place', { dryRun: true })).toMatchObject({ created: 5 });
    expect(new Set(server.requests.map(({ method }) => method))).toEqual(new Set(['get']));
    expect(server.text('/other')).toBeUndefined();
  });

  test('writes ephemeral nodes only when asked, as ones that stay', async () => {
    const { server, session } = await serverWith(['/app']);
    await session.create('/app/mine', Buffer.from('x'), { mode: 'ephemeral' });
    const text = await exported(session, '/app', { ephemerals: true });
    expect(await imported(session, text, '/one')).toMatchObject({ created: 1, leftOut: 1 });
    expect(await imported(session, text, '/two', { ephemerals: true })).toMatchObject({ created: 2, leftOut: 0 });
    await session.close();
    expect([server.text('/one/mine'), server.text('/two/mine')]).toEqual([undefined, 'x']);
  });

  test('gives every node the ACL it had, and lists what it may not write below', async () => {
    const { server } = await serverWith(['/app']);
    server.put('/app/locked', { data: 'l', acl: [{ scheme: 'world', id: 'anyone', permissions: ['read'] }] });
    server.putAll(['/app/locked/1', '/app/locked/1/2', '/app/z']);
    const session = await openFakeSession(server);
    const failure = await failureOf(imported(session, await exported(session, '/app'), '/to'));
    expect(failure).toMatchObject({ code: 'partial', details: { target: '/to', created: 3, failedCount: 2 } });
    expect((failure.details['failed'] as { path: string }[]).map(({ path }) => path)).toEqual(['/to/locked/1', '/to/locked/1/2']);
    expect(below(server, '/to')).toEqual(['/to/locked', '/to/z']);
  });

  test('changes no kind of a node, and says so', async () => {
    const { server, session } = await serverWith(['/app/a']);
    const text = await exported(session, '/app');
    server.put('/to/a', { mode: 'container', data: '/app/a' });
    expect(await imported(session, text, '/to')).toMatchObject({ kept: 1, unchanged: 1 });
    const failure = await failureOf(imported(session, text, '/to', { mode: 'overwrite' }));
    expect(failure.details['failed']).toEqual([
      { path: '/to/a', message: 'Znode "/to/a" is container, not persistent; only removing it can change that' },
    ]);
  });

  test('finishes when it is run again after its session ended, with 64 requests under way at most', async () => {
    const paths = Array.from({ length: 6000 }, (_, index) => `/app/d${index % 7}/n${index}`);
    const { server, session } = await serverWith(paths);
    const text = await exported(session, '/app');
    server.mostUnderWay = 0;
    const doomed = await openFakeSession(server);
    let transactions = 0;
    server.onRequest = ({ method }) => {
      if (method === 'transact') transactions += 1;
      if (transactions === 150) server.expire(doomed);
    };
    expect((await failureOf(imported(doomed, text, '/to'))).details).toMatchObject({ reason: 'session-expired' });
    const half = below(server, '/to').length;
    expect([half > 2000, half < 4000]).toEqual([true, true]);
    expect(await imported(session, text, '/to')).toMatchObject({ created: 6008 - half - 1, unchanged: half + 1, kept: 0 });
    expect(server.mostUnderWay).toBe(64);
    expect(await differences(readTree(session, '/app'), readTree(session, '/to'))).toEqual([]);
  });

  test.each([true, false])('loses and doubles nothing where the reply to a transaction is lost (done: %s)', async (applied) => {
    const { server, session } = await serverWith(Array.from({ length: 50 }, (_, index) => `/app/d${index % 3}/n${index}`));
    const text = await exported(session, '/app');
    for (let round = 0; round < 3; round++) server.failNext('transact', 'connection-lost', { applied });
    expect(await imported(session, text, '/to')).toMatchObject({ created: 54, unchanged: 0, kept: 0 });
    expect(await differences(readTree(session, '/app'), readTree(session, '/to'))).toEqual([]);
  });

  test('writes what it may around nodes that are refused, and lists these', async () => {
    const { server, session } = await serverWith(Array.from({ length: 60 }, (_, index) => `/app/d${index % 3}/n${index}`));
    const text = await exported(session, '/app');
    server.put('/to/d1', { acl: [{ scheme: 'world', id: 'anyone', permissions: ['read'] }] });
    server.put('/to/d2/n5', { data: 'other' });
    const failure = await failureOf(imported(session, text, '/to'));
    expect(failure).toMatchObject({ code: 'partial', details: { created: 40, unchanged: 2, kept: 2, failedCount: 20 } });
  });

  test('asks for hardly any create that is refused where the tree is there already', async () => {
    const { server, session } = await serverWith(Array.from({ length: 300 }, (_, index) => `/app/${index}`));
    const text = await exported(session, '/app');
    server.requests.length = 0;
    expect(await imported(session, text)).toMatchObject({ unchanged: 301 });
    expect(server.requests.filter(({ method }) => method === 'create').length).toBeLessThan(70);
  });

  test('finishes a node that was made and not filled when it was interrupted', async () => {
    const { server, session } = await serverWith([]);
    server.put('/app/a', { data: 'secret', acl: BOBS });
    const bob = await openFakeSession(server, BOB);
    const text = await exported(bob, '/app');
    await session.create('/to', Buffer.alloc(0));
    await session.create('/to/a', Buffer.alloc(0));
    expect(await imported(bob, text, '/to')).toMatchObject({ changed: 1, kept: 0 });
    expect([server.text('/to/a'), (await bob.getAcl('/to/a')).acl]).toEqual(['secret', BOBS]);
  });

  test('finishes a node that a killed run with the same credentials left closed, with nothing or all in it', async () => {
    const { server, session } = await serverWith([]);
    const theirs = [...BOBS, { scheme: 'world', id: 'anyone', permissions: ['read' as const] }];
    for (const [name, acl] of [
      ['empty', BOBS],
      ['filled', theirs],
      ['other', theirs],
    ] as const)
      server.put(`/app/${name}`, { data: 'secret', acl });
    const bob = await openFakeSession(server, BOB);
    const text = await exported(bob, '/app');
    await session.create('/to', Buffer.alloc(0));
    for (const name of ['empty', 'filled', 'other']) {
      await session.create(`/to/${name}`, Buffer.alloc(0));
      await bob.setAcl(`/to/${name}`, [{ scheme: 'auth', id: '', permissions: OPEN_ACL[0]?.permissions ?? [] }]);
    }
    await bob.set('/to/filled', Buffer.from('secret'));
    await bob.set('/to/other', Buffer.from('theirs'));
    expect(await imported(bob, text, '/to')).toMatchObject({ changed: 2, kept: 1 });
    expect(await differences(readTree(bob, '/app'), readTree(bob, '/to'))).toMatchObject([{ path: '/other' }]);
    expect(server.text('/to/other')).toBe('theirs');
  });

  test.each([{ outcome: 'unknown' }, { left: '/to' }])('counts a node as created that it has left half made itself: %j', async (told) => {
    const server = new FakeZooKeeper();
    server.put('/app', { data: 'secret', acl: BOBS });
    const bob = await openFakeSession(server, BOB);
    const text = await exported(bob, '/app');
    let isLost = false;
    const loseIt = async (path: string): Promise<never> => {
      isLost = true;
      await bob.create(path, Buffer.alloc(0));
      throw new ZkdError('zookeeper-unavailable', 'lost', { details: { reason: 'connection-lost', path, ...told } });
    };
    const losing = new Proxy(bob, {
      get(session, name) {
        const value: unknown = Reflect.get(session, name);
        if (typeof value !== 'function') return value;
        return name === 'create' && !isLost ? loseIt : (value.bind(session) as unknown);
      },
    });
    expect(await imported(losing, text, '/to')).toMatchObject({ created: 1, changed: 0, kept: 0 });
    expect((await bob.getAcl('/to')).acl).toEqual(BOBS);
  });

  test('makes anew what a killed run left closed, where it may write over things, and leaves other closed nodes alone', async () => {
    const { server, session } = await serverWith(['/to/other']);
    server.tree.hidesStats = false;
    server.put('/app', { data: '' });
    server.put('/app/a', { data: 'secret', acl: BOBS });
    server.put('/app/other', { data: 'mine', acl: BOBS });
    const bob = await openFakeSession(server, BOB);
    const text = await exported(bob, '/app');
    const eve = await openFakeSession(server, { servers: [], auth: [{ scheme: 'digest', credential: 'eve:x' }] });
    await eve.create('/to/a', Buffer.alloc(0));
    for (const path of ['/to/a', '/to/other']) {
      await eve.setAcl(path, [{ scheme: 'auth', id: '', permissions: ['read', 'write', 'admin'] }]);
    }
    const inCreate = await failureOf(imported(bob, text, '/to'));
    expect(inCreate).toMatchObject({ code: 'partial', details: { kept: 1, failedCount: 1, failed: [{ path: '/to/a' }] } });
    const inOverwrite = await failureOf(imported(bob, text, '/to', { mode: 'overwrite' }));
    expect(inOverwrite).toMatchObject({ code: 'partial', details: { changed: 1, failedCount: 1, failed: [{ path: '/to/other' }] } });
    expect([server.text('/to/a'), server.text('/to/other')]).toEqual(['secret', '/to/other']);
    expect((await failureOf(session.get('/to/a'))).code).toBe('denied');
    server.tree.hidesStats = true;
    const unseen = await failureOf(imported(session, text, '/to'));
    expect(unseen.details['failed']).toMatchObject([{ path: '/to/a' }, { path: '/to/other' }]);
  });

  test('survives a lost connection: what nobody knows the outcome of is looked at, and counted once', async () => {
    const { server, session } = await serverWith(['/app/a', '/app/b', '/app/c']);
    const text = await exported(session, '/app');
    server.failNext('create', 'connection-lost', { path: '/to/a', applied: true });
    server.failNext('create', 'connection-lost', { path: '/to/b' });
    server.failNext('create', 'connection-lost', { path: '/to/b' });
    expect(await imported(session, text, '/to')).toMatchObject({ created: 4, unchanged: 0 });
    server.put('/to/c', { data: 'other' });
    server.failNext('set', 'bad-version', { path: '/to/c' });
    expect(await imported(session, text, '/to', { mode: 'overwrite' })).toMatchObject({ changed: 1, unchanged: 3 });
    expect(server.text('/to/c')).toBe('/app/c');
  });

  test('removes nothing for a file that was cut off', async () => {
    const { server, session } = await serverWith(PATHS);
    const text = await exported(session, '/app');
    server.putAll(['/to/b/2', '/to/b/3', '/to/extra']);
    const cut = text.slice(0, text.indexOf('{"path":"/b/2"'));
    const failure = await failureOf(imported(session, cut, '/to', { mode: 'mirror' }));
    expect(failure).toMatchObject({ code: 'usage', details: { reason: 'invalid-export' } });
    expect(below(server, '/to')).toEqual(['/to/a', '/to/b', '/to/b/1', '/to/b/2', '/to/b/3', '/to/extra']);
  });

  test("never writes to ZooKeeper's own nodes", async () => {
    const { session } = await serverWith(['/app/a']);
    expect((await failureOf(imported(session, await exported(session, '/app'), '/zookeeper/quota'))).code).toBe('refused');
  });

  test('ends with the reason of the signal', async () => {
    const { server, session } = await serverWith(Array.from({ length: 6000 }, (_, index) => `/app/${index}`));
    const text = await exported(session, '/app');
    const abort = new AbortController();
    const onNode = (): void => {
      if (below(server, '/to').length >= 100) abort.abort(new Error('enough'));
    };
    await expect(imported(session, text, '/to', { signal: abort.signal, onNode })).rejects.toThrow('enough');
    expect(below(server, '/to').length).toBeLessThan(5000);
  });
});

describe('a file that was put together by hand', () => {
  const stat = { czxid: '0x1', mzxid: '0x1', version: 0, aversion: 0, mtime: '2026-01-01T00:00:00.000Z', ephemeralOwner: null };
  const file = (...paths: string[]): string =>
    [
      formatHeader({ root: '/app', exportedAt: '2026-01-01T00:00:00.000Z', firstZxid: null, ephemerals: false }),
      ...paths.map((path) => formatRecord({ path, data: Buffer.alloc(0), acl: OPEN_ACL, kind: 'persistent', ttlMs: null, stat })),
      formatEnd({ nodes: paths.length, denied: 0, newestZxid: null, lastZxid: null }),
      '',
    ].join('\n');

  test('is refused at a node without the one above it', async () => {
    const { session } = await serverWith([]);
    const error = await failureOf(imported(session, file('/', '/a', '/z/a', '/zz'), '/to'));
    expect(error).toMatchObject({ code: 'usage', message: 'Line 4 of the export is /z/a, without /z before it' });
    expect(await imported(session, file('/', '/a', '/a/b', '/z', '/z/a'), '/to')).toMatchObject({ created: 3, unchanged: 2 });
  });

  test('is refused where something comes after its end', async () => {
    const { session } = await serverWith([]);
    const whole = file('/', '/a');
    expect(await failureOf(imported(session, `${whole}${whole}`, '/to'))).toMatchObject({
      code: 'usage',
      message: 'Line 5 of the export comes after its end',
    });
  });
});

test('an export ends with 3 where its root goes while it is read', async () => {
  const { server, session } = await serverWith(['/app/a', '/app/b']);
  server.onRequest = ({ method, path }) => {
    if (method === 'get' && path === '/app/b') for (const gone of ['/app/a', '/app/b', '/app']) server.remove(gone);
  };
  expect(await failureOf(exported(session, '/app'))).toMatchObject({
    code: 'not-found',
    message: expect.stringContaining('"/app" was removed') as string,
  });
});

test('an import without a quorum gives up once the session could not live any longer, and says how to go on', async () => {
  const server = new FakeZooKeeper();
  const session = await openFakeSession(server, { servers: [], sessionTimeoutMs: 300, timeoutMs: 100 });
  const { session: from } = await serverWith(['/app/a', '/app/b']);
  const text = await exported(from, '/app');
  server.disconnect(session);
  const startedAt = performance.now();
  const error = await failureOf(imported(session, text, '/to'));
  expect(performance.now() - startedAt).toBeLessThan(2500);
  expect(error).toMatchObject({
    code: 'zookeeper-unavailable',
    suggestions: ['Run the same command again: it goes on where it stopped', 'zkd cluster status'],
  });
});
