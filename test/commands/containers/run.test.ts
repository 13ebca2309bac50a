import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { ZkdError } from '../../../src/errors.js';
import { formatRecord } from '../../../src/registry/records.js';
import { useFakeHostPorts } from '../../fakes/fake-host-ports.js';
import { FakeZooKeeper } from '../../fakes/fake-session.js';
import { createWorld, type World } from '../../support/ensemble-world.js';
import { signalsFromNow } from '../../support/signals.js';
import { runCommand, runJson, type RunOptions } from '../../support/run-command.js';

useFakeHostPorts();

let world: World & { readonly znodes: FakeZooKeeper };
beforeEach(async () => {
  world = { ...createWorld(), znodes: new FakeZooKeeper() };
  world.engine.addImage('web:1', { volumes: ['/srv'] });
  await world.up({ given: { size: 3, clientPort: 12_181 } });
});

const WEB = ['--service', 'web', '--port', '80'];
const run = (argv: readonly string[], options?: RunOptions) => runCommand('containers:run', [...WEB, ...argv], world, options);
const json = (argv: readonly string[], options?: RunOptions) => runJson('containers:run', [...WEB, ...argv], world, options);
const specOf = (name: string) => world.engine.container(name).spec;
const actions = (document: Record<string, unknown>) =>
  (document['containers'] as { name: string; action: string }[]).map(({ name, action }) => `${name} ${action}`);
const INSIDE = 'zkd-zk-1:12181,zkd-zk-2:12182,zkd-zk-3:12183';

describe('containers run', () => {
  it('starts a container beside the ensemble, which knows where that is and says what it serves', async () => {
    const { document, exitCode } = await json(['web:1']);
    expect(exitCode).toBe(0);
    expect(document).toEqual({
      service: 'web',
      containers: [
        {
          id: world.engine.container('web-1').id,
          name: 'web-1',
          action: 'created',
          address: expect.stringMatching(/^172\./) as string,
        },
      ],
      changed: true,
    });
    const { labels = {}, ...spec } = specOf('web-1');
    expect(spec).toMatchObject({ image: 'web:1', network: 'zkd-zk', env: { ZOOKEEPER_CONNECT: INSIDE }, restart: 'no' });
    expect(spec).not.toHaveProperty('command');
    expect(labels).toMatchObject({ 'zkd.service': 'web', 'zkd.port': '80', 'zkd.network': 'zkd-zk' });
    expect(Object.keys(labels).sort()).toEqual(['zkd.network', 'zkd.port', 'zkd.run', 'zkd.service']);
    expect(world.engine.container('web-1').state).toBe('running');
  });

  it('says to a person what it did, and what comes next', async () => {
    expect(await run(['--replicas', '2', 'web:1'])).toMatchObject({
      exitCode: 0,
      stdout: 'web-1: created\nweb-2: created\n',
      stderr: 'next: zkd containers ls web\n',
    });
  });

  it('takes what docker run takes', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'zkd-run-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const file = join(folder, 'vars');
    await writeFile(file, '# a comment\nFROM_FILE=a "b"\n\n  BOTH=file\r\nHERE\n');
    const argv = [
      ['--env', 'ONE=1=1', '-e', 'BOTH=typed', '--env', 'MULTI=a\nb', '--env', 'ZKD_OWN', '--env-from', file],
      ['--publish', '8080:80', '-p', '0.0.0.0:9090:90', '-p', '81', '-p', '127.0.0.2::82/tcp'],
      ['--volume', 'data:/data', '-v', '/etc/ssl:/ssl:ro', '-v', 'more:/more:rw'],
      ['--memory', '64m', '--cpus', '0.5', '--user', '1000:1000', '--restart', 'unless-stopped', '--label', 'team=a', '--label', 'bare'],
      ['--health-cmd', 'test -e /ok', '--health-interval', '5s', '--health-timeout', '1s', '--health-retries', '2'],
      ['--health-start-period', '1m', '--connect-env', 'ZK', '--connect-env', 'ZK_URL'],
      ['--tag', 'blue', '--tag', 'a,b', '--metadata', 'zone=a=b', '--weight', '2.5', '--health', 'ignore', '--payload', 'spring'],
      ['--id', 'the-one', '--name', 'shop', 'web:1', '--', 'serve', '--json', '-v'],
    ].flat();
    expect((await json(argv, { env: { ZKD_OWN: 'mine', HERE: 'too' } })).exitCode).toBe(0);
    const { labels = {}, ...spec } = specOf('shop');
    expect(spec).toEqual({
      name: 'shop',
      image: 'web:1',
      network: 'zkd-zk',
      command: ['serve', '--json', '-v'],
      env: {
        ...{ FROM_FILE: 'a "b"', BOTH: 'typed', HERE: 'too', ONE: '1=1', MULTI: 'a\nb', ZKD_OWN: 'mine' },
        ...{ ZOOKEEPER_CONNECT: INSIDE, ZK: INSIDE, ZK_URL: INSIDE },
      },
      ports: [
        { containerPort: 80, hostAddress: '127.0.0.1', hostPort: 8080 },
        { containerPort: 90, hostAddress: '0.0.0.0', hostPort: 9090 },
        { containerPort: 81, hostAddress: '127.0.0.1', hostPort: 0 },
        { containerPort: 82, hostAddress: '127.0.0.2', hostPort: 0 },
      ],
      mounts: [
        { volume: 'data', target: '/data' },
        { hostPath: '/etc/ssl', target: '/ssl', readOnly: true },
        { volume: 'more', target: '/more' },
      ],
      memoryBytes: 64 * 1024 ** 2,
      cpus: 0.5,
      user: '1000:1000',
      restart: 'unless-stopped',
      healthCheck: { test: ['CMD-SHELL', 'test -e /ok'], intervalMs: 5000, timeoutMs: 1000, retries: 2, startPeriodMs: 60_000 },
    });
    expect(labels).toMatchObject({
      ...{ team: 'a', bare: '', 'zkd.id': 'the-one', 'zkd.tags': 'blue,a\\,b', 'zkd.metadata.zone': 'a=b' },
      ...{ 'zkd.weight': '2.5', 'zkd.health': 'ignore', 'zkd.payload': 'spring' },
    });
    expect(labels['zkd.run']).not.toContain('typed');
  });

  it('takes the same from variables, one a line', async () => {
    const env = {
      ...{ ZKD_SERVICE: 'api', ZKD_PORT: '8080', ZKD_ENV: 'A=1 2\nB=3\n', ZKD_LABEL: 'x=1\ny=2', ZKD_VOLUME: 'va:/v\nwa:/w' },
      ...{ ZKD_PUBLISH: '80\n81', ZKD_HEALTH_CMD: '["server", "check"]', ZKD_HEALTH_INTERVAL: '1s', ZKD_REPLICAS: '2' },
      ...{ ZKD_TAG: 'blue', ZKD_METADATA: 'k=v', ZKD_CONNECT_ENV: 'ZK', ZKD_CLUSTER: 'zk' },
    };
    expect(await runCommand('containers:run', ['web:1'], world, { env })).toMatchObject({ exitCode: 0 });
    expect(specOf('api-2')).toMatchObject({
      env: { A: '1 2', B: '3', ZK: INSIDE },
      labels: { x: '1', y: '2', 'zkd.tags': 'blue', 'zkd.metadata.k': 'v', 'zkd.port': '8080' },
      mounts: [
        { volume: 'va', target: '/v' },
        { volume: 'wa', target: '/w' },
      ],
      ports: [{ containerPort: 80 }, { containerPort: 81 }],
      healthCheck: { test: ['CMD', 'server', 'check'], intervalMs: 1000 },
    });
  });

  it.each([
    [['--replicas', '0', 'web:1'], 'Number of replicas "0"'],
    [['--replicas', '101', 'web:1'], 'Number of replicas "101"'],
    [['--replicas', '2', '--publish', '8080:80', 'web:1'], 'Only one of 2 replicas can have port 8080'],
    [['--replicas', '2', '--id', 'x', 'web:1'], '--id is the name of one instance'],
    [['--env', '=x', 'web:1'], 'Variable without a name'],
    [['--env', 'NOT_SET_ANYWHERE', 'web:1'], 'Variable "NOT_SET_ANYWHERE" is not set here'],
    [['--env', 'A B=secret', 'web:1'], 'Variable "A B" is not valid'],
    [['--env', 'ZOOKEEPER_CONNECT=x', 'web:1'], 'Variable "ZOOKEEPER_CONNECT" is given twice'],
    [['--env', 'ZK=x', '--connect-env', 'ZK', 'web:1'], 'Variable "ZK" is given twice'],
    [['--connect-env', 'A=B', 'web:1'], '"A=B" is no name of a variable'],
    [['--env-from', '/nowhere/vars', 'web:1'], 'The variables cannot be read'],
    [['--publish', '80:', 'web:1'], 'Published port "80:" is not valid'],
    [['--publish', '0:80', 'web:1'], 'Published port'],
    [['--publish', ':80', 'web:1'], 'Published port'],
    [['--publish', 'localhost:80:80', 'web:1'], 'Published port'],
    [['--publish', '1.2.3.4:5:80:80', 'web:1'], 'Published port'],
    [['--publish', '53:53/udp', 'web:1'], 'Published port'],
    [['--publish', '80:70000', 'web:1'], 'Published port'],
    [['--volume', 'data', 'web:1'], 'Volume "data" is not valid'],
    [['--volume', './data:/data', 'web:1'], 'Volume'],
    [['--volume', 'data:data', 'web:1'], 'Volume'],
    [['--volume', 'data:/', 'web:1'], 'Volume'],
    [['--volume', 'data:/data:z', 'web:1'], 'Volume'],
    [['--memory', '1m', 'web:1'], 'Memory "1m" is not valid'],
    [['--cpus', 'all', 'web:1'], 'Number of CPUs'],
    [['--restart', 'always', 'web:1'], '--restart'],
    [['--label', '=x', 'web:1'], 'Label without a name'],
    [['--label', 'zkd.cluster=zk', 'web:1'], 'Label "zkd.cluster" cannot be given'],
    [['--health-interval', '1s', 'web:1'], '--health-cmd'],
    [['--health-cmd', ' ', 'web:1'], 'Health check'],
    [['--health-cmd', '["a", 1]', 'web:1'], 'Health check'],
    [['--health-cmd', '[a]', 'web:1'], 'Health check'],
    [['--health-cmd', 'x', '--health-retries', '0', 'web:1'], 'Number of failures'],
    [['--health', 'maybe', 'web:1'], '--health'],
    [['--payload', 'xml', 'web:1'], '--payload'],
    [['--weight', '-1', 'web:1'], 'Weight'],
    [['--tag', 'x\\', 'web:1'], 'Tag "x\\\\" is none'],
    [['--metadata', 'zone', 'web:1'], 'Metadata "zone" is none'],
    [['--name', 'no name', 'web:1'], 'No container can be called "no name"'],
    [['--network', 'host', 'web:1'], 'Network "host" is not valid'],
    [['--pull', 'sometimes', 'web:1'], '--pull'],
    [['--timeout', '0s', 'web:1'], 'Timeout'],
    [['web:1', '--'], 'Nothing stands after "--"'],
    [['web:1', 'more'], 'more'],
    [['Not An Image'], 'Image "Not An Image" is not valid'],
    [[], 'image'],
    [['--connect', 'a:1', '--cluster', 'zk', 'web:1'], 'Two ensembles are named'],
  ])('refuses %j before anything is asked', async (argv, says) => {
    const asked = world.engine.calls.length;
    const { exitCode, stdout, stderr } = await run(argv);
    expect([exitCode, stdout, stderr]).toEqual([2, '', expect.stringContaining(says) as string]);
    expect(world.engine.calls.slice(asked).filter(({ method }) => method !== 'close')).toEqual([]);
    expect(stderr).not.toContain('secret');
  });

  it('needs a name for the containers of a service that has an odd one', async () => {
    const argv = ['--service', 'läden', '--port', '80', 'web:1'];
    const { exitCode, stderr } = await runCommand('containers:run', argv, world);
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining('No container can be called "läden-1": give --name') as string]);
    expect(await runCommand('containers:run', ['--name', 'laeden', ...argv], world)).toMatchObject({ exitCode: 0 });
    expect(specOf('laeden').labels).toMatchObject({ 'zkd.service': 'läden' });
  });
});

describe('the ensemble of containers run', () => {
  it('may be any ZooKeeper, on a network that is named', async () => {
    expect(await run(['--connect', 'zk1,zk2:2182/app', 'web:1'])).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('--network') as string,
    });
    await world.engine.createNetwork({ name: 'app' });
    const { exitCode, stderr } = await run(['--connect', 'zk1,zk2:2182/app', '--network', 'app', 'web:1']);
    expect([exitCode, stderr]).toEqual([0, 'next: zkd containers ls web\n']);
    expect(specOf('web-1')).toMatchObject({
      network: 'app',
      env: { ZOOKEEPER_CONNECT: 'zk1:2181,zk2:2182/app' },
      labels: { 'zkd.network': 'app' },
    });
  });

  it.each(['127.0.0.1:2181', 'zk:1,localhost:2', '[::1]:2181'])(
    'is warned of where it means something else in a container: %s',
    async (connect) => {
      await world.engine.createNetwork({ name: 'app' });
      const { stderr } = await run(['--connect', connect, '--network', 'app', 'web:1']);
      expect(stderr).toContain('is that container itself');
    },
  );

  it('has to be there, and its network too', async () => {
    expect(await run(['--cluster', 'none', 'web:1'])).toMatchObject({
      exitCode: 3,
      stderr: expect.stringContaining('"none" does not exist') as string,
    });
    const elsewhere = await run(['--cluster', 'zk', '--network', 'other', 'web:1']);
    expect([elsewhere.exitCode, elsewhere.stderr]).toEqual([
      2,
      expect.stringContaining('is on network "zkd-zk", not on "other"') as string,
    ]);
    const nowhere = await run(['--connect', 'zk:1', '--network', 'other', 'web:1']);
    expect([nowhere.exitCode, nowhere.stderr]).toEqual([3, expect.stringContaining('There is no network "other"') as string]);
    expect((await world.inventory()).filter((thing) => thing.includes('web'))).toEqual([]);
    await world.up({ name: 'second', given: { size: 1 } });
    expect(await run(['web:1'])).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('second, zk') as string });
  });
});

describe('containers run once more', () => {
  it('makes what is missing, starts what is stopped, and leaves the rest', async () => {
    await run(['--replicas', '2', 'web:1']);
    await world.engine.stopContainer('web-1', { timeoutMs: 0 });
    const again = await json(['--replicas', '3', 'web:1']);
    expect([again.exitCode, actions(again.document)]).toEqual([0, ['web-1 started', 'web-2 kept', 'web-3 created']]);
    expect(again.document).toMatchObject({ changed: true });
    const third = await json(['--replicas', '3', 'web:1']);
    expect([actions(third.document), third.document['changed']]).toEqual([['web-1 kept', 'web-2 kept', 'web-3 kept'], false]);
  });

  it('starts one that another zkd had made when it was killed', async () => {
    const start = world.engine.startContainer.bind(world.engine);
    world.engine.startContainer = async () => Promise.reject(new ZkdError('failure', 'killed'));
    const remove = world.engine.removeContainer.bind(world.engine);
    world.engine.removeContainer = async () => undefined;
    await run(['web:1']);
    Object.assign(world.engine, { startContainer: start, removeContainer: remove });
    expect(world.engine.container('web-1').state).toBe('created');
    expect(actions((await json(['web:1'])).document)).toEqual(['web-1 started']);
  });

  it('does not mind the order of what has none', async () => {
    const [one, two] = [
      ['--env', 'A=1', '--env', 'B=2', '-p', '80', '-p', '81', '--label', 'x', '--label', 'y', '--metadata', 'm=1', '--metadata', 'n=2'],
      ['--metadata', 'n=2', '--metadata', 'm=1', '--label', 'y', '--label', 'x', '-p', '81', '-p', '80', '--env', 'B=2', '--env', 'A=1'],
    ];
    await run([...one, 'web:1']);
    expect((await json([...two, 'web:1'])).document).toMatchObject({ changed: false });
  });

  it('says so where the ensemble has other servers by now', async () => {
    await run(['web:1']);
    await world.engine.stopContainer('web-1', { timeoutMs: 0 });
    await world.down({ volumes: true });
    await world.up({ given: { size: 1, clientPort: 12_181 } });
    const { exitCode, stdout, stderr } = await run(['--replicas', '2', 'web:1']);
    expect([exitCode, stdout]).toEqual([0, 'web-1: started\nweb-2: created\n']);
    expect(stderr).toContain('Warning: another connection string is kept by web-1; the ensemble is zkd-zk-1:12181 now');
  });

  it('leaves those beyond the replicas, and says so', async () => {
    await run(['--replicas', '3', 'web:1']);
    await world.engine.createContainer({ name: 'web-4', image: 'web:1' });
    const { exitCode, stderr } = await run(['web:1']);
    expect([exitCode, stderr]).toEqual([0, expect.stringContaining('more than 1 are there: web-2, web-3 stay') as string]);
    expect(stderr).not.toContain('web-4');
  });

  it.each([
    [['--env', 'A=2'], ['--env']],
    [
      ['--publish', '80', '--memory', '65m'],
      ['--publish', '--memory'],
    ],
    [
      ['--volume', 'other:/data', '--weight', '3', '--health', 'ignore'],
      ['--weight', '--health', '--volume'],
    ],
    [
      ['--tag', 'x', '--label', 'y', '--connect-env', 'Z'],
      ['--connect-env', '--tag', '--label'],
    ],
    [
      ['--restart', 'unless-stopped', '--user', '5', '--cpus', '1', '--health-cmd', 'x'],
      ['--cpus', '--user', '--restart', '--health-cmd'],
    ],
  ])('is a conflict with other settings: %j', async (argv, differs) => {
    await run(['--env', 'A=1', 'web:1']);
    const before = world.engine.container('web-1').id;
    const same = argv.includes('--env') ? argv : ['--env', 'A=1', ...argv];
    const { document, exitCode } = await json([...same, 'web:1']);
    expect(exitCode).toBe(4);
    expect(document).toMatchObject({
      error: {
        code: 'conflict',
        details: { conflicts: [{ container: 'web-1', differs }] },
        suggestions: ['--name ANOTHER', expect.stringContaining('docker rm --force web-1') as string],
      },
    });
    expect(world.engine.container('web-1').id).toBe(before);
  });

  it('is a conflict with another image or command', async () => {
    world.engine.addImage('web:2');
    await run(['web:1']);
    expect(await run(['web:2', '--', 'serve'])).toMatchObject({
      exitCode: 4,
      stderr: expect.stringContaining('Container "web-1" was made with other settings: IMAGE, COMMAND') as string,
    });
  });

  it.each([undefined, 'not JSON', '7'])('is a conflict with a container that is from elsewhere (%s), and makes nothing', async (label) => {
    const labels = label === undefined ? {} : { 'zkd.run': label };
    await world.engine.createContainer({ name: 'web-2', image: 'web:1', labels });
    const { exitCode, stderr } = await run(['--replicas', '3', 'web:1']);
    expect([exitCode, stderr]).toEqual([4, expect.stringContaining('"web-2" was not made by zkd containers run') as string]);
    expect(stderr).not.toContain('docker rm');
    expect(await world.engine.findContainer('web-1')).toBeUndefined();
  });

  it('joins in where another zkd makes the same at the same time', async () => {
    const both = await Promise.all([json(['--replicas', '3', 'web:1']), json(['--replicas', '3', 'web:1'])]);
    expect(both.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
    const [one = '', two = ''] = both.map(({ document }) =>
      JSON.stringify((document['containers'] as { id: string }[]).map(({ id }) => id)),
    );
    expect(one).toBe(two);
  });

  it('waits for the engine to show what another zkd is making', async () => {
    await run(['web:1']);
    const { engine } = world;
    const find = engine.findContainer.bind(engine);
    const list = engine.listContainers.bind(engine);
    let looks = 0;
    engine.findContainer = (name) => (name === 'web-1' && (looks += 1) < 4 ? Promise.resolve(undefined) : find(name));
    engine.listContainers = async (labels) => (looks === 0 ? (await list(labels)).filter(({ name }) => name !== 'web-1') : list(labels));
    expect(actions((await json(['web:1'])).document)).toEqual(['web-1 kept']);
    expect(looks).toBe(4);
  });

  it('sees at the last moment that the name is taken by something else', async () => {
    const create = world.engine.createContainer.bind(world.engine);
    world.engine.createContainer = async (spec) => {
      world.engine.createContainer = create;
      await create({ name: 'web-1', image: 'web:1' });
      return create(spec);
    };
    expect(await run(['web:1'])).toMatchObject({ exitCode: 4, stderr: expect.stringContaining('"web-1" was not made by') as string });
  });
});

describe('a start that fails', () => {
  it('leaves nothing, and has the code of its cause', async () => {
    world.engine.occupyPort(8080);
    const { document, exitCode } = await json(['--publish', '8080:80', 'web:1']);
    expect([exitCode, document]).toMatchObject([4, { error: { code: 'conflict', details: { reason: 'port-taken', containers: [] } } }]);
    expect(await world.engine.findContainer('web-1')).toBeUndefined();
  });

  it('is told apart from what was started', async () => {
    world.engine.onStart = ({ name }) => {
      if (name === 'web-2') throw new ZkdError('failure', 'Cannot start container: no such program');
    };
    const { document, exitCode } = await json(['--replicas', '3', 'web:1']);
    expect(exitCode).toBe(9);
    expect(document).toMatchObject({
      error: {
        code: 'partial',
        message: expect.stringContaining('only web-1, web-3 run\n  web-2: Cannot start container: no such program') as string,
        details: {
          containers: [
            { name: 'web-1', action: 'created' },
            { name: 'web-3', action: 'created' },
          ],
          failed: [{ name: 'web-2', error: 'Cannot start container: no such program' }],
        },
      },
    });
    expect(await world.engine.findContainer('web-2')).toBeUndefined();
    world.engine.onStart = undefined;
    expect(actions((await json(['--replicas', '3', 'web:1'])).document)).toEqual(['web-1 kept', 'web-2 created', 'web-3 kept']);
  });

  it('says what it cannot remove', async () => {
    world.engine.occupyPort(8080);
    world.engine.failNext('removeContainer', new ZkdError('failure', 'device busy'));
    const { document, exitCode } = await json(['--publish', '8080:80', 'web:1']);
    expect([exitCode, document]).toMatchObject([
      4,
      {
        error: {
          message: expect.stringContaining('\nLeft behind: container web-1 (device busy)') as string,
          details: { reason: 'port-taken' },
        },
      },
    ]);
  });

  it('does not take away a container that was there before', async () => {
    await run(['--publish', '8080:80', 'web:1']);
    await world.engine.stopContainer('web-1', { timeoutMs: 0 });
    world.engine.occupyPort(8080);
    expect(await run(['--publish', '8080:80', 'web:1'])).toMatchObject({ exitCode: 4 });
    expect((await world.engine.findContainer('web-1'))?.state).toBe('exited');
  });

  it('is none where the network was made anew meanwhile', async () => {
    await world.engine.createNetwork({ name: 'app' });
    const argv = ['--connect', 'zk:1', '--network', 'app', 'web:1'];
    await run(argv);
    await world.engine.stopContainer('web-1', { timeoutMs: 0 });
    await world.engine.removeNetwork('app');
    await world.engine.createNetwork({ name: 'app' });
    expect(actions((await json(argv)).document)).toEqual(['web-1 started']);
  });
});

describe('the image', () => {
  it('is pulled where it is not there, and only then', async () => {
    world.engine.onPull = () => ({});
    const first = await run(['web:9']);
    expect([first.exitCode, first.stderr]).toEqual([0, 'Pulling web:9 ...\nnext: zkd containers ls web\n']);
    const second = await run(['--replicas', '2', 'web:9']);
    expect(second.stderr).not.toContain('Pulling');
    const always = await run(['--replicas', '3', '--pull', 'always', 'web:9']);
    expect(always.stderr).toContain('Pulling');
  });

  it('that cannot be had is exit 5, and nothing is made', async () => {
    for (const flags of [[], ['--pull', 'never']]) {
      const { document, exitCode } = await json([...flags, 'web:9']);
      expect([exitCode, document]).toMatchObject([5, { error: { details: { reason: 'image-unavailable', image: 'web:9' } } }]);
    }
    expect(await world.engine.findContainer('web-1')).toBeUndefined();
  });
});

describe('containers run that is interrupted', () => {
  it('while it pulls has made nothing', async () => {
    const send = signalsFromNow();
    world.engine.onPull = () => new Promise(() => send('SIGINT'));
    expect(await run(['web:9'])).toMatchObject({ exitCode: 130 });
    expect(await world.engine.findContainer('web-1')).toBeUndefined();
  });

  it('while it waits leaves what it has started', async () => {
    const send = signalsFromNow();
    world.engine.onStart = () => void setTimeout(() => send('SIGINT'), 100);
    expect(await run(['--wait', 'web:1'])).toMatchObject({ exitCode: 130 });
    expect(world.engine.container('web-1').state).toBe('running');
  });
});

describe('containers run --wait', () => {
  /** As an agent would. */
  function register(name: string, more: object = {}): void {
    const { id, image } = world.engine.container(name);
    const data = formatRecord({
      ...{ service: 'web', id: name, address: '172.20.0.9', port: 80, registeredAtMs: Date.now(), payload: 'none', tags: [], metadata: {} },
      ...{ weight: 1, container: { id, name, image: image.id }, engine: world.engine.identity },
      ...more,
    });
    world.znodes.put(`/docker/web/${name}`, { data });
  }

  it('ends when all are registered', async () => {
    world.engine.onStart = ({ name }) => void setTimeout(() => register(name), name === 'web-2' ? 300 : 20);
    const began = Date.now();
    const { document, exitCode, sessionStates } = await json(['--replicas', '2', '--wait', 'web:1']);
    expect([exitCode, actions(document)]).toEqual([0, ['web-1 created', 'web-2 created']]);
    expect(Date.now() - began).toBeGreaterThanOrEqual(300);
    expect(sessionStates).toEqual(['closed']);
    expect((await json(['--replicas', '2', '--wait', 'web:1'])).document).toMatchObject({ changed: false });
  });

  it('takes one that is to have no load for registered', async () => {
    world.engine.onStart = ({ name }) => register(name, { weight: 0 });
    expect(await run(['--weight', '0', '--wait', 'web:1'])).toMatchObject({ exitCode: 0 });
  });

  it('tells what each of them lacks when the time is over', async () => {
    world.engine.onStart = ({ name }) => {
      if (name !== 'web-4') register(name);
      if (name === 'web-2') world.engine.setHealth(name, 'unhealthy');
      if (name === 'web-3') world.engine.setHealth(name, 'starting');
    };
    const { document, exitCode } = await json(['--replicas', '4', '--wait', '--timeout', '500ms', 'web:1']);
    expect(exitCode).toBe(7);
    expect(document).toMatchObject({
      error: {
        message: expect.stringContaining('are not all registered within 500 ms\n  web-2: is unhealthy') as string,
        suggestions: ['zkd containers agent', 'zkd containers ls web'],
        details: {
          lacking: [
            { container: 'web-2', cause: 'is unhealthy' },
            { container: 'web-3', cause: 'its health check has not succeeded yet' },
            { container: 'web-4', cause: 'no record of it below /docker/web: is an agent running?' },
          ],
        },
      },
    });
  });

  it('looks below --root, and at records that can be used', async () => {
    world.engine.onStart = ({ name }) => {
      const [service, id] = ['web', world.engine.container(name).id];
      world.znodes.put(`/other/${service}/x`, { data: JSON.stringify({ name: service, id: 'x', zkd: { container: { id } } }) });
    };
    const { stderr, exitCode } = await run(['--wait', '--root', '/other', '--timeout', '200ms', 'web:1']);
    expect(exitCode).toBe(7);
    expect(stderr).toContain('web-1: ');
  });

  it('does not wait for one that has ended, and shows its last words', async () => {
    world.engine.onStart = ({ name }) => {
      world.engine.log(name, 'cannot find its settings', 'stderr');
      world.engine.exit(name, 3);
    };
    const began = Date.now();
    const { stderr, exitCode } = await run(['--wait', 'web:1']);
    expect([exitCode, Date.now() - began < 5000]).toEqual([7, true]);
    expect(stderr).toContain('web-1: is exited (exit code 3)\n    | cannot find its settings');
  });

  it('begins nothing where ZooKeeper cannot be reached', async () => {
    world.znodes.unreachable = 'nobody answers';
    expect(await run(['--wait', 'web:1'])).toMatchObject({ exitCode: 6 });
    expect(await world.engine.findContainer('web-1')).toBeUndefined();
  });

  it('opens no session without it', async () => {
    expect((await run(['web:1'])).sessions).toEqual([]);
  });
});
