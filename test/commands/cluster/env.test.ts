import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { useFakeHostPorts } from '../../fakes/fake-host-ports.js';
import { createWorld, type World } from '../../support/ensemble-world.js';
import { runCommand, runJson } from '../../support/run-command.js';

useFakeHostPorts();

let world: World;
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'zkd-env-'));
  world = createWorld();
  await world.up({ given: { size: 2 } });
});
afterEach(() => rm(folder, { recursive: true }));

const DOCUMENT = {
  ZKD_CONNECT: '127.0.0.1:2181,127.0.0.1:2182',
  ZKD_CLUSTER: 'zk',
  ZOOKEEPER_INTERNAL_CONNECT: 'zkd-zk-1:2181,zkd-zk-2:2182',
  HOSTS_ENTRY: '127.0.0.1 zkd-zk-1 zkd-zk-2',
};

describe('cluster env', () => {
  it('prints what a shell can eval, and nothing else on stdout', async () => {
    const { stdout, stderr, exitCode } = await runCommand('cluster:env', [], world);
    expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 });
    expect(stdout).toBe(`export ZKD_CONNECT='127.0.0.1:2181,127.0.0.1:2182'
export ZKD_CLUSTER='zk'
export ZOOKEEPER_INTERNAL_CONNECT='zkd-zk-1:2181,zkd-zk-2:2182'
export HOSTS_ENTRY='127.0.0.1 zkd-zk-1 zkd-zk-2'
`);
  });

  it('prints the document of the contract with --json and with --format json', async () => {
    expect((await runJson('cluster:env', ['zk'], world)).document).toEqual(DOCUMENT);
    expect(JSON.parse((await runCommand('cluster:env', ['--format', 'json'], world)).stdout)).toEqual(DOCUMENT);
  });

  it('tells a person at a terminal about Java clients, on stderr', async () => {
    const { stderr } = await runCommand('cluster:env', ['zk'], world, { tty: true });
    expect(stderr).toContain('ensembleTracker(false)');
    expect(stderr).toContain('eval "$(zkd cluster env zk)"');
  });

  it('says nothing of hosts entries in a container where the names are true already', async () => {
    world = createWorld();
    await world.runIn('job');
    await world.up({ given: { size: 2, network: 'job' } });
    const { stdout, stderr } = await runCommand('cluster:env', ['zk'], world, { tty: true });
    expect(stdout).toContain("export ZKD_CONNECT='zkd-zk-1:2181,zkd-zk-2:2182'\n");
    expect(stdout).toContain("export HOSTS_ENTRY=''\n");
    expect(stderr).not.toContain('HOSTS_ENTRY');
  });

  it('prints nothing that leads nowhere: exit 6 in both forms, with a command that mends it', async () => {
    await world.runIn('bridge');
    const { stdout, stderr, exitCode } = await runCommand('cluster:env', ['zk'], world);
    expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 6 });
    expect(stderr).toContain('docker network connect zkd-zk ci');
    const { document } = await runJson('cluster:env', ['zk'], world);
    expect(document).toMatchObject({ error: { code: 'zookeeper-unavailable', details: { reason: 'out-of-reach', cluster: 'zk' } } });
  });

  it('appends to the file that GITHUB_ENV names, and prints nothing', async () => {
    const file = join(folder, 'github-env');
    await writeFile(file, 'BEFORE=1\n');
    const { stdout, exitCode } = await runCommand('cluster:env', ['--format', 'github'], world, { env: { GITHUB_ENV: file } });
    expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 0 });
    const entries = Object.entries(DOCUMENT).map(([key, value]) => `${key}=${value}\n`);
    expect(await readFile(file, 'utf8')).toBe(`BEFORE=1\n${entries.join('')}`);
  });

  it.each([{}, { GITHUB_ENV: '' }])('is exit 2 for github without GITHUB_ENV, before the engine is asked: %j', async (env) => {
    expect(await runCommand('cluster:env', ['--format', 'github'], world, { env })).toMatchObject({
      exitCode: 2,
      stdout: '',
      openings: [],
    });
    expect((await runJson('cluster:env', ['--format', 'github'], world, { env })).document).toMatchObject({ error: { code: 'usage' } });
  });

  it('is exit 3 for an ensemble that is not there', async () => {
    expect((await runCommand('cluster:env', ['other'], world)).exitCode).toBe(3);
  });
});
