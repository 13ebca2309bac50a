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

const actions = (action: string) => [1, 2, 3].map((id) => ({ id, container: `zkd-zk-${id}`, action, error: null }));
const document = (action: string, changed: boolean) => ({
  cluster: 'zk',
  changed,
  members: actions(action),
  volumes: [],
  tookMs: expect.any(Number) as number,
});
const running = async (): Promise<number> => (await world.inventory()).filter((line) => line.endsWith(' running')).length;

describe('cluster stop', () => {
  it('says what it stopped, and what to do next', async () => {
    const { stdout, stderr, exitCode } = await runCommand('cluster:stop', ['zk'], world);
    expect({ stdout, exitCode }).toEqual({ stdout: 'zk: stopped zkd-zk-1, zkd-zk-2, zkd-zk-3\n', exitCode: 0 });
    expect(stderr).toMatch(/stop member 1 \(zkd-zk-1\): done/);
    expect(stderr).toMatch(/next: zkd cluster start zk\n$/);
    expect(await runCommand('cluster:stop', ['zk'], world)).toMatchObject({ stdout: 'zk: nothing to stop\n', stderr: '', exitCode: 0 });
  });

  it('prints the document of the contract', async () => {
    expect((await runJson('cluster:stop', [], world)).document).toEqual(document('stopped', true));
    expect((await runJson('cluster:stop', [], world)).document).toEqual(document('unchanged', false));
  });

  it('is exit 12 for members that take the quorum along, and --force overrides', async () => {
    const argv = ['zk', '--member', '1', '--member', '2'];
    const refused = await runJson('cluster:stop', argv, world);
    expect(refused).toMatchObject({
      exitCode: 12,
      document: { error: { code: 'refused', details: { members: [1, 2], serving: [1, 2, 3], needed: 2, override: '--force' } } },
    });
    expect(await running()).toBe(3);
    const { stderr } = await runCommand('cluster:stop', argv, world);
    expect(stderr).toContain('Try:   zkd cluster status zk\n       zkd cluster stop zk --member 1 --member 2 --force\n');
    expect((await runCommand('cluster:stop', [...argv, '--force'], world)).exitCode).toBe(0);
    expect(await running()).toBe(1);
  });

  it('has no variable for --force', async () => {
    const env = { ZKD_FORCE: '1', ZKD_MEMBER: '1' };
    expect((await runCommand('cluster:stop', [], world, { env })).exitCode).toBe(0);
    expect((await runCommand('cluster:stop', ['--member', '2'], world, { env })).exitCode).toBe(12);
  });

  it('stops nothing that was not named off a terminal', async () => {
    const other = createWorld();
    await other.up({ name: 'dev', given: { size: 1 } });
    const { exitCode, stderr } = await runCommand('cluster:stop', [], other);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('--cluster');
    expect(other.engine.container('zkd-dev-1').state).toBe('running');
    expect((await runCommand('cluster:stop', [], other, { env: { ZKD_CLUSTER: 'dev' } })).exitCode).toBe(0);
  });

  it('is exit 9 where some could not be stopped, and lists both', async () => {
    world.engine.failNext('stopContainer', new ZkdError('failure', 'device is busy', { details: { reason: 'other' } }));
    const { exitCode, document: failed } = await runJson('cluster:stop', ['zk'], world);
    expect(exitCode).toBe(9);
    expect(failed).toMatchObject({
      error: { code: 'partial', details: { members: [{ action: 'unchanged', error: 'device is busy' }, { action: 'stopped' }, {}] } },
    });
  });

  it('is exit 3 for what is not there, exit 2 for what is no member', async () => {
    expect((await runCommand('cluster:stop', ['other'], world)).exitCode).toBe(3);
    expect((await runCommand('cluster:stop', ['--member', '4'], world)).exitCode).toBe(3);
    expect((await runCommand('cluster:stop', ['--member', 'one'], world)).exitCode).toBe(2);
    expect(await running()).toBe(3);
  });
});

describe('cluster start', () => {
  it('starts, waits, and says what to look at next', async () => {
    await world.stop();
    const { stdout, stderr, exitCode } = await runCommand('cluster:start', [], world);
    expect({ stdout, exitCode }).toEqual({ stdout: 'zk: started zkd-zk-1, zkd-zk-2, zkd-zk-3\n', exitCode: 0 });
    expect(stderr).toMatch(/start member 1: exited with code 143: done/);
    expect(stderr).toMatch(/wait until the ensemble is ready: done/);
    expect(stderr).toMatch(/next: zkd cluster status zk\n$/);
    expect((await runCommand('cluster:start', [], world)).stdout).toBe('zk: nothing to start\n');
  });

  it('prints the document of the contract, changed or not', async () => {
    await world.stop();
    expect((await runJson('cluster:start', ['zk'], world)).document).toEqual(document('started', true));
    expect((await runJson('cluster:start', ['zk'], world)).document).toEqual(document('unchanged', false));
  });

  it('is exit 7 with the causes where it does not become ready, by flag or variable; --no-wait is not', async () => {
    await world.stop();
    world.zooKeeper.tell('zkd-zk-2', { silence: 'silent' });
    expect(await runJson('cluster:start', ['--timeout', '200ms'], world)).toMatchObject({
      exitCode: 7,
      document: {
        error: { code: 'timeout', details: { causes: expect.arrayContaining([expect.objectContaining({ member: 2 })]) as unknown } },
      },
    });
    const { stderr, stdout, exitCode } = await runCommand('cluster:start', [], world, { env: { ZKD_TIMEOUT: '200ms' } });
    expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 7 });
    expect(stderr).toContain('member 2: it does not answer on its client port');
    expect((await runCommand('cluster:start', ['--no-wait'], world)).exitCode).toBe(0);
  });

  it('is exit 3 that names up for a container that is gone, exit 12 for one that was never started', async () => {
    const { spec } = world.engine.container('zkd-zk-2');
    await world.engine.removeContainer('zkd-zk-2', { force: true });
    expect(await runJson('cluster:start', [], world)).toMatchObject({
      exitCode: 3,
      document: { error: { code: 'not-found', suggestions: ['zkd cluster up zk'] } },
    });
    await world.engine.createContainer(spec);
    expect(await runJson('cluster:start', [], world)).toMatchObject({
      exitCode: 12,
      document: { error: { code: 'refused', suggestions: ['zkd cluster up zk'] } },
    });
  });
});

describe('cluster rm --member', () => {
  it('says that the quorum would go where it would, else that they run, and suggests what is about those members only', async () => {
    const lost = await runJson('cluster:rm', ['zk', '--member', '1', '--member', '2'], world);
    expect(lost).toMatchObject({ exitCode: 12, document: { error: { details: { members: [1, 2], needed: 2, override: '--force' } } } });
    const one = await runJson('cluster:rm', ['zk', '--member', '1'], world);
    expect(one).toMatchObject({
      exitCode: 12,
      document: {
        error: {
          details: { running: [1], override: '--force' },
          suggestions: ['zkd cluster stop zk --member 1', 'zkd cluster rm zk --member 1 --force'],
        },
      },
    });
    expect(await running()).toBe(3);
    expect((await runCommand('cluster:rm', ['zk', '--member', '1', '--member', '2', '--force'], world)).exitCode).toBe(0);
    expect(await running()).toBe(1);
  });
});
