/** What a person at a terminal sees; live drawing goes to a screen of the test's own. */
import { beforeEach, expect, it } from 'vitest';
import { ZkdCommand } from '../../src/cli/base-command.js';
import { replacePorts } from '../../src/cli/ports.js';
import { useFakeHostPorts } from '../fakes/fake-host-ports.js';
import { createWorld, type World } from '../support/ensemble-world.js';
import { fakePorts, loadConfig, runCommand } from '../support/run-command.js';
import { linesOnScreen } from '../support/screen.js';

useFakeHostPorts();

/** A terminal that is no CI. */
const LIVE = { tty: true, env: { CI: '', NO_COLOR: '', FORCE_COLOR: '0' } };
let world: World;
beforeEach(() => {
  world = createWorld();
});

it('keeps warnings on the screen while the list of steps is redrawn, and shows the list once', async () => {
  const { exitCode, stderr } = await runCommand('cluster:up', ['--size', '2'], world, LIVE);
  const lines = linesOnScreen(stderr);
  expect(exitCode).toBe(0);
  expect(lines[0]).toMatch(/^Warning: /);
  expect(lines.at(-1)).toBe('next: zkd cluster status zk');
  const steps = lines.slice(1, -1);
  expect(steps.length).toBeGreaterThan(2);
  for (const step of steps) expect(step).toMatch(/^✓ /);
  expect(new Set(steps).size).toBe(steps.length);
});

it('keeps what is said in the middle of the work, and shows what did not end as stopped', async () => {
  class Talking extends ZkdCommand<object> {
    override async run(): Promise<object> {
      await this.parse(Talking);
      const progress = await this.progress();
      progress.start('pull');
      this.caution('the first');
      progress.end('pull', 'done');
      progress.start('wait');
      this.talk('the second');
      this.print('result');
      this.next('zkd x');
      return {};
    }
  }
  const { ports, stdout, stderr } = fakePorts(world, { tty: true });
  await Talking.run([], replacePorts(await loadConfig(), { ...ports, env: { FORCE_COLOR: '0' } }));
  const lines = linesOnScreen(stderr()).map((line) => line.replace(/ \d+ ms/, ''));
  expect(lines).toEqual(['Warning: the first', 'the second', '✓ pull', '- wait', 'next: zkd x']);
  expect(stdout()).toBe('result\n');
});

it('shows the list once where the work fails, above the error', async () => {
  world.engine.failNext('startContainer', new Error('boom'));
  const { stderr } = await runCommand('cluster:up', ['--size', '1'], world, LIVE);
  const lines = linesOnScreen(stderr);
  const error = lines.findIndex((line) => line.startsWith('Error: '));
  expect(error).toBeGreaterThan(0);
  expect(lines.slice(error).filter((line) => /^[✓✗-] /.test(line))).toEqual([]);
});

it('asks nobody with --quiet or --json', async () => {
  await world.up({ name: 'one', given: { size: 1, clientPort: 'auto' } });
  await world.up({ name: 'two', given: { size: 1, clientPort: 'auto' } });
  for (const flag of ['--quiet', '--json']) {
    expect(await runCommand('cluster:status', [flag], world, { tty: true })).toMatchObject({ exitCode: 2 });
  }
  expect(await runCommand('cluster:status', [], world, { tty: true, env: { ZKD_QUIET: 'on' } })).toMatchObject({ exitCode: 2 });
});
