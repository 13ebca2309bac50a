import { beforeEach, describe, expect, it } from 'vitest';
import { ZkdError } from '../../../src/errors.js';
import { useFakeHostPorts } from '../../fakes/fake-host-ports.js';
import { createWorld, type World } from '../../support/ensemble-world.js';
import { runCommand, type RunOptions, type RunResult } from '../../support/run-command.js';

useFakeHostPorts();

let world: World;
beforeEach(async () => {
  world = createWorld();
  await world.up();
});

const WATCH = ['zk', '--watch', '--interval', '100ms'];

interface SoFar {
  readonly stdout: string;
  readonly stderr: string;
}

/** Watches; each step waits until what was written so far is as it says, and then does something. The last one ends the watch with a signal. */
async function watchThrough(
  signal: NodeJS.Signals,
  argv: readonly string[],
  steps: readonly (readonly [(soFar: SoFar) => boolean, () => unknown])[],
  options: RunOptions = {},
): Promise<RunResult> {
  const before = new Set<unknown>(process.listeners(signal));
  const deliver = (): void => {
    for (const listener of process.listeners(signal)) if (!before.has(listener)) listener(signal);
  };
  const left = [...steps];
  const onOutput = (soFar: SoFar): void => {
    const [next] = left;
    if (!next?.[0](soFar)) return;
    left.shift();
    void next[1]();
    if (left.length === 0) deliver();
  };
  return runCommand('cluster:status', argv, world, { ...options, onOutput });
}

const nothing = (): void => undefined;
/** So many whole lines, or tables, or frames. */
const lines =
  (count: number) =>
  ({ stdout }: SoFar) =>
    stdout.split('\n').length > count;
const tables =
  (count: number) =>
  ({ stdout }: SoFar) =>
    (stdout.match(/^ID /gm)?.length ?? 0) >= count;
const frames =
  (count: number) =>
  ({ stdout }: SoFar) =>
    (stdout.match(/seen at/g)?.length ?? 0) >= count;

const linesOf = ({ stdout }: RunResult) =>
  stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe('cluster status --watch --json', () => {
  it('is a document a line, at the start and at a change, and one for its end', async () => {
    const result = await watchThrough(
      'SIGINT',
      [...WATCH, '--json'],
      [
        [lines(1), () => world.engine.pauseContainer('zkd-zk-2')],
        [lines(2), nothing],
      ],
    );
    const [first, second, last, ...more] = linesOf(result);
    expect(more).toEqual([]);
    expect(Object.keys(first ?? {})).toEqual(['time', 'cluster', 'healthy', 'causes']);
    expect(first).toMatchObject({ healthy: true, cluster: { leader: 3 } });
    expect(second).toMatchObject({ healthy: false, causes: [{ member: 2, cause: 'paused' }] });
    expect(last).toMatchObject({ error: { code: 'interrupted', exitCode: 130 } });
    expect(result).toMatchObject({ exitCode: 130, stderr: '' });
  });

  it('ends with exit 143 at SIGTERM, and frees the signals', async () => {
    const before = process.listenerCount('SIGTERM');
    expect((await watchThrough('SIGTERM', [...WATCH, '--json'], [[lines(1), nothing]])).exitCode).toBe(143);
    expect(process.listenerCount('SIGTERM')).toBe(before);
  });

  it('ends with exit 3 when the ensemble is gone', async () => {
    const result = await watchThrough(
      'SIGINT',
      [...WATCH, '--json'],
      [
        [lines(1), () => world.down({ volumes: true })],
        [() => false, nothing],
      ],
    );
    expect(result.exitCode).toBe(3);
    expect(linesOf(result).at(-1)).toMatchObject({ error: { code: 'not-found', details: { cluster: 'zk' } } });
  });

  it('is one line also where there is nothing to watch', async () => {
    const { stdout, exitCode } = await runCommand('cluster:status', ['other', '--watch', '--json'], world);
    expect(exitCode).toBe(3);
    expect(stdout.trimEnd().split('\n')).toHaveLength(1);
    const wrong = await runCommand('cluster:status', ['zk', '-w', '--bogus', '--json'], world);
    expect(wrong.exitCode).toBe(2);
    expect(linesOf(wrong)).toEqual([{ error: expect.objectContaining({ code: 'usage' }) as object }]);
  });

  it('ends by itself, and well, when nobody reads any more', async () => {
    const result = await runCommand('cluster:status', [...WATCH, '--json'], world, { readerLeavesAfter: 1 });
    expect(result).toMatchObject({ exitCode: 0, stderr: '' });
    expect(linesOf(result)).toHaveLength(1);
  });
});

describe('cluster status --watch', () => {
  it('writes a table at the start and at every change where stdout is no terminal', async () => {
    const { stdout, stderr, exitCode } = await watchThrough('SIGINT', WATCH, [
      [tables(1), () => world.engine.pauseContainer('zkd-zk-2')],
      [tables(2), nothing],
    ]);
    expect(stdout).toMatch(/^\d{4}-\S+Z\nzk: healthy, [^]*\n\n\d{4}-\S+Z\nzk: unhealthy, [^]*member 2: paused\n$/);
    expect(stdout.match(/^ID /gm)).toHaveLength(2);
    expect(stderr).toBe('Error: Interrupted by SIGINT\n');
    expect(exitCode).toBe(130);
  });

  it('says once on stderr that the engine went away, and that it is back, and goes on', async () => {
    const lost = () => new ZkdError('engine-unavailable', 'Engine does not answer', { details: { reason: 'unreachable' } });
    const goAway = (): void => {
      for (let look = 1; look <= 2; look += 1) world.engine.failNext('listVolumes', lost());
    };
    const { stderr, stdout, exitCode } = await watchThrough('SIGINT', WATCH, [
      [tables(1), goAway],
      [(soFar) => soFar.stderr.includes('answers again'), nothing],
    ]);
    expect(stderr).toBe(
      'Warning: Engine does not answer; trying again until it answers\nThe engine answers again\nError: Interrupted by SIGINT\n',
    );
    expect(stdout.match(/^ID /gm)).toHaveLength(1);
    expect(exitCode).toBe(130);
  });

  it('ends by itself when nobody reads any more', async () => {
    expect(await runCommand('cluster:status', WATCH, world, { readerLeavesAfter: 1 })).toMatchObject({ exitCode: 0, stderr: '' });
  });

  it('redraws in place on a terminal', async () => {
    const { stdout, exitCode } = await watchThrough('SIGINT', WATCH, [[frames(3), nothing]], { tty: true, env: { CI: '', TERM: 'xterm' } });
    expect(stdout.match(/seen at/g)?.length).toBeGreaterThan(2);
    expect(stdout).toContain(`${String.fromCharCode(27)}[`);
    expect(exitCode).toBe(130);
  });

  it('takes no pause below 100 ms, takes it from a variable too, and ends in the middle of a long one', async () => {
    expect((await runCommand('cluster:status', ['zk', '--watch', '--interval', '99ms'], world)).exitCode).toBe(2);
    expect((await runCommand('cluster:status', ['zk', '--watch'], world, { env: { ZKD_INTERVAL: 'soon' } })).exitCode).toBe(2);
    const startedAt = performance.now();
    await watchThrough('SIGINT', ['zk', '--watch'], [[tables(1), nothing]], { env: { ZKD_INTERVAL: '60s' } });
    expect(performance.now() - startedAt).toBeLessThan(5000);
  });

  it('has no variable: a plain status looks once', async () => {
    expect((await runCommand('cluster:status', ['zk'], world, { env: { ZKD_WATCH: '1' } })).exitCode).toBe(0);
  });
});
