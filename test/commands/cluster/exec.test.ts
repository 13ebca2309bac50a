import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ZkdError } from '../../../src/errors.js';
import type { FakeCommand } from '../../fakes/fake-exec.js';
import { useFakeHostPorts } from '../../fakes/fake-host-ports.js';
import { createWorld, type World } from '../../support/ensemble-world.js';
import { runCommand, runJson, type RunOptions } from '../../support/run-command.js';
import { signalsFromNow, type SignalName } from '../../support/signals.js';

useFakeHostPorts();

let world: World;
let folder: string;
let deliver: (name: SignalName) => void;
beforeEach(async () => {
  deliver = signalsFromNow();
  folder = await mkdtemp(join(tmpdir(), 'zkd-exec-'));
  world = createWorld();
  await world.up({ given: { size: 2 } });
});
afterEach(() => rm(folder, { recursive: true }));

const OWN = (code: number): string => `zkd: exit code ${code} is zkd's own, not the command's\n`;

/** Runs `cluster exec zk --member 1 ... -- command`, the command played by the test. */
async function exec(play: FakeCommand, argv: readonly string[] = [], options: RunOptions = {}) {
  world.engine.onAttach = () => play;
  const result = await runCommand('cluster:exec', ['zk', '--member', '1', ...argv, '--', 'command', '--json', '--', '-x'], world, options);
  const [attached] = world.engine.attached;
  return { ...result, attached };
}

const echo: FakeCommand = async ({ input, write }) => {
  for await (const chunk of input) await write(chunk);
  return 0;
};

describe('cluster exec', () => {
  it('ends as the command does, streams apart, byte for byte, its words untouched', async () => {
    const bytes = Buffer.from([0, 255, 10, 13, 27, 128]);
    const {
      exitCode,
      bytes: out,
      stderr,
      attached,
    } = await exec(async ({ write }) => {
      await write(bytes);
      await write('trouble', 'stderr');
      await write(bytes);
      return 42;
    });
    expect({ exitCode, stderr }).toEqual({ exitCode: 42, stderr: 'trouble' });
    expect(out.equals(Buffer.concat([bytes, bytes]))).toBe(true);
    const call = world.engine.calls.find(({ method }) => method === 'attachExec');
    expect(call?.args[1]).toEqual({ command: ['command', '--json', '--', '-x'], hasInput: true });
    expect(attached?.calls.at(-1)).toBe('close');
  });

  it('passes stdin on to its end where it is no terminal', async () => {
    const { bytes, attached, exitCode } = await exec(echo, [], { input: 'hello\0there\n' });
    expect({ exitCode, text: bytes.toString() }).toEqual({ exitCode: 0, text: 'hello\0there\n' });
    expect(attached?.calls).toContain('end of input');
  });

  it('ends with the command though stdin goes on', async () => {
    const input = new PassThrough();
    input.write('first');
    const once: FakeCommand = async ({ input: lines, write }) => {
      for await (const chunk of lines) {
        await write(chunk);
        break;
      }
      return 3;
    };
    expect(await exec(once, [], { input })).toMatchObject({ exitCode: 3, stdout: 'first' });
    expect(input.listenerCount('data')).toBe(0);
  });

  it('gives the command a terminal of this one’s size where there is one, and this one back', async () => {
    const modes: boolean[] = [];
    const terminal: string[] = [];
    const run = await exec(
      async ({ options, size, write }) => {
        terminal.push(`${size()?.columns ?? 0}x${size()?.rows ?? 0} ${options.env?.['TERM'] ?? ''}`);
        await write('$ ');
        return 5;
      },
      [],
      { tty: true, onRawMode: (isRaw) => void modes.push(isRaw), env: { TERM: 'xterm-256color' } },
    );
    expect(run).toMatchObject({ exitCode: 5, stdout: '$ ' });
    expect(terminal).toEqual(['120x40 xterm-256color']);
    expect(modes).toEqual([true, false]);
  });

  it('gives the terminal back where the engine goes away in the middle', async () => {
    const modes: boolean[] = [];
    const run = await exec(
      async () => {
        throw new Error('the connection is gone');
      },
      ['--no-color'],
      { tty: true, onRawMode: (isRaw) => void modes.push(isRaw) },
    );
    expect(run.exitCode).toBe(1);
    expect(run.stderr).toMatch(/^Error: .*the connection is gone/);
    expect(modes).toEqual([true, false]);
  });

  it('passes a change of size on', async () => {
    const { attached } = await exec(
      async () => {
        deliver('SIGWINCH');
        return 0;
      },
      [],
      { tty: true },
    );
    expect(attached?.calls).toContain('resize 120x40');
  });

  it.each([
    [['--tty'], false, true, true],
    [['--no-tty'], true, false, false],
    [['--no-tty', '--interactive'], true, false, true],
    [[], true, true, true],
    [[], false, false, true],
  ])('%j with a terminal %j: a terminal inside %j, input %j', async (argv, tty, isTerminal, hasInput) => {
    await exec(() => 0, argv, { tty });
    const call = world.engine.calls.find(({ method }) => method === 'attachExec');
    const options = call?.args[1] as { terminal?: object; hasInput: boolean };
    expect([options.terminal !== undefined, options.hasInput]).toEqual([isTerminal, hasInput]);
  });

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const)('passes %s on, and ends as the command then does', async (signal) => {
    const seen: string[] = [];
    const { exitCode, stderr } = await exec(async ({ signalled }) => {
      const first = signalled();
      deliver(signal);
      seen.push(await first);
      return 77;
    });
    expect({ exitCode, stderr, seen }).toEqual({ exitCode: 77, stderr: '', seen: [signal.slice(3)] });
  });

  it('leaves a command to itself at the third signal', async () => {
    const stubborn: FakeCommand = ({ onSignal }) => {
      onSignal(() => undefined);
      for (let time = 0; time < 3; time++) deliver('SIGINT');
      return new Promise(() => undefined);
    };
    const { exitCode, stderr } = await exec(stubborn, ['--own-exit-base', '100']);
    expect(exitCode).toBe(230);
    expect(stderr).toMatch(/^Error: SIGINT came 3 times/);
    expect(stderr.endsWith(OWN(230))).toBe(true);
  });

  it('tells the command that nobody reads any more, once', async () => {
    const { exitCode, attached } = await exec(
      async ({ write, signalled }) => {
        const signal = signalled();
        await write('one');
        await write('two');
        return (await signal) === 'PIPE' ? 141 : 1;
      },
      [],
      { onWrite: () => false },
    );
    expect(exitCode).toBe(141);
    expect(attached?.calls.filter((call) => call === 'signal PIPE')).toHaveLength(1);
  });

  it('reads no faster than its own reader', async () => {
    const progress: string[] = [];
    await exec(
      async ({ write }) => {
        for (const piece of ['a', 'b', 'c']) {
          await write(piece);
          progress.push(`written ${piece}`);
        }
        return 0;
      },
      [],
      {
        onWrite: async () => {
          progress.push('read');
          await new Promise((resolve) => setTimeout(resolve, 10));
          return true;
        },
      },
    );
    expect(progress.indexOf('written c')).toBeGreaterThan(progress.lastIndexOf('read') - 2);
    expect(progress.filter((step) => step === 'read')).toHaveLength(3);
  });

  it.each([
    ['not found', 127],
    ['permission denied', 126],
  ])('says why a command cannot run (%s), and ends with %i', async (why, code) => {
    const { exitCode, stdout, stderr } = await exec(() => `OCI runtime exec failed: ${why}`);
    expect({ exitCode, stdout }).toEqual({ exitCode: code, stdout: '' });
    expect(stderr).toBe(`Error: Cannot run "command" in member 1: OCI runtime exec failed: ${why}\n`);
  });
});

describe('what is zkd’s own', () => {
  const failing = async (argv: readonly string[], env = {}) => runCommand('cluster:exec', argv, world, { env });

  it('is told by the last line on stderr: no such ensemble, member, or a member that does not run', async () => {
    await world.engine.stopContainer('zkd-zk-2', { timeoutMs: 1 });
    for (const [name, member, code, words] of [
      ['other', '1', 3, 'Ensemble "other" does not exist'],
      ['zk', '9', 3, 'has no member 9'],
      ['zk', '2', 4, 'its container is exited'],
    ] as const) {
      const { exitCode, stdout, stderr } = await failing([name, '--member', member, '--', 'ls']);
      expect({ exitCode, stdout }).toEqual({ exitCode: code, stdout: '' });
      expect(stderr).toMatch(/^Error: /);
      expect(stderr).toContain(words);
      expect(stderr.endsWith(OWN(code))).toBe(true);
    }
    expect((await failing(['zk', '--member', '2', '--', 'ls'])).stderr).toContain('zkd cluster start zk');
  });

  it.each([
    [['--own-exit-base', '100'], {}],
    [['--own-exit-base=100'], {}],
    [[], { ZKD_OWN_EXIT_BASE: '100' }],
  ])('is moved by %j %j, also where nothing could be parsed', async (argv, env) => {
    expect((await failing(['other', '--member', '1', ...argv, '--', 'ls'], env)).exitCode).toBe(103);
    const { exitCode, stderr } = await failing(['zk', '--bogus', ...argv, '--', 'ls'], env);
    expect(exitCode).toBe(102);
    expect(stderr.endsWith(OWN(102))).toBe(true);
    expect((await exec(() => 3, argv, { env })).exitCode).toBe(3);
  });

  it('is a document on stdout with --json, as long as no command has started', async () => {
    const { document, exitCode, stderr } = await runJson(
      'cluster:exec',
      ['other', '--member', '1', '--own-exit-base', '50', '--', 'ls'],
      world,
    );
    expect({ exitCode, stderr }).toEqual({ exitCode: 53, stderr: OWN(53) });
    expect(document).toMatchObject({ error: { code: 'not-found', exitCode: 53 } });
    world.engine.failNext('attachExec', new ZkdError('engine-unavailable', 'The engine has gone away'));
    const unstarted = await runJson('cluster:exec', ['zk', '--member', '1', '--', 'ls'], world);
    expect(unstarted.document).toMatchObject({ error: { code: 'engine-unavailable' } });
    const run = await exec(
      async ({ write }) => {
        await write('its own');
        return 0;
      },
      ['--json'],
    );
    expect(run.stdout).toBe('its own');
  });
});

describe('the result file', () => {
  it('tells how the command ended, and nothing of what it was', async () => {
    const file = join(folder, 'result.json');
    expect((await exec(() => 7, ['--result', file])).exitCode).toBe(7);
    const text = await readFile(file, 'utf8');
    expect(JSON.parse(text)).toEqual({
      source: 'child',
      code: 7,
      cluster: 'zk',
      member: 1,
      container: 'zkd-zk-1',
      startError: null,
      tookMs: expect.any(Number) as number,
    });
    expect(text).not.toContain('command');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  it('tells a failure of zkd’s own', async () => {
    const file = join(folder, 'result.json');
    await runCommand('cluster:exec', ['other', '--member', '1', '--result', file, '--own-exit-base', '9', '--', 'ls'], world);
    expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({ source: 'zkd', code: 12, error: { code: 'not-found', exitCode: 12 } });
  });
});
