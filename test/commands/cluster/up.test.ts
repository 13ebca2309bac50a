import { beforeEach, describe, expect, it } from 'vitest';
import { ZkdError } from '../../../src/errors.js';
import { useFakeHostPorts } from '../../fakes/fake-host-ports.js';
import { createWorld, type World } from '../../support/ensemble-world.js';
import { runCommand, runJson } from '../../support/run-command.js';

useFakeHostPorts();

let world: World;
beforeEach(() => {
  world = createWorld();
});

describe('cluster up', () => {
  it('prints the result on stdout and all talk on stderr', async () => {
    const { stdout, stderr, exitCode } = await runCommand('cluster:up', [], world);
    expect(exitCode).toBe(0);
    expect(stdout).toBe('zk: up, leader is member 3\nconnect: 127.0.0.1:2181,127.0.0.1:2182,127.0.0.1:2183\n');
    expect(stderr).toMatch(/^create member 1 \(participant, zkd-zk-1, 127\.0\.0\.1:2181\): new \.\.\.\n/);
    expect(stderr).toMatch(/create network zkd-zk: done \(\d+ ms\)\n/);
    expect(stderr).toMatch(/wait until the ensemble is ready: done \([\d. ms]+\)\nnext: zkd cluster status zk\n$/);
  });

  it('prints exactly one document with --json, with the fields of the contract', async () => {
    const { document, exitCode } = await runJson('cluster:up', ['dev', '--size', '1'], world);
    expect(exitCode).toBe(0);
    expect(document).toEqual({
      changed: true,
      tookMs: expect.any(Number) as number,
      outages: [],
      plan: [
        'create member 1 (participant, zkd-dev-1, 127.0.0.1:2181): new',
        'create network zkd-dev',
        'configure member 1',
        'start member 1: new container',
      ],
      cluster: {
        name: 'dev',
        size: 1,
        image: 'zookeeper:3.9',
        network: 'zkd-dev',
        connect: '127.0.0.1:2181',
        internalConnect: 'zkd-dev-1:2181',
        leader: 1,
        epoch: 1,
        members: [
          {
            id: 1,
            container: 'zkd-dev-1',
            containerId: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
            role: 'participant',
            state: 'running',
            restarts: 0,
            mode: 'standalone',
            version: '3.9.3',
            zxid: '0x100000000',
            epoch: 1,
            lag: 0,
            address: '127.0.0.1:2181',
            internalAddress: 'zkd-dev-1:2181',
            connections: 1,
            latencyMs: { min: 0, avg: 0.5, max: 3 },
            outstanding: 0,
            error: null,
          },
        ],
      },
    });
  });

  it('says that there was nothing to do the second time', async () => {
    await runCommand('cluster:up', [], world);
    const again = await runCommand('cluster:up', [], world);
    expect(again).toMatchObject({ exitCode: 0, stderr: 'next: zkd cluster status zk\n' });
    expect(again.stdout).toMatch(/^zk: as asked already, nothing to do/);
    expect((await runJson('cluster:up', ['zk'], world)).document).toMatchObject({ changed: false, plan: [], cluster: { name: 'zk' } });
  });

  it('says nothing on stderr with --quiet, but errors', async () => {
    expect((await runCommand('cluster:up', ['--quiet', '--size', '2'], world)).stderr).toBe('');
    const failed = await runCommand('cluster:up', ['-q', '--size', '5'], world);
    expect(failed.stderr).toMatch(/^Error: Ensemble "zk" keeps some settings as long as it lives/);
    expect(failed.exitCode).toBe(12);
  });

  it('prints the plan of a dry run and does nothing', async () => {
    const { stdout, exitCode } = await runCommand('cluster:up', ['--dry-run', '--size', '1'], world);
    expect(exitCode).toBe(0);
    expect(stdout.split('\n').slice(0, 2)).toEqual([
      'create member 1 (participant, zkd-zk-1, 127.0.0.1:2181): new',
      'create network zkd-zk',
    ]);
    expect(await world.inventory()).toEqual([]);
    expect((await runJson('cluster:up', ['--dry-run'], world)).document).toMatchObject({ cluster: null, changed: true });
    await world.up();
    expect((await runCommand('cluster:up', ['--dry-run'], world)).stdout).toBe('zk: nothing to do\n');
  });

  it('refuses to change what an ensemble keeps for life, in words and as a document', async () => {
    await world.up();
    const asked = ['--size', '5', '--observers', '1', '--tick-time', '500ms'];
    const { stdout, stderr, exitCode } = await runCommand('cluster:up', asked, world);
    expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 12 });
    expect(stderr).toContain('size is 3, asked for 5; observers is 0, asked for 1');
    const json = await runJson('cluster:up', asked, world);
    expect(json.exitCode).toBe(12);
    expect(json.document).toEqual({
      error: {
        code: 'refused',
        message: expect.stringContaining('size is 3, asked for 5') as string,
        exitCode: 12,
        suggestions: ['zkd cluster up zk'],
        details: {
          cluster: 'zk',
          differences: [
            { setting: 'size', is: '3', wanted: '5' },
            { setting: 'observers', is: '0', wanted: '1' },
          ],
        },
      },
    });
  });

  it('tells why an ensemble does not become ready, and that what was made is gone: exit 7', async () => {
    world.zooKeeper.tell('zkd-zk-2', { silence: 'port-closed' });
    const { stderr, exitCode, stdout } = await runCommand('cluster:up', ['--timeout', '200ms'], world);
    expect({ exitCode, stdout }).toEqual({ exitCode: 7, stdout: '' });
    expect(stderr).toContain('wait until the ensemble is ready: failed');
    expect(stderr).toContain('Error: Ensemble "zk" is not ready within 200 ms\n  member 2: its client port is closed');
    expect(stderr).toContain('What was made has been removed again');
    expect(await world.inventory()).toEqual([]);
    const json = await runJson('cluster:up', ['--timeout', '200ms', '--keep-on-failure'], world);
    expect(json).toMatchObject({
      exitCode: 7,
      document: { error: { code: 'timeout', details: { causes: [{ member: 2, cause: 'its client port is closed' }] } } },
    });
    expect(await world.inventory()).not.toEqual([]);
  });

  it('does not wait with --no-wait', async () => {
    world.zooKeeper.tell('zkd-zk-1', { silence: 'silent' });
    expect((await runCommand('cluster:up', ['--no-wait', '--size', '1'], world)).exitCode).toBe(0);
  });

  it('warns on stderr, also with --json', async () => {
    const { stderr, document } = await runJson('cluster:up', ['--size', '2'], world);
    expect(stderr).toContain('Warning: 2 voting members survive the loss of 0');
    expect(document).toHaveProperty('cluster.size', 2);
  });

  it('is exit 5 where there is no engine', async () => {
    const gone = new ZkdError('engine-unavailable', 'No container engine answers', { details: { reason: 'unreachable' } });
    expect(await runCommand('cluster:up', [], gone)).toMatchObject({
      exitCode: 5,
      stdout: '',
      stderr: 'Error: No container engine answers\n',
    });
    expect((await runJson('cluster:up', [], gone)).document).toMatchObject({ error: { code: 'engine-unavailable', exitCode: 5 } });
  });

  it('is exit 5 where the image cannot be had, with the engine’s reason', async () => {
    const { exitCode, stderr } = await runCommand('cluster:up', ['--image', 'elsewhere:1'], world);
    expect(exitCode).toBe(5);
    expect(stderr).toContain('no such host');
  });

  it.each([
    ['SIGINT', 130, 'interrupted'],
    ['SIGTERM', 143, 'terminated'],
  ] as const)('cleans up at %s and ends with %i', async (name, exitCode, code) => {
    world.zooKeeper.tell('zkd-zk-1', { silence: 'not-serving' });
    const before = process.listeners(name);
    const deliver = (): void => {
      for (const listener of process.listeners(name)) if (!before.includes(listener)) listener(name);
    };
    const result = await runJson('cluster:up', ['--size', '1', '--timeout', '30s'], world, { onOpen: () => setTimeout(deliver, 100) });
    expect(result).toMatchObject({ exitCode, document: { error: { code, exitCode } } });
    expect(await world.inventory()).toEqual([]);
    expect(process.listeners(name)).toEqual(before);
  });

  it('closes the engine, also after a failure', async () => {
    await runCommand('cluster:up', ['--size', '1'], world);
    await runCommand('cluster:up', ['--size', '3'], world);
    expect(world.engine.calls.filter(({ method }) => method === 'close')).toHaveLength(2);
  });
});

describe('cluster run', () => {
  it('creates a new ensemble as up does', async () => {
    const { document, exitCode } = await runJson('cluster:run', ['ci', '--size', '1', '--ephemeral'], world);
    expect(exitCode).toBe(0);
    expect(document).toMatchObject({ changed: true, cluster: { name: 'ci', leader: 1 } });
  });

  it('is a conflict with one of that name, with its volumes too: exit 4', async () => {
    await world.up({ given: { size: 1 } });
    expect(await runCommand('cluster:run', [], world)).toMatchObject({ exitCode: 4, stdout: '' });
    await world.down();
    const { document, exitCode } = await runJson('cluster:run', [], world);
    expect(exitCode).toBe(4);
    expect(document).toMatchObject({ error: { code: 'conflict', suggestions: ['zkd cluster up zk', 'zkd cluster down zk --volumes'] } });
  });
});
