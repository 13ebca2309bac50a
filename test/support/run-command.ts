/**
 * Runs one command in process, as `zkd` would, on fakes: the class from `src`, the outside replaced through the one seam in
 * `src/cli/ports.ts`. What oclif does before a command runs is in the end-to-end tests.
 */
import { Readable } from 'node:stream';
import { Config } from '@oclif/core/config';
import { replacePorts, type Ports } from '../../src/cli/ports.js';
import type { EndpointOptions, Engine } from '../../src/engine/index.js';
import type { SessionOptions, SessionState, ZooKeeperSession } from '../../src/zookeeper/index.js';
import { FakeZooKeeper, openFakeSession } from '../fakes/fake-session.js';
import type { FakeMembers } from '../fakes/fake-members.js';
import { loadCommand } from './commands.js';

export interface RunWorld {
  readonly engine: Engine;
  readonly zooKeeper: FakeMembers;
  /** What sessions are opened with; another one where it is in a test's hands. */
  readonly znodes?: FakeZooKeeper;
}

export interface RunOptions {
  /** Variables beside a clean environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Which streams are terminals; none where absent. Live drawing is off under `CI`, which these runs have. */
  readonly tty?: boolean;
  /** Who reads stdout leaves after so many writes: those that follow fail as on a closed pipe. */
  readonly readerLeavesAfter?: number;
  /** Called after every write with all that was written so far: for what happens in the middle of a command without an end. */
  readonly onOutput?: (soFar: { readonly stdout: string; readonly stderr: string }) => void;
  /** What comes in on stdin; a stream of the test's own where it is to last. Nothing where absent. */
  readonly input?: string | Readable;
  /** Told each change to and from raw mode of the terminal. */
  readonly onRawMode?: (isRaw: boolean) => void;
  /** Called before each piece of stdout is taken; false refuses it, as a pipe does that nobody reads any more. */
  readonly onWrite?: () => Promise<boolean> | boolean;
  /** What servers answer to four-letter words, in place of those of the world. */
  readonly askFourLetterWord?: Ports['askFourLetterWord'];
  /** Called once the command has opened the engine; for signals in the middle of the work. */
  readonly onOpen?: () => void;
}

export interface RunResult {
  readonly stdout: string;
  /** The same, byte by byte. */
  readonly bytes: Buffer;
  readonly stderr: string;
  readonly exitCode: number;
  /** What each opening of an engine was asked for. */
  readonly openings: readonly EndpointOptions[];
  /** What each opening of a session was asked for. */
  readonly sessions: readonly SessionOptions[];
  /** What has become of them by the end of the command. */
  readonly sessionStates: readonly SessionState[];
}

/** Does one thing after the other, each once the command has said something more. */
export function stepByStep(...steps: (() => void)[]): Pick<RunOptions, 'onOutput'> {
  let [next, seen] = [0, 0];
  return {
    onOutput({ stdout, stderr }) {
      if (stdout.length + stderr.length === seen) return;
      seen = stdout.length + stderr.length;
      const step = steps[next++];
      if (step) setTimeout(step, 10);
    },
  };
}

const ROOT = new URL('../..', import.meta.url).pathname;
const OURS = /^(ZKD_|DOCKER_|GITHUB_ENV$|NO_COLOR$|FORCE_COLOR$|CI$|TERM$)/;
let loading: Promise<Config> | undefined;

/** The configuration of the program, loaded once a file. */
export function loadConfig(): Promise<Config> {
  loading ??= Config.load({ root: ROOT });
  return loading;
}

/** Puts an environment in place of the process's as far as zkd looks at it; answers how to take it back. oclif reads `process.env` itself. */
function useEnvironment(env: Readonly<Record<string, string>>): () => void {
  const before = { ...process.env };
  for (const key of Object.keys(process.env)) if (OURS.test(key)) Reflect.deleteProperty(process.env, key);
  Object.assign(process.env, { CI: 'true', ...env });
  return () => {
    for (const key of Object.keys(process.env)) if (!(key in before)) Reflect.deleteProperty(process.env, key);
    Object.assign(process.env, before);
  };
}

/** Collects what is written. */
interface SinkOptions {
  readonly tell?: () => void;
  readonly leavesAfter?: number | undefined;
  readonly onWrite?: (() => Promise<boolean> | boolean) | undefined;
}

function sink(isTTY: boolean, { tell, leavesAfter = Infinity, onWrite = () => true }: SinkOptions = {}) {
  const chunks: Buffer[] = [];
  type Done = (error?: Error | null) => void;
  const write = (chunk: Uint8Array | string, encoding?: BufferEncoding | Done, callback?: Done): boolean => {
    const done = typeof encoding === 'function' ? encoding : callback;
    const isLeft = chunks.length >= leavesAfter;
    if (!isLeft) chunks.push(Buffer.from(chunk));
    if (tell) queueMicrotask(tell);
    void (async () => {
      const isTaken = (await onWrite()) && !isLeft;
      done?.(isTaken ? null : Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
    })();
    return true;
  };
  const stream: Ports['stdout'] = { write, isTTY, columns: 120, rows: 40 };
  return { stream, bytes: () => Buffer.concat(chunks), text: () => Buffer.concat(chunks).toString() };
}

function inputOf({ tty = false, input = '', onRawMode }: RunOptions): Ports['stdin'] {
  const stream = typeof input === 'string' ? Readable.from(input === '' ? [] : [Buffer.from(input)]) : input;
  const setRawMode = (isRaw: boolean) => {
    onRawMode?.(isRaw);
    return stream;
  };
  return Object.assign(stream, { isTTY: tty, setRawMode }) as unknown as Ports['stdin'];
}

/** The ports of a run on fakes, and what came out of it. */
export function fakePorts(world: RunWorld | Error, options: RunOptions = {}) {
  const { tty = false, readerLeavesAfter, onOutput, onOpen, onWrite } = options;
  const tell = (): void => onOutput?.({ stdout: stdout.text(), stderr: stderr.text() });
  const [stdout, stderr] = [sink(tty, { tell, leavesAfter: readerLeavesAfter, onWrite }), sink(tty, { tell })];
  const openings: EndpointOptions[] = [];
  const sessions: SessionOptions[] = [];
  const opened: ZooKeeperSession[] = [];
  const ports: Partial<Ports> = {
    env: process.env,
    stdin: inputOf(options),
    stdout: stdout.stream,
    stderr: stderr.stream,
    async openEngine(choice) {
      openings.push(choice);
      onOpen?.();
      if (world instanceof Error) throw world;
      return world.engine;
    },
    askFourLetterWord:
      options.askFourLetterWord ??
      ((address, word, how) => (world instanceof Error ? Promise.reject(world) : world.zooKeeper.ask(address, word, how))),
    async openSession(asked) {
      sessions.push(asked);
      const session = await openFakeSession((world instanceof Error ? undefined : world.znodes) ?? new FakeZooKeeper(), asked);
      opened.push(session);
      return session;
    },
  };
  const sessionStates = () => opened.map(({ state }) => state);
  return {
    ports,
    openings,
    sessions,
    sessionStates,
    stdout: () => stdout.text(),
    bytes: () => stdout.bytes(),
    stderr: () => stderr.text(),
  };
}

/** Runs `zkd <id> <argv>`. A world that is an error is an engine that cannot be opened. */
export async function runCommand(
  id: string,
  argv: readonly string[],
  world: RunWorld | Error,
  options: RunOptions = {},
): Promise<RunResult> {
  const [command, config] = await Promise.all([loadCommand(id), loadConfig()]);
  const restore = useEnvironment(options.env ?? {});
  const { ports, openings, sessions, sessionStates, stdout, bytes, stderr } = fakePorts(world, options);
  try {
    await command.run([...argv], replacePorts(config, ports));
    return {
      stdout: stdout(),
      bytes: bytes(),
      stderr: stderr(),
      exitCode: Number(process.exitCode ?? 0),
      openings,
      sessions,
      sessionStates: sessionStates(),
    };
  } finally {
    process.exitCode = undefined;
    restore();
  }
}

/** Runs with `--json` and parses the one document on stdout; more or less than one fails. */
export async function runJson(
  id: string,
  argv: readonly string[],
  world: RunWorld | Error,
  options: RunOptions = {},
): Promise<RunResult & { readonly document: Record<string, unknown> }> {
  const result = await runCommand(id, ['--json', ...argv], world, options);
  return { ...result, document: JSON.parse(result.stdout) as Record<string, unknown> };
}
