/** Runs the built `zkd` as users do: `bin/run.js` as a child process. */
import { constants } from 'node:os';
import type { Readable } from 'node:stream';
import { execa } from 'execa';
import { keepSockets } from '../../src/runtime/keep-sockets.js';

const RUN = new URL('../../bin/run.js', import.meta.url).pathname;

export interface ZkdResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ZkdOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string | Readable;
  readonly uid?: number;
}

const CLEAN = { ZKD_CLUSTER: undefined, ZKD_CONNECT: undefined, FORCE_COLOR: undefined, NO_COLOR: '1', CI: undefined };

let launcher: readonly string[] = [];

/** From now on every zkd is started by this command, which leads into the network of a private engine for example; empty: directly. */
export function startZkdThrough(command: readonly string[]): void {
  launcher = command;
}

/** Whether every zkd is started by another command: what is published where it is may be out of reach for the test. */
export const isZkdElsewhere = (): boolean => launcher.length > 0;

/** Starts zkd and leaves it running. */
export function startZkd(args: readonly string[], options: ZkdOptions = {}) {
  const [file = process.execPath, ...words] = [...launcher, process.execPath, RUN, ...args];
  return execa(file, words, {
    reject: false,
    env: { ...CLEAN, ...options.env },
    // A test's own session must not live on in it. Descriptors are left out of the types.
    stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe', ...(keepSockets() as 'ignore'[])],
    ...(options.input === undefined ? {} : { input: options.input }),
    ...(options.uid === undefined ? {} : { uid: options.uid }),
  });
}

interface Ended {
  readonly exitCode?: number | undefined;
  readonly signal?: NodeJS.Signals | undefined;
  readonly stdout: unknown;
  readonly stderr: unknown;
}

/** What a zkd that was started has ended with. */
export function endOf({ exitCode, signal, stdout, stderr }: Ended): ZkdResult {
  return {
    exitCode: exitCode ?? (signal === undefined ? -1 : 128 + constants.signals[signal]),
    stdout: text(stdout),
    stderr: text(stderr),
  };
}

const text = (output: unknown): string => (typeof output === 'string' ? output : '');

/** Runs zkd to its end. A signal that ended it counts as 128 + its number. */
export async function zkd(args: readonly string[], options: ZkdOptions = {}): Promise<ZkdResult> {
  return endOf(await startZkd(args, options));
}
