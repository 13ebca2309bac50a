import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import { useFakeHostPorts } from '../fakes/fake-host-ports.js';
import { interceptEngine } from '../fakes/intercepted-engine.js';
import { createWorld, type World } from '../support/ensemble-world.js';
import { runCommand, runJson, type RunOptions, type RunWorld } from '../support/run-command.js';

useFakeHostPorts();

let world: World;
beforeEach(async () => {
  world = createWorld();
  await world.up({ name: 'dev', given: { size: 1, observers: 1, clientPort: 3181 } });
  await world.up({ name: 'zk', given: { size: 3, clientPort: 2181 } });
});

const NOBODY = new Error('nobody may open the engine');
const complete = (words: readonly string[], on: RunWorld | Error = world, options: RunOptions = {}) =>
  runCommand('completion:candidates', ['--', ...words], on, options);
/** The words offered, after the line that says that they are words. */
const offered = async (...args: Parameters<typeof complete>): Promise<string[]> => {
  const { stdout, stderr, exitCode } = await complete(...args);
  const [kind, ...lines] = stdout.trimEnd().split('\n');
  expect({ kind, stderr, exitCode }).toEqual({ kind: 'words', stderr: '', exitCode: 0 });
  return lines.map((line) => line.split('\t')[0] ?? '');
};

describe('the script', () => {
  it.each(['bash', 'zsh'])('for %s is one the shell can read', async (shell) => {
    const { stdout, stderr, exitCode } = await runCommand('completion', [shell], NOBODY);
    expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 });
    expect(stdout).toBe(await readFile(new URL(`../../bin/completion/zkd.${shell}`, import.meta.url), 'utf8'));
    expect(spawnSync(shell, ['-n'], { input: stdout, encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' });
    expect((await runJson('completion', [shell], NOBODY)).document).toEqual({ shell, script: stdout });
  });

  it('for another shell is a usage error that names those there are', async () => {
    const { stderr, exitCode } = await runCommand('completion', ['fish'], NOBODY);
    expect({ stderr, exitCode }).toEqual({
      stderr: 'Error: Expected fish to be one of: bash, zsh\nTry:   zkd completion --help\n',
      exitCode: 2,
    });
    expect((await runCommand('completion', [], NOBODY)).stderr).toBe(
      'Error: Missing 1 required arg: shell (bash|zsh) Which shell.\nTry:   zkd completion --help\n',
    );
  });
});

describe('what zkd itself knows', () => {
  it('is completed without an engine', async () => {
    expect(await offered(['cluster', 'stat'], NOBODY)).toEqual(['status']);
    expect(await offered(['cluster', 'up', '--pull=m'], NOBODY)).toEqual(['--pull=missing']);
    expect(await offered(['cluster', 'up', '--restart', ''], NOBODY)).toEqual(['unless-stopped', 'no']);
    expect((await complete(['cluster', 'up', '--file', ''], NOBODY)).stdout).toBe('files\n');
    const { openings } = await complete(['cluster', 'up', '--'], NOBODY);
    expect(openings).toEqual([]);
  });

  it('has a meaning beside each word, on one line', async () => {
    const { stdout } = await complete(['cluster', 'ls', '--']);
    expect(stdout).toContain('--quiet\tSay nothing on stderr but errors.\n');
    for (const line of stdout.trimEnd().split('\n').slice(1)) expect(line).toMatch(/^--[a-z-]+\t\S.*$/);
  });
});

describe('names of ensembles', () => {
  it('are those on the engine that begin as typed, with their state', async () => {
    expect((await complete(['cluster', 'status', ''])).stdout).toBe('words\ndev\trunning, size 1\nzk\trunning, size 3\n');
    expect(await offered(['cluster', 'down', 'd'])).toEqual(['dev']);
    expect(await offered(['cluster', 'down', '--cluster=z'])).toEqual(['--cluster=zk']);
    expect(await offered(['cluster', 'down', 'x'])).toEqual([]);
  });

  it('that are no names are kept from the shell', async () => {
    const [volume] = await world.engine.listVolumes({ labels: { 'zkd.cluster': 'zk' } });
    for (const name of ['$(touch evil)', '`x`', 'a b', 'a;b', "a'b", 'a\nb', 'a\tb', '*', '~root', '']) {
      await world.engine.createVolume(`v${Buffer.from(name).toString('hex')}`, { ...volume?.labels, 'zkd.cluster': name });
    }
    expect(await offered(['cluster', 'status', ''])).toEqual(['dev', 'zk']);
  });

  it('are one document with --json', async () => {
    const { document } = await runJson('completion:candidates', ['--', 'cluster', 'status', 'z'], world);
    expect(document).toEqual({ complete: 'words', candidates: [{ value: 'zk', description: 'running, size 3' }] });
  });
});

describe('ids of members', () => {
  it.each([
    [['cluster', 'rm', 'zk', '--member', '']],
    [['cluster', 'rm', '--cluster', 'zk', '--member=']],
    [['cluster', 'rm', '--member', '']],
  ])('are those of the ensemble that is named, on the line or by its variable: %j', async (words) => {
    const env = { ZKD_CLUSTER: words.includes('zk') ? 'dev' : 'zk' };
    expect((await offered(words, world, { env })).map((word) => word.replace('--member=', ''))).toEqual(['1', '2', '3']);
  });

  it('are those of the one ensemble there is, and none where there are several', async () => {
    expect(await offered(['cluster', 'rm', '--member', ''])).toEqual([]);
    await world.down({ name: 'dev', volumes: true });
    expect(await offered(['cluster', 'rm', '--member', ''])).toEqual(['1', '2', '3']);
  });

  it('leave out those already given, and say what each is', async () => {
    await world.engine.stopContainer('zkd-dev-2', { timeoutMs: 1 });
    expect((await complete(['cluster', 'rm', 'dev', '--member', ''])).stdout).toBe('words\n1\tparticipant, running\n2\tobserver, exited\n');
    expect(await offered(['cluster', 'rm', 'dev', '--member', '1', '--member', ''])).toEqual(['2']);
    expect(await offered(['cluster', 'rm', 'nowhere', '--member', ''])).toEqual([]);
  });
});

describe('the engine', () => {
  it('is the one the line names, else the one of the variables', async () => {
    const openings = async (words: readonly string[], env = {}) =>
      (await complete(['cluster', 'ps', ...words, ''], world, { env })).openings;
    expect(await openings([])).toEqual([{}]);
    expect(await openings(['-H', 'tcp://a:1'])).toEqual([{ dockerHost: 'tcp://a:1' }]);
    expect(await openings(['--context=c'], { ZKD_DOCKER_HOST: 'tcp://b:1' })).toEqual([{ context: 'c' }]);
    expect(await openings([], { ZKD_DOCKER_HOST: 'tcp://b:1' })).toEqual([{ dockerHost: 'tcp://b:1', source: 'ZKD_DOCKER_HOST' }]);
  });

  it('that is not there is no error', async () => {
    expect(await offered(['cluster', 'status', ''], NOBODY)).toEqual([]);
    const broken = interceptEngine(world.engine, () => {
      throw new Error('gone in the middle');
    });
    expect(await offered(['cluster', 'status', ''], { ...world, engine: broken })).toEqual([]);
  });

  it('that does not answer is waited for a second, not longer', async () => {
    const silent = interceptEngine(world.engine, () => new Promise(() => undefined));
    const began = performance.now();
    expect(await offered(['cluster', 'status', ''], { ...world, engine: silent })).toEqual([]);
    const tookMs = performance.now() - began;
    expect(tookMs).toBeGreaterThan(900);
    expect(tookMs).toBeLessThan(5000);
  });
});
