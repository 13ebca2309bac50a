/** Child processes that share this one's terminal. */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { keepSockets } from './keep-sockets.js';

export interface ChildRequest {
  readonly command: readonly [string, ...string[]];
  /** Bytes on its stdin; this process's own stdin where absent. */
  readonly input?: Uint8Array;
  readonly env: NodeJS.ProcessEnv;
  /** Ends it with SIGTERM. */
  readonly signal?: AbortSignal;
}

export interface ChildEnd {
  /** 128+n where a signal ended it, 127 where there is no such command, 126 where it cannot be run. */
  readonly exitCode: number;
  /** Why it could not be started; null where it was. */
  readonly startError: string | null;
}

/** Runs a command to its end; its output is this process's own. Never rejects. */
export function runChild({ command: [file, ...args], input, env, signal }: ChildRequest): Promise<ChildEnd> {
  return new Promise((resolve) => {
    const child = spawn(file, args, { stdio: [input === undefined ? 'inherit' : 'pipe', 'inherit', 'inherit', ...keepSockets()], env });
    const end = (): void => void child.kill('SIGTERM');
    signal?.addEventListener('abort', end, { once: true });
    const settle = (result: ChildEnd): void => {
      signal?.removeEventListener('abort', end);
      resolve(result);
    };
    child.once('error', (error: NodeJS.ErrnoException) => {
      settle({ exitCode: error.code === 'ENOENT' ? 127 : 126, startError: error.message });
    });
    child.once('close', (code, name) => settle({ exitCode: code ?? 128 + (name ? constants.signals[name] : 0), startError: null }));
    // A command need not read what it is given.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
  });
}
