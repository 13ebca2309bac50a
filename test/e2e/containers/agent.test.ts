/** The agent on a real engine and ensemble: what it registers, and what it lives through. */
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { openSession, parseConnectString, type ZooKeeperSession } from '../../../src/zookeeper/index.js';
import { openDoor, toEngine } from '../../support/engine-proxy.js';
import { registryStory, type RegistryStory } from '../../support/registry-story.js';
import { docker, IMAGE, succeed, up, useEnsembles, type Cluster } from '../../support/story.js';
import { zkd, type ZkdOptions } from '../../support/zkd.js';

const ensembles = useEnsembles();
let cluster: Cluster;
let session: ZooKeeperSession;
let only: ZkdOptions;
beforeAll(async () => {
  ({ cluster } = await up(ensembles.name(), '--image', IMAGE, '--size', '1', '--client-port', 'auto'));
  session = await openSession({ servers: parseConnectString(cluster.connect).servers });
  ensembles.later(() => session.close());
  only = { env: { ZKD_CONNECT: cluster.connect } };
});
const story = (topic: string): RegistryStory => registryStory({ ensembles, cluster, session: () => session, topic });
const label = (service: string): string[] => ['--label', `zkd.service=${service}`];

describe('what an agent registers', () => {
  it('is what runs and is healthy, as long as it does and is', async () => {
    const { serve, agent, list, shows } = story('health');
    const name = await serve('a', ...label('web'), '--health-start-period', '1s');
    const keeper = await agent();
    await shows(name);
    await docker('exec', name, 'server', 'unwell');
    await shows();
    await docker('exec', name, 'server', 'well');
    await shows(name);
    await docker('pause', name);
    await shows();
    await docker('unpause', name);
    await shows(name);
    await docker('network', 'disconnect', `zkd-${cluster.name}`, name);
    await shows();
    await docker('network', 'connect', `zkd-${cluster.name}`, name);
    await shows(name);
    await docker('rename', name, `${name}-new`);
    ensembles.later(() => docker('rm', '--force', `${name}-new`));
    await shows(`${name}-new`);
    expect(await list()).toMatchObject([
      { service: 'web', port: 80, stale: false, container: { health: 'healthy', image: expect.any(String) as string } },
    ]);
    keeper.signal('SIGTERM');
    expect((await keeper.end()).exitCode).toBe(143);
    expect(await list()).toEqual([]);
  });

  it('is gone as soon as its container is told to stop, long before it has', async () => {
    const { serve, agent, list, shows } = story('stop');
    const name = await serve('a', ...label('web'), '--env', 'GRACE_MS=4000');
    const keeper = await agent();
    await shows(name);
    await docker('kill', '--signal', 'WINCH', name);
    const stopping = docker('stop', name);
    await keeper.tells('deregistered');
    expect(await docker('inspect', '--format', '{{.State.Status}}', name)).toBe('running');
    expect(await list()).toEqual([]);
    await stopping;
    await docker('start', name);
    await shows(name);
    keeper.signal('SIGTERM');
    await keeper.end();
  });

  it('is each container as it says, and where it is', async () => {
    const { root, serve, agent, list, shows } = story('shapes');
    const two = await serve(
      'two',
      '--env',
      'SERVICE_NAME=both',
      '--env',
      'PORTS=80,81',
      '--expose',
      '81',
      '--label',
      'SERVICE_81_NAME=admin',
    );
    const [one, other] = [await serve('one', '--env', 'SERVICE_NAME=same'), await serve('other', '--env', 'SERVICE_NAME=same')];
    const host = await serve('host', ...label('host'), '--network', 'host', '--env', 'PORT=28471', '--label', 'zkd.port=28471');
    await serve('none', ...label('none'), '--network', 'none');
    await serve('ignored', '--env', 'SERVICE_NAME=ignored', '--label', 'SERVICE_IGNORE=1');
    const odd = await serve(
      'odd',
      '--label',
      'zkd.service=we/b é%',
      '--label',
      'zkd.tags=a,b\\,c',
      '--label',
      'zkd.weight=3',
      '--label',
      'zkd.metadata.zone=x',
    );
    const keeper = await agent('--host-address', '127.0.0.1');
    await shows(two, two, one, other, host, odd);
    const registrations = await list();
    const of = (service: string) => registrations.filter((registration) => registration.service === service);
    expect(of('both-80')).toMatchObject([{ port: 80, container: { name: two } }]);
    expect(of('admin')).toMatchObject([{ port: 81, container: { name: two } }]);
    expect(
      of('same')
        .map(({ container }) => container?.name)
        .sort(),
    ).toEqual([one, other].sort());
    expect(of('host')).toMatchObject([{ address: '127.0.0.1', port: 28471 }]);
    expect(of('we/b é%')).toMatchObject([{ tags: ['a', 'b,c'], weight: 3, metadata: { zone: 'x' } }]);
    expect((await zkd(['containers', 'resolve', 'we/b é%', '--root', root], only)).stdout).toMatch(/^[\d.]+:80$/);
    expect(keeper.lines.filter(({ event }) => event === 'problem').map(({ message }) => message)).toEqual([
      expect.stringMatching(/-none: .*has no address on a network of its own/) as string,
    ]);
    expect(await succeed(['containers', 'diff', '--explicit', '--root', root, '--host-address', '127.0.0.1'], only)).toEqual({ drift: [] });
    keeper.signal('SIGTERM');
    await keeper.end();
  });

  it('stands beside what others have written, and junk', async () => {
    const { root, serve, agent, list } = story('junk');
    const name = await serve('a', ...label('junk'));
    for (const path of [root, `${root}/junk`, `${root}/junk/binary`, `${root}/empty`]) await session.create(path, Buffer.from([0, 255, 1]));
    await session.create(`${root}/junk/fields`, Buffer.from('{"address":7,"port":"x","serviceType":"DYNAMIC","zkd":[1]}'));
    const keeper = await agent('--resync', '1s');
    await keeper.tells('registered');
    await sleep(2500);
    const seen = await list();
    expect(seen.filter(({ container }) => container)).toMatchObject([{ container: { name }, usable: true }]);
    expect(seen.filter(({ container }) => !container).map(({ id, usable, problem }) => [id, usable, problem])).toEqual([
      ['binary', false, 'is not JSON'],
      ['fields', false, 'has no address and no port'],
    ]);
    expect((await zkd(['containers', 'resolve', 'junk', '--root', root, '--all'], only)).stdout).toMatch(/^[\d.]+:80$/);
    keeper.signal('SIGTERM');
    await keeper.end();
  });
});

describe('an agent lives through', () => {
  it('the end of its session', async () => {
    const { serve, agent, list, shows } = story('expiry');
    const name = await serve('a', ...label('web'));
    const keeper = await agent('--session-timeout', '4s');
    await shows(name);
    const [before] = await list();
    keeper.signal('SIGSTOP');
    await shows();
    const next = await serve('b', ...label('web'));
    await docker('kill', name);
    keeper.signal('SIGCONT');
    await shows(next);
    expect((await list())[0]?.session).not.toBe(before?.session);
    expect(keeper.lines.map(({ event }) => event)).toContain('session');
    keeper.signal('SIGTERM');
    await keeper.end();
  });

  it('an ensemble that is stopped while containers come and go', async () => {
    const { serve, agent, shows } = story('outage');
    const [stays, goes] = [await serve('a', ...label('web')), await serve('b', ...label('web'))];
    const keeper = await agent('--session-timeout', '4s');
    await shows(stays, goes);
    const member = cluster.members[0]?.container ?? '';
    // Its record is to go at the very moment when there is nobody to tell.
    await Promise.all([docker('stop', member), docker('rm', '--force', goes)]);
    const comes = await serve('c', ...label('web'));
    await sleep(8000);
    expect(keeper.lines.filter(({ event }) => event === 'connection')).toHaveLength(1);
    await docker('start', member);
    await succeed(['cluster', 'wait', cluster.name]);
    expect(await shows(stays, comes)).toBeLessThan(10_000);
    keeper.signal('SIGTERM');
    await keeper.end();
  });

  it('an engine that is away for a while', async () => {
    const { serve, agent, list, shows } = story('engine');
    let isAway = false;
    const door = await openDoor((socket) => (isAway ? socket.destroy() : toEngine(socket)));
    ensembles.later(async () => door.close());
    const [stays, goes] = [await serve('a', ...label('web')), await serve('b', ...label('web'))];
    const keeper = await agent('--docker-host', `tcp://127.0.0.1:${door.port}`);
    await shows(stays, goes);
    isAway = true;
    for (const socket of door.sockets) socket.destroy();
    await keeper.tells('engine');
    await docker('rm', '--force', goes);
    const comes = await serve('c', ...label('web'));
    await sleep(1500);
    expect((await list()).map(({ container }) => container?.name)).toContain(stays);
    isAway = false;
    await shows(stays, comes);
    // It is said when all was looked at; records may be right before.
    const said = (): string[] => keeper.lines.filter(({ event }) => event === 'engine').map(({ level }) => level);
    await expect.poll(said).toEqual(['warning', 'info']);
    keeper.signal('SIGTERM');
    await keeper.end();
  });

  it('its own end: the next one leads, and nothing is there twice', async () => {
    const { serve, agent, shows } = story('lead');
    const name = await serve('a', ...label('web'));
    const one = await agent('--session-timeout', '4s');
    await shows(name);
    const other = await agent('--session-timeout', '4s');
    await other.tells('standing-by');
    one.signal('SIGKILL');
    await other.tells('leading');
    await other.tells('registered');
    await shows(name);
    // Whatever is left of the other's session ends, and takes nothing along.
    await sleep(5000);
    await shows(name);
    other.signal('SIGTERM');
    await other.end();
  });

  it('a change of agents without a gap, where records are kept', async () => {
    const { serve, agent, shows } = story('keep');
    const name = await serve('a', ...label('web'));
    const one = await agent('--on-exit', 'keep', '--session-timeout', '8s');
    await shows(name);
    one.signal('SIGTERM');
    expect((await one.end()).exitCode).toBe(143);
    await shows(name);
    const next = await agent();
    await next.tells('registered');
    expect(next.lines.map(({ event }) => event)).not.toContain('standing-by');
    await sleep(9000);
    await shows(name);
    next.signal('SIGTERM');
    await next.end();
  });
});
