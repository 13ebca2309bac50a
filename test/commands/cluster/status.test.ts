import { beforeEach, describe, expect, it } from 'vitest';
import { useFakeHostPorts } from '../../fakes/fake-host-ports.js';
import { createWorld, type World } from '../../support/ensemble-world.js';
import { runCommand, runJson } from '../../support/run-command.js';

useFakeHostPorts();

let world: World;
beforeEach(async () => {
  world = createWorld();
  await world.up();
});

describe('cluster status', () => {
  it('is exit 0 and a table where all is well', async () => {
    const { stdout, stderr, exitCode } = await runCommand('cluster:status', [], world);
    expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 });
    expect(stdout).toMatch(/^zk: healthy, leader 3, epoch 1, zookeeper:3\.9\n\nID +ROLE +STATE +MODE /);
    expect(stdout.trim().split('\n')).toHaveLength(6);
  });

  it('is exit 10 and names the cause where it is not, and what to do next', async () => {
    await world.engine.killContainer('zkd-zk-1', 'KILL');
    const { stdout, stderr, exitCode } = await runCommand('cluster:status', ['zk'], world);
    expect(exitCode).toBe(10);
    expect(stdout).toMatch(/^zk: unhealthy, leader 3/);
    expect(stdout).toContain('✗ member 1: not running: exited with code 137 (killed)\n');
    expect(stderr).toBe('next: zkd cluster up zk\n');
    expect((await runCommand('cluster:status', ['zk', '--quiet'], world)).stderr).toBe('');
  });

  it('prints the document of the contract, healthy or not', async () => {
    const well = await runJson('cluster:status', [], world);
    expect(well).toMatchObject({ exitCode: 0, document: { healthy: true, causes: [], cluster: { leader: 3, epoch: 1 } } });
    await world.engine.pauseContainer('zkd-zk-2');
    const ill = await runJson('cluster:status', [], world);
    expect(ill).toMatchObject({
      exitCode: 10,
      stderr: '',
      document: {
        healthy: false,
        causes: [{ member: 2, cause: 'paused' }],
        cluster: { members: [{}, { error: 'paused', mode: null }, {}] },
      },
    });
    expect(Object.keys(ill.document)).toEqual(['cluster', 'healthy', 'causes']);
  });

  it('is exit 3 for an ensemble that is not there', async () => {
    expect(await runCommand('cluster:status', ['other'], world)).toMatchObject({ exitCode: 3, stdout: '' });
    expect(await runJson('cluster:status', ['--cluster', 'other'], world)).toMatchObject({
      exitCode: 3,
      document: { error: { code: 'not-found', details: { cluster: 'other' } } },
    });
  });

  it('is exit 2 with several ensembles and none named, listing them', async () => {
    await world.up({ name: 'dev', given: { size: 1 } });
    const { exitCode, stderr } = await runCommand('cluster:status', [], world);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('dev, zk');
    expect(await runJson('cluster:status', [], world)).toMatchObject({
      exitCode: 2,
      document: { error: { code: 'usage', details: { clusters: ['dev', 'zk'] } } },
    });
  });

  it('has colours on a terminal, and none under NO_COLOR, TERM=dumb, --no-color or --json', async () => {
    const escape = String.fromCharCode(27);
    expect((await runCommand('cluster:status', [], world, { tty: true })).stdout).toContain(escape);
    expect((await runCommand('cluster:status', [], world, { tty: true, env: { NO_COLOR: '1' } })).stdout).not.toContain(escape);
    expect((await runCommand('cluster:status', [], world, { tty: true, env: { TERM: 'dumb' } })).stdout).not.toContain(escape);
    expect((await runCommand('cluster:status', ['--no-color'], world, { tty: true })).stdout).not.toContain(escape);
    expect((await runCommand('cluster:status', ['--json'], world, { tty: true, env: { FORCE_COLOR: '1' } })).stdout).not.toContain(escape);
    expect((await runCommand('cluster:status', [], world)).stdout).not.toContain(escape);
    expect((await runCommand('cluster:status', [], world, { env: { FORCE_COLOR: '1' } })).stdout).toContain(escape);
  });
});
