/**
 * Programs on the host, written with Curator: one with its default EnsembleTracker and the hosts entry that `zkd cluster env` prints, one
 * without either. Both keep writing through the death of the leader.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { beforeAll, describe, expect, it } from 'vitest';
import { retryUntil } from '../../../src/runtime/retry-until.js';
import { docker, IMAGE, status, succeed, up, useEnsembles } from '../../support/story.js';

const ensembles = useEnsembles();
const JARS = join(process.env['ZKD_CACHE_DIR'] ?? '/var/cache/zkd', 'curator', '*');
const SOURCE = new URL('../../support/curator/Writer.java', import.meta.url).pathname;
let classes = '';

interface Writer {
  readonly lines: readonly string[];
  readonly acknowledged: () => number;
  readonly connection: () => string;
  /** Closes its input and waits for its end. */
  end(): Promise<void>;
}

/** Starts a program; with `hosts` as its /etc/hosts, in a mount namespace of its own. */
function startWriter(connect: string, tracker: 'tracker' | 'no-tracker', root: string, hosts?: string): Writer {
  const java = [
    'java',
    '-Xmx128m',
    '-XX:+UseSerialGC',
    '-XX:TieredStopAtLevel=1',
    '-cp',
    `${classes}:${JARS}`,
    'Writer',
    connect,
    tracker,
    root,
  ];
  const command =
    hosts === undefined ? java : ['unshare', '--mount', 'sh', '-c', 'mount --bind "$0" /etc/hosts && exec "$@"', hosts, ...java];
  const child = spawn(command[0] ?? '', command.slice(1), { stdio: ['pipe', 'pipe', 'pipe'] });
  const closed = once(child, 'close');
  ensembles.later(async () => child.kill('SIGKILL'));
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
    },
  };
}

const numbers = (lines: readonly string[], word: string): number[] =>
  lines.filter((line) => line.startsWith(`${word} `)).map((line) => Number(line.split(' ')[1]));

async function until(what: string, holds: () => boolean): Promise<void> {
  const held = await retryUntil(async () => (holds() ? true : undefined), { timeoutMs: 60_000, intervalMs: 50 });
  if (!held) throw new Error(`never: ${what}`);
}

beforeAll(async () => {
  classes = await mkdtemp(join(tmpdir(), 'zkd-curator.'));
  ensembles.later(() => rm(classes, { recursive: true }));
  const { exitCode, all } = await execa('javac', ['-cp', JARS, '-d', classes, SOURCE], { reject: false, all: true });
  if (exitCode !== 0) throw new Error(`the Curator program does not compile; bin/setup --yes --with-tests brings what it needs\n${all}`);
});

describe('Curator programs on the host', () => {
  it('keep writing through the death of the leader and lose nothing that was acknowledged', async () => {
    const name = ensembles.name();
    const { cluster } = await up(name, '--client-port', 'auto', '--image', IMAGE, '--heap', '64m', '--tick-time', '500ms');
    const environment = await succeed<Record<string, string>>(['cluster', 'env', name]);
    const { ZKD_CONNECT: connect = '', HOSTS_ENTRY: entry = '', ZOOKEEPER_INTERNAL_CONNECT: internal = '' } = environment;
    const hosts = join(classes, 'hosts');
    await writeFile(hosts, `${await readFile('/etc/hosts', 'utf8')}\n${entry}\n`);

    const tracking = startWriter(connect, 'tracker', '/tracking', hosts);
    const plain = startWriter(connect, 'no-tracker', '/plain');
    const writers = [tracking, plain];
    await until('both write', () => writers.every(({ acknowledged }) => acknowledged() >= 20));
    await until("the tracker took over the members' own names", () => tracking.connection().includes(`zkd-${name}-`));
    expect(tracking.connection().split(',').sort()).toEqual(internal.split(',').sort());
    expect(plain.connection()).toBe(connect);

    await docker('kill', `zkd-${name}-${cluster.leader ?? 0}`);
    const before = writers.map(({ acknowledged }) => acknowledged());
    await until('both write on', () => writers.every(({ acknowledged }, index) => acknowledged() >= (before[index] ?? 0) + 50));
    const seen = await status(name);
    expect(seen.causes).toEqual([{ member: cluster.leader, cause: 'not running: exited with code 137 (killed)' }]);
    expect(seen.cluster.epoch).toBeGreaterThan(cluster.epoch ?? 0);

    await up(name);
    const then = writers.map(({ acknowledged }) => acknowledged());
    await until('both write on', () => writers.every(({ acknowledged }, index) => acknowledged() >= (then[index] ?? 0) + 20));
    for (const writer of writers) {
      await writer.end();
      expect(writer.lines.at(-1)).toBe('END');
      const acknowledged = numbers(writer.lines, 'ACK');
      expect(acknowledged).toEqual(acknowledged.map((_, index) => index + 1));
      expect(new Set(numbers(writer.lines, 'FOUND'))).toEqual(new Set(acknowledged));
    }
  });
});
