import { beforeEach, describe, expect, it } from 'vitest';
import { useFakeHostPorts } from '../../fakes/fake-host-ports.js';
import { createWorld, type World } from '../../support/ensemble-world.js';
import { runCommand } from '../../support/run-command.js';

useFakeHostPorts();

let world: World;
beforeEach(async () => {
  world = createWorld();
  await world.up();
  world.engine.onAttach =
    () =>
    async ({ options, input, write }) => {
      // At a terminal it is its user who ends it.
      if (options.terminal) return 0;
      for await (const chunk of input) await write(`> ${chunk.toString()}`);
      return 6;
    };
});

/** Container and command of the one command that was run. */
const ran = () => {
  const [call, ...more] = world.engine.calls.filter(({ method }) => method === 'attachExec');
  expect(more).toEqual([]);
  const [id, options] = call?.args as [string, { command: string[]; terminal?: object }];
  return { container: world.engine.container(id).name, command: options.command.join(' '), isTerminal: options.terminal !== undefined };
};

describe('cluster shell', () => {
  it('runs zkCli.sh against the member’s own name, reads commands from stdin, ends as it does', async () => {
    const { exitCode, stdout, stderr } = await runCommand('cluster:shell', ['zk'], world, { input: 'ls /\n' });
    expect({ exitCode, stdout, stderr }).toEqual({ exitCode: 6, stdout: '> ls /\n', stderr: '' });
    expect(ran()).toEqual({ container: 'zkd-zk-1', command: 'zkCli.sh -server zkd-zk-1:2181', isTerminal: false });
  });

  it('takes the first member that serves', async () => {
    await world.engine.stopContainer('zkd-zk-1', { timeoutMs: 1 });
    await runCommand('cluster:shell', [], world, { tty: true });
    expect(ran()).toEqual({ container: 'zkd-zk-2', command: 'zkCli.sh -server zkd-zk-2:2182', isTerminal: true });
  });

  it('takes the member that is named, serving or not', async () => {
    world.zooKeeper.tell('zkd-zk-3', { silence: 'not-serving' });
    await runCommand('cluster:shell', ['zk', '--member', '3'], world);
    expect(ran()).toMatchObject({ container: 'zkd-zk-3' });
  });

  it('is exit 6 where no member serves, and says so last', async () => {
    for (const id of [2, 3]) await world.engine.stopContainer(`zkd-zk-${id}`, { timeoutMs: 1 });
    const { exitCode, stdout, stderr } = await runCommand('cluster:shell', ['zk'], world);
    expect({ exitCode, stdout }).toEqual({ exitCode: 6, stdout: '' });
    expect(stderr).toContain('No member of ensemble "zk" serves clients');
    expect(stderr).toMatch(/\nzkd: .*\n$/);
  });
});
