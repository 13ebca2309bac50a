import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { exportEnsemble, type ExportRequest } from '../../../src/cluster/export.js';
import { ZkdError } from '../../../src/errors.js';
import { useFakeHostPorts } from '../../fakes/fake-host-ports.js';
import { createWorld, type World } from '../../support/ensemble-world.js';
import { failureOf } from '../../support/failure-of.js';

useFakeHostPorts();

let world: World;
let parent: string;
let dir: string;
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'zkd-export-'));
  dir = join(parent, 'made', 'bundle');
  world = createWorld();
  await world.up({ given: { size: 2 } });
});
afterEach(() => rm(parent, { recursive: true, force: true }));

const never = new AbortController().signal;
const exported = (request: Partial<ExportRequest> = {}, signal = never) =>
  exportEnsemble({ name: 'zk', directory: dir, members: [], ...request }, { engine: world.engine, ask: world.zooKeeper.ask, signal });
const read = (name: string): Promise<string> => readFile(join(dir, name), 'utf8');
const document = async (name: string): Promise<unknown> => JSON.parse(await read(name)) as unknown;
const memberFiles = (id: number): string[] =>
  ['configuration.json', 'cons.txt', 'conf.txt', 'dump.txt', 'inspect.json', 'log.txt', 'mntr.txt', 'srvr.txt'].map(
    (file) => `member-${id}/${file}`,
  );
const filesBelow = async (path: string): Promise<string[]> => {
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name).slice(path.length + 1));
};

describe('an export', () => {
  it('has everything of every member, and tells what it has', async () => {
    world.engine.log('zkd-zk-1', 'hello');
    world.engine.log('zkd-zk-1', 'trouble', 'stderr');
    const { dir: path, files, missing } = await exported();
    const expected = ['engine.json', 'export.json', 'status.json', ...memberFiles(1), ...memberFiles(2)].sort();
    expect({ path, files, missing }).toEqual({ path: dir, files: expected, missing: [] });
    expect((await filesBelow(dir)).sort()).toEqual(expected);
    expect(await document('export.json')).toMatchObject({ zkdExport: 1, cluster: 'zk', missing: [], files: expected });
    expect(await document('engine.json')).toMatchObject({ engineVersion: '20.10.24' });
    expect(await document('status.json')).toMatchObject({ healthy: true, cluster: { name: 'zk' } });
    expect(await document('member-2/inspect.json')).toMatchObject({ name: 'zkd-zk-2', state: 'running', env: { ZOO_MY_ID: '2' } });
    expect(await read('member-1/srvr.txt')).toContain('Mode: ');
    expect(await read('member-1/log.txt')).toMatch(/^2\S+Z stdout hello\n2\S+Z stderr trouble\n$/);
    expect(await document('member-1/configuration.json')).toMatchObject({
      '/conf/zoo.cfg': { tickTime: '2000', dataDir: '/data' },
      '/conf/zoo.cfg.dynamic.100000000': { 'server.1': expect.stringContaining('zkd-zk-1') as string },
    });
  });

  it('can be read by its owner only', async () => {
    await exported();
    for (const folder of ['', 'member-1']) expect((await stat(join(dir, folder))).mode & 0o777).toBe(0o700);
    for (const file of await filesBelow(dir)) expect((await stat(join(dir, file))).mode & 0o777).toBe(0o600);
  });

  it('holds no secret: not the credential, not its digest, not what stands behind the name of one', async () => {
    const credential = (await world.engine.readFile('zkd-zk-1', '/conf/zkd-super'))?.toString().trim() ?? '';
    const digest = /superDigest=(\S+)/.exec((await world.engine.readFile('zkd-zk-1', '/conf/zoo.cfg'))?.toString() ?? '')?.[1] ?? '';
    expect(credential.length + digest.length).toBeGreaterThan(40);
    const password = credential.slice(credential.indexOf(':') + 1);
    world.engine.log('zkd-zk-2', `somebody logs ${password} and -Dssl.keyStore.password=hunter2 and ${digest}`);
    Object.assign(world.engine.container('zkd-zk-1').spec.env ?? {}, { BACKUP_TOKEN: 'hunter2' });
    await exported();
    const everything = (await Promise.all((await filesBelow(dir)).map(read))).join('\n');
    for (const secret of [credential, password, digest, digest.slice(digest.indexOf(':') + 1), 'hunter2'])
      expect(everything).not.toContain(secret);
    expect(await filesBelow(dir)).not.toContain('member-1/zkd-super');
    expect(await document('member-1/inspect.json')).toMatchObject({ env: { BACKUP_TOKEN: '<redacted>', ZOO_MY_ID: '1' } });
  });

  it('is of the members asked for, and of the last lines', async () => {
    world.engine.log('zkd-zk-2', 'one');
    world.engine.log('zkd-zk-2', 'two');
    const { files } = await exported({ members: [2], tail: 1 });
    expect(files).toEqual(['engine.json', 'export.json', 'status.json', ...memberFiles(2)].sort());
    expect(await read('member-2/log.txt')).toMatch(/ stdout two\n$/);
    expect(await read('member-2/log.txt')).not.toContain('one');
  });
});

describe('an export of what is half dead', () => {
  it('has the rest, and says what is missing and why', async () => {
    world.engine.log('zkd-zk-1', 'last words');
    await world.engine.killContainer('zkd-zk-1', 'KILL');
    await world.engine.removeContainer('zkd-zk-2', { force: true });
    const { files, missing } = await exported();
    expect(files).toEqual(
      expect.arrayContaining(['status.json', 'member-1/log.txt', 'member-1/inspect.json', 'member-1/configuration.json']),
    );
    const words = ['cons', 'conf', 'dump', 'mntr', 'srvr'];
    expect(missing).toEqual([
      ...words
        .map((word) => ({ file: `member-1/${word}.txt`, error: 'not asked: its container is exited' }))
        .sort((a, b) => (a.file < b.file ? -1 : 1)),
      { file: 'member-2', error: 'its container is gone' },
    ]);
    expect(await document('export.json')).toMatchObject({ missing });
    expect(await document('status.json')).toMatchObject({ healthy: false });
  });

  it('goes on where one log, one configuration and the status cannot be read', async () => {
    const trouble = (what: string): Error => new ZkdError('failure', what, { details: { reason: 'other' } });
    world.engine.failNext('readFiles', trouble('no configuration'));
    for (let time = 0; time < 3; time++) world.engine.failNext('logs', trouble('no log'));
    world.engine.failNext('info', trouble('no version'));
    world.zooKeeper.tell('zkd-zk-2', { silence: 'silent' });
    const { missing } = await exported();
    expect(missing.map(({ error }) => error)).toEqual(expect.arrayContaining(['no configuration', 'no log', 'no version']));
    expect(missing.map(({ file }) => file)).toEqual(expect.arrayContaining(['engine.json', 'member-2/srvr.txt']));
    expect(await read('status.json')).toContain('"healthy": false');
  });
});

describe('the folder of an export', () => {
  it('may be there, if it is empty; or be an earlier export, which goes', async () => {
    await mkdir(dir, { recursive: true });
    await exported();
    await world.engine.removeContainer('zkd-zk-2', { force: true });
    const { files } = await exported();
    expect((await filesBelow(dir)).sort()).toEqual(files);
    expect(files.filter((file) => file.startsWith('member-2'))).toEqual([]);
  });

  it.each([
    ['a file of somebody', async () => writeFile(join(dir, 'notes.txt'), 'mine')],
    [
      'a file of somebody beside an export',
      async () => writeFile(join(dir, 'export.json'), '{"zkdExport":1}').then(() => writeFile(join(dir, 'member-1'), '')),
    ],
    ['an index of something else', async () => writeFile(join(dir, 'export.json'), '{}')],
    [
      'a folder that has the name of a member’s and holds something else',
      async () => mkdir(join(dir, 'member-1', 'x'), { recursive: true }),
    ],
    ['a link', async () => symlink('/etc', join(dir, 'member-x'))],
  ])('is left alone with %s: exit 4', async (_, put) => {
    await mkdir(dir, { recursive: true });
    await put();
    const before = await readdir(dir, { recursive: true });
    expect(await failureOf(exported())).toMatchObject({ code: 'conflict', details: { dir } });
    expect(await readdir(dir, { recursive: true })).toEqual(before);
    expect(world.engine.calls.filter(({ method }) => method === 'logs')).toEqual([]);
  });

  it('that is a file is a conflict, and nothing is made for an ensemble that is not there', async () => {
    await writeFile(join(parent, 'file'), '');
    expect(await failureOf(exported({ directory: join(parent, 'file') }))).toMatchObject({ code: 'conflict' });
    expect(await failureOf(exported({ name: 'other' }))).toMatchObject({ code: 'not-found' });
    expect(await readdir(parent)).toEqual(['file']);
  });

  it('is made with what is above it, or is said to be impossible at once', async () => {
    expect((await exported({ directory: join(dir, 'a', 'b') })).files.length).toBeGreaterThan(0);
    // Where a folder that is there takes no other.
    const failure = await failureOf(exported({ directory: '/proc/zkd-export/deep' }));
    expect(failure).toMatchObject({ code: 'failure', message: expect.stringMatching(/^Cannot write /) as string });
  });

  it('is emptied again, and the failure told, where a file cannot be written', async () => {
    // In the middle of the work the folder of a member turns into a file.
    const { ask } = world.zooKeeper;
    const sabotage: typeof ask = async (address, word, options) => {
      if (word === 'dump') {
        await rm(join(dir, 'member-1'), { recursive: true, force: true });
        await writeFile(join(dir, 'member-1'), '', { flag: 'wx' }).catch(() => undefined);
      }
      return ask(address, word, options);
    };
    const failing = exportEnsemble({ name: 'zk', directory: dir, members: [1] }, { engine: world.engine, ask: sabotage, signal: never });
    const failure = await failureOf(failing);
    expect(failure).toMatchObject({ code: 'failure', details: { dir } });
    expect(failure.message).toMatch(/^Cannot write .*member-1/);
    expect(await readdir(parent)).toEqual([]);
  });

  it('is emptied again where the export is interrupted', async () => {
    const stop = new AbortController();
    const reason = new ZkdError('interrupted', 'Interrupted by SIGINT');
    const { ask } = world.zooKeeper;
    const interrupting: typeof ask = async (address, word, options) => {
      if (word === 'dump') stop.abort(reason);
      return ask(address, word, options);
    };
    const work = exportEnsemble(
      { name: 'zk', directory: dir, members: [] },
      { engine: world.engine, ask: interrupting, signal: stop.signal },
    );
    await expect(work).rejects.toBe(reason);
    expect(await readdir(parent)).toEqual([]);
  });
});
