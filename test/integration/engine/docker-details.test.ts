import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { hasReason } from '../../../src/errors.js';
import { openEngine } from '../../../src/engine/index.js';
import type { ContainerSpec, Engine, LogLine } from '../../../src/engine/index.js';
import { openTinyRegistry } from '../../support/tiny-registry.js';

const RUN = `d${process.pid}`;
const labels = { 'zkd.test': RUN };
const IMAGE = 'zkd/zookeeper:3.9';
const docker = async (...args: string[]): Promise<string> => (await promisify(execFile)('docker', args)).stdout.trim();

let engine: Engine;
let count = 0;
beforeAll(async () => {
  engine = await openEngine();
});
afterEach(async () => {
  for (const { id } of await engine.listContainers(labels)) await engine.removeContainer(id, { force: true, anonymousVolumes: true });
});
afterAll(async () => {
  for (const { name } of await engine.listVolumes({ labels })) await engine.removeVolume(name);
  for (const { id } of await engine.listNetworks({ labels })) await engine.removeNetwork(id);
  await engine.close();
});

async function started(spec: Partial<ContainerSpec>): Promise<string> {
  const name = `zkd-${RUN}-${++count}`;
  const id = await engine.createContainer({ name, image: IMAGE, labels, network: 'none', command: ['sleep', '60'], ...spec });
  await engine.startContainer(id);
  return id;
}
async function sh(id: string, script: string, more: { user?: string } = {}): Promise<string> {
  const { exitCode, stdout, stderr } = await engine.exec(id, { command: ['sh', '-c', script], ...more });
  expect(exitCode, stderr.toString()).toBe(0);
  return stdout.toString();
}
async function ended(id: string): Promise<void> {
  await expect.poll(async () => (await engine.findContainer(id))?.state, { timeout: 20_000 }).toBe('exited');
}
async function log(id: string): Promise<LogLine[]> {
  const all: LogLine[] = [];
  for await (const line of engine.logs(id)) all.push(line);
  return all;
}

describe('a container on a real engine', () => {
  it('is made exactly as specified, in one call', async () => {
    const network = await engine.createNetwork({ name: `zkd-${RUN}-net`, labels });
    const id = await started({
      network,
      networkAliases: ['zkd-dev-1'],
      hostname: 'zkd-dev-1',
      user: '1000:1000',
      tmpfs: { '/logs': 'uid=1000,gid=1000,size=64m' },
      mounts: [{ volume: `zkd-${RUN}-conf`, target: '/extra', labels, noCopy: true }],
      restart: 'unless-stopped',
      memoryBytes: 128 * 2 ** 20,
      cpus: 0.5,
      pidsLimit: 100,
      dropAllCapabilities: true,
      noNewPrivileges: true,
      logRotation: { maxSizeBytes: 10_000_000, maxFiles: 3 },
    });
    const [inspected] = JSON.parse(await docker('inspect', id)) as [
      { HostConfig: object; NetworkSettings: { Networks: Record<string, { Aliases: string[] }> } },
    ];
    expect(inspected.HostConfig).toMatchObject({
      RestartPolicy: { Name: 'unless-stopped' },
      Memory: 128 * 2 ** 20,
      MemorySwap: 128 * 2 ** 20,
      NanoCpus: 500_000_000,
      PidsLimit: 100,
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges:true'],
      LogConfig: { Type: 'json-file', Config: { 'max-size': '10000000', 'max-file': '3' } },
      Tmpfs: { '/logs': 'uid=1000,gid=1000,size=64m' },
    });
    expect(inspected.NetworkSettings.Networks[`zkd-${RUN}-net`]?.Aliases).toContain('zkd-dev-1');
    expect(await sh(id, 'id -u; hostname; touch /logs/x && echo written; grep -E "^(CapBnd|NoNewPrivs)" /proc/self/status')).toBe(
      '1000\nzkd-dev-1\nwritten\nCapBnd:\t0000000000000000\nNoNewPrivs:\t1\n',
    );
    expect((await engine.listVolumes({ labels })).map(({ name }) => name)).toEqual([`zkd-${RUN}-conf`]);
  });

  it('sees a path of the host, and is refused one that is not there', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'zkd-bind.'));
    try {
      await writeFile(join(folder, 'there'), 'from the host');
      const id = await started({
        mounts: [
          { hostPath: folder, target: '/host', readOnly: true },
          { hostPath: folder, target: '/writable' },
        ],
      });
      expect(await sh(id, 'cat /host/there; touch /host/x 2>/dev/null || echo ", read only"')).toBe('from the host, read only\n');
      await sh(id, 'echo written > /writable/new', { user: '0' });
      expect(await readFile(join(folder, 'new'), 'utf8')).toBe('written\n');
      const refused = started({ mounts: [{ hostPath: join(folder, 'nowhere'), target: '/x' }] });
      await expect(refused).rejects.toMatchObject({ code: 'not-found', details: { reason: 'no-such-file' } });
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('is asked how it is, by a command or through its shell, as often as was said', async () => {
    for (const test of [
      ['CMD', 'test', '-e', '/tmp/well'],
      ['CMD-SHELL', 'test -e /tmp/$WORD'],
    ] as const) {
      const healthCheck = { test, intervalMs: 100, timeoutMs: 5000, retries: 2 };
      const id = await started({ env: { WORD: 'well' }, healthCheck });
      const health = async (): Promise<unknown> => (await engine.findContainer(id))?.health;
      await expect.poll(health, { timeout: 20_000 }).toBe('unhealthy');
      await sh(id, 'touch /tmp/well');
      await expect.poll(health, { timeout: 20_000 }).toBe('healthy');
      const told = JSON.parse(await docker('inspect', '--format', '{{json .Config.Healthcheck}}', id)) as object;
      expect(told).toEqual({ Test: test, Interval: 1e8, Timeout: 5e9, Retries: 2 });
    }
  });

  it('gets files with the owner and the mode they were given, directories too', async () => {
    const id = await started({ mounts: [{ volume: `zkd-${RUN}-owned`, target: '/conf', labels, noCopy: true }] });
    await engine.writeFiles(id, [
      { path: '/conf', mode: 0o750, uid: 1000, gid: 1000 },
      { path: '/conf/secret', content: 'x', mode: 0o600, uid: 1000, gid: 1000 },
      { path: '/conf/sub', mode: 0o700, uid: 0, gid: 1000 },
    ]);
    expect(await sh(id, 'stat -c "%a %u:%g %n" /conf /conf/secret /conf/sub')).toBe(
      '750 1000:1000 /conf\n600 1000:1000 /conf/secret\n700 0:1000 /conf/sub\n',
    );
    expect((await engine.readFile(id, '/conf/secret'))?.toString()).toBe('x');
  });

  it('gives files out, but follows no link', async () => {
    const id = await started({});
    await sh(
      id,
      'mkdir /d && echo real >/d/real && ln /d/real /d/hard && ln -s /d/real /d/soft && ln -s /etc/passwd /d/out && ln -s /d /e && mkfifo /d/pipe',
    );
    expect(await engine.readFile(id, '/d/soft')).toBeUndefined();
    expect(await engine.readFile(id, '/d/out')).toBeUndefined();
    expect(await engine.readFile(id, '/d/pipe')).toBeUndefined();
    expect((await engine.readFile(id, '/d/hard'))?.toString()).toBe('real\n');
    const files = await engine.readFiles(id, '/d');
    expect([...files].map(([path, content]) => `${path} ${content.toString()}`).sort()).toEqual(['/d/hard real\n', '/d/real real\n']);
    expect((await engine.readFiles(id, '/e')).size).toBe(0);
  });

  it('tells when it ran out of memory', async () => {
    const id = await started({ command: ['tail', '/dev/zero'], memoryBytes: 16 * 2 ** 20 });
    await ended(id);
    expect(await engine.findContainer(id)).toMatchObject({ exitCode: 137, outOfMemory: true });
  });

  it('counts restarts from the last explicit start', async () => {
    const id = await started({ command: ['sh', '-c', 'exit 1'], restart: 'unless-stopped' });
    await expect.poll(async () => (await engine.findContainer(id))?.restarts, { timeout: 20_000 }).toBeGreaterThanOrEqual(3);
    await engine.stopContainer(id, { timeoutMs: 1000 });
    await engine.startContainer(id);
    expect((await engine.findContainer(id))?.restarts).toBeLessThan(3);
  });

  it('gets another restart policy at any moment of a crash loop', async () => {
    const id = await started({ command: ['sh', '-c', 'exit 1'], restart: 'unless-stopped' });
    // A program that has ended while the engine does not know it yet makes the engine refuse; that moment is short, so many are tried.
    for (let round = 0; round < 40; round++) await engine.setRestartPolicy(id, 'unless-stopped');
    await engine.setRestartPolicy(id, 'no');
    await ended(id);
    expect(await engine.findContainer(id)).toMatchObject({ restartPolicy: 'no', exitCode: 1 });
  });

  it('says in its log what was said, lines of any length and any bytes', async () => {
    const script = 'printf "%0100000d\\n" 7; printf "\\303\\274 ends\\r\\n"; printf "\\377\\n"; echo; printf rest';
    const id = await started({ command: ['sh', '-c', script] });
    await ended(id);
    expect((await log(id)).map(({ line }) => line)).toEqual(['7'.padStart(100_000, '0'), 'ü ends', '\ufffd', '', 'rest']);
  });

  it('may have a terminal: its log comes as lines too', async () => {
    const name = `zkd-${RUN}-tty`;
    await docker(
      'run',
      '-t',
      '--network',
      'none',
      '--name',
      name,
      '--label',
      `zkd.test=${RUN}`,
      IMAGE,
      'sh',
      '-c',
      'echo one; echo two >&2; echo',
    );
    expect((await log(name)).map(({ stream, line }) => `${stream} ${line}`)).toEqual(['stdout one', 'stdout two', 'stdout ']);
    expect(await engine.findContainer(name)).toMatchObject({ tty: true });
  });

  it('that is being removed by someone else is gone when the removal returns', async () => {
    const id = await started({});
    // The docker command is refused where it comes second.
    const other = docker('rm', '-fv', id).catch(() => undefined);
    await Promise.all([
      engine.removeContainer(id, { force: true, anonymousVolumes: true }),
      engine.removeContainer(id, { force: true, anonymousVolumes: true }),
    ]);
    expect(await engine.findContainer(id)).toBeUndefined();
    await other;
  });
});

describe('a command inside a real container', () => {
  it('that is not there is a result', async () => {
    const id = await started({});
    const { exitCode, stdout } = await engine.exec(id, { command: ['no-such-command'] });
    expect([126, 127]).toContain(exitCode);
    expect(stdout.toString()).toContain('no-such-command');
  });

  it('need not read its input, nor write output, and may write much', async () => {
    const id = await started({});
    expect(await engine.exec(id, { command: ['true'], stdin: 'x'.repeat(2_000_000) })).toMatchObject({ exitCode: 0 });
    const { stdout, stderr } = await engine.exec(id, { command: ['sh', '-c', 'head -c 3000000 /dev/zero; head -c 70000 /dev/zero >&2'] });
    expect([stdout.length, stderr.length]).toEqual([3_000_000, 70_000]);
  });

  it('runs as whom it is told', async () => {
    const id = await started({});
    expect(await sh(id, 'id -u', { user: '1000:1000' })).toBe('1000\n');
  });

  it('ends with its container', async () => {
    const id = await started({});
    const running = engine.exec(id, { command: ['sleep', '60'] });
    await delay(300);
    await engine.killContainer(id, 'KILL');
    expect((await running).exitCode).toBe(137);
  });
});

describe('a pull on a real engine', () => {
  it('brings the image, with signs of life', async () => {
    const registry = await openTinyRegistry(labels);
    let signs = 0;
    try {
      await engine.pullImage(registry.reference, { onProgress: () => signs++ });
      expect(signs).toBeGreaterThan(2);
      expect(await engine.findImage(registry.reference)).toMatchObject({ labels });
    } finally {
      registry.close();
      await docker('rmi', registry.reference);
    }
  });

  it('rejects with an error that comes in the middle of the progress', async () => {
    const registry = await openTinyRegistry(labels, { isBroken: true });
    try {
      const error: unknown = await engine.pullImage(registry.reference).catch((thrown: unknown) => thrown);
      expect(hasReason(error, 'image-unavailable'), String(error)).toBe(true);
      expect(String(error)).toMatch(/verification failed|unexpected|digest/i);
      expect(await engine.findImage(registry.reference)).toBeUndefined();
    } finally {
      registry.close();
      spawnSync('docker', ['rmi', registry.reference]);
    }
  });

  it('of an image the registry does not have says so', async () => {
    const registry = await openTinyRegistry(labels);
    const error: unknown = await engine.pullImage(registry.reference.replace('tiny:1', 'other:1')).catch((thrown: unknown) => thrown);
    registry.close();
    expect(hasReason(error, 'image-unavailable'), String(error)).toBe(true);
    expect(String(error)).toMatch(/manifest unknown|not found/);
  });

  it('from a registry that never answers is given up at the signal', async () => {
    const silent = createServer(() => undefined).listen(0, '127.0.0.1');
    await new Promise((resolve) => silent.once('listening', resolve));
    const stop = new AbortController();
    const pull = engine.pullImage(`127.0.0.1:${(silent.address() as AddressInfo).port}/x:1`, { signal: stop.signal });
    const settled = pull.catch((thrown: unknown) => thrown);
    await delay(300);
    const since = performance.now();
    stop.abort();
    const error = await settled;
    expect(performance.now() - since).toBeLessThan(1000);
    expect(hasReason(error, 'image-unavailable')).toBe(true);
    expect(String(error)).toContain('was given up');
    silent.close();
  });
});
