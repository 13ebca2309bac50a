/** Long work on a real ensemble that something happens to: the leader is killed, zkd itself is killed, the quorum goes. */
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { retryUntil } from '../../../src/runtime/retry-until.js';
import { formatEnd, formatHeader, formatRecord } from '../../../src/znodes/record-format.js';
import { digestId, openSession, parseAcl, parseConnectString } from '../../../src/zookeeper/index.js';
import { openKazoo } from '../../support/foreign-clients.js';
import { docker, expectFailure, expectJsonFailure, IMAGE, status, succeed, up, useEnsembles, type Cluster } from '../../support/story.js';
import { endOf, startZkd, zkd, type ZkdOptions } from '../../support/zkd.js';

const ALICE = 'digest:alice:secret';
const FOLDERS = 15;
const IN_EACH = 200;

/** What a tree holds, by path as seen from its root, folder by folder: names as sequential creates leave them, every fifth node with an ACL of its own. */
const wanted = new Map<string, string>([['', 'root']]);
for (let folder = 0; folder < FOLDERS; folder += 1) {
  const name = `/folder-${`${folder}`.padStart(2, '0')}`;
  wanted.set(name, name);
  for (let job = 0; job < IN_EACH; job += 1) wanted.set(`${name}/job-${`${job * 3}`.padStart(10, '0')}`, `${folder} ${job}`);
}
const OPEN_ACL = parseAcl('world:anyone:cdrwa');
const CLOSED_ACL = parseAcl(`digest:${digestId('alice:secret')}:cdrwa`);
const READ_ONLY_ACL = [...CLOSED_ACL, ...parseAcl('world:anyone:r')];
const aclOf = (path: string) => (path.endsWith('7') ? CLOSED_ACL : path.endsWith('4') ? READ_ONLY_ACL : OPEN_ACL);
const written = { czxid: '0x1', mzxid: '0x1', version: 0, aversion: 0, mtime: '2026-01-02T03:04:05.678Z', ephemeralOwner: null };

const ensembles = useEnsembles();
let cluster: Cluster;
let folder: string;
let file: string;
let only: ZkdOptions;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'zkd-interrupted-'));
  file = join(folder, 'tree.jsonl');
  const records = Array.from(wanted, ([path, text]) =>
    formatRecord({
      path: path || '/',
      data: Buffer.from(text),
      acl: aclOf(path),
      kind: 'persistent',
      ttlMs: null,
      stat: written,
    }),
  );
  const header = formatHeader({ root: '/tree', exportedAt: new Date().toISOString(), firstZxid: null, ephemerals: false });
  const end = formatEnd({ nodes: records.length, denied: 0, newestZxid: '0x1', lastZxid: null });
  await writeFile(file, [header, ...records, end, ''].join('\n'));
  ({ cluster } = await up(ensembles.name(), '--image', IMAGE, '--size', '3', '--client-port', 'auto'));
  only = { env: { ZKD_CONNECT: cluster.connect, ZKD_AUTH: ALICE, DOCKER_HOST: 'tcp://127.0.0.1:1' } };
});
afterAll(() => rm(folder, { recursive: true }));

/**
 * Starts an import, and answers once a part of it is done. It is fed a few lines at a time, and not the last ones, until `feedAll`: whatever
 * happens to it before comes in time.
 */
async function partOfAnImport(target: string, ...flags: string[]) {
  const lines = (await readFile(file, 'utf8')).split('\n');
  let isFedAll = false;
  async function* feed() {
    for (let at = 0; at < lines.length; at += 20) {
      yield lines.slice(at, at + 20).join('\n') + (at + 20 < lines.length ? '\n' : '');
      do await sleep(isFedAll ? 0 : 5);
      while (!isFedAll && at + 40 >= lines.length);
    }
  }
  const session = await openSession({ servers: parseConnectString(cluster.connect).servers });
  const child = startZkd(['znode', 'import', '-', target, ...flags], { ...only, input: Readable.from(feed()) });
  const isSoFar = async (): Promise<true | undefined> => ((await session.exists(`${target}/folder-03`)) ? true : undefined);
  expect(await retryUntil(isSoFar, { timeoutMs: 60_000, intervalMs: 5 })).toBe(true);
  await session.close();
  const feedAll = (): void => {
    isFedAll = true;
  };
  return { child, feedAll };
}

/** Runs the import to its end, which must be a good one. */
async function importAgain(target: string): Promise<{ readonly created: number; readonly unchanged: number }> {
  return succeed(['znode', 'import', file, target], only);
}

/** Nothing is lost, nothing is doubled, no number has changed. */
async function expectWhole(target: string): Promise<void> {
  expect(await zkd(['znode', 'diff', `file:${file}`, target], only)).toMatchObject({ exitCode: 0, stdout: '' });
}

describe('an import', () => {
  it('finishes when the leader is killed in the middle, and makes every node once', async () => {
    const { leader } = (await status(cluster.name)).cluster;
    const { child, feedAll } = await partOfAnImport('/leader-killed', '--json');
    await docker('kill', `zkd-${cluster.name}-${leader}`);
    feedAll();
    const { exitCode, stdout } = endOf(await child);
    expect(exitCode, stdout).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ created: wanted.size, changed: 0, kept: 0 });
    await expectWhole('/leader-killed');
    const kazoo = await openKazoo(cluster.connect, ALICE);
    expect(new Map(Object.entries(await kazoo.tree('/leader-killed')))).toEqual(wanted);
    await kazoo.end();
    await succeed(['cluster', 'start', cluster.name]);
  });

  it('goes on where it was killed itself when it is run again', async () => {
    const { child, feedAll } = await partOfAnImport('/killed');
    child.kill('SIGKILL');
    feedAll();
    expect(endOf(await child).exitCode).toBe(137);
    const { created, unchanged } = await importAgain('/killed');
    expect(unchanged).toBeGreaterThan(IN_EACH);
    expect(created).toBeGreaterThan(IN_EACH);
    await expectWhole('/killed');
    expect(await importAgain('/killed')).toMatchObject({ created: 0, changed: 0, unchanged: wanted.size });
  });
});

/** Whether an export to this file has written something. */
const hasBegun = async (target: string): Promise<true | undefined> =>
  ((await stat(`${target}.part`).catch(() => undefined))?.size ?? 0) > 0 || undefined;

describe('an export', () => {
  it('that is killed leaves no file that looks whole, and is not in the way of the next', async () => {
    const target = join(folder, 'killed.jsonl');
    const child = startZkd(['znode', 'export', '/killed', target], only);
    expect(await retryUntil(() => hasBegun(target), { timeoutMs: 60_000, intervalMs: 2 })).toBe(true);
    child.kill('SIGKILL');
    expect(endOf(await child).exitCode).toBe(137);
    expect(await readdir(folder)).toEqual(['killed.jsonl.part', 'tree.jsonl']);
    const half = { exitCode: 2, code: 'usage', says: [/is cut off|is not JSON/] };
    await expectFailure(['znode', 'diff', `file:${target}.part`, '/killed'], half, only);
    expect(await succeed(['znode', 'export', '/killed', target], only)).toMatchObject({ nodes: wanted.size });
    expect(await readdir(folder)).toEqual(['killed.jsonl', 'tree.jsonl']);
  });

  it('leaves out what is deleted while it walks, and nothing else', async () => {
    const target = join(folder, 'deleted.jsonl');
    const session = await openSession({
      servers: parseConnectString(cluster.connect).servers,
      auth: [{ scheme: 'digest', credential: 'alice:secret' }],
    });
    const child = startZkd(['znode', 'export', '/leader-killed', target], only);
    expect(await retryUntil(() => hasBegun(target), { timeoutMs: 60_000, intervalMs: 2 })).toBe(true);
    // From the end, towards the walk.
    const doomed = Array.from(wanted.keys())
      .filter((path) => path.includes('/job-'))
      .slice(-4 * IN_EACH)
      .reverse();
    for (let at = 0; at < doomed.length; at += 50) {
      await Promise.all(doomed.slice(at, at + 50).map((path) => session.delete(`/leader-killed${path}`)));
    }
    await session.close();
    const { exitCode, stderr } = endOf(await child);
    expect(exitCode, stderr).toBe(0);
    const lines = (await readFile(target, 'utf8')).trimEnd().split('\n').slice(1, -1);
    const paths = new Set(lines.map((line) => (JSON.parse(line) as { path: string }).path.replace(/^\/$/, '')));
    const missing = Array.from(wanted.keys()).filter((path) => !paths.has(path));
    expect(missing).not.toEqual([]);
    expect(missing.filter((path) => !doomed.includes(path))).toEqual([]);
  });
});

describe('without a quorum', () => {
  const TIMEOUT_MS = 2000;
  /** Starting node and telling it counts too, on a busy machine. */
  const TOLERANCE_MS = 10_000;

  it('every command ends in its time and says so; an import that was under way finishes when it is run again', async () => {
    await succeed(['cluster', 'wait', cluster.name, '--timeout', '60s']);
    const timeout = ['--timeout', `${TIMEOUT_MS}ms`, '--json'];
    const { child, feedAll } = await partOfAnImport('/no-quorum', ...timeout);
    const stopped = cluster.members.slice(1);
    await docker('kill', ...stopped.map(({ container }) => container));
    feedAll();
    const target = join(folder, 'no-quorum.jsonl');
    const commands = [['get'], ['ls'], ['set', 'x'], ['create', 'x'], ['export', target]];
    await Promise.all(
      commands.map(async ([command = '', ...words]) => {
        const startedAt = performance.now();
        const result = await zkd(['znode', command, '/killed', ...words, ...timeout], only);
        expect(performance.now() - startedAt, command).toBeLessThan(TIMEOUT_MS + TOLERANCE_MS);
        const says = [' is up but has no quorum', ...stopped.map(({ address }) => `${address} refuses connections`)];
        expectJsonFailure(result, { exitCode: 6, code: 'zookeeper-unavailable', says });
      }),
    );
    expect(await readdir(folder)).not.toContain('no-quorum.jsonl');
    // It has patience for an election, not for ever.
    expectJsonFailure(endOf(await child), { exitCode: 6, code: 'zookeeper-unavailable', says: ['/no-quorum', 'connection'] });
    await succeed(['cluster', 'start', cluster.name]);
    await importAgain('/no-quorum');
    await expectWhole('/no-quorum');
  });
});
