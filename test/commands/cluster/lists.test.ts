import { beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { useFakeHostPorts } from '../../fakes/fake-host-ports.js';
import { createWorld, type World } from '../../support/ensemble-world.js';
import { runCommand, runJson } from '../../support/run-command.js';

useFakeHostPorts();

let world: World;
beforeEach(async () => {
  world = createWorld();
  await world.up({ given: { size: 1, observers: 1 } });
});

describe('cluster ls', () => {
  it('lists the ensembles as a table', async () => {
    const { stdout, stderr, exitCode } = await runCommand('cluster:ls', [], world);
    expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 });
    expect(stdout).toBe(`NAME  STATE    SIZE  RUNNING  IMAGE          CONNECT
zk    running  1     2        zookeeper:3.9  127.0.0.1:2181,127.0.0.1:2182
`);
  });

  it('prints the document of the contract', async () => {
    const document = {
      clusters: [{ name: 'zk', size: 1, running: 2, image: 'zookeeper:3.9', connect: '127.0.0.1:2181,127.0.0.1:2182', state: 'running' }],
    };
    expect((await runJson('cluster:ls', [], world)).document).toEqual(document);
    expect(JSON.parse((await runCommand('cluster:ls', ['--output', 'json'], world)).stdout)).toEqual(document);
    expect(parse((await runCommand('cluster:ls', ['-o', 'yaml'], world)).stdout)).toEqual(document);
  });

  it('prints one document only with --json, whatever form is asked for', async () => {
    for (const format of ['name', 'yaml', 'json', 'wide']) {
      expect((await runJson('cluster:ls', ['--output', format], world)).document).toHaveProperty('clusters');
    }
  });

  it('prints bare names for pipes, and nothing where there are none', async () => {
    await world.up({ name: 'dev', given: { size: 1 } });
    expect((await runCommand('cluster:ls', ['-o', 'name'], world)).stdout).toBe('dev\nzk\n');
    expect((await runCommand('cluster:ls', ['-o', 'name'], createWorld())).stdout).toBe('');
    expect(await runJson('cluster:ls', [], createWorld())).toMatchObject({ exitCode: 0, document: { clusters: [] } });
  });
});

describe('cluster ps', () => {
  it('lists the members as a table, and more of them when wide', async () => {
    await world.engine.killContainer('zkd-zk-2', 'KILL');
    const { stdout, exitCode } = await runCommand('cluster:ps', [], world);
    expect(exitCode).toBe(0);
    expect(stdout).toBe(`ID  CONTAINER  ROLE         STATE    RESTARTS  ADDRESS
1   zkd-zk-1   participant  running  0         127.0.0.1:2181
2   zkd-zk-2   observer     exited   0         127.0.0.1:2182
`);
    expect((await runCommand('cluster:ps', ['-o', 'wide'], world)).stdout).toContain('zkd-zk-2:2182');
    expect((await runCommand('cluster:ps', ['-o', 'name'], world)).stdout).toBe('zkd-zk-1\nzkd-zk-2\n');
  });

  it('prints the document of the contract, and asks no server', async () => {
    world.zooKeeper.questions.length = 0;
    const { document } = await runJson('cluster:ps', ['zk'], world);
    expect(document).toMatchObject({
      members: [
        { id: 1, container: 'zkd-zk-1', state: 'running', mode: null },
        { id: 2, role: 'observer' },
      ],
    });
    expect(world.zooKeeper.questions).toEqual([]);
    expect(parse((await runCommand('cluster:ps', ['-o', 'yaml'], world)).stdout)).toEqual(document);
  });

  it('says that only the volumes are left', async () => {
    await world.down();
    const { stderr, stdout, exitCode } = await runCommand('cluster:ps', ['zk', '-o', 'name'], world);
    expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 0 });
    expect(stderr).toContain('its data volumes are kept');
    expect((await runCommand('cluster:ps', ['zk', '--quiet'], world)).stderr).toBe('');
  });

  it('is exit 3 for an ensemble that is not there', async () => {
    expect((await runJson('cluster:ps', ['other'], world)).exitCode).toBe(3);
  });
});
