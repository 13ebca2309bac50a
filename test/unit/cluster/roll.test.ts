/** A living ensemble whose settings are changed: members are replaced one at a time, and the quorum never breaks. */
import { describe, expect, it } from 'vitest';
import { ZkdError } from '../../../src/errors.js';
import { SETTINGS } from '../../../src/cluster/settings.js';
import { restartMembers } from '../../../src/cluster/restart.js';
import type { UpRequest } from '../../../src/cluster/up-request.js';
import { useFakeHostPorts } from '../../fakes/fake-host-ports.js';
import { interceptEngine, type Interceptor } from '../../fakes/intercepted-engine.js';
import { createWorld, type World } from '../../support/ensemble-world.js';
import { failureOf } from '../../support/failure-of.js';

useFakeHostPorts();

const HEAP_512 = { heapBytes: 512 * 1024 ** 2 };
const read = async ({ engine }: World, id: number, path: string): Promise<string> =>
  (await engine.readFile(`zkd-zk-${id}`, path))?.toString() ?? '';
const heapsOf = async ({ engine }: World): Promise<(string | undefined)[]> =>
  Promise.all([1, 2, 3].map(async (id) => (await engine.findContainer(`zkd-zk-${id}`))?.env['ZK_SERVER_HEAP']));
const whole = (size: number, settings?: number): string[] => [
  ...Array.from({ length: size }, (_, index) => `container zkd-zk-${index + 1} running`),
  'network zkd-zk',
  ...Array.from({ length: size }, (_, index) => ['conf', 'data', 'datalog'].map((kind) => `volume zkd-zk-${index + 1}-${kind}`)).flat(),
  ...(settings === undefined ? [] : [`volume zkd-zk-settings-${settings}`]),
];

/** A world with an ensemble in it; from then on somebody sees every engine call. */
async function livingWorld(given: UpRequest['given'] = {}, interceptor: Interceptor = () => undefined): Promise<World> {
  const hook: { call: Interceptor } = { call: () => undefined };
  const world = createWorld((engine) => interceptEngine(engine, (call) => hook.call(call)));
  await world.up({ given });
  hook.call = interceptor;
  return world;
}

describe('a changed heap', () => {
  it('replaces followers first and the leader last, one at a time, and keeps everything else', async () => {
    let fewest = 3;
    const world = await livingWorld({}, async () => {
      const containers = await world.engine.listContainers({});
      fewest = Math.min(fewest, containers.filter(({ state }) => state === 'running').length);
    });
    const before = await Promise.all([1, 2, 3].map((id) => read(world, id, '/conf/zkd-super')));
    const { plan, changed, outages, cluster } = await world.up({ given: HEAP_512 });
    expect(plan).toEqual([
      'remember the new settings (revision 2)',
      'replace member 1 (follower): heap 256m -> 512m',
      'replace member 2 (follower): heap 256m -> 512m',
      'replace member 3 (leader): heap 256m -> 512m',
    ]);
    expect(changed).toBe(true);
    expect(outages.map(({ member }) => member)).toEqual([1, 2, 3]);
    expect(fewest).toBe(2);
    expect(cluster?.connect).toBe('127.0.0.1:2181,127.0.0.1:2182,127.0.0.1:2183');
    expect(await heapsOf(world)).toEqual(['512', '512', '512']);
    expect(await Promise.all([1, 2, 3].map((id) => read(world, id, '/conf/zkd-super')))).toEqual(before);
    expect(await world.inventory()).toEqual(whole(3, 2));
    expect((await world.up()).changed).toBe(false);
    expect((await world.up({ given: HEAP_512 })).changed).toBe(false);
  });

  it('is what a later up after down keeps, though the labels of the data volumes tell the birth', async () => {
    const world = await livingWorld();
    await world.up({ given: HEAP_512 });
    await world.down();
    await world.up();
    expect(await heapsOf(world)).toEqual(['512', '512', '512']);
    await world.down({ volumes: true });
    expect(await world.inventory()).toEqual([]);
  });

  it('takes members that do not run at once, without waiting for a quorum', async () => {
    const world = await livingWorld();
    for (const id of [1, 2, 3]) await world.engine.stopContainer(`zkd-zk-${id}`, { timeoutMs: 1 });
    const { plan, outages } = await world.up({ given: HEAP_512 });
    expect(plan.slice(1)).toEqual([1, 2, 3].map((id) => `replace member ${id} (not well): heap 256m -> 512m`));
    expect(outages).toEqual([]);
    expect(await world.inventory()).toEqual(whole(3, 2));
  });

  it('repairs first, and takes whoever is not well before those who are', async () => {
    const world = await livingWorld();
    await world.engine.stopContainer('zkd-zk-3', { timeoutMs: 1 });
    await world.engine.removeContainer('zkd-zk-1', { force: true });
    // Member 2 alone is no quorum: it is not well either.
    const { plan } = await world.up({ given: HEAP_512 });
    expect(plan.map((line) => line.replace(/ \(.*/, ''))).toEqual([
      'remember the new settings',
      'create member 1',
      'configure member 1',
      'start member 1: new container',
      'replace member 3',
      'replace member 2',
    ]);
    expect(await heapsOf(world)).toEqual(['512', '512', '512']);
  });

  it('goes on where a roll was killed, with or without saying it again', { timeout: 60_000 }, async () => {
    let total = 0;
    const counted = await livingWorld({}, () => void (total += 1));
    await counted.up({ given: HEAP_512 });
    const kills = [HEAP_512, {}].flatMap((again) => Array.from({ length: total }, (_, index) => ({ again, index })));
    // All at once: most of it is waiting until nothing moves any more.
    await Promise.all(
      kills.map(async ({ again, index }) => {
        let now = 0;
        let arrive = (): void => undefined;
        const arrived = new Promise<void>((resolve) => (arrive = resolve));
        const killed = await livingWorld({}, () => {
          now += 1;
          if (now <= index) return undefined;
          arrive();
          return new Promise<void>(() => undefined);
        });
        void killed.up({ given: HEAP_512 }).catch(() => undefined);
        await arrived;
        now = Number.NEGATIVE_INFINITY;
        const { cluster } = await killed.up({ given: again, timeoutMs: 3000 });
        const where = `killed before call ${index + 1} of ${total}, then ${JSON.stringify(again)}`;
        expect(cluster?.leader, where).not.toBeNull();
        const heaps = await heapsOf(killed);
        expect(new Set(heaps).size, `${where}: ${heaps.join()}`).toBe(1);
        if (again === HEAP_512) expect(heaps[0], where).toBe('512');
        expect(
          (await killed.inventory()).filter((line) => !line.includes('settings')),
          where,
        ).toEqual(whole(3));
      }),
    );
  });

  it('is made by one of two zkd at the same time, and never takes two members down', async () => {
    let fewest = 3;
    const world = await livingWorld({}, async () => {
      await new Promise((resolve) => setImmediate(resolve));
      const containers = await world.engine.listContainers({});
      fewest = Math.min(fewest, containers.filter(({ state }) => state === 'running').length);
    });
    const outcomes = await Promise.allSettled([1, 2].map(() => world.up({ given: HEAP_512, timeoutMs: 20_000 })));
    for (const outcome of outcomes) if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'conflict' });
    expect(outcomes.map(({ status }) => status)).toContain('fulfilled');
    expect(fewest).toBe(2);
    expect(await heapsOf(world)).toEqual(['512', '512', '512']);
    expect(await world.inventory()).toEqual(whole(3, 2));
  });

  it('and another one at the same time do not mix', { timeout: 30_000 }, async () => {
    const world = await livingWorld();
    const heaps = [512, 1024];
    const outcomes = await Promise.allSettled(heaps.map((heap) => world.up({ given: { heapBytes: heap * 1024 ** 2 }, timeoutMs: 20_000 })));
    for (const outcome of outcomes) if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'conflict' });
    expect(new Set(await heapsOf(world)).size).toBe(1);
  });
});

describe('an ephemeral ensemble', () => {
  it('is replaced member by member while the others hold its data, and leaves no volume behind', async () => {
    const world = await livingWorld({ ephemeral: true });
    const volumes = (await world.engine.listVolumes({})).length;
    const { outages } = await world.up({ given: HEAP_512 });
    expect(outages).toHaveLength(3);
    expect(await world.engine.listVolumes({})).toHaveLength(volumes + 1);
    expect((await world.up({ given: HEAP_512 })).changed).toBe(false);
    await world.down();
    expect(await world.inventory()).toEqual([]);
  });

  it.each([
    ['a single voter', { size: 1 }, []],
    ['voters that do not run', { size: 3 }, [1, 2, 3]],
  ])('of %s is not replaced without being told that its data goes', async (_, { size }, stopped) => {
    const world = await livingWorld({ ephemeral: true, size });
    for (const id of stopped) await world.engine.stopContainer(`zkd-zk-${id}`, { timeoutMs: 1 });
    const failure = await failureOf(world.up({ given: HEAP_512, yes: true }));
    expect(failure).toMatchObject({ code: 'refused', details: { override: '--accept-data-loss' } });
    expect((await world.up({ given: HEAP_512, yes: true, acceptDataLoss: true })).changed).toBe(true);
  });
});

describe('what was asked', () => {
  it('is not forgotten by an up that fails afterwards', async () => {
    const world = await livingWorld();
    await world.up({ given: HEAP_512 });
    await world.engine.stopContainer('zkd-zk-1', { timeoutMs: 1 });
    world.zooKeeper.tell('zkd-zk-1', { silence: 'silent' });
    expect((await failureOf(world.up())).code).toBe('timeout');
    world.zooKeeper.tell('zkd-zk-1', undefined);
    await world.down();
    await world.up();
    expect(await heapsOf(world)).toEqual(['512', '512', '512']);
  });

  it('can be taken back by the flags that a stopped roll suggests', async () => {
    const world = await livingWorld();
    world.zooKeeper.crashWhere(() => true);
    const { suggestions } = await failureOf(world.up({ given: { memoryBytes: 1024 ** 3, cpus: 2 } }));
    expect(suggestions).toContain('zkd cluster up zk --memory none --cpus none');
    expect(SETTINGS.memoryBytes.parse('none')).toBeNull();
    expect(SETTINGS.cpus.parse('none')).toBeNull();
  });

  it('after an ephemeral ensemble of the same name is not mistaken for its change', async () => {
    const world = await livingWorld({ ephemeral: true });
    await world.up({ given: HEAP_512 });
    for (const { id } of await world.engine.listContainers({}))
      await world.engine.removeContainer(id, { force: true, anonymousVolumes: true });
    await world.up({ given: { ephemeral: true } });
    expect((await world.up({ given: { heapBytes: 1024 ** 3 } })).outages).toHaveLength(3);
  });
});

describe('a member that comes to itself', () => {
  it('is waited for although it was sick when the plan was made', async () => {
    let running = 3;
    const world = await livingWorld({}, async ({ method }) => {
      if (method === 'createContainer') world.zooKeeper.tell('zkd-zk-1', undefined);
      const containers = await world.engine.listContainers({});
      running = Math.min(running, containers.filter(({ state }) => state === 'running').length);
    });
    world.zooKeeper.tell('zkd-zk-1', { silence: 'silent' });
    const { plan, outages } = await world.up({ given: HEAP_512, timeoutMs: 3000 });
    expect(plan[1]).toContain('replace member 1 (not well)');
    expect(outages.map(({ member }) => member)).toContain(1);
    expect(running).toBe(2);
  });
});

describe('a roll that cannot go on', () => {
  it('takes away nothing that the same up has made before', async () => {
    const world = await livingWorld();
    await world.engine.removeContainer('zkd-zk-3', { force: true });
    world.zooKeeper.tell('zkd-zk-2', { silence: 'silent' });
    const failure = await failureOf(world.up({ given: HEAP_512 }));
    expect(failure.code).toBe('timeout');
    expect(failure.message).not.toMatch(/another zkd|removed again/);
    expect(await world.inventory()).toEqual(whole(3, 2));
  });

  it('stops with the quorum whole, and says how to go on and back', async () => {
    const world = await livingWorld();
    const bad = { set: { initLimit: 'abc' } };
    world.zooKeeper.crashWhere((zooCfg) => zooCfg.includes('initLimit=abc'));
    const failure = await failureOf(world.up({ given: bad }));
    expect(failure).toMatchObject({ code: 'timeout', details: { replaced: [], failed: 1, remaining: [2, 3] } });
    expect(failure.message).toMatch(/^Member 1 is not in sync after it was replaced: the roll stopped/);
    expect(failure.suggestions).toContain('zkd cluster up zk --set initLimit=');
    expect(world.zooKeeper.leader('zk')).toBe(3);
    const { plan } = await world.up({ given: { set: { initLimit: '' } }, timeoutMs: 5000 });
    expect(plan[1]).toBe('replace member 1 (not well): initLimit abc -> none');
    expect(await read(world, 1, '/conf/zoo.cfg')).toContain('initLimit=10');
  });

  it('touches no member that is well while another one is not in sync', async () => {
    const world = await livingWorld();
    world.zooKeeper.tell('zkd-zk-2', { silence: 'silent' });
    const failure = await failureOf(world.up({ given: { restart: 'no' } }));
    expect(failure).toMatchObject({ code: 'timeout', details: { replaced: [2], failed: null, remaining: [1, 3] } });
    expect(failure.message).toMatch(/^Member 1 is not replaced: the roll stopped/);
    const policies = await Promise.all([1, 2, 3].map((id) => world.engine.findContainer(`zkd-zk-${id}`)));
    expect(policies.map((container) => container?.restartPolicy)).toEqual(['unless-stopped', 'no', 'unless-stopped']);
    expect(await world.inventory()).toEqual(whole(3, 2));
  });
});

describe('consent', () => {
  it.each([1, 2])('is needed for the outage of a size %i, and given by --yes or a person', async (size) => {
    const world = await livingWorld({ size });
    const before = await world.inventory();
    const failure = await failureOf(world.up({ given: HEAP_512 }));
    expect(failure).toMatchObject({ code: 'usage', suggestions: ['The same command with --yes'] });
    expect(failure.message).toContain('outage');
    expect(await world.inventory()).toEqual(before);
    await world.up({ given: HEAP_512, dryRun: true });
    expect(world.said.join('\n')).toContain('caution: this is an outage');
    expect((await world.up({ given: HEAP_512, yes: true })).outages).toHaveLength(size);
    expect(await world.inventory()).toEqual(whole(size, 2));
  });
});

describe('an image', () => {
  const withImages = async (): Promise<World> => {
    const world = createWorld();
    for (const version of ['3.8.4', '3.9.9', '3.10.0'])
      world.engine.addImage(`zoo:${version}`, { labels: { 'zkd.zookeeper.version': version }, volumes: ['/data', '/datalog', '/logs'] });
    await world.up();
    return world;
  };

  it('of an older ZooKeeper is refused', async () => {
    const world = await withImages();
    expect(await failureOf(world.up({ given: { image: 'zoo:3.8.4' }, yes: true }))).toMatchObject({
      code: 'refused',
      details: { from: '3.9.3', to: '3.8.4' },
    });
  });

  it('of another minor version needs consent, of the same one does not', async () => {
    const world = await withImages();
    expect((await failureOf(world.up({ given: { image: 'zoo:3.10.0' } }))).message).toContain('an upgrade from ZooKeeper 3.9.3 to 3.10.0');
    const { plan, cluster } = await world.up({ given: { image: 'zoo:3.9.9' } });
    expect(plan[1]).toBe('replace member 1 (follower): image zookeeper:3.9 -> zoo:3.9.9');
    expect(cluster?.image).toBe('zoo:3.9.9');
    expect((await world.up({ given: { image: 'zoo:3.9.9' } })).changed).toBe(false);
  });
});

describe('zoo.cfg', () => {
  it('gets the changed keys only; what somebody edited stays, and is told', async () => {
    const world = await livingWorld({ set: { snapCount: '1000' } });
    const edited = (await read(world, 2, '/conf/zoo.cfg')).replace('syncLimit=5', 'syncLimit=7');
    await world.engine.writeFiles('zkd-zk-2', [
      { path: '/conf/zoo.cfg', content: `${edited}\n# by hand\nextra=1\n`, mode: 0o600, uid: 1000, gid: 1000 },
    ]);
    const dynamic = await read(world, 2, '/conf/zoo.cfg.dynamic.100000000');
    await world.up({ given: { tickTimeMs: 500, set: { snapCount: '', maxSessionTimeout: '9000' } } });
    const now = (await read(world, 2, '/conf/zoo.cfg')).split('\n');
    expect(now).toEqual(expect.arrayContaining(['tickTime=500', 'maxSessionTimeout=9000', 'syncLimit=7', '# by hand', 'extra=1']));
    expect(now.join('\n')).not.toContain('snapCount');
    expect(await read(world, 2, '/conf/zoo.cfg.dynamic.100000000')).toBe(dynamic);
    expect(world.said).toContain('caution: the configuration of member 2 was edited (syncLimit); it is left as it is');
    expect(world.said.filter((line) => line.includes('was edited'))).toHaveLength(1);
  });
});

describe('ports', () => {
  it('cannot be changed while a member does not run', async () => {
    const world = await livingWorld();
    await world.engine.stopContainer('zkd-zk-2', { timeoutMs: 1 });
    const failure = await failureOf(world.up({ given: { clientPort: 3000 } }));
    expect(failure).toMatchObject({ code: 'refused', details: { notRunning: [2] } });
    expect(failure).toBeInstanceOf(ZkdError);
  });
});

describe('restart', () => {
  const restart = ({ engine, zooKeeper, observer }: World, request: Partial<Parameters<typeof restartMembers>[0]> = {}) =>
    restartMembers(
      { name: 'zk', members: [], force: false, timeoutMs: 300, ...request },
      { engine, ask: zooKeeper.ask, observer, signal: new AbortController().signal },
    );
  const startedAt = async ({ engine }: World) =>
    Promise.all([1, 2, 3].map(async (id) => (await engine.findContainer(`zkd-zk-${id}`))?.startedAt ?? ''));

  it('takes followers first and the leader last, and leaves nothing behind', async () => {
    const world = await livingWorld();
    const before = await startedAt(world);
    const result = await restart(world);
    expect(result).toMatchObject({ cluster: 'zk', changed: true, volumes: [], outages: [{ member: 1 }, { member: 2 }, { member: 3 }] });
    expect(result.members.map(({ id, action }) => `${id} ${action}`)).toEqual(['1 restarted', '2 restarted', '3 restarted']);
    for (const [index, time] of (await startedAt(world)).entries()) expect(time > (before[index] ?? '')).toBe(true);
    expect(await world.inventory()).toEqual(whole(3));
  });

  it('of one member leaves the others alone', async () => {
    const world = await livingWorld();
    const before = await startedAt(world);
    await restart(world, { members: [3] });
    expect((await startedAt(world)).slice(0, 2)).toEqual(before.slice(0, 2));
  });

  it('of members the quorum hangs on is refused without --force', async () => {
    const world = await livingWorld();
    await world.engine.stopContainer('zkd-zk-1', { timeoutMs: 1 });
    expect(await failureOf(restart(world, { members: [2] }))).toMatchObject({ code: 'refused', details: { override: '--force' } });
    await restart(world, { members: [2], force: true });
    expect((await world.engine.findContainer('zkd-zk-2'))?.state).toBe('running');
  });

  it('starts what does not run, and goes on where another one was killed', { timeout: 30_000 }, async () => {
    const world = await livingWorld();
    await world.engine.stopContainer('zkd-zk-2', { timeoutMs: 1 });
    await world.engine.createContainer({ ...world.engine.container('zkd-zk-2').spec, name: 'zkd-zk-roll' });
    await restart(world, { timeoutMs: 20_000 });
    expect(await world.inventory()).toEqual(whole(3));
  });

  it('says so where a member that was down does not get in sync', async () => {
    const world = await livingWorld();
    await world.engine.stopContainer('zkd-zk-2', { timeoutMs: 1 });
    world.zooKeeper.tell('zkd-zk-2', { silence: 'silent' });
    expect((await failureOf(restart(world, { members: [2] }))).code).toBe('timeout');
  });

  it('of two members by name is one after the other, and no loss of the quorum', async () => {
    const world = await livingWorld();
    expect((await restart(world, { members: [1, 2] })).outages.map(({ member }) => member)).toEqual([1, 2]);
  });

  it('stops where a member does not come back', async () => {
    const world = await livingWorld();
    const { engine } = world;
    const broken = (await read(world, 1, '/conf/zoo.cfg')).replace('initLimit=10', 'initLimit=abc');
    await engine.writeFiles('zkd-zk-1', [{ path: '/conf/zoo.cfg', content: broken, mode: 0o600, uid: 1000, gid: 1000 }]);
    world.zooKeeper.crashWhere((zooCfg) => zooCfg.includes('initLimit=abc'));
    const failure = await failureOf(restart(world));
    expect(failure).toMatchObject({ code: 'timeout', details: { restarted: [], failed: 1, remaining: [2, 3] } });
    expect((await engine.findContainer('zkd-zk-2'))?.state).toBe('running');
    expect((await world.inventory()).some((line) => line.includes('roll'))).toBe(false);
  });
});
