/** Two that only look: `wait` until somebody has brought about what is waited for, `status --watch` while things happen. */
import { spawn } from 'node:child_process';
import { mkdtemp, rm, symlink, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { beforeAll, describe, expect, it } from 'vitest';
import { retryUntil } from '../../../src/runtime/retry-until.js';
import { openCountingEngine, type CountingEngine } from '../../support/counting-engine.js';
import {
  docker,
  expectFailure,
  expectHumanFailure,
  expectJsonFailure,
  IMAGE,
  succeed,
  up,
  useEnsembles,
  type StatusDocument,
} from '../../support/story.js';
import { linesOnScreen } from '../../support/screen.js';
import { endOf, startZkd, zkd } from '../../support/zkd.js';

const ensembles = useEnsembles();
const name = ensembles.name();
const container = (id: number): string => `zkd-${name}-${id}`;
const SMALL = ['--client-port', 'auto', '--image', IMAGE, '--heap', '64m', '--tick-time', '500ms'] as const;

beforeAll(async () => {
  await up(name, ...SMALL);
});

/** Starts `wait`; `work` begins once it waits. */
async function waitWhile(state: string, work: () => Promise<unknown>): Promise<unknown> {
  const child = startZkd(['cluster', 'wait', name, '--for', state, '--timeout', '120s', '--json']);
  await new Promise<void>((resolve) => {
    child.stderr.on('data', (chunk: Buffer) => {
      if (chunk.toString().includes(`is ${state} ...`)) resolve();
    });
    void child.then(() => resolve());
  });
  await work();
  const { exitCode, stdout, stderr } = endOf(await child);
  expect(exitCode, stderr).toBe(0);
  return JSON.parse(stdout);
}

interface Watch {
  /** All documents so far. */
  readonly documents: readonly (StatusDocument & { readonly time: string })[];
  readonly stderr: () => string;
  /** Waits for the first document from the `from`-th on that is as wanted; answers its place. */
  until(what: string, isWanted: (document: StatusDocument) => boolean, from?: number): Promise<number>;
  end(signal: NodeJS.Signals): Promise<{ readonly exitCode: number; readonly last: unknown }>;
}

function startWatch(env: Readonly<Record<string, string>> = {}): Watch {
  const child = startZkd(['cluster', 'status', name, '--watch', '--interval', '200ms', '--json'], { env });
  ensembles.later(async () => child.kill('SIGKILL'));
  let text = '';
  let complaint = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
  const documents = (): (StatusDocument & { readonly time: string })[] =>
    text
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as StatusDocument & { readonly time: string });
  return {
    get documents() {
      return documents();
    },
    stderr: () => complaint,
    async until(what, isWanted, from = 0) {
      const find = async (): Promise<number | undefined> => {
        const found = documents().findIndex((document, index) => index >= from && isWanted(document));
        return found === -1 ? undefined : found;
      };
      const found = await retryUntil(find, { timeoutMs: 60_000, intervalMs: 50 });
      if (found === undefined) throw new Error(`never seen: ${what}\n${text}\n${complaint}`);
      return found;
    },
    async end(signal) {
      child.kill(signal);
      const { exitCode } = endOf(await child);
      return { exitCode, last: documents().at(-1) };
    },
  };
}

describe('wait', () => {
  it('ends at once where it is so already, and says how long it took', async () => {
    const { exitCode, stdout, stderr } = await zkd(['cluster', 'wait', name]);
    expect(exitCode, stderr).toBe(0);
    expect(stdout).toMatch(new RegExp(`^${name}: ready after `));
  });

  it('sees an ensemble stop, and come back', async () => {
    const waited = { cluster: name, tookMs: expect.any(Number) as number };
    expect(await waitWhile('stopped', () => zkd(['cluster', 'stop', name]))).toEqual({ ...waited, for: 'stopped' });
    expect(await waitWhile('ready', () => zkd(['cluster', 'start', name, '--no-wait']))).toEqual({ ...waited, for: 'ready' });
    expect(await succeed<StatusDocument>(['cluster', 'status', name])).toMatchObject({ healthy: true });
  });

  it('runs out of time with exit 7 and what is missing, for each state', async () => {
    await expectFailure(['cluster', 'wait', name, '--for', 'stopped', '--timeout', '300ms'], {
      exitCode: 7,
      code: 'timeout',
      says: ['is not stopped within 300 ms', 'member 1: running'],
    });
    await expectFailure(['cluster', 'wait', name, '--for', 'gone', '--timeout', '300ms'], {
      exitCode: 7,
      code: 'timeout',
      says: [`container ${container(1)}: running`, `network zkd-${name}`, `data volume ${container(1)}-data`],
    });
    await docker('stop', container(1));
    const failure = await expectFailure(['cluster', 'wait', name, '--timeout', '1s'], {
      exitCode: 7,
      code: 'timeout',
      says: ['is not ready within 1 s', 'member 1: not running: exited with code 143'],
    });
    expect(failure.suggestions[0]).toBe(`zkd cluster start ${name}`);
    await succeed(['cluster', 'start', name, '--timeout', '120s']);
  });

  it('ends at SIGINT with 130 and at SIGTERM with 143', async () => {
    for (const [signal, exitCode] of [['SIGINT', 130] as const, ['SIGTERM', 143] as const]) {
      const child = startZkd(['cluster', 'wait', name, '--for', 'gone']);
      child.stderr.on('data', (chunk: Buffer) => {
        if (chunk.toString().includes('is gone ...')) child.kill(signal);
      });
      expectHumanFailure(endOf(await child), { exitCode, says: [signal] });
    }
  });
});

describe('status --watch', () => {
  it('sees a member killed and coming back, a line at each change, and ends with 130', async () => {
    const watch = startWatch();
    const born = await watch.until('the start', ({ healthy }) => healthy);
    expect(born).toBe(0);
    await docker('kill', container(1));
    const killed = await watch.until('member 1 killed', ({ causes }) => causes.some(({ cause }) => cause.includes('(killed)')));
    expect(watch.documents[killed]).toMatchObject({
      healthy: false,
      causes: [{ member: 1, cause: 'not running: exited with code 137 (killed)' }],
    });
    await docker('start', container(1));
    await watch.until('all well again', ({ healthy }) => healthy, killed);
    const documents = watch.documents;
    for (const [index, document] of documents.entries()) {
      const before = documents[index - 1];
      if (before) expect({ ...document, time: '' }).not.toEqual({ ...before, time: '' });
    }
    const { exitCode, last } = await watch.end('SIGINT');
    expect(exitCode).toBe(130);
    expect(last).toMatchObject({ error: { code: 'interrupted' } });
  });

  it('prints nothing more while nothing but counters changes', async () => {
    const watch = startWatch();
    await watch.until('the start', ({ healthy }) => healthy);
    const zxids = async (): Promise<unknown> =>
      (await succeed<StatusDocument>(['cluster', 'status', name])).cluster.members.map(({ zxid }) => zxid);
    const before = await zxids();
    const address = watch.documents[0]?.cluster.members[0]?.internalAddress ?? '';
    await docker('exec', container(1), 'zkCli.sh', '-server', address, 'create', '/counted', 'x');
    expect(await zxids()).not.toEqual(before);
    expect(watch.documents).toHaveLength(1);
    expect((await watch.end('SIGTERM')).exitCode).toBe(143);
  });

  it('ends by itself when its reader has gone', async () => {
    const line = `${process.execPath} bin/run.js cluster status ${name} --watch --interval 200ms`;
    const watch = (rest: string) => execa('bash', ['-c', `${line} ${rest}; echo "\${PIPESTATUS[0]}"`], { timeout: 20_000, all: true });
    const { stdout, stderr } = await watch('--json | head -1');
    const [document, exitCode] = stdout.split('\n');
    expect(JSON.parse(document ?? '')).toMatchObject({ healthy: true });
    expect({ exitCode, stderr }).toEqual({ exitCode: '0', stderr: '' });
    expect((await watch('| head -2')).stdout).toMatch(new RegExp(`^\\S+Z\n${name}: healthy.*\n0$`));
  });

  it('redraws in place on a terminal, and Ctrl-C ends it with 130', async () => {
    const line = `${process.execPath} bin/run.js cluster status ${name} --watch --interval 200ms`;
    const child = spawn('script', ['-qec', `stty rows 40 cols 200; ${line}`, '/dev/null'], {
      env: { ...process.env, TERM: 'xterm', CI: '', NO_COLOR: '' },
    });
    ensembles.later(async () => child.kill('SIGKILL'));
    let text = '';
    let isPressed = false;
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (isPressed || (text.match(/seen at/g) ?? []).length < 3) return;
      isPressed = true;
      child.stdin.write('\u0003');
    });
    expect(await new Promise((resolve) => child.on('close', resolve)), text).toBe(130);
    const screen = linesOnScreen(text.replaceAll('\r\n', '\n'));
    expect(screen.filter((row) => row.includes('healthy'))).toHaveLength(1);
    expect(screen.filter((row) => row.includes('Ctrl-C ends'))).toHaveLength(1);
    expect(screen.at(-1)).toContain('Interrupted by SIGINT');
  });

  it('outlives the engine: says that it is away and that it is back, once each', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'zkd-watch.'));
    ensembles.later(() => rm(folder, { recursive: true, force: true }));
    const socket = join(folder, 'docker.sock');
    const open = async (): Promise<CountingEngine> => {
      const engine = await openCountingEngine();
      await symlink(engine.socketPath, socket);
      return engine;
    };
    const first = await open();
    const watch = startWatch({ DOCKER_HOST: `unix://${socket}` });
    await watch.until('the start', ({ healthy }) => healthy);
    await first.close();
    await unlink(socket);
    await expect.poll(() => watch.stderr(), { timeout: 20_000 }).toContain('trying again until it answers');
    await docker('pause', container(3));
    const second = await open();
    await watch.until('what happened meanwhile', ({ causes }) => causes.some(({ cause }) => cause === 'paused'));
    expect(watch.stderr().match(/trying again/g)).toHaveLength(1);
    expect(watch.stderr().match(/answers again/g)).toHaveLength(1);
    await docker('unpause', container(3));
    expect((await watch.end('SIGINT')).exitCode).toBe(130);
    await second.close();
  });

  it('ends with 3 when the ensemble is gone, which wait sees too', async () => {
    const watched = startZkd(['cluster', 'status', name, '--watch', '--interval', '200ms', '--json']);
    await new Promise((resolve) => watched.stdout.once('data', resolve));
    await waitWhile('gone', () => zkd(['cluster', 'down', name, '--volumes']));
    const { exitCode, stdout } = endOf(await watched);
    expect(exitCode).toBe(3);
    expect(JSON.parse(stdout.split('\n').at(-1) ?? '')).toMatchObject({ error: { code: 'not-found', details: { cluster: name } } });
    expectJsonFailure(await zkd(['cluster', 'wait', name, '--json']), { exitCode: 3, code: 'not-found', says: [name] });
    expect(await succeed(['cluster', 'wait', name, '--for', 'gone'])).toMatchObject({ for: 'gone' });
  });
});
