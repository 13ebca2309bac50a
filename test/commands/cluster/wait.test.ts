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

describe('cluster wait', () => {
  it('waits for ready where nothing is said, and prints the document of the contract', async () => {
    expect(await runCommand('cluster:wait', ['zk'], world)).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/^zk: ready after \d+ ms\n$/) as string,
      stderr: expect.stringMatching(/next: zkd cluster status zk\n$/) as string,
    });
    expect((await runJson('cluster:wait', ['zk', '--for', 'ready'], world)).document).toEqual({
      cluster: 'zk',
      for: 'ready',
      tookMs: expect.any(Number) as number,
    });
  });

  it('takes the state from its variable, and no other than there are', async () => {
    await world.stop();
    expect((await runJson('cluster:wait', ['zk'], world, { env: { ZKD_FOR: 'stopped' } })).document).toMatchObject({ for: 'stopped' });
    expect((await runCommand('cluster:wait', ['zk', '--for', 'asleep'], world)).exitCode).toBe(2);
  });

  it('is exit 7 with the causes when the time is up', async () => {
    expect(await runJson('cluster:wait', ['zk', '--for', 'stopped', '--timeout', '50ms'], world)).toMatchObject({
      exitCode: 7,
      document: {
        error: { code: 'timeout', details: { for: 'stopped', causes: ['member 1: running', 'member 2: running', 'member 3: running'] } },
      },
    });
    await world.stop();
    const { exitCode, stderr } = await runCommand('cluster:wait', ['zk', '--timeout', '50ms'], world);
    expect(exitCode).toBe(7);
    expect(stderr).toContain('member 1: not running: exited with code 143');
    expect(stderr).toContain('Try:   zkd cluster start zk');
  });

  it('is exit 3 for what is not there, and exit 0 where that is what is waited for', async () => {
    expect((await runCommand('cluster:wait', ['other'], world)).exitCode).toBe(3);
    expect((await runCommand('cluster:wait', ['other', '--for', 'stopped'], world)).exitCode).toBe(3);
    expect((await runJson('cluster:wait', ['other', '--for', 'gone'], world)).document).toMatchObject({ cluster: 'other', for: 'gone' });
  });
});

describe.each([
  ['SIGINT', 130, 'interrupted'],
  ['SIGTERM', 143, 'terminated'],
] as const)('%s', (signal, exitCode, code) => {
  it.each([
    ['cluster:wait', ['zk', '--for', 'stopped']],
    ['cluster:wait', ['zk', '--for', 'ready']],
    ['cluster:start', ['zk']],
  ])(`ends %s %j with exit ${exitCode}`, async (id, argv) => {
    world.zooKeeper.tell('zkd-zk-1', { silence: 'silent' });
    const before = new Set<unknown>(process.listeners(signal));
    const deliver = (): void => {
      for (const listener of process.listeners(signal)) if (!before.has(listener)) listener(signal);
    };
    const result = await runJson(id, argv, world, { onOpen: () => setTimeout(deliver, 100) });
    expect(result).toMatchObject({ exitCode, document: { error: { code } } });
  });
});
