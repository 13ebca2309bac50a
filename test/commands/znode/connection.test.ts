/** Which ZooKeeper is meant, as whom, and that the session ends with the command. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { FakeZooKeeper } from '../../fakes/fake-session.js';
import { useFakeHostPorts } from '../../fakes/fake-host-ports.js';
import { createWorld, type World } from '../../support/ensemble-world.js';
import { runCommand, runJson } from '../../support/run-command.js';
import { signalsFromNow } from '../../support/signals.js';

useFakeHostPorts();

let znodes: FakeZooKeeper;
let world: World & { readonly znodes: FakeZooKeeper };
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'zkd-connection-'));
});
afterAll(() => rm(folder, { recursive: true }));
beforeEach(() => {
  znodes = new FakeZooKeeper();
  world = { ...createWorld(), znodes };
});

const SERVERS = [
  { host: '127.0.0.1', port: 2181 },
  { host: '127.0.0.1', port: 2182 },
  { host: '127.0.0.1', port: 2183 },
];
const ls = (argv: readonly string[] = [], env: Readonly<Record<string, string>> = {}) => runCommand('znode:ls', argv, world, { env });

describe('the ensemble', () => {
  it('is the one of --connect, and no engine is opened then', async () => {
    znodes.put('/app/below');
    const { sessions, openings, stdout, exitCode } = await ls(['/', '--connect', 'zoo-1,zoo-2:2182,[::1]:2183/app']);
    expect({ stdout, exitCode, openings }).toEqual({ stdout: 'below\n', exitCode: 0, openings: [] });
    expect(sessions).toMatchObject([
      {
        servers: [
          { host: 'zoo-1', port: 2181 },
          { host: 'zoo-2', port: 2182 },
          { host: '::1', port: 2183 },
        ],
        chroot: '/app',
        timeoutMs: 10_000,
        sessionTimeoutMs: 10_000,
      },
    ]);
  });

  it('is said to lack its chroot where that is what is missing', async () => {
    for (const argv of [
      ['get', '/x'],
      ['create', '/x'],
    ] as const) {
      const { exitCode, stderr } = await runCommand(`znode:${argv[0]}`, [argv[1], '--connect', 'zoo-1/none'], world);
      expect([exitCode, stderr]).toEqual([
        3,
        expect.stringContaining('The chroot "/none" of the connection string does not exist') as string,
      ]);
    }
    znodes.put('/app/below');
    const { stderr } = await runCommand('znode:get', ['/x', '--connect', 'zoo-1/app'], world);
    expect(stderr).toContain('Znode "/x" does not exist');
  });

  it('is the one of --cluster, at its members’ addresses', async () => {
    await world.up({ name: 'dev', given: { clientPort: 2181 } });
    await world.up({ name: 'other', given: { size: 1, clientPort: 3181 } });
    expect((await ls(['--cluster', 'dev'])).sessions).toMatchObject([{ servers: SERVERS }]);
    expect((await ls([], { ZKD_CLUSTER: 'other' })).sessions).toMatchObject([{ servers: [{ host: '127.0.0.1', port: 3181 }] }]);
  });

  it('is the only one there is, or has to be said', async () => {
    expect(await runJson('znode:ls', [], world)).toMatchObject({
      exitCode: 2,
      sessions: [],
      document: { error: { suggestions: ['zkd cluster up', '--connect HOST:PORT'] } },
    });
    await world.up({ name: 'dev', given: { clientPort: 2181 } });
    expect((await ls()).sessions).toMatchObject([{ servers: SERVERS }]);
    await world.up({ name: 'other', given: { size: 1, clientPort: 3181 } });
    expect(await ls()).toMatchObject({ exitCode: 2, sessions: [], stderr: expect.stringContaining('dev, other') as string });
  });

  it('that is typed beats a variable; of the variables the connection string needs no engine', async () => {
    await world.up({ name: 'dev', given: { clientPort: 2181 } });
    const env = { ZKD_CONNECT: 'zoo:1', ZKD_CLUSTER: 'dev' };
    expect(await ls([], env)).toMatchObject({ openings: [], sessions: [{ servers: [{ host: 'zoo', port: 1 }] }] });
    expect(await ls(['--cluster=dev'], env)).toMatchObject({ sessions: [{ servers: SERVERS }] });
    expect(await ls(['--connect', 'b:2'], env)).toMatchObject({ openings: [], sessions: [{ servers: [{ host: 'b', port: 2 }] }] });
    expect(await ls(['--connect', 'b:2', '--cluster', 'dev'])).toMatchObject({ exitCode: 2, openings: [], sessions: [] });
  });

  it('that is not there is exit 3', async () => {
    expect(await ls(['--cluster', 'gone'])).toMatchObject({ exitCode: 3, sessions: [] });
  });

  it.each(['', ',', 'zoo:0', 'zoo:x', 'zoo:2181//a', 'zoo:2181/a/../b', 'http://zoo:2181'])('is not %j', async (connect) => {
    expect(await ls([`--connect=${connect}`])).toMatchObject({ exitCode: 2, stdout: '', openings: [], sessions: [] });
  });

  it('that cannot be reached is exit 6', async () => {
    znodes.unreachable = 'No server answers: zoo:1 refused';
    expect(await runJson('znode:ls', ['--connect', 'zoo:1'], world)).toMatchObject({
      exitCode: 6,
      document: { error: { code: 'zookeeper-unavailable', message: 'No server answers: zoo:1 refused' } },
    });
  });
});

describe('times', () => {
  it('come from flags and variables', async () => {
    const times = async (argv: readonly string[], env = {}) => (await ls(['--connect', 'zoo:1', ...argv], env)).sessions;
    expect(await times(['--timeout', '2s', '--session-timeout', '30s'])).toMatchObject([{ timeoutMs: 2000, sessionTimeoutMs: 30_000 }]);
    expect(await times([], { ZKD_TIMEOUT: '1s', ZKD_SESSION_TIMEOUT: '4s' })).toMatchObject([{ timeoutMs: 1000, sessionTimeoutMs: 4000 }]);
    expect(await ls(['--timeout', 'soon'])).toMatchObject({ exitCode: 2, openings: [] });
  });
});

describe('credentials', () => {
  const auth = async (argv: readonly string[], env = {}) => (await ls(['--connect', 'zoo:1', ...argv], env)).sessions[0]?.auth;
  const ALICE = { scheme: 'digest', credential: 'alice:secret' };

  it('come from a file before ZKD_AUTH', async () => {
    const file = join(folder, 'credentials');
    await writeFile(file, '# who\n\ndigest:alice:secret\r\ndigest:bob:a:b\n');
    expect(await auth([])).toBeUndefined();
    expect(await auth([], { ZKD_AUTH: 'digest:alice:secret' })).toEqual([ALICE]);
    const both = [ALICE, { scheme: 'digest', credential: 'bob:a:b' }];
    expect(await auth(['--auth-file', file], { ZKD_AUTH: 'digest:x:y' })).toEqual(both);
    expect(await auth([], { ZKD_AUTH_FILE: file })).toEqual(both);
  });

  it('let one read what others may not', async () => {
    const env = { ZKD_AUTH: 'digest:alice:secret', ZKD_CONNECT: 'zoo:1' };
    await runCommand('znode:create', ['/own', 'x', '--acl', 'auth::cdrwa'], world, { env });
    expect((await runCommand('znode:get', ['/own'], world, { env })).stdout).toBe('x');
    expect((await runCommand('znode:get', ['/own', '--connect', 'zoo:1'], world)).exitCode).toBe(11);
  });

  it('that are refused are exit 11', async () => {
    expect(await ls(['--connect', 'zoo:1'], { ZKD_AUTH: 'unknown:x' })).toMatchObject({ exitCode: 11, stdout: '' });
  });

  it.each(['hunter2', 'digest', ':hunter2', 'digest:'])('of the form %j are refused and not repeated', async (text) => {
    const file = join(folder, 'wrong');
    await writeFile(file, `${text}\n`);
    for (const [argv, env] of [[[], { ZKD_AUTH: text }] as const, [['--auth-file', file], {}] as const]) {
      const { exitCode, stderr, sessions } = await ls(['--connect', 'zoo:1', ...argv], env);
      expect({ exitCode, sessions }).toEqual({ exitCode: 2, sessions: [] });
      expect(stderr).not.toContain('hunter2');
    }
  });

  it('that cannot be read are a usage error', async () => {
    expect(await ls(['--connect', 'zoo:1', '--auth-file', join(folder, 'none')])).toMatchObject({ exitCode: 2, sessions: [] });
  });
});

describe('the session', () => {
  it('is closed whether the command succeeds or fails', async () => {
    expect(await ls(['--connect', 'zoo:1'])).toMatchObject({ exitCode: 0, sessionStates: ['closed'] });
    expect(await ls(['/none', '--connect', 'zoo:1'])).toMatchObject({ exitCode: 3, sessionStates: ['closed'] });
  });

  it('is closed when the command is interrupted', async () => {
    const signal = signalsFromNow();
    znodes.onRequest = () => signal('SIGINT');
    expect(await ls(['--connect', 'zoo:1'])).toMatchObject({ exitCode: 130, stdout: '', sessionStates: ['closed'] });
  });
});
