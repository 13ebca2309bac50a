/** The engine is down, forbidden, dies in the middle, or has no image; and what is wrong before it is asked. */
import { chmod, cp, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { openCountingEngine } from '../../support/counting-engine.js';
import { listenElsewhere } from '../../support/listener.js';
import {
  docker,
  expectFailure,
  expectHumanFailure,
  expectJsonFailure,
  expectNothingLeft,
  IMAGE,
  up,
  useEnsembles,
} from '../../support/story.js';
import { endOf, startZkd } from '../../support/zkd.js';

const ensembles = useEnsembles();
const root = new URL('../../..', import.meta.url).pathname;

const COMMANDS = [
  ['cluster', 'up', 'zkdtest-none'],
  ['cluster', 'status', 'zkdtest-none'],
  ['cluster', 'ls'],
  ['cluster', 'down', 'zkdtest-none'],
];

const folderOfTest = async (): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'zkd-engine.'));
  ensembles.later(() => rm(folder, { recursive: true, force: true }));
  return folder;
};

describe('an engine that is down', () => {
  it.each(COMMANDS.map((args) => [args.slice(0, 2).join(' '), args] as const))('%s: exit 5 where there is no socket', async (_, args) => {
    const env = { DOCKER_HOST: 'unix:///does/not/exist.sock' };
    const says = ['/does/not/exist.sock', 'DOCKER_HOST', 'no such socket'];
    const failure = await expectFailure(args, { exitCode: 5, code: 'engine-unavailable', says }, { env });
    expect(failure.suggestions.length).toBeGreaterThan(0);
  });

  it('exit 5 where the socket is a dead one', async () => {
    const socket = join(await folderOfTest(), 'dead.sock');
    await (await listenElsewhere(socket)).end('SIGKILL');
    const says = [socket, '--docker-host', 'nothing is listening'];
    await expectFailure(['cluster', 'up', 'zkdtest-none', '--docker-host', `unix://${socket}`], {
      exitCode: 5,
      code: 'engine-unavailable',
      says,
    });
  });

  it('exit 5 where a tcp address refuses', async () => {
    await expectFailure(
      ['cluster', 'ls'],
      { exitCode: 5, code: 'engine-unavailable', says: ['tcp://127.0.0.1:1'] },
      { env: { DOCKER_HOST: 'tcp://127.0.0.1:1' } },
    );
  });

  it('exit 5 and nothing left but what is named, where it dies in the middle of up', async () => {
    const name = ensembles.name();
    const engine = await openCountingEngine();
    let closed: Promise<void> | undefined;
    engine.onAnswer = ({ what }) => {
      if (what === 'POST /networks/create') closed = engine.close();
    };
    const args = ['cluster', 'up', name, '--client-port', 'auto', '--image', IMAGE, '--json'];
    const failure = expectJsonFailure(endOf(await startZkd(args, { env: { DOCKER_HOST: engine.url } })), {
      exitCode: 5,
      code: 'engine-unavailable',
      says: [engine.socketPath, 'Left behind'],
    });
    await closed;
    expect(failure.details['left']).toEqual(expect.arrayContaining([expect.stringMatching(/^container /)]));
    // The engine is back: up goes on from there.
    await up(name, '--client-port', 'auto');
  });
});

describe('an engine that is not permitted', () => {
  it('exit 5 for a socket that this user may not open', async () => {
    const folder = await folderOfTest();
    const socket = join(folder, 'docker.sock');
    const listener = await listenElsewhere(socket);
    ensembles.later(() => listener.end());
    await chmod(folder, 0o755);
    await chmod(socket, 0o000);
    // A checkout that user can read.
    const copy = join(folder, 'zkd');
    for (const part of ['bin/run.js', 'dist', 'package.json', 'oclif.manifest.json']) {
      await cp(join(root, part), join(copy, part), { recursive: true });
    }
    await symlink(join(root, 'node_modules'), join(copy, 'node_modules'));
    const start = (...extra: string[]) =>
      execa(process.execPath, [join(copy, 'bin/run.js'), 'cluster', 'up', 'zkdtest-none', '--docker-host', `unix://${socket}`, ...extra], {
        reject: false,
        uid: 65534,
        gid: 65534,
        cwd: folder,
        stdin: 'ignore',
        env: { HOME: folder, ZKD_CLUSTER: undefined, DOCKER_HOST: undefined, NO_COLOR: '1' },
      });
    const says = ['No permission', socket];
    expectHumanFailure(endOf(await start()), { exitCode: 5, says });
    const failure = expectJsonFailure(endOf(await start('--json')), { exitCode: 5, code: 'engine-unavailable', says });
    expect(failure.details).toMatchObject({ reason: 'permission-denied' });
  });
});

describe('an image that cannot be had', () => {
  it.each([
    ['asked for and absent', ['--image', 'zookeeper:3.9'], 'zookeeper:3.9'],
    ['that nobody has', ['--image', 'zkd/no-such-image:1'], 'zkd/no-such-image:1'],
    ['that must be pulled', ['--pull', 'always'], 'zookeeper:3.9'],
    ['that must not be pulled', ['--pull', 'never', '--image', 'zookeeper:3.9'], '--pull never'],
  ])('%s: exit 5 with the reason, nothing is created', async (_, flags, words) => {
    const name = ensembles.name();
    const args = ['cluster', 'up', name, '--client-port', 'auto', ...flags];
    const says = [/^(Error: )?Image ".*" cannot be had: .{10,}/m, words];
    const failure = await expectFailure(args, { exitCode: 5, code: 'engine-unavailable', says });
    expect(failure.details).toMatchObject({ reason: 'image-unavailable' });
    await expectNothingLeft(name);
  });
});

describe('a registry that does not answer', () => {
  it('is given up after five seconds, and the default image falls back to one of ours with a warning', async () => {
    const name = ensembles.name();
    const engine = await openCountingEngine();
    try {
      const child = startZkd(['cluster', 'up', name, '--size', '1', '--client-port', 'auto'], { env: { DOCKER_HOST: engine.url } });
      engine.onAnswer = async ({ what }) => {
        if (what === 'POST /images/create') await child;
      };
      const { exitCode, stderr, stdout } = endOf(await child);
      expect(exitCode, stderr).toBe(0);
      expect(stderr).toContain('no progress within 5 s); using zkd/zookeeper:3.9 instead');
      expect(stdout).toContain(`${name}: up`);
    } finally {
      await engine.close();
    }
  });
});

describe('what is wrong before the engine is asked', () => {
  it('a bad name, size or flag, and two names: exit 2, and not one engine call', async () => {
    const engine = await openCountingEngine();
    const env = { DOCKER_HOST: engine.url };
    try {
      // Everything else that is wrong: test/commands/usage.test.ts.
      const wrong: [string[], string][] = [
        [['cluster', 'up', 'UPPER'], 'is not valid'],
        [['cluster', 'up', 'dev', '--size=10'], 'a whole number from 1 to 9'],
        [['cluster', 'up', '-dash'], 'Unknown flag: -dash'],
        [['cluster', 'down', 'one', '--cluster', 'two'], 'Two ensembles are named'],
      ];
      for (const [args, says] of wrong) await expectFailure(args, { exitCode: 2, code: 'usage', says: [says] }, { env });
      expect(engine.calls).toEqual([]);
      // The proxy does count.
      await docker('--host', engine.url, 'version');
      expect(engine.calls.length).toBeGreaterThan(0);
    } finally {
      await engine.close();
    }
  });
});
