import { beforeEach, describe, expect, it } from 'vitest';
import { ZkdError } from '../../../src/errors.js';
import { createBalancerWorld, type BalancerWorld } from '../../support/balancer-world.js';
import { signalsFromNow } from '../../support/signals.js';

let world: BalancerWorld;
beforeEach(async () => {
  world = await createBalancerWorld();
  await world.serve('web', 'web-1');
  await world.serve('web', 'web-2');
  await world.run('up', ['web', '--publish', '8080']);
  world.haproxy.changes.length = 0;
});

const server = async (name: string): Promise<string> => `${(await world.engine.findContainer(name))?.networks[0]?.address ?? ''}:80`;

describe('lb ls', () => {
  it('shows service, address, mode, servers, state and registry', async () => {
    world.haproxy.down.add(await server('web-2'));
    const { stdout, exitCode } = await world.run('ls', []);
    const cells = stdout.split('\n').map((line) => line.trimEnd().split(/ {2,}/));
    expect([exitCode, cells]).toEqual([
      0,
      [
        ['NAME', 'SERVICE', 'PUBLISHED', 'MODE', 'SERVERS UP', 'STATE', 'REGISTRY', 'NOTE'],
        ['zkd-lb-web', 'web', '127.0.0.1:8080', 'http', '1/2', 'running', 'zoo-1:2181,zoo-2:2182'],
        [''],
      ],
    ]);
    expect((await world.run('ls', ['-o', 'name'])).stdout).toBe('zkd-lb-web\n');
    expect((await world.json('ls', [])).document).toMatchObject({ balancers: [{ name: 'zkd-lb-web', up: 1, total: 2, problem: null }] });
  });

  it('works where HAProxy is dead, and says so', async () => {
    world.haproxy.silent.add('zkd-lb-web');
    expect((await world.json('ls', [])).document).toMatchObject({
      balancers: [{ up: null, total: null, problem: 'HAProxy does not answer' }],
    });
    await world.engine.stopContainer('zkd-lb-web', { timeoutMs: 0 });
    const { stdout, exitCode } = await world.run('ls', []);
    expect([exitCode, stdout]).toEqual([0, expect.stringContaining('the container is exited') as string]);
  });

  it('leaves out what it cannot read, and is empty without any', async () => {
    await world.engine.createContainer({ name: 'later', image: 'web:1', labels: { 'zkd.role': 'balancer', 'zkd.schema': '2' } });
    await world.run('rm', ['web', '--force']);
    const { stderr } = await world.run('ls', []);
    expect(stderr).toContain('next: zkd lb up');
    expect((await world.json('ls', [])).document).toEqual({ balancers: [] });
  });
});

describe('lb sync', () => {
  it('brings every balancer of the registry in step, by the socket, and tells what changed', async () => {
    await world.run('up', ['web', '--name', 'second']);
    await world.serve('web', 'web-3');
    world.forget('web', 'web-1');
    const { stdout, exitCode } = await world.run('sync', []);
    const [came, went] = [await server('web-3'), await server('web-1')];
    expect([exitCode, stdout]).toEqual([0, `second: added ${came}; removed ${went}\nzkd-lb-web: added ${came}; removed ${went}\n`]);
    expect(new Set(world.haproxy.changes)).toEqual(new Set(['runtime']));
    expect((await world.json('sync', [])).document).toMatchObject({ balancers: [{ changed: false }, { changed: false }] });
  });

  it('reloads where there are more servers than slots, and keeps who was there', async () => {
    await world.run('up', ['web', '--name', 'small', '--slots', '2']);
    const before = world.servers('small');
    await world.serve('web', 'web-3');
    const { stdout } = await world.run('sync', ['small']);
    expect(stdout).toBe(`small: added ${await server('web-3')} (by a reload)\n`);
    expect(world.servers('small').slice(0, 2)).toEqual(before);
    expect(world.haproxy.changes).toEqual(['reload']);
  });

  it('holds all servers where all records vanish, across processes, and lets them go when the hold is over', async () => {
    await world.run('up', ['web', '--hold', '300ms']);
    world.forget('web');
    const held = await world.run('sync', []);
    expect(held.stdout).toMatch(/^zkd-lb-web: held /);
    expect(world.servers()).toHaveLength(2);
    await world.run('sync', []);
    expect(world.servers()).toHaveLength(2);
    await new Promise((resolve) => setTimeout(resolve, 320));
    expect((await world.run('sync', [])).stdout).toMatch(/^zkd-lb-web: removed /);
    expect(world.servers()).toEqual([]);
  });

  it('starts over where another zkd was faster, and gives up on one that never ends', async () => {
    await world.serve('web', 'web-3');
    const before = world.container().files.get('/zkd/haproxy.cfg')?.content?.toString() ?? '';
    let times = 1;
    const meddle = (): void => {
      world.container().files.put({ path: '/zkd/haproxy.cfg', content: `${before}# ${(times += 1)}\n`, mode: 0o600, uid: 99, gid: 99 });
    };
    world.haproxy.onMode = (_, mode) => {
      if (mode === 'runtime' && times < 3) meddle();
    };
    expect((await world.run('sync', [])).exitCode).toBe(0);
    expect(world.servers()).toHaveLength(3);
    world.forget('web', 'web-3');
    world.haproxy.onMode = (_, mode) => {
      if (mode === 'runtime') meddle();
    };
    const { exitCode, stderr } = await world.run('sync', []);
    expect([exitCode, stderr]).toEqual([9, expect.stringContaining('is changed by others all the time') as string]);
  });

  it('changes nothing of one whose new configuration HAProxy does not take, does the others, and ends with 9', async () => {
    await world.run('up', ['web', '--name', 'second', '--slots', '2']);
    await world.serve('web', 'web-3');
    const before = world.servers('second');
    world.haproxy.onReload = () => false;
    const { stdout, stderr, exitCode } = await world.run('sync', []);
    expect([exitCode, stdout]).toEqual([9, `zkd-lb-web: added ${await server('web-3')}\n`]);
    expect(stderr).toContain(
      'second: HAProxy of balancer "second" did not start with its new configuration, and goes on with the one from before',
    );
    expect(world.servers('second')).toEqual(before);
    world.haproxy.onCheck = () => '[ALERT] (1) : config : broken';
    expect((await world.run('sync', ['second'])).stderr).toContain(
      'does not take its new configuration, and goes on with the one it has: [ALERT]',
    );
  });

  it('leaves the servers alone where the registry does not answer, or may not be read', async () => {
    const before = world.servers();
    const acl = [{ scheme: 'digest', id: 'bob:x', permissions: ['read' as const] }];
    world.znodes.remove('/docker/web');
    world.znodes.put('/docker/web', { acl });
    const { stderr, exitCode } = await world.run('sync', []);
    expect([exitCode, stderr]).toEqual([9, expect.stringContaining('may not be read') as string]);
    expect(world.servers()).toEqual(before);
  });

  it('does not touch balancers of another registry', async () => {
    world.znodes.put('/zkd/registry', { data: '00000000-0000-4000-8000-000000000000' });
    world.forget('web');
    const { stderr, exitCode } = await world.run('sync', []);
    expect([exitCode, stderr]).toEqual([0, 'No balancer on this engine follows this registry\n']);
    expect(world.servers()).toHaveLength(2);
  });

  it('does not do without one that was named', async () => {
    expect((await world.run('sync', ['api'])).exitCode).toBe(3);
    expect((await world.run('sync', ['web'])).exitCode).toBe(0);
  });

  it('says which one does not run', async () => {
    await world.engine.stopContainer('zkd-lb-web', { timeoutMs: 0 });
    const { exitCode, document } = await world.json('sync', []);
    expect([exitCode, document]).toMatchObject([
      9,
      { balancers: [{ name: 'zkd-lb-web', servers: null, error: 'its container is exited' }] },
    ]);
  });

  it('looks host names up where HAProxy is, and leaves out what leads nowhere', async () => {
    world.haproxy.hosts.set('db.local', '10.9.9.9');
    await world.serve('web', 'named', { address: 'db.local' });
    await world.serve('web', 'lost', { address: 'nowhere.local' });
    const { stdout, stderr } = await world.run('sync', []);
    expect(stdout).toBe('zkd-lb-web: added 10.9.9.9:80\n');
    expect(stderr).toContain('"nowhere.local:80" is registered and leads nowhere');
  });
});

describe('lb sync --watch', () => {
  /** Runs it, and each of the steps once what stands before it was printed; then Ctrl-C. */
  async function watch(steps: readonly (readonly [RegExp, () => unknown])[], argv: readonly string[] = []) {
    const left = [...steps];
    return world.run('sync', ['--watch', ...argv], {
      onOutput: ({ stdout, stderr }) => {
        const [pattern, act] = left[0] ?? [];
        if (!pattern?.test(stdout + stderr)) return;
        left.shift();
        void act?.();
      },
    });
  }
  let send = signalsFromNow();
  beforeEach(() => {
    send = signalsFromNow();
  });
  const stop = (): void => void setTimeout(() => send('SIGINT'), 20);

  it('follows the registry until Ctrl-C, new balancers included', async () => {
    const { stdout, exitCode } = await watch([
      [/Watching: 1 balancer/, () => world.serve('web', 'web-3')],
      [/zkd-lb-web: added/, () => world.run('up', ['web', '--name', 'second']).then(() => world.serve('web', 'web-4'))],
      [/second: added/, stop],
    ]);
    expect(exitCode).toBe(130);
    expect(stdout).toContain(`zkd-lb-web: added ${await server('web-3')}\n`);
    expect(world.servers()).toHaveLength(4);
  });

  it('lives through a broken balancer and a lost engine, and says so once', async () => {
    const { stderr, stdout, exitCode } = await watch([
      [
        /Watching/,
        async () => {
          world.haproxy.silent.add('zkd-lb-web');
          await world.serve('web', 'web-3');
        },
      ],
      [/does not answer/, () => world.haproxy.silent.clear()],
      [
        /zkd-lb-web: well again/,
        async () => {
          world.engine.failNext('listContainers', new ZkdError('engine-unavailable', 'No engine answers'));
          await world.serve('web', 'web-4');
        },
      ],
      [/the engine: well again/, stop],
    ]);
    expect([exitCode, stdout.match(/added/g)?.length]).toEqual([130, 2]);
    expect(stderr.match(/does not answer/g)).toHaveLength(1);
    expect(stderr).toContain('the engine: No engine answers');
  });

  it('does not hold what the engine was told to stop, though it is all there is', async () => {
    const { stdout } = await watch([
      [
        /Watching/,
        async () => {
          await new Promise((resolve) => setTimeout(resolve, 100));
          for (const name of ['web-1', 'web-2']) await world.engine.stopContainer(name, { timeoutMs: 0 });
          world.forget('web');
        },
      ],
      [/removed/, stop],
    ]);
    expect(stdout).not.toContain('held');
    expect(world.servers()).toEqual([]);
  });

  it('lets what is held go as soon as the engine tells that it is to end', async () => {
    const { stdout } = await watch([
      [/Watching/, () => setTimeout(() => world.forget('web'), 100)],
      [/held/, () => setTimeout(() => world.engine.tell('web-1', 'kill', { signal: '15' }), 100)],
      [/removed/, stop],
    ]);
    expect(stdout).toContain(`zkd-lb-web: removed ${await server('web-1')}`);
    expect(world.servers()).toEqual([expect.stringContaining(await server('web-2')) as string]);
  });

  it('holds what vanishes while its containers run, and says so once', async () => {
    const { stdout } = await watch([
      [/Watching/, () => setTimeout(() => world.forget('web'), 100)],
      [/held/, () => setTimeout(stop, 100)],
    ]);
    expect(stdout).toMatch(/^zkd-lb-web: held .*:80, .*:80\n$/);
    expect(world.servers()).toHaveLength(2);
  });

  it('follows those only that were named', async () => {
    await world.run('up', ['web', '--name', 'second']);
    await watch(
      [
        [/Watching: 1 balancer/, () => world.serve('web', 'web-3')],
        [/second: added/, stop],
      ],
      ['second'],
    );
    expect([world.servers().length, world.servers('second').length]).toEqual([2, 3]);
  });
});

describe('lb rm', () => {
  it('removes one that runs only with --force', async () => {
    const { exitCode, stderr } = await world.run('rm', ['web']);
    expect([exitCode, stderr]).toEqual([12, expect.stringContaining('zkd lb rm zkd-lb-web --force') as string]);
    expect((await world.json('rm', ['web', '--force'])).document).toEqual({ balancer: 'zkd-lb-web', service: 'web', changed: true });
    expect((await world.run('rm', ['web', '--force'])).exitCode).toBe(3);
  });

  it('removes a stopped one, and what a killed replacement left', async () => {
    await world.engine.stopContainer('zkd-lb-web', { timeoutMs: 0 });
    await world.engine.createContainer({ ...world.container().spec, name: 'zkd-lb-web-new' });
    expect((await world.run('rm', ['zkd-lb-web'])).stdout).toBe('zkd-lb-web: removed\n');
    expect(await world.engine.listContainers({ 'zkd.role': 'balancer' })).toEqual([]);
  });

  it('does not guess among several of one service', async () => {
    await world.run('up', ['web', '--name', 'second']);
    const { exitCode, stderr } = await world.run('rm', ['web', '--force']);
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining('say which: second, zkd-lb-web') as string]);
  });
});
