import { beforeEach, describe, expect, it } from 'vitest';
import { createBalancerWorld, HAPROXY_IMAGE, type BalancerWorld } from '../../support/balancer-world.js';
import { signalsFromNow } from '../../support/signals.js';

let world: BalancerWorld;
beforeEach(async () => {
  world = await createBalancerWorld();
});

const names = async (): Promise<string[]> => (await world.engine.listContainers({ 'zkd.role': 'balancer' })).map(({ name }) => name).sort();
const addressOf = async (name: string): Promise<string> => (await world.engine.findContainer(name))?.networks[0]?.address ?? '';
const called = (method: string): number => world.engine.calls.filter((call) => call.method === method).length;

describe('lb up', () => {
  it('starts HAProxy with what is registered, closed to everybody but whom it is published for', async () => {
    await world.serve('web', 'web-1', { weight: 3 });
    await world.serve('other', 'other-1');
    const { stdout, stderr, exitCode } = await world.run('up', ['web', '--publish', '8080']);
    expect([exitCode, stdout]).toEqual([0, 'zkd-lb-web: create container zkd-lb-web\nzkd-lb-web: 127.0.0.1:8080, 1 of 1 servers up\n']);
    expect(stderr).toContain('next: zkd lb ls');
    expect(world.servers()).toEqual([`s1 ${await addressOf('web-1')}:80 3`]);
    expect(world.container().spec).toMatchObject({
      user: '99:99',
      network: 'app',
      ports: [{ containerPort: 8080, hostAddress: '127.0.0.1', hostPort: 8080 }],
      dropAllCapabilities: true,
      noNewPrivileges: true,
      restart: 'unless-stopped',
    });
    expect(Object.keys(world.container().spec.labels ?? {}).sort()).toEqual(['zkd.balancer', 'zkd.role', 'zkd.schema']);
  });

  it('answers the documented fields', async () => {
    await world.serve('web', 'web-1');
    const { document } = await world.json('up', ['web', '--publish', '0.0.0.0:80', '--hold', '0s', '--check-path', '/health']);
    const servers = { how: 'unchanged', added: [], removed: [], reweighted: [], held: [], leftOut: [], servers: 1, againAtMs: null };
    expect(document).toEqual({
      balancer: {
        name: 'zkd-lb-web',
        service: 'web',
        containerId: world.container().id,
        state: 'running',
        mode: 'http',
        publish: '0.0.0.0:80',
        network: 'app',
        image: HAPROXY_IMAGE,
        checkPath: '/health',
        holdMs: 0,
        slots: 16,
        up: 1,
        total: 1,
        held: 0,
        registry: 'zoo-1:2181,zoo-2:2182',
        root: '/docker',
        problem: null,
      },
      changed: true,
      plan: ['create container zkd-lb-web'],
      servers,
      tookMs: expect.any(Number) as number,
    });
  });

  it('does nothing the second time, whoever asks for less', async () => {
    await world.serve('web', 'web-1');
    await world.run('up', ['web', '--publish', '8080', '--mode', 'tcp', '--slots', '3']);
    const worker = world.haproxy.worker(world.container());
    const { document } = await world.json('up', ['web']);
    expect(document).toMatchObject({ changed: false, plan: [], balancer: { mode: 'tcp', slots: 3, publish: '127.0.0.1:8080' } });
    expect([called('createContainer'), called('startContainer')]).toEqual([3 - 1, 2]);
    expect(world.haproxy.worker(world.container())).toBe(worker);
  });

  it('comes up without an instance, and says so', async () => {
    const { stderr, exitCode } = await world.run('up', ['web']);
    expect([exitCode, stderr]).toEqual([0, expect.stringContaining('service "web" has no instance to use') as string]);
  });

  it('brings a change of the servers by the socket, one of the mode by a reload', async () => {
    await world.serve('web', 'web-1');
    await world.run('up', ['web']);
    await world.serve('web', 'web-2');
    const worker = world.haproxy.worker(world.container());
    expect((await world.json('up', ['web'])).document).toMatchObject({ plan: [`add server ${await addressOf('web-2')}:80`] });
    expect(world.haproxy.worker(world.container())).toBe(worker);
    expect((await world.json('up', ['web', '--mode', 'tcp'])).document).toMatchObject({
      plan: ['reload HAProxy'],
      balancer: { mode: 'tcp' },
    });
    expect(world.haproxy.worker(world.container())).not.toBe(worker);
    expect((await world.json('up', ['web', '--hold', '5s'])).document).toMatchObject({
      plan: ['note settings'],
      balancer: { holdMs: 5000 },
    });
  });

  it('replaces the container for another address, and leaves one', async () => {
    await world.serve('web', 'web-1');
    await world.run('up', ['web', '--publish', '8080', '--check-path', '/health']);
    const before = world.container().id;
    const { document } = await world.json('up', ['web', '--publish', '8081']);
    expect(document).toMatchObject({
      plan: ['replace container zkd-lb-web (publish)'],
      balancer: { publish: '127.0.0.1:8081', checkPath: '/health', total: 1 },
    });
    expect(world.container().id).not.toBe(before);
    expect(await names()).toEqual(['zkd-lb-web']);
  });

  it('keeps the old container where the new one cannot be had', async () => {
    await world.run('up', ['web', '--publish', '8080']);
    const before = world.container().id;
    world.engine.occupyPort(8081, '127.0.0.1');
    const { exitCode, stderr } = await world.run('up', ['web', '--publish', '8081']);
    expect([exitCode, stderr]).toEqual([4, expect.stringContaining('Port 127.0.0.1:8081 is taken') as string]);
    expect([world.container().id, world.container().state, await names()]).toEqual([before, 'running', ['zkd-lb-web']]);
  });

  it('takes the old container back where the new one, on the same port, does not answer', async () => {
    await world.run('up', ['web', '--publish', '8080']);
    const before = world.container().id;
    await world.engine.createNetwork({ name: 'other' });
    world.haproxy.silent.add('zkd-lb-web-new');
    const { exitCode } = await world.run('up', ['web', '--network', 'other', '--timeout', '200ms']);
    expect([exitCode, world.container().id, world.container().state, await names()]).toEqual([7, before, 'running', ['zkd-lb-web']]);
  });

  it('finishes a replacement that was killed, before and after the old one went', async () => {
    await world.run('up', ['web', '--publish', '8080']);
    const { spec } = world.container();
    await world.engine.createContainer({ ...spec, name: 'zkd-lb-web-new' });
    expect((await world.json('up', ['web'])).document).toMatchObject({ changed: false });
    expect(await names()).toEqual(['zkd-lb-web']);
    await world.engine.renameContainer('zkd-lb-web', 'zkd-lb-web-new');
    expect((await world.json('up', ['web'])).document).toMatchObject({ changed: false, balancer: { name: 'zkd-lb-web' } });
  });

  it('goes on where one was killed between making the container and writing into it', async () => {
    await world.serve('web', 'web-1');
    await world.run('up', ['web']);
    const { spec } = world.container();
    await world.engine.removeContainer('zkd-lb-web', { force: true });
    await world.engine.createContainer(spec);
    expect((await world.json('up', ['web'])).document).toMatchObject({
      plan: ['start container zkd-lb-web'],
      balancer: { up: 1, state: 'running' },
    });
  });

  it('starts one that was stopped, with what is registered now', async () => {
    await world.serve('web', 'web-1');
    await world.run('up', ['web']);
    await world.engine.stopContainer('zkd-lb-web', { timeoutMs: 0 });
    world.forget('web');
    await world.serve('web', 'web-2');
    await world.run('up', ['web']);
    expect(world.servers()).toEqual([`s1 ${await addressOf('web-2')}:80 1`]);
  });

  it('keeps what is held where it is started again, and where it is replaced', async () => {
    for (const name of ['web-1', 'web-2']) await world.serve('web', name);
    await world.run('up', ['web']);
    const both = world.servers();
    world.forget('web');
    expect((await world.json('sync', [])).document).toMatchObject({
      balancers: [{ servers: { held: [expect.any(String), expect.any(String)] } }],
    });
    await world.engine.stopContainer('zkd-lb-web', { timeoutMs: 0 });
    expect(await world.json('up', ['web'])).toMatchObject({ exitCode: 0, document: { balancer: { total: 2, held: 2 } } });
    expect(world.servers()).toEqual(both);
    expect(await world.json('up', ['web', '--publish', '8080'])).toMatchObject({
      exitCode: 0,
      document: { balancer: { total: 2, held: 2 } },
    });
    expect(world.servers()).toEqual(both);
    // Its time goes on from when they went.
    expect((await world.json('up', ['web', '--hold', '0s'])).document).toMatchObject({ balancer: { total: 0, held: 0 } });
  });

  it('takes turns with another one: no setting is lost, and nothing is made twice', async () => {
    await world.serve('web', 'web-1');
    const several = [
      ['--check-path', '/up'],
      ['--hold', '40s'],
      ['--slots', '20'],
      ['--publish', '8080'],
    ];
    const ends = await Promise.all(several.map((flags) => world.json('up', ['web', ...flags])));
    expect(ends.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0, 0]);
    expect((await world.json('up', ['web'])).document).toMatchObject({
      changed: false,
      balancer: { checkPath: '/up', holdMs: 40_000, slots: 20, publish: '127.0.0.1:8080', up: 1 },
    });
    expect(await names()).toEqual(['zkd-lb-web']);
    expect(ends.map(({ stderr }) => stderr).join('')).toContain('Waiting for another zkd lb up');
  });

  it('says that slots do not become fewer, and that nobody answers', async () => {
    await world.serve('web', 'web-1');
    await world.run('up', ['web', '--slots', '20']);
    expect((await world.run('up', ['web', '--slots', '5'])).stderr).toContain('it has 20 slots, and keeps them');
  });

  it('follows an ensemble of the engine by its name, on its network', async () => {
    const { exitCode, stderr } = await world.run('up', ['web', '--cluster', 'nosuch']);
    expect([exitCode, stderr]).toEqual([3, expect.stringContaining('nosuch') as string]);
  });

  describe('refuses, and leaves nothing behind:', () => {
    it.each(['host', 'none', 'container:x'])('the network %s', async (network) => {
      expect(await world.run('up', ['web', '--network', network])).toMatchObject({
        exitCode: 2,
        stderr: expect.stringContaining('cannot be on network') as string,
      });
    });

    it('a connection string without a network', async () => {
      const { exitCode, stderr } = await world.run('up', ['web'], { env: { ZKD_NETWORK: '' } });
      expect([exitCode, stderr]).toEqual([2, expect.stringContaining('--network') as string]);
    });

    it("somebody else's container of that name", async () => {
      await world.engine.createContainer({ name: 'zkd-lb-web', image: 'web:1' });
      const { exitCode, stderr } = await world.run('up', ['web']);
      expect([exitCode, stderr]).toEqual([4, expect.stringContaining('is no balancer of zkd') as string]);
    });

    it("another service's or another registry's balancer", async () => {
      await world.run('up', ['web', '--name', 'front']);
      expect((await world.run('up', ['api', '--name', 'front'])).stderr).toContain('is the balancer of service "web"');
      world.znodes.put('/zkd/registry', { data: '00000000-0000-4000-8000-000000000000' });
      const { exitCode, stderr } = await world.run('up', ['web', '--name', 'front']);
      expect([exitCode, stderr]).toEqual([4, expect.stringContaining('in another registry') as string]);
    });

    it('a port that is taken', async () => {
      world.engine.occupyPort(8080, '127.0.0.1');
      const { document, exitCode } = await world.json('up', ['web', '--publish', '8080']);
      expect([exitCode, document]).toMatchObject([4, { error: { code: 'conflict', details: { reason: 'port-taken', port: 8080 } } }]);
      expect(await names()).toEqual([]);
    });

    it('an image that is not to be had, and one without perl', async () => {
      expect((await world.run('up', ['web', '--image', 'nosuch:1'])).exitCode).toBe(5);
      world.engine.onExec = () => ({ exitCode: 126, stdout: Buffer.from('exec failed: "perl": executable file not found') });
      const { exitCode, stderr } = await world.run('up', ['web']);
      expect([exitCode, stderr]).toEqual([1, expect.stringContaining('has no perl') as string]);
      expect(await names()).toEqual([]);
    });

    it('a HAProxy that does not answer in time, with its last words', async () => {
      world.haproxy.silent.add('zkd-lb-web');
      world.engine.onStart = ({ name }) => world.engine.log(name, '[ALERT] cannot bind');
      const { exitCode, stderr } = await world.run('up', ['web', '--timeout', '200ms']);
      expect([exitCode, stderr]).toEqual([7, expect.stringContaining('[ALERT] cannot bind') as string]);
      expect(await names()).toEqual([]);
    });

    it('a HAProxy that ends as soon as it starts', async () => {
      world.engine.onStart = ({ name }) => {
        if (name === 'zkd-lb-web') world.engine.exit(name, 1);
      };
      const { exitCode } = await world.run('up', ['web', '--timeout', '5s']);
      expect([exitCode, await names()]).toEqual([1, []]);
    });

    it.each([
      ['--publish', 'here'],
      ['--check-path', 'health'],
      ['--hold', 'long'],
      ['--slots', '0'],
      ['--name', 'a b'],
      ['--mode', 'udp'],
    ])('%s %s', async (...argv) => {
      expect((await world.run('up', ['web', ...argv])).exitCode).toBe(2);
      expect(await names()).toEqual([]);
    });

    it('a registry that may not be read', async () => {
      const acl = [{ scheme: 'digest', id: 'bob:x', permissions: ['read' as const] }];
      world.znodes.put('/docker/web', { acl });
      expect((await world.run('up', ['web'])).exitCode).toBe(11);
      expect(await names()).toEqual([]);
    });
  });

  it('removes what it has made when it is interrupted', async () => {
    const send = signalsFromNow();
    world.engine.onStart = () => send('SIGINT');
    expect((await world.run('up', ['web'])).exitCode).toBe(130);
    expect(await names()).toEqual([]);
  });

  it('takes the image of ours where the default one is not to be had, and says so', async () => {
    const bare = await createBalancerWorld({ image: 'zkd/haproxy:2.6', labels: { 'zkd.haproxy.version': '2.6.12' } });
    const { exitCode, stderr } = await bare.run('up', ['web']);
    expect([exitCode, stderr]).toEqual([
      0,
      expect.stringMatching(/image haproxy:2.6 cannot be had .* using zkd\/haproxy:2.6 instead/) as string,
    ]);
    expect((await bare.json('up', ['web'])).document).toMatchObject({ changed: false });
  });
});
