/** How changes reach a real HAProxy, while 32 clients with keep-alive ask: by its socket, by reloads, and not at all. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { change, look } from '../../../src/balancer/inside.js';
import type { SyncedBalancer } from '../../../src/balancer/index.js';
import { at, freePort, useBalancedServices } from '../../support/balanced-services.js';
import { startLoad } from '../../support/keep-alive-load.js';
import { docker, expectFailure, run, succeed } from '../../support/story.js';

const here = useBalancedServices();
interface SyncDocument {
  readonly balancers: readonly SyncedBalancer[];
}
const sync = (name: string): Promise<SyncDocument> => succeed<SyncDocument>(['lb', 'sync', name], here.only);

describe('a change of the servers', () => {
  it('reaches HAProxy by its socket: no other worker, no failed request', async () => {
    const [name, port] = [here.balancerName(), await freePort()];
    const servers = await here.serve('runtime', 2);
    const [first, second] = [at(servers, 0), at(servers, 1)];
    await here.up('runtime', name, '--publish', String(port));
    const { worker } = await here.haproxy(name);
    const load = startLoad(port);
    const third = await here.start('runtime');
    await here.register('runtime', third, 2);
    expect((await sync(name)).balancers).toMatchObject([{ name, changed: true, servers: { how: 'runtime', added: [third.key] } }]);
    await sleep(1000);
    await here.forget('runtime', first);
    expect((await sync(name)).balancers).toMatchObject([{ servers: { how: 'runtime', removed: [first.key] } }]);
    await sleep(500);
    await docker('kill', first.name);
    await sleep(1000);
    const { failures } = await load.stop();
    expect(failures).toEqual([]);
    expect(await here.haproxy(name)).toMatchObject({ worker, servers: [second.key, third.key].sort() });
    expect((await here.haproxy(name)).slots.find(({ address }) => address === third.address)).toMatchObject({ weight: 2, isUp: true });
    expect((await sync(name)).balancers).toMatchObject([{ changed: false }]);
  });

  it('is a reload where there are more than slots, which no client notices', async () => {
    const [name, port] = [here.balancerName(), await freePort()];
    await here.serve('shape', 2);
    await here.up('shape', name, '--publish', String(port), '--slots', '2');
    const load = startLoad(port);
    let { worker } = await here.haproxy(name);
    // More instances than slots twice, then other shapes.
    for (const howMany of [1, 6]) {
      const added = await here.serve('shape', howMany);
      expect((await sync(name)).balancers).toMatchObject([{ servers: { how: 'reload', added: added.map(({ key }) => key).sort() } }]);
      const now = await here.haproxy(name);
      expect(now.worker).not.toBe(worker);
      ({ worker } = now);
      await sleep(700);
    }
    for (const path of ['/', '/slow?ms=1', 'none']) {
      expect(await here.up('shape', name, '--check-path', path)).toMatchObject({ changed: true, plan: ['reload HAProxy'] });
      await sleep(700);
    }
    const { failures, answered, answers } = await load.stop();
    expect(failures).toEqual([]);
    expect(answered).toBeGreaterThan(1000);
    expect(answers.size).toBe(9 + 1);
    expect((await here.haproxy(name)).servers).toHaveLength(9);
  });
});

describe('a configuration that HAProxy does not take', () => {
  it('is refused beforehand, or taken back: the servers serve on', async () => {
    const [name, port] = [here.balancerName(), await freePort()];
    const server = at(await here.serve('broken', 1), 0);
    await here.up('broken', name, '--publish', String(port));
    const load = startLoad(port);
    const engine = here.ensembles.engine;
    const before = await look(engine, name);
    const wanted = { kind: 'reload' as const, commands: [], memory: '' };
    const misspelt = before.configuration.replace('bind :8080', 'bund :8080');
    expect(await change(engine, name, before, { ...wanted, configuration: misspelt })).toMatchObject({
      kind: 'refused',
      words: expect.stringContaining("unknown keyword 'bund'") as string,
    });
    expect((await here.haproxy(name)).worker).toBe(before.running?.master.worker);
    // Fine to read, but the port is taken inside: that shows when a worker starts only.
    await docker(
      'exec',
      '--detach',
      name,
      'perl',
      '-MIO::Socket::INET',
      '-e',
      'my $taken = IO::Socket::INET->new(Listen => 1, LocalPort => 9999) or die; sleep 60',
    );
    await sleep(500);
    const taken = before.configuration.replace('bind :8080', 'bind :8080\n  bind :9999');
    expect(await change(engine, name, before, { ...wanted, configuration: taken })).toMatchObject({
      kind: 'failed',
      words: 'a worker of the new generation failed',
    });
    const after = await look(engine, name);
    expect(after.configuration).toBe(before.configuration);
    expect(after.running).toMatchObject({ master: { failed: 0, isFresh: true, reloads: 2 } });
    // Who saw another state than there is changes nothing.
    expect(await change(engine, name, { ...before, memory: 'other\n' }, { ...wanted, configuration: taken })).toEqual({ kind: 'stale' });
    await sleep(500);
    expect((await load.stop()).failures).toEqual([]);
    expect((await here.haproxy(name)).servers).toEqual([server.key]);
    expect((await sync(name)).balancers).toMatchObject([{ changed: false }]);
  });
});

describe('a registry that is ill', () => {
  it('loses its records all at once: the servers are held, by several processes, and then go', async () => {
    const [name, port] = [here.balancerName(), await freePort()];
    const servers = await here.serve('held', 2);
    await here.up('held', name, '--publish', String(port), '--hold', '4s');
    for (const server of servers) await here.forget('held', server);
    const since = Date.now();
    for (let pass = 0; pass < 2; pass += 1) {
      expect((await sync(name)).balancers).toMatchObject([{ changed: false, servers: { held: servers.map(({ key }) => key).sort() } }]);
    }
    // HAProxy's own checks judge them meanwhile.
    await docker('kill', at(servers, 0).name);
    const load = startLoad(port);
    await sleep(Math.max(0, since + 3500 - Date.now()));
    expect((await load.stop()).failures.filter((failure) => !failure.startsWith('POST'))).toEqual([]);
    expect((await here.haproxy(name)).slots.filter(({ isUp }) => isUp)).toHaveLength(1);
    await sleep(1500);
    expect((await sync(name)).balancers).toMatchObject([{ servers: { removed: servers.map(({ key }) => key).sort(), held: [] } }]);
    expect((await here.haproxy(name)).servers).toEqual([]);
  });

  it('cannot be reached: the servers stay, and are followed again afterwards', async () => {
    const [name, port] = [here.balancerName(), await freePort()];
    const servers = await here.serve('away', 2);
    await here.up('away', name, '--publish', String(port));
    const watch = await here.watch(name, '--session-timeout', '4s');
    const load = startLoad(port);
    await succeed(['cluster', 'stop', here.cluster.name], here.only);
    await expectFailure(['lb', 'sync', name, '--timeout', '1s'], { exitCode: 6, code: 'zookeeper-unavailable', says: [] }, here.only);
    await sleep(6000);
    await here.awaitServers(name, servers);
    expect((await run(['lb', 'ls'], here.only)).exitCode).toBe(0);
    await succeed(['cluster', 'start', here.cluster.name], here.only);
    const third = await here.start('away');
    // By a zkd, since the test's own session may be of the time before.
    await succeed(['containers', 'register', third.name, '--service', 'away', '--port', '80', '--persistent'], here.only);
    await here.awaitServers(name, [...servers, third]);
    expect((await load.stop()).failures).toEqual([]);
    expect(await watch.stop()).toBe(130);
  });
});
