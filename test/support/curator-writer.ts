/** The Curator program of test/support/curator on this host, as a child that writes numbered znodes until its input ends. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { execa } from 'execa';
import { beforeAll, expect } from 'vitest';
import { retryUntil } from '../../src/runtime/retry-until.js';
import type { useEnsembles } from './story.js';

const JARS = join(process.env['ZKD_CACHE_DIR'] ?? '/var/cache/zkd', 'curator', '*');
const SOURCE = new URL('curator/Writer.java', import.meta.url).pathname;

export interface Writer {
  readonly lines: readonly string[];
  readonly acknowledged: () => number;
  readonly connection: () => string;
  /** Closes its input, waits for its end, and expects every acknowledged write to be there, and no other. */
  end(): Promise<void>;
}

export interface WriterRequest {
  readonly connect: string;
  readonly tracker: 'tracker' | 'no-tracker';
  readonly root: string;
  /** What it sees as /etc/hosts, in a mount namespace of its own. */
  readonly hosts?: string;
}

/** Compiles the program before the tests of a file. Answers how to start it; it is killed after the test in any case. */
export function useWriters({ later }: Pick<ReturnType<typeof useEnsembles>, 'later'>) {
  let classes = '';
  beforeAll(async () => {
    classes = await mkdtemp(join(tmpdir(), 'zkd-curator.'));
    later(() => rm(classes, { recursive: true }));
    const { exitCode, all } = await execa('javac', ['-cp', JARS, '-d', classes, SOURCE], { reject: false, all: true });
    if (exitCode !== 0) throw new Error(`the Curator program does not compile; bin/setup --yes --with-tests brings what it needs\n${all}`);
  });
  return {
    folder: () => classes,
    start: ({ connect, tracker, root, hosts }: WriterRequest): Writer => {
      const jvm = ['-Xmx128m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-cp', `${classes}:${JARS}`];
      const java = ['java', ...jvm, 'Writer', connect, tracker, root];
      const command =
        hosts === undefined ? java : ['unshare', '--mount', 'sh', '-c', 'mount --bind "$0" /etc/hosts && exec "$@"', hosts, ...java];
      const child = spawn(command[0] ?? '', command.slice(1), { stdio: ['pipe', 'pipe', 'pipe'] });
      const closed = once(child, 'close');
      later(async () => child.kill('SIGKILL'));
      const lines: string[] = [];
      let complaint = '';
      child.stderr.on('data', (chunk: Buffer) => (complaint = (complaint + chunk.toString()).slice(-4000)));
      createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
      return {
        lines,
        acknowledged: () => numbers(lines, 'ACK').length,
        connection: () =>
          lines
            .filter((line) => line.startsWith('CONNECT '))
            .at(-1)
            ?.slice('CONNECT '.length) ?? '',
        async end() {
          child.stdin.end();
          const [code] = (await closed) as [number | null];
          expect(code, complaint).toBe(0);
          expect(lines.at(-1)).toBe('END');
          const acknowledged = numbers(lines, 'ACK');
          expect(acknowledged).toEqual(acknowledged.map((_, index) => index + 1));
          expect(new Set(numbers(lines, 'FOUND'))).toEqual(new Set(acknowledged));
        },
      };
    },
  };
}

const numbers = (lines: readonly string[], word: string): number[] =>
  lines.filter((line) => line.startsWith(`${word} `)).map((line) => Number(line.split(' ')[1]));

/** Waits for a program to come so far. */
export async function until(what: string, holds: () => boolean): Promise<void> {
  const held = await retryUntil(async () => (holds() ? true : undefined), { timeoutMs: 60_000, intervalMs: 50 });
  if (!held) throw new Error(`never: ${what}`);
}
