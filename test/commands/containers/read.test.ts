import { beforeEach, describe, expect, it } from 'vitest';
import { ZkdError } from '../../../src/errors.js';
import { createRegistryWorld, type RegistryWorld } from '../../support/registry-world.js';

let world: RegistryWorld;
beforeEach(async () => {
  world = await createRegistryWorld();
});

describe('containers ls', () => {
  it('shows what is registered beside what became of it', async () => {
    await world.serve('web', 'web-1');
    const ended = await world.serve('web', 'web-2');
    await world.engine.stopContainer(ended, { timeoutMs: 0 });
    await world.serve('api', 'api-1');
    world.engine.setHealth('api-1', 'unhealthy');
    world.znodes.put('/docker/junk/x', { data: 'hello' });
    const { stdout, exitCode } = await world.run('ls', []);
    expect(exitCode).toBe(0);
    const cells = stdout.split('\n').map((line) =>
      line
        .replaceAll(/172[.\d]+/g, 'IP')
        .replace(/ \ds /, ' Ns ')
        .split(/ {2,}/),
    );
    expect(cells).toEqual([
      ['SERVICE', 'ID', 'ADDRESS', 'CONTAINER', 'IMAGE', 'STATE', 'HEALTH', 'AGE', 'NOTE'],
      ['api', 'api-1', 'IP:80', 'api-1', 'web:1', 'running', 'unhealthy', '1m', 'unhealthy'],
      ['junk', 'x', '-', '-', '-', '-', '-', 'Ns', 'record is not JSON'],
      ['web', 'web-1', 'IP:80', 'web-1', 'web:1', 'running', '-', '1m'],
      ['web', 'web-2', 'IP:80', 'web-2', 'web:1', 'exited', '-', '1m', 'stale'],
      [''],
    ]);
    expect((await world.run('ls', ['web', '-o', 'name'])).stdout).toBe('web/web-1\nweb/web-2\n');
  });

  it('answers the documented fields', async () => {
    const id = await world.serve('web', 'web-1', { tags: ['blue'], metadata: { zone: 'a' } });
    const { document } = await world.json('ls', []);
    expect(document).toEqual({
      containers: [
        {
          service: 'web',
          id: 'web-1',
          name: 'web-1',
          address: expect.stringMatching(/^\d+\.\d+\.\d+\.\d+$/) as string,
          port: 80,
          path: '/docker/web/web-1',
          format: 'curator',
          session: null,
          registeredAt: expect.stringMatching(/Z$/) as string,
          tags: ['blue'],
          metadata: { zone: 'a' },
          weight: 1,
          usable: true,
          container: { id, name: 'web-1', image: 'web:1', state: 'running', health: null, host: 'fake-host' },
          stale: false,
          problem: null,
        },
      ],
    });
    expect((await world.json('ls', ['none'])).document).toEqual({ containers: [] });
  });

  it('is of use without an engine, and says so', async () => {
    await world.serve('web', 'web-1');
    world.engine.failNext('listContainers', new ZkdError('engine-unavailable', 'No engine answers'));
    const { stdout, stderr, exitCode } = await world.run('ls', []);
    expect([exitCode, stdout]).toEqual([0, expect.stringContaining('web-1') as string]);
    expect(stderr).toContain('what became of the containers is not known: No engine answers');
  });

  it('does not take two engines for none', async () => {
    const { exitCode, stderr } = await world.run('ls', ['--docker-host', 'tcp://a:1', '--context', 'b']);
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining('Two engines are named') as string]);
  });

  it('ends with 9 where a service may not be looked into, and shows the rest', async () => {
    await world.serve('web', 'web-1');
    const acl = [{ scheme: 'digest', id: 'bob:x', permissions: ['read' as const] }];
    world.znodes.put('/docker/closed', { acl });
    const { stdout, stderr, exitCode } = await world.run('ls', ['-o', 'name']);
    expect([exitCode, stdout]).toEqual([9, 'web/web-1\n']);
    expect(stderr).toContain('"/docker/closed" is not shown');
  });

  it('warns of two payloads in one service', async () => {
    await world.serve('web', 'web-1');
    await world.serve('web', 'web-2', { payload: 'spring' });
    expect((await world.run('ls', [])).stderr).toContain('Service "web" has records with and without the Spring payload');
  });
});

describe('containers inspect', () => {
  it('shows one, or says which there are', async () => {
    await world.serve('web', 'web-1');
    const { stdout } = await world.run('inspect', ['web/web-1']);
    expect(stdout).toContain('Path        /docker/web/web-1\n');
    expect(stdout).toContain('on fake-host\n');
    expect((await world.json('inspect', ['web/web-1'])).document).toMatchObject({ registration: { id: 'web-1' } });
    const { exitCode, document } = await world.json('inspect', ['web/other']);
    expect([exitCode, document]).toMatchObject([3, { error: { code: 'not-found', details: { registered: ['web-1'] } } }]);
    for (const odd of ['web', 'web/', '/web']) expect((await world.run('inspect', [odd])).exitCode).toBe(2);
  });

  it('finds services and instances with slashes in their names', async () => {
    world.znodes.put('/docker/a%2Fb/c%2Fd', { data: 'x' });
    expect((await world.run('ls', ['-o', 'name'])).stdout).toBe('a/b/c/d\n');
    expect((await world.json('inspect', ['a/b/c/d'])).document).toMatchObject({ registration: { service: 'a/b', id: 'c/d' } });
  });
});

describe('containers resolve', () => {
  it('gives one after the other to one process after the other, and none that is unwell', async () => {
    for (const name of ['web-1', 'web-2', 'web-3']) await world.serve('web', name);
    world.engine.setHealth('web-3', 'starting');
    const ids: unknown[] = [];
    for (let round = 0; round < 4; round += 1) ids.push((await world.json('resolve', ['web'])).document['id']);
    expect(ids.slice(0, 2).sort()).toEqual(['web-1', 'web-2']);
    expect(ids.slice(2)).toEqual(ids.slice(0, 2));
    expect((await world.run('resolve', ['web', '--all'])).stdout).toMatch(/^(\d+\.){3}\d+:80\n(\d+\.){3}\d+:80\n$/);
    expect((await world.json('resolve', ['web', '--all'])).document).toMatchObject({ instances: [{ id: 'web-1' }, { id: 'web-2' }] });
  });

  it('keeps to a key', async () => {
    for (const name of ['web-1', 'web-2', 'web-3']) await world.serve('web', name);
    const once = await world.run('resolve', ['web', '--strategy', 'hash', '--key', 'alice']);
    expect((await world.run('resolve', ['web', '--strategy', 'hash', '--key', 'alice'])).stdout).toBe(once.stdout);
    expect((await world.run('resolve', ['web', '--strategy', 'hash'])).exitCode).toBe(2);
    expect((await world.run('resolve', ['web', '--key', 'alice'])).exitCode).toBe(2);
  });

  it('says that there is none, and why', async () => {
    await world.serve('web', 'web-1');
    world.engine.setHealth('web-1', 'unhealthy');
    const { exitCode, stdout, stderr } = await world.run('resolve', ['web']);
    expect([exitCode, stdout]).toEqual([3, '']);
    expect(stderr).toContain('Service "web" has no instance to use: none of 1 registered is healthy');
    expect((await world.run('resolve', ['none', '--all'])).stderr).toContain('nothing is registered');
  });

  it('writes an IPv6 address as connect strings do', async () => {
    await world.serve('web', 'web-1', { address: 'fd00::1' });
    expect((await world.run('resolve', ['web'])).stdout).toBe('[fd00::1]:80\n');
  });
});
