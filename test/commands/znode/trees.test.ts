import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { Readable } from 'node:stream';
import { execa } from 'execa';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openFakeSession } from '../../fakes/fake-session.js';
import { signalsFromNow } from '../../support/signals.js';
import { createZnodeWorld, type ZnodeWorld } from '../../support/znode-world.js';

let world: ZnodeWorld;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'zkd-trees-'));
});
afterAll(() => rm(folder, { recursive: true }));
const SECRET = [{ scheme: 'digest', id: 'a:b', permissions: ['read', 'delete'] }] as const;
beforeEach(() => {
  world = createZnodeWorld();
  world.znodes.put('/app/config', { data: 'blue' });
  world.znodes.put('/app/jobs/a', { data: 'x'.repeat(100) });
  world.znodes.put('/app/jobs/b', { data: 'y' });
  world.znodes.put('/app/jobs/c', { mode: 'container' });
});

/** An ephemeral node of somebody who is there for the whole test. */
async function ephemeral(path: string): Promise<string> {
  const session = await openFakeSession(world.znodes);
  await session.create(path, Buffer.from('me'), { mode: 'ephemeral' });
  return session.id;
}

const paths = () => world.znodes.tree.paths.filter((path) => path !== '/' && !path.startsWith('/zookeeper'));

describe('znode rm', () => {
  it('removes one node, and none with children', async () => {
    expect(await world.run('rm', ['/app/config'])).toMatchObject({ stdout: '/app/config: removed\n', exitCode: 0 });
    expect((await world.json('rm', ['/app/jobs/a'])).document).toEqual({ path: '/app/jobs/a', removed: 1 });
    expect(await world.json('rm', ['/app'])).toMatchObject({ exitCode: 4, document: { error: { details: { reason: 'not-empty' } } } });
    expect(await world.run('rm', ['/none'])).toMatchObject({ exitCode: 3 });
    expect(paths()).toEqual(['/app', '/app/jobs', '/app/jobs/b', '/app/jobs/c']);
  });

  it('removes a tree, once somebody agreed, and tells the count first', async () => {
    await ephemeral('/app/alive');
    const { stderr, exitCode, sessions } = await world.run('rm', ['/app', '--recursive']);
    expect({ exitCode, sessions }).toEqual({ exitCode: 2, sessions: [] });
    expect(stderr).toContain('--yes');
    const agreed = await world.run('rm', ['/app', '-r', '--yes']);
    expect(agreed).toMatchObject({ stdout: '/app: removed, 7 znodes\n', stderr: '"/app": 7 znodes, 1 of them ephemeral\n', exitCode: 0 });
    expect(paths()).toEqual([]);
  });

  it.each(['/', '/zookeeper'])('refuses %s, whatever is said', async (path) => {
    for (const argv of [[path], [path, '-r', '--yes']]) {
      expect(await world.json('rm', argv)).toMatchObject({ exitCode: 12, sessions: [], document: { error: { code: 'refused' } } });
    }
  });

  it('is conditional with --version', async () => {
    expect(await world.run('rm', ['/app/config', '--version', '1'])).toMatchObject({ exitCode: 4 });
    expect(await world.run('rm', ['/app/config', '--version', '0'])).toMatchObject({ exitCode: 0 });
    expect(await world.run('rm', ['/app', '-r', '--yes', '--version', '0'])).toMatchObject({ exitCode: 2 });
  });

  it('lists what may not be removed when all else is gone', async () => {
    world.znodes.put('/app/locked', { acl: [{ scheme: 'digest', id: 'a:b', permissions: ['read'] }] });
    world.znodes.put('/app/locked/inner');
    const { exitCode, document } = await world.json('rm', ['/app', '-r', '--yes']);
    expect(exitCode).toBe(9);
    expect(document).toMatchObject({ error: { code: 'partial', details: { removed: 5 } } });
    expect(paths()).toEqual(['/app', '/app/locked', '/app/locked/inner']);
  });
});

describe('znode tree', () => {
  it('draws sizes, kinds and owners', async () => {
    const owner = await ephemeral('/app/alive');
    expect((await world.run('tree', ['/app'])).stdout).toBe(`/app
├─ alive  2 bytes  ephemeral ${owner}
├─ config  4 bytes
└─ jobs
   ├─ a  100 bytes
   ├─ b  1 bytes
   └─ c  container

7 znodes
`);
  });

  it('says what it leaves out', async () => {
    const { stdout } = await world.run('tree', ['/app', '--depth', '2', '--width', '2']);
    expect(stdout).toBe(`/app
├─ config  4 bytes
└─ jobs
   ├─ a  100 bytes
   ├─ b  1 bytes
   └─ (1 more)

5 znodes, 1 and what is below them left out
`);
    expect((await world.run('tree', ['/app', '--depth', '1'])).stdout).toContain('3 and what is below them left out');
  });

  it('marks what may not be listed, and is partial then', async () => {
    world.znodes.put('/app/secret', { acl: [{ scheme: 'digest', id: 'a:b', permissions: ['read'] }] });
    world.znodes.put('/app/secret/inner');
    const { stdout, exitCode } = await world.run('tree', ['/app']);
    expect(exitCode).toBe(9);
    expect(stdout).toMatch(/└─ secret {2}denied$/m);
    expect(await world.json('tree', ['/app'])).toMatchObject({
      exitCode: 9,
      document: { path: '/app', denied: ['/app/secret'], root: { name: 'app' } },
    });
  });
});

describe('znode du', () => {
  it('lists the largest first and the whole last', async () => {
    world.znodes.put('/app/large', { data: 'z'.repeat(500) });
    expect((await world.run('du', ['/app'])).stdout).toBe(`BYTES  NODES  EPHEMERAL  PATH
500    1      0          /app/large
101    4      0          /app/jobs
4      1      0          /app/config
605    7      0          /app
`);
    expect((await world.run('du', ['/app', '-o', 'name'])).stdout).toBe('/app/large\n/app/jobs\n/app/config\n/app\n');
    expect((await world.json('du', ['/app', '--depth', '2'])).document).toMatchObject({
      path: '/app',
      root: { nodes: 7, bytes: 605, ephemerals: 0 },
      entries: [{ path: '/app/large' }, { path: '/app/jobs', bytes: 101 }, { path: '/app/jobs/a' }, { path: '/app/config' }, {}, {}],
    });
  });
});

describe('znode find', () => {
  const found = async (...argv: string[]) => (await world.run('find', argv)).stdout.split('\n').filter(Boolean);

  it('finds by all that is given', async () => {
    const owner = await ephemeral('/app/alive');
    expect(await found('/app', '--name', '^[ab]$')).toEqual(['/app/jobs/a', '/app/jobs/b']);
    expect(await found('/app', '--data', 'blue')).toEqual(['/app/config']);
    expect(await found('/app', '--kind', 'container')).toEqual(['/app/jobs/c']);
    expect(await found('/', '--owner', owner.toUpperCase().replace('0X', '0x'))).toEqual(['/app/alive']);
    expect(await found('/app', '--name', 'c', '--kind', 'persistent')).toEqual(['/app/config']);
    expect(await found('/app', '--depth', '1')).toEqual(['/app', '/app/alive', '/app/config', '/app/jobs']);
    expect(await world.run('find', ['/app', '--name', 'nothing'])).toMatchObject({ stdout: '', exitCode: 0 });
    expect(await found('/app/alive', '--long')).toEqual([`/app/alive  2 bytes, ephemeral, ${owner}`]);
  });

  it('prints a document a line', async () => {
    const lines = (await world.run('find', ['/app', '--name', '^[ab]$', '--json'])).stdout.trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { path: '/app/jobs/a', stat: { dataLength: 100 } },
      { path: '/app/jobs/b', stat: { kind: 'persistent' } },
    ]);
  });

  it('ends when nobody reads any more', async () => {
    expect(await world.run('find', ['/app'], { readerLeavesAfter: 1 })).toMatchObject({ stdout: '/app\n', exitCode: 0 });
  });

  it.each([
    ['--name', '('],
    ['--kind', 'large'],
    ['--depth', '-1'],
  ])('refuses %s %s', async (flag, value) => {
    expect(await world.run('find', ['/app', flag, value])).toMatchObject({ exitCode: 2, stdout: '', sessions: [] });
  });
});

describe('znode export and import', () => {
  it('bring a tree back as it was', async () => {
    const file = join(folder, 'app.jsonl');
    const exported = await world.json('export', ['/app', file]);
    expect(exported).toMatchObject({ exitCode: 0, document: { root: '/app', nodes: 6, bytes: 105, file } });
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    await world.run('rm', ['/app', '-r', '--yes']);
    const imported = await world.run('import', [file]);
    expect(imported).toMatchObject({ stdout: '/app: 6 created\n', exitCode: 0 });
    expect(await world.run('diff', [`file:${file}`, '/app'])).toMatchObject({ stdout: '', exitCode: 0 });
    expect((await world.json('import', [file, '/copy/of/it'])).document).toMatchObject({
      target: '/copy/of/it',
      created: 6,
      dryRun: false,
    });
    expect(world.znodes.text('/copy/of/it/config')).toBe('blue');
  });

  it('go through pipes', async () => {
    const { stdout, exitCode } = await world.run('export', ['/app']);
    expect(exitCode).toBe(0);
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines[0]).toMatchObject({ format: 'zkd-znodes', root: '/app' });
    expect(lines.at(-1)).toMatchObject({ end: true, nodes: 6 });
    expect(await world.run('import', ['-', '/copy'], { input: stdout })).toMatchObject({ stdout: '/copy: 6 created\n', exitCode: 0 });
  });

  it('tell what the servers had reached before and after, where they say', async () => {
    let zxid = 0x100000005;
    const askFourLetterWord = async (address: { readonly host: string }) => {
      if (address.host === 'zoo-1') throw new Error('refused');
      return `Zookeeper version: 3.9.3\nZxid: 0x${(zxid++).toString(16)}\nMode: follower\n`;
    };
    const file = join(folder, 'zxid.jsonl');
    const { document } = await world.json('export', ['/app', file], { askFourLetterWord });
    expect(document).toMatchObject({ firstZxid: '0x100000005', lastZxid: '0x100000006' });
    expect((await world.json('export', ['/app', file])).document).toMatchObject({ firstZxid: null, lastZxid: null });
  });

  it('leave no half of a file', async () => {
    const file = join(folder, 'half.jsonl');
    expect(await world.run('export', ['/none', file])).toMatchObject({ exitCode: 3 });
    world.znodes.failNext('get', 'session-expired', { path: '/app/jobs/a' });
    expect(await world.run('export', ['/app', file])).toMatchObject({ exitCode: 6 });
    expect((await readdir(folder)).filter((name) => name.startsWith('half'))).toEqual([]);
    expect((await world.run('export', ['/app', join(folder, 'no/such/folder')])).exitCode).toBe(2);
  });

  it('keep what could be read where some could not', async () => {
    world.znodes.put('/app/secret', { data: 'hidden', acl: [...SECRET] });
    const file = join(folder, 'partial.jsonl');
    expect(await world.json('export', ['/app', file])).toMatchObject({
      exitCode: 9,
      document: { error: { details: { failed: [{ path: '/app/secret' }] } } },
    });
    expect(await readFile(file, 'utf8')).not.toContain('hidden');
  });

  it('end quietly when nobody reads any more', async () => {
    expect(await world.run('export', ['/app'], { readerLeavesAfter: 0 })).toMatchObject({ stdout: '', stderr: '', exitCode: 0 });
  });

  it('leave alone, overwrite or mirror what is there', async () => {
    const file = join(folder, 'modes.jsonl');
    await world.run('export', ['/app', file]);
    world.znodes.put('/app/config', { data: 'red' });
    world.znodes.put('/app/extra');
    expect((await world.run('import', [file])).stdout).toBe('/app: 5 unchanged, 1 kept as they were\n');
    const dry = await world.json('import', [file, '--mode', 'mirror', '--dry-run']);
    expect(dry.document).toMatchObject({
      dryRun: true,
      plan: expect.arrayContaining([
        { path: '/app/config', action: 'changed' },
        { path: '/app/extra', action: 'removed' },
      ]) as object[],
    });
    expect(world.znodes.text('/app/config')).toBe('red');
    expect((await world.run('import', [file, '--mode', 'overwrite'])).stdout).toBe('/app: 1 changed, 5 unchanged\n');
    expect(paths()).toContain('/app/extra');
    expect(await world.run('import', [file, '--mode', 'mirror'])).toMatchObject({ exitCode: 2, sessions: [] });
    expect((await world.run('import', [file, '--mode', 'mirror', '--prune'])).stdout).toBe('/app: 1 removed, 6 unchanged\n');
    expect(paths()).not.toContain('/app/extra');
  });

  it('refuse what is no export', async () => {
    const file = join(folder, 'wrong.jsonl');
    await writeFile(file, 'hello\n');
    expect(await world.run('import', [file])).toMatchObject({ exitCode: 2, stdout: '' });
    expect(await world.run('import', [join(folder, 'none')])).toMatchObject({ exitCode: 2, stdout: '', sessions: [] });
    expect(await world.run('import', [file, '--prune'])).toMatchObject({ exitCode: 2, sessions: [] });
    expect(await world.run('export', ['/app', '--json'])).toMatchObject({ exitCode: 2, sessions: [] });
  });
});

describe('znode cp', () => {
  it('copies within one ensemble', async () => {
    expect(await world.run('cp', ['/app', '/copy'])).toMatchObject({ stdout: '/copy: 6 created\n', exitCode: 0 });
    expect(await world.run('diff', ['/app', '/copy'])).toMatchObject({ stdout: '', exitCode: 0 });
    expect(await world.run('cp', ['/app', '/app/inside'])).toMatchObject({ exitCode: 12 });
  });

  it('opens a second session for another ensemble', async () => {
    const { sessions, sessionStates, exitCode } = await world.run('cp', ['/app', '/copy', '--to-connect', 'other:1']);
    expect(exitCode).toBe(0);
    expect(sessions.map(({ servers }) => servers[0]?.host)).toEqual(['zoo-1', 'other']);
    expect(sessionStates).toEqual(['closed', 'closed']);
    expect(await world.run('cp', ['/app', '/x', '--to-auth-file', 'f'])).toMatchObject({ exitCode: 2 });
    expect(await world.run('cp', ['/app', '/x', '--to-connect', 'a:1', '--to-cluster', 'b'])).toMatchObject({ exitCode: 2 });
  });
});

describe('a tree that is larger than what is read ahead', () => {
  beforeEach(() => world.znodes.putAll(Array.from({ length: 1500 }, (_, number) => `/large/${number}`)));

  it.each([
    ['ls', ['/large', '-R'], 1500],
    ['diff', ['/app', '/large'], 1505],
  ] as const)('is not read to its end before the first line of %s is out, nor when nobody reads', async (id, argv, lines) => {
    const read = () => new Set(world.znodes.requests.map(({ path }) => path)).size;
    let atFirst = 0;
    const whole = await world.run(id, argv, { onWrite: () => (atFirst ||= read()) > 0 });
    expect(whole.stdout.trimEnd().split('\n')).toHaveLength(lines);
    expect(atFirst).toBeLessThan(800);
    world.znodes.requests.length = 0;
    const { stdout } = await world.run(id, argv, { readerLeavesAfter: 1 });
    expect(stdout.trimEnd().split('\n')).toHaveLength(1);
    expect(read()).toBeLessThan(800);
  });
});

describe('a file that is none', () => {
  it('is told before anything is exported to it, and never replaced', async () => {
    expect(await world.json('export', ['/app', folder])).toMatchObject({
      exitCode: 2,
      sessions: [],
      document: { error: { code: 'usage', message: expect.stringContaining('is a folder') as string } },
    });
    expect(await readdir(join(folder, '..'))).not.toContain(`${basename(folder)}.part`);
    const pipe = join(folder, 'pipe');
    await execa('mkfifo', [pipe]);
    const [reader, { exitCode }] = await Promise.all([readFile(pipe, 'utf8'), world.run('export', ['/app', pipe])]);
    expect({ exitCode, isPipe: (await stat(pipe)).isFIFO(), lines: reader.trimEnd().split('\n').length }).toEqual({
      exitCode: 0,
      isPipe: true,
      lines: 8,
    });
  });

  it('cannot be imported or compared: exit 2', async () => {
    for (const [id, argv] of [
      ['import', [folder]],
      ['diff', ['/app', `file:${folder}`]],
    ] as const) {
      const { document, exitCode } = await world.json(id, argv);
      expect({ exitCode, document }).toMatchObject({
        exitCode: 2,
        document: { error: { message: expect.stringContaining('EISDIR') as string } },
      });
    }
  });
});

it('does not wait for stdin once it was interrupted', async () => {
  const input = Object.assign(new Readable({ read: () => undefined }), { unref: () => (isLetGo = true) });
  let isLetGo = false;
  const signal = signalsFromNow();
  setTimeout(() => signal('SIGINT'), 100);
  expect(await world.run('import', ['-', '/copy'], { input })).toMatchObject({ exitCode: 130, sessionStates: ['closed'] });
  expect(isLetGo).toBe(true);
});

describe('znode diff', () => {
  it('is exit 10 where trees differ, and says how', async () => {
    await world.run('cp', ['/app', '/copy']);
    world.znodes.put('/copy/config', { data: 'red' });
    world.znodes.put('/copy/extra');
    world.znodes.remove('/copy/jobs/a');
    expect(await world.run('diff', ['/app', '/copy'])).toMatchObject({ stdout: '~ /config  data\n+ /extra\n- /jobs/a\n', exitCode: 10 });
    expect(await world.json('diff', ['/app', '/copy'])).toMatchObject({
      exitCode: 10,
      document: {
        different: [
          { path: '/config', kind: 'changed', fields: ['data'] },
          { path: '/extra', kind: 'extra' },
          { path: '/jobs/a', kind: 'missing' },
        ],
      },
    });
    expect((await world.json('diff', ['/app', '/app'])).document).toEqual({ different: [] });
  });

  it('takes an export for either side, and paths that are files', async () => {
    const file = join(folder, 'diff.jsonl');
    await world.run('export', ['/app', file]);
    world.znodes.put('/app/new');
    expect(await world.run('diff', [`file:${file}`, '/app'])).toMatchObject({ stdout: '+ /new\n', exitCode: 10 });
    const input = await readFile(file, 'utf8');
    expect(await world.run('diff', ['/app', '-'], { input })).toMatchObject({ stdout: '- /new\n', exitCode: 10 });
    expect(await world.run('diff', ['/app', 'no-such-file'])).toMatchObject({ exitCode: 2 });
    expect(await world.run('diff', ['/app', '/none'])).toMatchObject({ exitCode: 3 });
  });

  it('suggests file: where a path is that of a file and of no znode', async () => {
    const file = join(folder, 'absolute.jsonl');
    await world.run('export', ['/app', file]);
    const wrong = await world.json('diff', ['/app', file]);
    expect(wrong).toMatchObject({ exitCode: 3, document: { error: { suggestions: [`zkd znode diff /app file:${file}`] } } });
    expect((await world.json('diff', [folder, '/app'])).document).toMatchObject({ error: { suggestions: [] } });
    world.znodes.put(file);
    expect(await world.run('diff', [file, '/app'])).toMatchObject({ exitCode: 10 });
  });
});
