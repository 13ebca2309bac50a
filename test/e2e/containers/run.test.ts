/** `containers run` on a real engine, with a real server in the containers. */
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Registration } from '../../../src/registry/index.js';
import type { RunResult } from '../../../src/registry/run-containers.js';
import { retryUntil } from '../../../src/runtime/retry-until.js';
import { openCountingEngine } from '../../support/counting-engine.js';
import { httpServerImage } from '../../support/http-server.js';
import { listenElsewhere } from '../../support/listener.js';
import { docker, expectFailure, expectHumanFailure, IMAGE, succeed, up, useEnsembles, type Cluster } from '../../support/story.js';
import { endOf, startZkd, zkd, type ZkdOptions } from '../../support/zkd.js';

const ensembles = useEnsembles();
let cluster: Cluster;
let image: string;
let only: ZkdOptions;
beforeAll(async () => {
  image = await httpServerImage();
  ({ cluster } = await up(ensembles.name(), '--image', IMAGE, '--size', '1', '--client-port', 'auto'));
  only = { env: { ZKD_CLUSTER: cluster.name } };
});

/** A name for containers and volumes of a test, which are taken away after the file. */
function named(suffix: string): string {
  const name = `${cluster.name}-${suffix}`;
  ensembles.later(async () => {
    const [containers, volumes] = await Promise.all([
      docker('ps', '--all', '--quiet', '--filter', `name=^${name}`),
      docker('volume', 'ls', '--quiet', '--filter', `name=^${name}`),
    ]);
    if (containers !== '') await docker('rm', '--force', '--volumes', ...containers.split('\n'));
    if (volumes !== '') await docker('volume', 'rm', ...volumes.split('\n'));
  });
  return name;
}

const command = (service: string, ...more: string[]): string[] => ['containers', 'run', '--service', service, '--port', '80', ...more];
/** What stands after "--" is the container's, `--json` too. */
const asJson = ([topic = '', verb = '', ...rest]: readonly string[]): string[] => [topic, verb, '--json', ...rest];
async function document(args: readonly string[], options = only): Promise<RunResult> {
  const { exitCode, stdout, stderr } = await zkd(asJson(args), options);
  expect(exitCode, `${stdout}\n${stderr}`).toBe(0);
  return JSON.parse(stdout) as RunResult;
}
const start = (service: string, ...more: string[]) => document(command(service, ...more));
const actions = ({ containers }: RunResult): string[] => containers.map(({ action }) => action);
const inspect = (name: string, format: string): Promise<string> => docker('inspect', '--format', format, name);
const exists = async (name: string): Promise<boolean> => (await docker('ps', '--all', '--quiet', '--filter', `name=^${name}$`)) !== '';

/** A port of 127.0.0.1 that nobody has. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

describe('containers run', () => {
  it('starts replicas that serve, once', async () => {
    const service = named('web');
    const first = await start(service, '--replicas', '3', image);
    expect([actions(first), first.changed]).toEqual([['created', 'created', 'created'], true]);
    const addresses = first.containers.map(({ address }) => address);
    expect(new Set(addresses).size).toBe(3);
    for (const { id, name, address } of first.containers) {
      expect(await inspect(name, `{{.Id}} {{(index .NetworkSettings.Networks "${cluster.network}").IPAddress}}`)).toBe(`${id} ${address}`);
      const answer = await fetch(`http://${address}:80/`);
      expect(await answer.text()).toBe(`${id.slice(0, 12)}\n`);
    }
    const before = await inspect(`${service}-1`, '{{.State.StartedAt}}');
    const again = await start(service, '--replicas', '3', image);
    expect(again).toEqual({ ...first, containers: first.containers.map((one) => ({ ...one, action: 'kept' })), changed: false });
    await docker('stop', '--time', '0', `${service}-2`);
    expect(actions(await start(service, '--replicas', '4', image))).toEqual(['kept', 'started', 'kept', 'created']);
    expect(await inspect(`${service}-1`, '{{.State.StartedAt}}')).toBe(before);
    // They are no members of the ensemble.
    expect((await succeed<{ members: readonly unknown[] }>(['cluster', 'ps'], only)).members).toHaveLength(1);
  });

  it('takes variables, a command and a user, and volumes that outlive it', async () => {
    const service = named('tools');
    const folder = await mkdtemp(join(tmpdir(), 'zkd-run.'));
    ensembles.later(() => rm(folder, { recursive: true }));
    await chmod(folder, 0o755);
    await writeFile(join(folder, 'there'), 'from the host');
    await writeFile(join(folder, 'vars'), 'FROM_FILE=quoted "as it is"\n');
    const volume = `${service}-data`;
    const env = { ...only.env, OWN: 'of zkd' };
    const flags = [
      ...['--connect-env', 'ZK_URL', '--env', 'MODE=live', '--env', 'OWN', '--env-from', join(folder, 'vars')],
      ...['--volume', `${volume}:/data`, '--volume', `${folder}:/host:ro`, '--memory', '64m', '--cpus', '0.5', '--user', '1000:1000'],
      ...['--label', 'team=a', '--health-cmd', 'test -e /host/there', '--health-interval', '200ms'],
    ];
    const args = command(service, '--name', service, ...flags, IMAGE, '--', 'sleep', '600');
    await document(args, { env });
    const sh = (script: string): Promise<string> => docker('exec', service, 'sh', '-c', script);
    expect(await sh('echo "$ZOOKEEPER_CONNECT|$ZK_URL|$MODE|$OWN|$FROM_FILE"')).toBe(
      `${cluster.internalConnect}|${cluster.internalConnect}|live|of zkd|quoted "as it is"`,
    );
    // What it was told leads to the ensemble.
    expect(await sh('zkCli.sh -server "$ZOOKEEPER_CONNECT" ls / 2>&1')).toContain('[zookeeper]');
    expect(await sh('id -u; cat /host/there; touch /host/x 2>/dev/null || echo ", read only"')).toBe('1000\nfrom the host, read only');
    const format = '{{.HostConfig.Memory}} {{.HostConfig.NanoCpus}} {{index .Config.Labels "team"}} {{.HostConfig.RestartPolicy.Name}}';
    expect(await inspect(service, format)).toBe(`${64 * 1024 ** 2} 500000000 a no`);
    const isHealthy = async () => ((await inspect(service, '{{.State.Health.Status}}')) === 'healthy' ? true : undefined);
    expect(await retryUntil(isHealthy, { timeoutMs: 20_000, intervalMs: 100 })).toBe(true);
    await docker('exec', '--user', '0', service, 'sh', '-c', 'echo kept > /data/file');
    await docker('rm', '--force', '--volumes', service);
    await document(args, { env });
    expect(await sh('cat /data/file')).toBe('kept');
  });

  it('publishes on the loopback only, unless it is told otherwise', async () => {
    const service = named('published');
    const port = await freePort();
    await start(service, '--publish', `${port}:80`, '--publish', '0.0.0.0::80', '--env', 'NAME=me', image);
    const published = (await docker('port', `${service}-1`, '80')).split('\n').sort();
    expect(published).toContain(`127.0.0.1:${port}`);
    expect(published.filter((binding) => binding.includes('0.0.0.0'))).toHaveLength(1);
    expect(published).toHaveLength(2);
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('me\n');
  });

  it('gives each of several a port of its own where the engine chooses', async () => {
    const service = named('chosen');
    await start(service, '--replicas', '2', '--publish', '80', '--env', 'NAME=me', image);
    const ports = await Promise.all([1, 2].map((number) => docker('port', `${service}-${number}`, '80')));
    expect(new Set(ports).size).toBe(2);
    for (const binding of ports) expect(await (await fetch(`http://${binding}/`)).text()).toBe('me\n');
  });
});

describe('containers run that is killed', () => {
  it.each([
    ['has created one', /POST .*\/containers\/create/, 1],
    ['has created all', /POST .*\/containers\/create/, 3],
    ['has started one', /POST .*\/start/, 1],
  ])('when it %s is made good by the next one', async (when, call, number) => {
    const service = named(`killed-${when.replaceAll(' ', '-')}`);
    const engine = await openCountingEngine();
    const args = command(service, '--replicas', '3', image);
    try {
      const child = startZkd(args, { env: { ...only.env, DOCKER_HOST: engine.url } });
      let seen = 0;
      engine.onAnswer = async ({ what, status }) => {
        if (status < 300 && call.test(what)) seen += 1;
        if (seen < number) return;
        child.kill('SIGKILL');
        await child;
      };
      expect(endOf(await child).exitCode).toBe(137);
    } finally {
      await engine.close();
    }
    const next = await document(args);
    expect(next.containers.map(({ name }) => name)).toEqual([1, 2, 3].map((one) => `${service}-${one}`));
    for (const { name } of next.containers) expect(await inspect(name, '{{.State.Status}}')).toBe('running');
    expect((await document(args)).changed).toBe(false);
  });

  it('is two at once: all are there, once', async () => {
    const service = named('twice');
    const both = await Promise.all([start(service, '--replicas', '4', image), start(service, '--replicas', '4', image)]);
    const [one, two] = both.map(({ containers }) => containers.map(({ id }) => id));
    expect(one).toEqual(two);
    expect(both.flatMap(actions).filter((action) => action === 'created')).toHaveLength(4);
  });
});

describe('what stands in the way', () => {
  it('is left as it is: a container from elsewhere, one with other settings', async () => {
    const service = named('conflict');
    const foreign = await docker('run', '--detach', '--name', `${service}-2`, image);
    await expectFailure(
      command(service, '--replicas', '2', image),
      { exitCode: 4, code: 'conflict', says: [`Container "${service}-2" was not made by zkd containers run`] },
      only,
    );
    expect(await exists(`${service}-1`)).toBe(false);
    await start(service, image);
    await expectFailure(
      command(service, '--env', 'A=1', '--memory', '64m', image),
      { exitCode: 4, code: 'conflict', says: [`Container "${service}-1" was made with other settings: --env, --memory`] },
      only,
    );
    expect(await inspect(`${service}-2`, '{{.Id}}')).toBe(foreign);
  });

  it('is a port that somebody has, named; nothing is left', async () => {
    const service = named('port');
    const port = await freePort();
    const listener = await listenElsewhere(port);
    try {
      await expectFailure(
        command(service, '--publish', `${port}:80`, image),
        { exitCode: 4, code: 'conflict', says: [`port 127.0.0.1:${port} is taken`] },
        only,
      );
    } finally {
      await listener.end();
    }
    expect(await exists(`${service}-1`)).toBe(false);
    await start(service, '--publish', `${port}:80`, image);
  });

  it('is a user that does not exist, an image nobody has, a path that is not there; nothing is left', async () => {
    const service = named('bad');
    await expectFailure(
      command(service, '--replicas', '2', '--user', 'nobody-of-that-name', image),
      { exitCode: 1, code: 'failure', says: ['nobody-of-that-name'] },
      only,
    );
    await expectFailure(
      command(service, 'registry.invalid/no-such:1'),
      { exitCode: 5, code: 'engine-unavailable', says: ['Image "registry.invalid/no-such:1" cannot be had'] },
      only,
    );
    await expectFailure(
      command(service, '--volume', '/no/such/path:/data', image),
      { exitCode: 3, code: 'not-found', says: ['/no/such/path'] },
      only,
    );
    for (const number of [1, 2]) expect(await exists(`${service}-${number}`)).toBe(false);
  });

  it('is told of one, where others run', async () => {
    const service = named('partly');
    const folder = await mkdtemp(join(tmpdir(), 'zkd-run.'));
    const args = command(service, '--replicas', '2', '--volume', `${folder}:/data`, image);
    await document(args);
    await docker('stop', '--time', '0', `${service}-2`);
    await rm(folder, { recursive: true });
    const says = [`Of 2 containers of service "${service}" only ${service}-1 run`, `${service}-2: `, folder];
    const failure = await expectFailure(args, { exitCode: 9, code: 'partial', says }, only);
    expect(failure.details).toMatchObject({ containers: [{ name: `${service}-1`, action: 'kept' }], failed: [{ name: `${service}-2` }] });
    // It was there before.
    expect(await exists(`${service}-2`)).toBe(true);
  });

  it('is not a network that was made anew', async () => {
    const service = named('anew');
    const network = `${service}-net`;
    ensembles.later(() => docker('network', 'rm', network));
    await docker('network', 'create', network);
    const args = ['containers', 'run', '--connect', 'zk.invalid:2181', '--network', network, '--service', service, '--port', '80', image];
    await document(args, {});
    await docker('stop', '--time', '0', `${service}-1`);
    await docker('network', 'rm', network);
    await docker('network', 'create', network);
    const { containers } = await document(args, {});
    expect(containers).toMatchObject([{ action: 'started' }]);
    expect((await fetch(`http://${containers[0]?.address}:80/`)).status).toBe(200);
    ensembles.later(() => docker('rm', '--force', `${service}-1`));
  });
});

describe('containers run --wait', () => {
  it('ends when all are registered', async () => {
    const service = named('waited');
    const waiting = startZkd([...command(service, '--replicas', '2', '--wait', image), '--json'], only);
    for (const number of [1, 2]) {
      await registerOnceThere(`${service}-${number}`, service);
      if (number === 1) expect(waiting.exitCode).toBeNull();
    }
    const { exitCode, stdout, stderr } = endOf(await waiting);
    expect(exitCode, stderr).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ changed: true, containers: [{ action: 'created' }, { action: 'created' }] });
  });

  it('ends when an agent has registered all as they asked to be', async () => {
    const service = named('agent');
    const agent = startZkd(['containers', 'agent'], only);
    try {
      const facts = ['--tag', 'blue', '--tag', 'a,b', '--metadata', 'zone=a', '--weight', '2'];
      const { containers } = await start(service, '--replicas', '2', ...facts, '--wait', '--timeout', '60s', image);
      const { containers: found } = await succeed<{ containers: readonly Registration[] }>(['containers', 'ls', service], only);
      expect(found.map(({ container }) => container?.name).sort()).toEqual(containers.map(({ name }) => name));
      for (const { container, ...registration } of found) {
        const { address } = containers.find(({ name }) => name === container?.name) ?? {};
        expect(registration).toMatchObject({ address, port: 80, weight: 2, tags: ['blue', 'a,b'], metadata: { zone: 'a' }, usable: true });
      }
    } finally {
      agent.kill('SIGTERM');
      await agent;
    }
  });

  it('tells what each of them lacks', async () => {
    const service = named('lacking');
    const checked = await httpServerImage('checked');
    const health = ['--health-interval', '200ms', '--health-retries', '1', '--health-cmd'];
    const cases = [
      { suffix: 'none', args: [image], says: [/no record of it below \S+: is an agent running\?/] },
      { suffix: 'unwell', args: [...health, '["server", "no-such"]', checked], says: ['is unhealthy'] },
      { suffix: 'ended', args: [image, '--', 'nonsense'], says: ['is exited (exit code 2)', 'server: does not know "nonsense"'] },
    ];
    await Promise.all(
      cases.map(async ({ suffix, args, says }) => {
        const began = Date.now();
        const waiting = command(service, '--name', `${service}-${suffix}`, '--wait', '--timeout', '4s', ...args);
        expectHumanFailure(await zkd(waiting, only), { exitCode: 7, says: [`${service}-${suffix}: `, ...says] });
        expect(Date.now() - began).toBeLessThan(30_000);
      }),
    );
  });
});

describe('the examples in the help', async () => {
  const manifest = JSON.parse(await readFile(new URL('../../../oclif.manifest.json', import.meta.url), 'utf8')) as {
    readonly commands: Readonly<Record<string, { readonly examples: readonly { readonly command: string }[] }>>;
  };
  const examples = manifest.commands['containers:run']?.examples.map(({ command: text }) => text.replace('<%= config.bin %> ', '')) ?? [];

  it.each(examples)('%s', async (text) => {
    const name = named(`example-${examples.indexOf(text)}`);
    // What is there on this machine in place of what there is on others.
    const line = text
      .replace('nginx:1.28', image)
      .replace('python:3.13 -- python -m http.server', `${IMAGE} -- sleep 600`)
      .replaceAll('shop', name)
      .replace('8080:80', '80');
    const running = startZkd(line.split(' '), { env: { ...only.env, ...(line.includes('--name') ? {} : { ZKD_NAME: name }) } });
    if (line.includes('--wait')) for (const number of [1, 2, 3]) await registerOnceThere(`${name}-${number}`, 'web');
    const { exitCode, stdout, stderr } = endOf(await running);
    expect([exitCode, stdout], stderr).toEqual([0, expect.stringContaining(name) as string]);
  });
});

/** As an agent would. */
async function registerOnceThere(name: string, service: string): Promise<void> {
  const isRegistered = async () => ((await zkd(register(name, service), only)).exitCode === 0 ? true : undefined);
  expect(await retryUntil(isRegistered, { timeoutMs: 30_000, intervalMs: 100 })).toBe(true);
}

const register = (name: string, service: string): string[] => [
  ...['containers', 'register', name, '--service', service, '--port', '80', '--persistent'],
];
