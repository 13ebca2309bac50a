import { describe, expect, it } from 'vitest';
import { ZkdError } from '../../../src/errors.js';
import { useFakeHostPorts } from '../../fakes/fake-host-ports.js';
import { createWorld, type World } from '../../support/ensemble-world.js';
import { failureOf } from '../../support/failure-of.js';

useFakeHostPorts();

const broken = (): ZkdError => new ZkdError('failure', 'device is busy', { details: { reason: 'other' } });

async function upWorld(size = 3): Promise<World> {
  const world = createWorld();
  await world.up({ given: { size } });
  return world;
}

async function joinNetwork({ engine }: World, name: string, network = 'zkd-zk'): Promise<void> {
  engine.addImage('app:1');
  await engine.startContainer(await engine.createContainer({ name, image: 'app:1', network }));
}

const VOLUMES = ['conf', 'data', 'datalog'];
const volumesOf = (id: number): string[] => VOLUMES.map((kind) => `zkd-zk-${id}-${kind}`);

describe('down', () => {
  it('removes containers and network, and keeps the data', async () => {
    const world = await upWorld();
    const result = await world.down();
    expect(result).toMatchObject({
      cluster: 'zk',
      changed: true,
      members: [1, 2, 3].map((id) => ({ id, container: `zkd-zk-${id}`, action: 'removed', error: null })),
      volumes: [],
    });
    expect(await world.inventory()).toEqual([1, 2, 3].flatMap((id) => volumesOf(id).map((name) => `volume ${name}`)));
  });

  it('ends a running member at once before it removes it', async () => {
    const world = await upWorld(1);
    world.engine.calls.length = 0;
    await world.down();
    const ends = world.engine.calls.filter(({ method }) => ['stopContainer', 'removeContainer'].includes(method));
    expect(ends).toEqual([
      { method: 'stopContainer', args: [expect.any(String), { timeoutMs: 0 }] },
      { method: 'removeContainer', args: [expect.any(String), { force: true, anonymousVolumes: true }] },
    ]);
  });

  it('unpauses a paused member before it ends it', async () => {
    const world = await upWorld(1);
    await world.engine.pauseContainer('zkd-zk-1');
    world.engine.calls.length = 0;
    await world.down();
    const methods = world.engine.calls.map(({ method }) => method).filter((method) => /Container$/.test(method) && !/^find/.test(method));
    expect(methods).toEqual(['unpauseContainer', 'stopContainer', 'removeContainer']);
  });

  it('removes the data too when told to, and names it', async () => {
    const world = await upWorld(1);
    expect((await world.down({ volumes: true })).volumes).toEqual(volumesOf(1));
    expect(await world.inventory()).toEqual([]);
  });

  it('leaves nothing of an ephemeral ensemble', async () => {
    const world = createWorld();
    await world.up({ given: { size: 1, ephemeral: true } });
    expect((await world.inventory()).filter((line) => line.startsWith('volume'))).toHaveLength(3);
    await world.down();
    expect(await world.inventory()).toEqual([]);
  });

  it('is a success that changed nothing where there is nothing', async () => {
    expect(await createWorld().down({ volumes: true })).toMatchObject({ cluster: 'zk', changed: false, members: [], volumes: [] });
    const world = await upWorld(1);
    await world.down();
    expect((await world.down()).changed).toBe(false);
    expect(await world.down({ volumes: true })).toMatchObject({ changed: true, members: [], volumes: volumesOf(1) });
  });

  it.each(['paused', 'exited', 'created', 'restarting'])('takes a member that is %s', async (state) => {
    const world = await upWorld(1);
    if (state === 'paused') await world.engine.pauseContainer('zkd-zk-1');
    if (state === 'exited') await world.engine.killContainer('zkd-zk-1', 'KILL');
    if (state === 'restarting') {
      world.engine.restartDelayMs = 60_000;
      world.engine.exit('zkd-zk-1', 1);
    }
    if (state === 'created') {
      const { spec } = world.engine.container('zkd-zk-1');
      await world.engine.removeContainer('zkd-zk-1', { force: true });
      await world.engine.createContainer(spec);
    }
    expect(world.engine.container('zkd-zk-1').state).toBe(state);
    await world.down({ volumes: true });
    expect(await world.inventory()).toEqual([]);
  });

  it('refuses while others use the network, touching nothing; force disconnects them', async () => {
    const world = await upWorld(1);
    await joinNetwork(world, 'app');
    const before = await world.inventory();
    const failure = await failureOf(world.down({ volumes: true }));
    expect(failure).toMatchObject({ code: 'refused', details: { containers: ['app'], override: '--force' } });
    expect(await world.inventory()).toEqual(before);
    await world.down({ volumes: true, force: true });
    expect(await world.inventory()).toEqual(['container app running']);
  });

  it('never removes a network that was given, nor minds who else uses it', async () => {
    const world = createWorld();
    await world.engine.createNetwork({ name: 'shared' });
    await world.up({ given: { size: 1, network: 'shared' } });
    await joinNetwork(world, 'app', 'shared');
    await world.down({ volumes: true });
    expect(await world.inventory()).toEqual(['container app running', 'network shared']);
  });

  it('never removes a volume of another ensemble', async () => {
    const world = await upWorld(1);
    await world.engine.createVolume('zkd-zk-2-data');
    await world.engine.createVolume('zkd-zk-3-data', { 'zkd.cluster': 'zk', 'zkd.ensemble': 'other', 'zkd.schema': '1' });
    await world.down({ volumes: true });
    expect(await world.inventory()).toEqual(['volume zkd-zk-2-data', 'volume zkd-zk-3-data']);
  });

  it.each([
    ['stopContainer', ['container zkd-zk-1 running']],
    ['removeContainer', ['container zkd-zk-1 exited']],
  ] as const)('acts on all where one %s fails, tells which, and keeps all volumes; up mends it', async (method, left) => {
    const world = await upWorld();
    world.engine.failNext(method, broken());
    const failure = await failureOf(world.down({ volumes: true }));
    expect(failure.code).toBe('partial');
    expect(failure.message).toContain('zkd-zk-1: device is busy');
    expect(failure.details['members']).toEqual([
      { id: 1, container: 'zkd-zk-1', action: 'unchanged', error: 'device is busy' },
      { id: 2, container: 'zkd-zk-2', action: 'removed', error: null },
      { id: 3, container: 'zkd-zk-3', action: 'removed', error: null },
    ]);
    expect((await world.inventory()).filter((line) => !line.startsWith('volume'))).toEqual(left);
    expect(await world.engine.listVolumes({})).toHaveLength(9);
    expect((await world.up()).cluster?.members.map(({ error }) => error)).toEqual([null, null, null]);
    await world.down({ volumes: true });
    expect(await world.inventory()).toEqual([]);
  });

  it('removes the network after the stops where a member cannot be taken off it before', async () => {
    const world = await upWorld();
    world.engine.failNext('disconnectNetwork', broken());
    await world.down({ volumes: true });
    expect(await world.inventory()).toEqual([]);
  });

  it('keeps the network of a member that can neither be stopped nor taken off it', async () => {
    const world = await upWorld();
    world.engine.failNext('stopContainer', broken());
    world.engine.failNext('disconnectNetwork', broken());
    expect((await failureOf(world.down({ volumes: false }))).code).toBe('partial');
    expect((await world.inventory()).filter((line) => !line.startsWith('volume'))).toEqual([
      'container zkd-zk-1 running',
      'network zkd-zk',
    ]);
  });

  it('tells which volume could not be removed', async () => {
    const world = await upWorld(1);
    world.engine.failNext('removeVolume', broken());
    const failure = await failureOf(world.down({ volumes: true }));
    expect(failure).toMatchObject({ code: 'partial', details: { volumes: [expect.any(String), expect.any(String)] } });
    expect(await world.inventory()).toHaveLength(1);
  });

  it('tells that the network could not be removed, and removes the data nevertheless', async () => {
    const world = await upWorld(1);
    world.engine.failNext('removeNetwork', broken());
    const failure = await failureOf(world.down({ volumes: true }));
    expect(failure).toMatchObject({
      code: 'partial',
      details: { changed: true, members: [{ id: 1, action: 'removed' }], volumes: volumesOf(1) },
    });
    expect(failure.details['failures']).toEqual(['network zkd-zk: device is busy']);
    expect(await world.inventory()).toEqual(['network zkd-zk']);
    expect(await world.down()).toMatchObject({ changed: true, members: [] });
    expect(await world.inventory()).toEqual([]);
  });

  it('removes both networks where two have the name', async () => {
    const world = await upWorld(1);
    await world.engine.createNetwork({ name: 'zkd-zk', labels: { 'zkd.schema': '1', 'zkd.cluster': 'zk', 'zkd.ensemble': 'x' } });
    await world.down({ volumes: true });
    expect(await world.inventory()).toEqual([]);
  });
});

describe('rm', () => {
  it('does not find an ensemble or a member that is not there', async () => {
    expect((await failureOf(createWorld().rm())).code).toBe('not-found');
    const world = await upWorld(1);
    expect(await failureOf(world.rm({ members: [2] }))).toMatchObject({ code: 'not-found', details: { cluster: 'zk', member: 2 } });
    expect(world.engine.container('zkd-zk-1').state).toBe('running');
  });

  it('refuses running members without force, touching nothing', async () => {
    const world = await upWorld();
    await world.engine.stopContainer('zkd-zk-2', { timeoutMs: 1 });
    const failure = await failureOf(world.rm());
    expect(failure).toMatchObject({ code: 'refused', details: { running: [1, 3], override: '--force' } });
    expect(await world.engine.listContainers({})).toHaveLength(3);
  });

  it('counts a paused member as running', async () => {
    const world = await upWorld(1);
    await world.engine.pauseContainer('zkd-zk-1');
    expect((await failureOf(world.rm())).code).toBe('refused');
  });

  it('removes one stopped member and leaves the others, the network and the data', async () => {
    const world = await upWorld();
    await world.engine.stopContainer('zkd-zk-2', { timeoutMs: 1 });
    const result = await world.rm({ members: [2] });
    expect(result).toMatchObject({ changed: true, members: [{ id: 2, action: 'removed' }], volumes: [] });
    expect(await world.engine.listNetworks({ name: 'zkd-zk' })).toHaveLength(1);
    expect(await world.engine.listVolumes({})).toHaveLength(9);
    expect((await world.up()).changed).toBe(true);
  });

  it('removes the data of the chosen member only', async () => {
    const world = await upWorld();
    expect((await world.rm({ members: [3], force: true, volumes: true })).volumes).toEqual(volumesOf(3));
    expect(await world.engine.listVolumes({})).toHaveLength(6);
  });

  it('takes the network with the last container, unless others use it', async () => {
    const world = await upWorld(1);
    await joinNetwork(world, 'app');
    await world.rm({ force: true });
    expect(await world.engine.listNetworks({ name: 'zkd-zk' })).toHaveLength(1);
    const other = await upWorld(1);
    await other.rm({ force: true });
    expect(await other.engine.listNetworks({ name: 'zkd-zk' })).toEqual([]);
  });
});
