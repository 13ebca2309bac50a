import { beforeEach, describe, expect, it } from 'vitest';
import { ZkdError } from '../../../src/errors.js';
import { useFakeHostPorts } from '../../fakes/fake-host-ports.js';
import { createWorld, type World } from '../../support/ensemble-world.js';
import { runCommand, runJson } from '../../support/run-command.js';

useFakeHostPorts();

let world: World;
beforeEach(async () => {
  world = createWorld();
  await world.up();
});

const REMOVED = [1, 2, 3].map((id) => ({ id, container: `zkd-zk-${id}`, action: 'removed', error: null }));

describe('cluster down', () => {
  it('takes the default ensemble down without being told its name, and keeps the data', async () => {
    const { stdout, stderr, exitCode } = await runCommand('cluster:down', [], world);
    expect({ stdout, exitCode }).toEqual({ stdout: 'zk: down\n', exitCode: 0 });
    expect(stderr).toMatch(/remove member 1 \(zkd-zk-1\): done/);
    expect(stderr).toMatch(/next: zkd cluster up zk\n$/);
    expect(await world.inventory()).toHaveLength(9);
  });

  it('prints the document of the contract', async () => {
    const { document } = await runJson('cluster:down', ['zk', '--volumes'], world);
    expect(document).toEqual({
      cluster: 'zk',
      changed: true,
      members: REMOVED,
      volumes: [1, 2, 3].flatMap((id) => ['conf', 'data', 'datalog'].map((kind) => `zkd-zk-${id}-${kind}`)),
      kept: [],
      tookMs: expect.any(Number) as number,
    });
    expect(await world.inventory()).toEqual([]);
  });

  it('of one that is not there is exit 0, unchanged, and said on stderr', async () => {
    expect(await runCommand('cluster:down', ['other'], world)).toMatchObject({
      exitCode: 0,
      stdout: '',
      stderr: 'Ensemble "other" is not there: nothing to do\n',
    });
    expect((await runJson('cluster:down', ['other'], world)).document).toMatchObject({
      cluster: 'other',
      changed: false,
      members: [],
      volumes: [],
      kept: [],
    });
  });

  it('takes away nothing that was not named off a terminal', async () => {
    const other = createWorld();
    await other.up({ name: 'dev', given: { size: 1 } });
    const before = await other.inventory();
    const { exitCode, stderr } = await runCommand('cluster:down', ['--volumes'], other);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('dev');
    expect(stderr).toContain('--cluster');
    expect(await other.inventory()).toEqual(before);
    expect((await runCommand('cluster:down', [], other, { env: { ZKD_CLUSTER: 'dev' } })).exitCode).toBe(0);
    expect((await runCommand('cluster:down', ['--cluster', 'dev', '--volumes'], other)).exitCode).toBe(0);
    expect(await other.inventory()).toEqual([]);
  });

  it('is exit 12 while others use the network, and names the flag that overrides', async () => {
    world.engine.addImage('app:1');
    await world.engine.startContainer(await world.engine.createContainer({ name: 'app', image: 'app:1', network: 'zkd-zk' }));
    const { document, exitCode } = await runJson('cluster:down', ['zk'], world);
    expect(exitCode).toBe(12);
    expect(document).toMatchObject({ error: { code: 'refused', details: { containers: ['app'], override: '--force' } } });
    expect((await runCommand('cluster:down', ['zk', '--force', '--volumes'], world)).exitCode).toBe(0);
    expect(await world.inventory()).toEqual(['container app running']);
  });

  it('is exit 9 where some could not be removed, and lists both', async () => {
    world.engine.failNext('removeContainer', new ZkdError('failure', 'device is busy', { details: { reason: 'other' } }));
    const { document, exitCode } = await runJson('cluster:down', ['zk'], world);
    expect(exitCode).toBe(9);
    expect(document).toMatchObject({
      error: { code: 'partial', details: { members: [{ action: 'unchanged', error: 'device is busy' }, { action: 'removed' }, {}] } },
    });
  });

  it('has no variable that could remove data', async () => {
    await runCommand('cluster:down', ['zk'], world, { env: { ZKD_VOLUMES: '1', ZKD_FORCE: '1', ZKD_YES: '1' } });
    expect(await world.inventory()).toHaveLength(9);
  });
});

describe('cluster rm', () => {
  it('is exit 12 for running members, and removes nothing', async () => {
    const { document, exitCode } = await runJson('cluster:rm', ['zk'], world);
    expect(exitCode).toBe(12);
    expect(document).toMatchObject({ error: { code: 'refused', details: { running: [1, 2, 3], override: '--force' } } });
    expect(await world.engine.listContainers({})).toHaveLength(3);
  });

  it('removes the chosen members, repeated or by variable', async () => {
    const { stdout, exitCode } = await runCommand('cluster:rm', ['--member', '1', '--member', '3', '--force'], world);
    expect({ stdout, exitCode }).toEqual({ stdout: 'zk: removed zkd-zk-1, zkd-zk-3\n', exitCode: 0 });
    const { document } = await runJson('cluster:rm', ['zk', '--force', '--volumes'], world, { env: { ZKD_MEMBER: '2' } });
    expect(document).toMatchObject({
      cluster: 'zk',
      changed: true,
      members: [{ id: 2, container: 'zkd-zk-2', action: 'removed', error: null }],
      volumes: ['zkd-zk-2-conf', 'zkd-zk-2-data', 'zkd-zk-2-datalog'],
    });
  });

  it('is exit 3 for a member or an ensemble that is not there, exit 2 for what is no member', async () => {
    expect((await runCommand('cluster:rm', ['--member', '4', '--force'], world)).exitCode).toBe(3);
    expect((await runCommand('cluster:rm', ['other'], world)).exitCode).toBe(3);
    for (const wrong of ['0', '-1', 'one', '1.5']) expect((await runCommand('cluster:rm', ['--member', wrong], world)).exitCode).toBe(2);
    expect(await world.engine.listContainers({})).toHaveLength(3);
  });
});
