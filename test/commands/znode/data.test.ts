import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RunOptions } from '../../support/run-command.js';
import { signalsFromNow } from '../../support/signals.js';
import { createZnodeWorld, type ZnodeWorld } from '../../support/znode-world.js';

let world: ZnodeWorld;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'zkd-znode-'));
});
afterAll(() => rm(folder, { recursive: true }));
beforeEach(() => {
  world = createZnodeWorld();
  world.znodes.put('/app/config', { data: '{"color":"blue"}' });
});

describe('znode get', () => {
  it('writes the bytes as they are and nothing else', async () => {
    const bytes = randomBytes(5000);
    world.znodes.put('/app/logo', { data: bytes });
    const { bytes: got, stderr, exitCode, openings } = await world.run('get', ['/app/logo']);
    expect({ stderr, exitCode, openings }).toEqual({ stderr: '', exitCode: 0, openings: [] });
    expect(got.equals(bytes)).toBe(true);
    expect((await world.run('get', ['/app/config'])).stdout).toBe('{"color":"blue"}');
    expect((await world.run('get', ['/app'])).stdout).toBe('');
  });

  it('prints text as text and everything else as base64 with --json', async () => {
    world.znodes.put('/app/logo', { data: Buffer.from([0xff, 0x00]) });
    expect((await world.json('get', ['/app/config'])).document).toEqual({
      path: '/app/config',
      data: '{"color":"blue"}',
      base64: null,
      stat: expect.objectContaining({ version: 0, dataLength: 16, kind: 'persistent', ephemeralOwner: null, ttlMs: null }) as object,
    });
    expect((await world.json('get', ['/app/logo'])).document).toMatchObject({ data: null, base64: '/wA=' });
    expect((await world.json('get', ['/app'])).document).toMatchObject({ data: '', base64: null });
  });

  it('indents JSON with --pretty, and leaves other text', async () => {
    expect((await world.run('get', ['/app/config', '--pretty'])).stdout).toBe('{\n  "color": "blue"\n}\n');
    world.znodes.put('/app/text', { data: 'not {json' });
    expect((await world.run('get', ['/app/text', '--pretty'])).stdout).toBe('not {json\n');
    expect((await world.json('get', ['/app/config', '--pretty'])).document).toMatchObject({ data: '{"color":"blue"}' });
  });

  it('spares a terminal what would upset it', async () => {
    world.znodes.put('/app/logo', { data: '\u001b[31mred' });
    const hex = '00000000  1b 5b 33 31 6d 72 65 64                           |.[31mred|\n';
    expect((await world.run('get', ['/app/logo'], { tty: true })).stdout).toBe(hex);
    expect((await world.run('get', ['/app/logo', '--pretty'])).stdout).toBe(hex);
    // The prompt gets a line of its own; the data stays as it is.
    expect(await world.run('get', ['/app/config'], { tty: true })).toMatchObject({ stdout: '{"color":"blue"}', stderr: '\n' });
    expect(await world.run('get', ['/app/config', '--quiet'], { tty: true })).toMatchObject({ stdout: '{"color":"blue"}', stderr: '' });
  });

  it('of a node that is not there is exit 3, in both forms', async () => {
    expect(await world.run('get', ['/none'])).toMatchObject({
      exitCode: 3,
      stdout: '',
      stderr: expect.stringContaining('/none') as string,
    });
    expect(await world.json('get', ['/none'])).toMatchObject({
      exitCode: 3,
      document: { error: { code: 'not-found', details: { reason: 'no-node', path: '/none' } } },
    });
  });

  it('of a node one may not read is exit 11', async () => {
    world.znodes.put('/secret', { data: 'x', acl: [{ scheme: 'digest', id: 'a:b', permissions: ['read'] }] });
    expect(await world.json('get', ['/secret'])).toMatchObject({ exitCode: 11, document: { error: { code: 'denied' } } });
  });
});

describe('znode set', () => {
  it('writes what stands as argument, in a file or on stdin, byte for byte', async () => {
    const bytes = randomBytes(3000);
    await writeFile(join(folder, 'bytes'), bytes);
    const read = async () => (await world.run('get', ['/app/config'])).bytes;
    expect(await world.run('set', ['/app/config', 'green'])).toMatchObject({
      stdout: '/app/config: written, version 1, 5 bytes\n',
      stderr: '',
      exitCode: 0,
    });
    expect((await read()).toString()).toBe('green');
    await world.run('set', ['/app/config', '--file', join(folder, 'bytes')]);
    expect((await read()).equals(bytes)).toBe(true);
    await world.run('set', ['/app/config', '-'], { input: 'from stdin\n' });
    expect((await read()).toString()).toBe('from stdin\n');
    expect((await world.json('set', ['/app/config', ''])).document).toMatchObject({
      path: '/app/config',
      created: false,
      stat: { version: 4, dataLength: 0 },
    });
    expect((await read()).toString()).toBe('');
  });

  it('takes what waits on stdin only where it is asked to', async () => {
    expect(await world.run('set', ['/app/config'], { input: 'unasked' })).toMatchObject({ exitCode: 2 });
    expect(world.znodes.text('/app/config')).toBe('{"color":"blue"}');
  });

  it('creates nothing unless it is told to', async () => {
    expect(await world.json('set', ['/new', 'x'])).toMatchObject({
      exitCode: 3,
      document: { error: { code: 'not-found', suggestions: expect.arrayContaining(['zkd znode set /new --create']) as string[] } },
    });
    expect(world.znodes.text('/new')).toBeUndefined();
    expect((await world.json('set', ['/new', 'x', '--create'])).document).toMatchObject({ created: true, stat: { version: 0 } });
    expect((await world.json('set', ['/new', 'y', '--create'])).document).toMatchObject({ created: false, stat: { version: 1 } });
    expect(world.znodes.text('/new')).toBe('y');
    expect((await world.run('set', ['/no/parent', 'x', '--create'])).exitCode).toBe(3);
  });

  it('names what is missing above the node it was to make', async () => {
    const { exitCode, stderr } = await world.run('set', ['/none/below', 'x', '--create']);
    expect([exitCode, stderr]).toEqual([3, expect.stringContaining('Cannot create "/none/below": there is no "/none"') as string]);
    expect(stderr).toContain('zkd znode create /none/below --parents');
  });

  it('that is conditional is exit 4 where somebody else wrote', async () => {
    expect((await world.run('set', ['/app/config', 'one', '--version', '0'])).exitCode).toBe(0);
    expect(await world.json('set', ['/app/config', 'two', '--version', '0'])).toMatchObject({
      exitCode: 4,
      document: { error: { code: 'conflict', details: { reason: 'bad-version' } } },
    });
    expect(world.znodes.text('/app/config')).toBe('one');
  });

  it.each([
    [['/app/config']],
    [['/app/config', 'x', '--file', '/etc/hostname']],
    [['/app/config', 'x', '--create', '--version', '1']],
    [['/app/config', 'x', '--version', 'new']],
    [['/app/config', '--file', '/nowhere/at/all']],
  ])('refuses %j', async (argv) => {
    expect(await world.run('set', argv)).toMatchObject({ exitCode: 2, stdout: '', sessions: [] });
  });
});

describe('znode create', () => {
  it('prints the path that was made', async () => {
    expect(await world.run('create', ['/app/new', 'hello'])).toMatchObject({ stdout: '/app/new\n', stderr: '', exitCode: 0 });
    expect(world.znodes.text('/app/new')).toBe('hello');
    const { document } = await world.json('create', ['/app/job-', '--sequential']);
    expect(document).toEqual({ path: expect.stringMatching(/^\/app\/job-\d{10}$/) as string });
  });

  it('is a conflict where it exists, and exit 3 where it stands on nothing', async () => {
    expect(await world.run('create', ['/app/config'])).toMatchObject({ exitCode: 4 });
    expect(world.znodes.text('/app/config')).toBe('{"color":"blue"}');
    expect(await world.json('create', ['/x/y/z'])).toMatchObject({
      exitCode: 3,
      document: { error: { message: 'Cannot create "/x/y/z": there is no "/x/y"', suggestions: ['zkd znode create /x/y/z --parents'] } },
    });
    expect(await world.run('create', ['/x/y/z', 'deep', '-p'])).toMatchObject({ stdout: '/x/y/z\n', exitCode: 0 });
    expect([world.znodes.text('/x/y'), world.znodes.text('/x/y/z')]).toEqual(['', 'deep']);
  });

  it.each([
    [['--container'], { kind: 'container', ttlMs: null }],
    [['--ttl', '1h'], { kind: 'ttl', ttlMs: 3_600_000 }],
    [[], { kind: 'persistent', ttlMs: null }],
  ])('makes the kind that %j asks for, and stat and ls -l tell it', async (argv, stat) => {
    await world.run('create', ['/made', ...argv]);
    expect((await world.json('stat', ['/made'])).document).toMatchObject({ path: '/made', stat });
    const word = stat.ttlMs === null ? stat.kind : 'ttl 3600000ms';
    expect((await world.run('stat', ['/made'])).stdout).toMatch(new RegExp(`^kind +${word}\n`));
    expect((await world.run('ls', ['/', '-l'])).stdout).toMatch(new RegExp(`^${word} .* made$`, 'm'));
  });

  it('guards the node from its first moment where an ACL is given', async () => {
    const argv = ['/guarded', 'x', '--acl', 'world:anyone:r', '--acl', 'ip:10.0.0.0/8:cdrwa'];
    expect((await world.run('create', argv)).exitCode).toBe(0);
    expect((await world.run('acl:get', ['/guarded'])).stdout).toBe('world:anyone:r\nip:10.0.0.0/8:cdrwa\n');
  });

  /** Does something once the command has said its result. */
  const onceShown = (act: () => void): Pick<RunOptions, 'onOutput'> => {
    let isDone = false;
    return {
      onOutput({ stdout }) {
        if (stdout === '' || isDone) return;
        isDone = true;
        setTimeout(act, 10);
      },
    };
  };

  it('holds an ephemeral node until it is interrupted', async () => {
    const signal = signalsFromNow();
    const seen: unknown[] = [];
    const pressCtrlC = () => {
      seen.push(world.znodes.text('/held'));
      signal('SIGINT');
    };
    const { stdout, exitCode } = await world.run('create', ['/held', 'me', '--ephemeral'], onceShown(pressCtrlC));
    expect({ stdout, exitCode, seen }).toEqual({ stdout: '/held\n', exitCode: 130, seen: ['me'] });
    expect(world.znodes.text('/held')).toBeUndefined();
    const json = await world.run('create', ['/held', 'me', '--ephemeral', '--json'], onceShown(pressCtrlC));
    const lines = json.stdout.trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      { path: '/held' },
      { error: expect.objectContaining({ code: 'interrupted', exitCode: 130 }) as object },
    ]);
  });

  it('ends with 3 when somebody removes the held node, and with 6 when the session is lost', async () => {
    const argv = ['/held', '--ephemeral'];
    expect(
      await world.run(
        'create',
        argv,
        onceShown(() => world.znodes.remove('/held')),
      ),
    ).toMatchObject({ exitCode: 3 });
    const expire = () => world.znodes.expire({ id: world.znodes.tree.stat('/held')?.ephemeralOwner ?? '' });
    expect(await world.run('create', argv, onceShown(expire))).toMatchObject({
      stdout: '/held\n',
      exitCode: 6,
      stderr: expect.stringContaining('The session has expired, and "/held" is gone with it') as string,
    });
  });

  it('tells when the connection of a held node goes and comes', async () => {
    const signal = signalsFromNow();
    const id = () => world.znodes.tree.stat('/held')?.ephemeralOwner ?? '';
    const { stderr } = await world.run(
      'create',
      ['/held', '-e'],
      onceShown(() => {
        const session = { id: id() };
        world.znodes.disconnect(session);
        setTimeout(() => world.znodes.reconnect(session), 10);
        setTimeout(() => signal('SIGINT'), 30);
      }),
    );
    expect(stderr).toMatch(/^Warning: the connection is gone.*\nConnected again\nError: Interrupted/);
  });

  it.each([
    [['/a', '--ttl', '1s', '--container']],
    [['/a', '--ephemeral', '--container']],
    [['/a', '--container', '--sequential']],
    [['/a', '--ttl', 'soon']],
    [['/a', '--acl', 'everybody']],
  ])('refuses %j', async (argv) => {
    expect(await world.run('create', argv)).toMatchObject({ exitCode: 2, stdout: '', sessions: [] });
  });

  it('never repeats a password that stands where a hash belongs', async () => {
    const { stderr, exitCode } = await world.run('create', ['/a', '--acl', 'digest:me:hunter2:cdrwa']);
    expect(exitCode).toBe(2);
    expect(stderr).not.toContain('hunter2');
  });
});

describe('znode stat', () => {
  it('tells versions, times, size and kind', async () => {
    const { stdout, exitCode } = await world.run('stat', ['/app/config']);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^kind +persistent\nversion +0\ndata +16 bytes\nchildren +0\ncreated +\S+Z \(0x\w+\)\nmodified /);
  });

  it('of a node that is not there is exit 3', async () => {
    expect(await world.json('stat', ['/none'])).toMatchObject({ exitCode: 3, document: { error: { details: { path: '/none' } } } });
  });
});

describe('znode acl', () => {
  it('is written and read as zkCli.sh has it', async () => {
    expect((await world.run('acl:get', ['/app/config'])).stdout).toBe('world:anyone:cdrwa\n');
    expect((await world.run('acl:set', ['/app/config', 'world:anyone:ra,ip:127.0.0.1:cdrwa'])).exitCode).toBe(0);
    expect((await world.json('acl:get', ['/app/config'])).document).toMatchObject({
      path: '/app/config',
      acl: [
        { scheme: 'world', id: 'anyone', permissions: ['read', 'admin'] },
        { scheme: 'ip', id: '127.0.0.1', permissions: expect.arrayContaining(['create', 'delete', 'read', 'write', 'admin']) as string[] },
      ],
      stat: { aversion: 1 },
    });
  });

  it('is written only where it is as it was read, when asked to', async () => {
    expect((await world.run('acl:set', ['/app/config', 'world:anyone:ra', '--version', '0'])).exitCode).toBe(0);
    expect((await world.run('acl:set', ['/app/config', 'world:anyone:r', '--version', '0'])).exitCode).toBe(4);
  });

  it.each([[['/app/config']], [['/app/config', 'x']], [['/app/config', 'world:anyone:q']], [['/app/config', 'digest:me:hunter2:r']]])(
    'set refuses %j',
    async (argv) => {
      const { exitCode, stdout, stderr, sessions } = await world.run('acl:set', argv);
      expect({ exitCode, stdout, sessions }).toEqual({ exitCode: 2, stdout: '', sessions: [] });
      expect(stderr).not.toContain('hunter2');
    },
  );
});

describe('znode ls', () => {
  beforeEach(() => world.znodes.putAll(['/app/b', '/app/a/below', '/app/ü ber']));

  it('prints names, a line each', async () => {
    expect(await world.run('ls', ['/app'])).toMatchObject({ stdout: 'a\nb\nconfig\nü ber\n', stderr: '', exitCode: 0 });
    expect((await world.run('ls', [])).stdout).toMatch(/^app$/m);
    expect(await world.run('ls', ['/app/b'])).toMatchObject({ stdout: '', exitCode: 0 });
    expect((await world.run('ls', ['/app/', '-o', 'name'])).stdout).toBe('a\nb\nconfig\nü ber\n');
  });

  it('prints the document of the contract', async () => {
    const document = { path: '/app', children: ['a', 'b', 'config', 'ü ber'] };
    expect((await world.json('ls', ['/app'])).document).toEqual(document);
    expect(JSON.parse((await world.run('ls', ['/app', '-o', 'json'])).stdout)).toEqual(document);
    expect((await world.run('ls', ['/app', '-o', 'yaml'])).stdout).toBe('path: /app\nchildren:\n  - a\n  - b\n  - config\n  - ü ber\n');
  });

  it('tells more with --long', async () => {
    const { stdout } = await world.run('ls', ['/app', '--long']);
    expect(stdout).toMatch(/^KIND +SIZE +CHILDREN +VERSION +MODIFIED +OWNER +NAME\n/);
    expect(stdout).toMatch(/^persistent +0 +1 +0 +\S+Z +- +a$/m);
    expect((await world.run('ls', ['/app', '-o', 'wide'])).stdout).toMatch(/^KIND.* CZXID +MZXID /);
    expect((await world.json('ls', ['/app', '-l'])).document).toMatchObject({
      children: ['a', 'b', 'config', 'ü ber'],
      nodes: [{ name: 'a', stat: { numChildren: 1 } }, { name: 'b' }, { name: 'config', stat: { dataLength: 16 } }, { name: 'ü ber' }],
    });
  });

  it('lists what is below with --recursive, and where that is denied', async () => {
    expect((await world.run('ls', ['/app', '-R'])).stdout).toBe('a\na/below\nb\nconfig\nü ber\n');
    expect((await world.json('ls', ['/app', '-Rl'])).document).toMatchObject({
      nodes: [{ name: 'a' }, { name: 'a/below', stat: { dataLength: 12 } }, {}, {}, {}],
    });
    world.znodes.put('/app/secret', { acl: [{ scheme: 'digest', id: 'a:b', permissions: ['read'] }] });
    world.znodes.put('/app/secret/inner');
    const { stdout, stderr, exitCode } = await world.run('ls', ['/app', '-R']);
    expect({ stdout, exitCode }).toEqual({ stdout: 'a\na/below\nb\nconfig\nsecret\nü ber\n', exitCode: 9 });
    expect(stderr).toContain('"/app/secret"');
    expect(await world.json('ls', ['/app', '-R'])).toMatchObject({ exitCode: 9, document: { denied: ['/app/secret'] } });
  });

  it('names a child that may not be looked at, as servers from 3.9 on have it, and is partial then', async () => {
    const deny = () => world.znodes.failNext('exists', 'no-auth', { path: '/app/b' });
    deny();
    const { stdout, stderr, exitCode } = await world.run('ls', ['/app', '-l']);
    expect({ stderr, exitCode }).toEqual({ stderr: 'Warning: "/app/b" is not shown whole: access control denies it\n', exitCode: 9 });
    expect(stdout).toMatch(/^-( +-){5} +b$/m);
    deny();
    const { document } = await world.json('ls', ['/app', '-l']);
    expect(document).toMatchObject({ nodes: [{ name: 'a' }, { name: 'b', stat: null }, {}, {}], denied: ['/app/b'] });
  });

  it('leaves out a child that goes meanwhile', async () => {
    world.znodes.onRequest = ({ method, path }) => {
      if (method === 'exists' && path === '/app/b') world.znodes.remove('/app/b');
    };
    expect((await world.json('ls', ['/app', '-l'])).document).toMatchObject({ children: ['a', 'config', 'ü ber'] });
  });

  it('of a node that is not there is exit 3', async () => {
    expect((await world.run('ls', ['/none'])).exitCode).toBe(3);
  });
});
