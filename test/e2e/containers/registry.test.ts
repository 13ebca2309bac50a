/** What is registered, by zkd's own records and by others', on a real ensemble and engine: found, joined with its containers, balanced. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Registration } from '../../../src/registry/index.js';
import { formatRecord, type OwnRecord } from '../../../src/registry/records.js';
import { retryUntil } from '../../../src/runtime/retry-until.js';
import { openSession, parseConnectString, type ZooKeeperSession } from '../../../src/zookeeper/index.js';
import { docker, expectFailure, IMAGE, succeed, up, useEnsembles, type Cluster } from '../../support/story.js';
import { endOf, startZkd, zkd, type ZkdOptions } from '../../support/zkd.js';

const JARS = join(process.env['ZKD_CACHE_DIR'] ?? '/var/cache/zkd', 'curator', '*');
const SOURCE = new URL('../../support/curator/Discovery.java', import.meta.url).pathname;
const JVM = ['-Xmx128m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-cp'];

const ensembles = useEnsembles();
let cluster: Cluster;
let session: ZooKeeperSession;
let only: ZkdOptions;
let classes: string;
beforeAll(async () => {
  classes = await mkdtemp(join(tmpdir(), 'zkd-discovery.'));
  ensembles.later(() => rm(classes, { recursive: true }));
  const compiled = execa('javac', ['-cp', JARS, '-d', classes, SOURCE]);
  ({ cluster } = await up(ensembles.name(), '--image', IMAGE, '--size', '1', '--client-port', 'auto'));
  session = await openSession({ servers: parseConnectString(cluster.connect).servers });
  ensembles.later(() => session.close());
  only = { env: { ZKD_CONNECT: cluster.connect } };
  await compiled;
});

const java = (...args: string[]): string[] => [...JVM, `${classes}:${JARS}`, 'Discovery', cluster.connect, '/docker', ...args];

interface App {
  readonly id: string;
  readonly name: string;
  readonly address: string;
}

/** Starts a container that does nothing on the ensemble's network; it is well while it has the file /tmp/well. */
async function startApp(suffix: string, ...flags: string[]): Promise<App> {
  const name = `${cluster.name}-${suffix}`;
  ensembles.later(() => docker('rm', '--force', '--volumes', name));
  const network = `zkd-${cluster.name}`;
  const id = await docker('run', '--detach', '--name', name, '--network', network, '--entrypoint', 'sleep', ...flags, IMAGE, '600');
  return { id, name, address: await docker('inspect', '--format', `{{(index .NetworkSettings.Networks "${network}").IPAddress}}`, name) };
}

async function register(service: string, { id, name, address }: App, given: Partial<OwnRecord> = {}): Promise<void> {
  const record: OwnRecord = {
    service,
    id: name,
    address,
    port: 80,
    registeredAtMs: Date.now(),
    payload: 'none',
    tags: [],
    metadata: {},
    weight: 1,
    container: { id, name, image: IMAGE },
    engine: await ensembles.engine.identify(),
    ...given,
  };
  await put(`/docker/${service}/${record.id}`, formatRecord(record));
}

/** An ephemeral node of the test's session, with what is above it. */
async function put(path: string, data: string): Promise<void> {
  const [, root = '', service = ''] = path.split('/');
  for (const parent of [`/${root}`, `/${root}/${service}`]) {
    await session.create(parent, Buffer.alloc(0)).catch(() => undefined);
  }
  await session.create(path, Buffer.from(data), { mode: 'ephemeral' });
}

const list = async (service: string): Promise<readonly Registration[]> =>
  (await succeed<{ containers: readonly Registration[] }>(['containers', 'ls', service], only)).containers;

describe('a container with a record of ours', () => {
  it('is shown as the engine has it, until it is stale', async () => {
    const app = await startApp('own', '--health-cmd', 'test -e /tmp/well', '--health-interval', '100ms', '--health-retries', '1');
    await register('own', app, { tags: ['blue'] });
    const health = async (wanted: string) =>
      retryUntil(async () => ((await list('own'))[0]?.container?.health === wanted ? true : undefined), {
        timeoutMs: 30_000,
        intervalMs: 100,
      });
    expect(await health('unhealthy')).toBe(true);
    await expectFailure(
      ['containers', 'resolve', 'own'],
      { exitCode: 3, code: 'not-found', says: ['none of 1 registered is healthy'] },
      only,
    );
    await docker('exec', app.name, 'touch', '/tmp/well');
    expect(await health('healthy')).toBe(true);
    expect(await list('own')).toMatchObject([
      {
        id: app.name,
        tags: ['blue'],
        session: session.id,
        usable: true,
        stale: false,
        container: { id: app.id, name: app.name, state: 'running' },
      },
    ]);
    expect((await zkd(['containers', 'resolve', 'own'], only)).stdout).toBe(`${app.address}:80`);
    await docker('kill', app.name);
    expect(await list('own')).toMatchObject([{ usable: false, stale: true, container: { state: 'exited', health: null } }]);
    await docker('rm', app.name);
    expect(await list('own')).toMatchObject([{ usable: false, stale: true, container: { name: app.name, state: null } }]);
  });

  it('is found by Java services, whatever payload they expect', async () => {
    await register('java', { id: 'a'.repeat(64), name: 'one', address: '10.1.2.3' });
    for (const payload of ['Object', 'Void', 'Map']) {
      const { stdout } = await execa('java', java(payload, 'list', 'java'));
      expect(stdout).toBe('FOUND one 10.1.2.3 80\nEND');
    }
  });

  it('takes turns with others of its service, one process after the other', async () => {
    const apps = [await startApp('turn-1'), await startApp('turn-2')];
    for (const app of apps) await register('turn', app);
    const given: string[] = [];
    for (let turn = 0; turn < 4; turn += 1) given.push((await zkd(['containers', 'resolve', 'turn'], only)).stdout.trim());
    expect(given.slice(0, 2).sort()).toEqual(apps.map(({ address }) => `${address}:80`).sort());
    expect(given.slice(2)).toEqual(given.slice(0, 2));
  });
});

describe('a container that an agent registers', () => {
  it('is found by Java services, whatever payload they expect, until the agent ends', async () => {
    const app = await startApp('agent', '--label', 'zkd.service=by-agent', '--label', 'zkd.port=8080');
    const agent = startZkd(['containers', 'agent', '--explicit'], only);
    const id = `${app.id.slice(0, 12)}-8080`;
    await retryUntil(async () => ((await list('by-agent')).length > 0 ? true : undefined), { timeoutMs: 30_000, intervalMs: 50 });
    for (const payload of ['Object', 'Void', 'Map']) {
      const { stdout } = await execa('java', java(payload, 'list', 'by-agent'));
      expect(stdout).toBe(`FOUND ${id} ${app.address} 8080\nEND`);
    }
    agent.kill('SIGTERM');
    expect(endOf(await agent).exitCode).toBe(143);
    expect((await execa('java', java('Void', 'list', 'by-agent'))).stdout).toBe('END');
  });
});

describe('a container that is registered by hand', () => {
  /** Starts to hold the record of a container; answers when it is there. */
  async function hold(service: string, app: App) {
    const before = (await list(service))[0]?.session;
    const child = startZkd(['containers', 'register', app.name, '--service', service, '--port', '80', '--session-timeout', '4s'], only);
    const isHeld = async (): Promise<Registration | undefined> => (await list(service)).find(({ session: holder }) => holder !== before);
    const registration = await retryUntil(isHeld, { timeoutMs: 30_000, intervalMs: 50 });
    return { child, registration };
  }

  it('is there for zkd and for Java services until it ends', async () => {
    const app = await startApp('hand');
    const { child, registration } = await hold('hand', app);
    expect(registration).toMatchObject({ address: app.address, usable: true, container: { name: app.name } });
    expect((await execa('java', java('Void', 'list', 'hand'))).stdout).toBe(`FOUND ${registration?.id ?? ''} ${app.address} 80\nEND`);
    await docker('kill', app.name);
    expect(endOf(await child)).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('has ended') as string });
    expect(await list('hand')).toEqual([]);
  });

  it('is registered anew, and once, by the next zkd where one was killed', async () => {
    const app = await startApp('killed');
    const first = await hold('killed', app);
    first.child.kill('SIGKILL');
    expect(endOf(await first.child).exitCode).toBe(137);
    const second = await hold('killed', app);
    expect(second.registration?.id).toBe(first.registration?.id);
    // The session of the first one ends meanwhile, and takes nothing of the second with it.
    await sleep(6000);
    expect(await list('killed')).toMatchObject([{ session: second.registration?.session, usable: true }]);
    second.child.kill('SIGINT');
    expect(endOf(await second.child).exitCode).toBe(130);
    expect(await list('killed')).toEqual([]);
  });
});

describe('what others have registered', () => {
  it('is listed: a Java service for as long as it runs', async () => {
    const app = await startApp('java');
    const child = spawn('java', java('Void', 'register', 'api', 'api-1', app.address, '8080'), { stdio: ['pipe', 'pipe', 'ignore'] });
    ensembles.later(async () => child.kill('SIGKILL'));
    const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
    expect(line).toBe('REGISTERED');
    expect(await list('api')).toMatchObject([
      { id: 'api-1', format: 'curator', address: app.address, port: 8080, usable: true, container: { name: app.name } },
    ]);
    child.stdin.end();
    expect(await once(child, 'exit')).toEqual([0, null]);
    expect(await list('api')).toEqual([]);
  });

  it("is listed: registrator's and nerve's records, and what is none", async () => {
    const app = await startApp('others');
    const node = `${app.address}:9000`;
    const registrator = {
      Name: 'mixed',
      IP: app.address,
      PublicPort: 9000,
      PrivatePort: 80,
      ContainerID: app.id.slice(0, 12),
      Tags: [],
      Attrs: {},
    };
    await put(`/docker/mixed/${node}`, JSON.stringify(registrator));
    await put('/docker/mixed/i_0000000001', JSON.stringify({ host: app.address, port: 9001, name: 'i' }));
    await put('/docker/mixed/junk', '\u0000\u0001');
    const { name } = app;
    expect(await list('mixed')).toMatchObject([
      { id: node, format: 'registrator', container: { name } },
      { id: 'i_0000000001', format: 'nerve', container: { name } },
      { id: 'junk', format: 'unknown', container: null, problem: 'is not JSON', usable: false },
    ]);
  });
});

interface Manifest {
  readonly commands: Readonly<Record<string, { readonly id: string; readonly examples?: readonly { readonly command: string }[] }>>;
}
const root = new URL('../../..', import.meta.url).pathname;
const manifest = JSON.parse(await readFile(join(root, 'oclif.manifest.json'), 'utf8')) as Manifest;
const examples = Object.values(manifest.commands)
  // Those of `containers run` are in run.test.ts.
  .filter(({ id }) => id.startsWith('containers:') && id !== 'containers:run')
  // What is taken away comes last.
  .sort((a, b) => Number(a.id === 'containers:deregister') - Number(b.id === 'containers:deregister'))
  .flatMap((command) => (command.examples ?? []).map((example) => example.command.replaceAll('<%= config.bin %>', 'zkd')));

describe('the examples in the help', () => {
  let app: App;
  beforeAll(async () => {
    app = await startApp('web-1');
    await writeFile(join(classes, 'zkd'), `#!/bin/sh\nexec ${process.execPath} ${join(root, 'bin/run.js')} "$@"\n`, { mode: 0o755 });
  });

  it.each(examples)('%s', async (text) => {
    // Each has what it names: an instance of the container that is called as it is.
    await succeed(['containers', 'register', app.name, '--service', 'web', '--port', '80', '--id', app.name, '--persistent'], only);
    const isHeld = /containers (watch|agent|register)/.test(text) && !/--(persistent|once)/.test(text);
    const line = text.replaceAll('web-1', app.name).replace(/^curl /, 'echo ');
    const env = { ...only.env, PATH: `${classes}:${process.env['PATH'] ?? ''}` };
    const { exitCode, all } = await execa('bash', ['-o', 'pipefail', '-c', isHeld ? `timeout --preserve-status -s INT 4 ${line}` : line], {
      reject: false,
      all: true,
      env,
    });
    // What is left of other tests may be drift.
    expect(isHeld ? [130] : text.includes('containers diff') ? [0, 10] : [0], all).toContain(exitCode);
    if (!isHeld) expect(all).not.toContain('Error:');
  });
});
