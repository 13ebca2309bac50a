/** Flag beats variable beats file beats default. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { useFakeHostPorts } from '../fakes/fake-host-ports.js';
import { flagsOf, loadCommand } from '../support/commands.js';
import { createWorld, type World } from '../support/ensemble-world.js';
import { runCommand, runJson } from '../support/run-command.js';

useFakeHostPorts();

let world: World;
let file: string;
beforeAll(async () => {
  file = join(await mkdtemp(join(tmpdir(), 'zkd-variables-')), 'zkd.yaml');
  await writeFile(file, 'name: filed\nsize: 5\nobservers: 1\ntickTime: 300\n');
});
afterAll(() => rm(join(file, '..'), { recursive: true }));
beforeEach(() => {
  world = createWorld();
});

/** The settings an ensemble was born with. */
const settingsOf = (container: string) =>
  JSON.parse(world.engine.container(container).spec.labels?.['zkd.settings'] ?? '{}') as Record<string, unknown>;

describe('a setting', () => {
  it('comes from the flag before the variable before the file before the default', async () => {
    const argv = ['--file', file, '--size', '1', '--no-wait'];
    const { exitCode } = await runCommand('cluster:up', argv, world, { env: { ZKD_SIZE: '3', ZKD_OBSERVERS: '0' } });
    expect(exitCode).toBe(0);
    expect(settingsOf('zkd-filed-1')).toMatchObject({ size: 1, observers: 0, tickTimeMs: 300, heapBytes: 256 * 1024 ** 2 });
  });

  it('can be given by its variable alone, every one of them', async () => {
    await world.engine.createNetwork({ name: 'shared' });
    world.engine.addImage('other:1');
    const env = {
      ZKD_SIZE: '2',
      ZKD_OBSERVERS: '1',
      ZKD_IMAGE: 'other:1',
      ZKD_CLIENT_PORT: '12181',
      ZKD_BIND: '0.0.0.0',
      ZKD_NETWORK: 'shared',
      ZKD_HEAP: '128m',
      ZKD_MEMORY: '400m',
      ZKD_CPUS: '0.5',
      ZKD_TICK_TIME: '500ms',
      ZKD_SET: 'snapCount=1000\nmaxSessionTimeout=60000',
      ZKD_RESTART: 'no',
      ZKD_GROWABLE: 'true',
      ZKD_EPHEMERAL: '1',
      ZKD_WAIT: 'false',
      ZKD_QUIET: 'true',
      ZKD_CLUSTER: 'varied',
    };
    const { exitCode, stderr } = await runCommand('cluster:up', [], world, { env });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(settingsOf('zkd-varied-1')).toEqual({
      size: 2,
      observers: 1,
      image: 'other:1',
      clientPort: 12_181,
      bind: '0.0.0.0',
      network: 'shared',
      subnet: null,
      heapBytes: 128 * 1024 ** 2,
      memoryBytes: 400 * 1024 ** 2,
      cpus: 0.5,
      tickTimeMs: 500,
      set: { snapCount: '1000', maxSessionTimeout: '60000' },
      restart: 'no',
      growable: true,
      ephemeral: true,
    });
  });

  it('that can be repeated takes all that was given', async () => {
    await runCommand('cluster:up', ['one', '--size', '1', '--set', 'a=1', '--set', 'b=x y=z'], world);
    expect(settingsOf('zkd-one-1')).toMatchObject({ set: { a: '1', b: 'x y=z' } });
  });

  it('of zoo.cfg wins over the same key of the file and leaves the others, at birth and afterwards', async () => {
    const sets = join(file, '..', 'sets.yaml');
    await writeFile(sets, 'name: sets\nsize: 1\nset:\n  snapCount: 1000\n  initLimit: 10\n');
    const argv = ['--file', sets, '--set', 'snapCount=2000', '--set', 'syncLimit=5'];
    await runCommand('cluster:up', argv, world);
    expect(settingsOf('zkd-sets-1')).toMatchObject({ set: { snapCount: '2000', initLimit: '10', syncLimit: '5' } });
    expect(await runJson('cluster:up', argv, world)).toMatchObject({ exitCode: 0, document: { changed: false } });
    expect(await runJson('cluster:up', ['sets', '--set', 'syncLimit=5'], world)).toMatchObject({ exitCode: 0 });
    expect(await runJson('cluster:up', ['--file', sets, '--dry-run'], world)).toMatchObject({
      document: { plan: ['remember the new settings (revision 2)', 'replace member 1 (leader): snapCount 2000 -> 1000'] },
    });
  });

  it('that can be repeated says how its variable is written', async () => {
    const { set } = flagsOf(await loadCommand('cluster:up'));
    expect(set?.summary).toContain('one pair a line');
    await runCommand('cluster:up', ['one', '--size', '1'], world, { env: { ZKD_SET: 'a=1 b=2\nc=3\n' } });
    expect(settingsOf('zkd-one-1')).toMatchObject({ set: { a: '1 b=2', c: '3' } });
  });

  it('is switched off again by its negation', async () => {
    await runCommand('cluster:up', ['--size', '1', '--no-ephemeral'], world, { env: { ZKD_EPHEMERAL: '1' } });
    expect(settingsOf('zkd-zk-1')).toMatchObject({ ephemeral: false });
  });

  it('counts as given only where it was: a living ensemble keeps what nobody names', async () => {
    await runCommand('cluster:up', ['--size', '1', '--heap', '128m'], world);
    expect(await runJson('cluster:up', [], world)).toMatchObject({ exitCode: 0, document: { changed: false } });
    expect(await runJson('cluster:up', ['--dry-run'], world, { env: { ZKD_HEAP: '256m' } })).toMatchObject({
      document: { plan: [expect.anything(), expect.stringContaining('heap 128m -> 256m')] },
    });
  });
});

describe('the ensemble', () => {
  it('comes from the argument before the variable, and from --cluster', async () => {
    const name = async (argv: readonly string[], env = {}) =>
      (await runJson('cluster:up', [...argv, '--size', '1', '--client-port', 'auto'], world, { env })).document['cluster'];
    expect(await name(['said'], { ZKD_CLUSTER: 'varied' })).toMatchObject({ name: 'said' });
    expect(await name([], { ZKD_CLUSTER: 'varied' })).toMatchObject({ name: 'varied' });
    expect(await name(['--cluster', 'flagged'], { ZKD_CLUSTER: 'varied' })).toMatchObject({ name: 'flagged' });
    expect(await name(['same', '--cluster=same'])).toMatchObject({ name: 'same' });
    expect(await name([])).toMatchObject({ name: 'zk' });
  });
});

describe('the engine', () => {
  it('is the one the flags or variables name', async () => {
    const openings = async (argv: readonly string[], env = {}) => (await runCommand('cluster:ls', argv, world, { env })).openings;
    expect(await openings([])).toEqual([{}]);
    expect(await openings(['-H', 'tcp://a:1'])).toEqual([{ dockerHost: 'tcp://a:1' }]);
    expect(await openings([], { ZKD_DOCKER_HOST: 'tcp://b:1' })).toEqual([{ dockerHost: 'tcp://b:1', source: 'ZKD_DOCKER_HOST' }]);
    expect(await openings(['--context', 'c'])).toEqual([{ context: 'c' }]);
    expect(await openings([], { ZKD_CONTEXT: 'd' })).toEqual([{ context: 'd', source: 'ZKD_CONTEXT' }]);
    expect(await openings(['-H', 'tcp://a:1'], { ZKD_DOCKER_HOST: 'tcp://b:1' })).toEqual([{ dockerHost: 'tcp://a:1' }]);
  });

  it('that is typed beats a variable of the other kind', async () => {
    const { openings, exitCode } = await runCommand('cluster:ls', ['--docker-host', 'tcp://a:1'], world, { env: { ZKD_CONTEXT: 'd' } });
    expect({ openings, exitCode }).toEqual({ openings: [{ dockerHost: 'tcp://a:1' }], exitCode: 0 });
  });
});

it('has no variable for --json', async () => {
  expect((await runCommand('cluster:ls', [], world, { env: { ZKD_JSON: '1' } })).stdout).toMatch(/^NAME/);
});

it('lets ZKD_OUTPUT choose the form of lists', async () => {
  await world.up({ given: { size: 1 } });
  expect((await runCommand('cluster:ls', [], world, { env: { ZKD_OUTPUT: 'name' } })).stdout).toBe('zk\n');
  expect((await runCommand('cluster:ls', ['-o', 'table'], world, { env: { ZKD_OUTPUT: 'name' } })).stdout).toMatch(/^NAME/);
});
