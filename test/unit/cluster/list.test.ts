import { describe, expect, it } from 'vitest';
import { listClusters, listMembers, listMemberStates } from '../../../src/cluster/list.js';
import { useFakeHostPorts } from '../../fakes/fake-host-ports.js';
import { createWorld } from '../../support/ensemble-world.js';
import { failureOf } from '../../support/failure-of.js';

useFakeHostPorts();

describe('the ensembles of an engine', () => {
  it('are none on an empty one', async () => expect(await listClusters(createWorld().engine)).toEqual([]));

  it('are listed by name, running, partial or stopped, with kept ones', async () => {
    const world = createWorld();
    await world.up({ name: 'whole', given: { size: 3, clientPort: 2181 } });
    await world.up({ name: 'part', given: { size: 1, observers: 1, clientPort: 3181 } });
    await world.up({ name: 'halted', given: { size: 1, clientPort: 4181 } });
    await world.up({ name: 'kept', given: { size: 1, clientPort: 5181, image: 'zookeeper:3.9' } });
    await world.engine.stopContainer('zkd-part-2', { timeoutMs: 1 });
    await world.engine.pauseContainer('zkd-halted-1');
    await world.down({ name: 'kept' });
    await world.engine.createVolume('of-somebody-else');
    const image = 'zookeeper:3.9';
    expect(await listClusters(world.engine)).toEqual([
      { name: 'halted', size: 1, running: 0, image, connect: '127.0.0.1:4181', state: 'stopped' },
      { name: 'kept', size: 1, running: 0, image, connect: '127.0.0.1:5181', state: 'stopped' },
      { name: 'part', size: 1, running: 1, image, connect: '127.0.0.1:3181,127.0.0.1:3182', state: 'partial' },
      { name: 'whole', size: 3, running: 3, image, connect: '127.0.0.1:2181,127.0.0.1:2182,127.0.0.1:2183', state: 'running' },
    ]);
  });

  it('of another zkd are reported, and do not hide the others', async () => {
    const world = createWorld();
    await world.up({ given: { size: 1 } });
    await world.engine.createVolume('v', { 'zkd.schema': '2', 'zkd.cluster': 'future', 'zkd.settings': '{}' });
    await world.engine.createVolume('w', { 'zkd.schema': '3', 'zkd.cluster': 'later' });
    const unreadable: string[] = [];
    const listed = await listClusters(world.engine, (name) => unreadable.push(name));
    expect(listed.map(({ name }) => name)).toEqual(['zk']);
    expect(unreadable).toEqual(['future', 'later']);
  });

  it('cost two calls of the engine, however many they are', async () => {
    const world = createWorld();
    for (const name of ['a', 'b', 'c']) await world.up({ name, given: { size: 1, clientPort: 'auto' } });
    world.engine.calls.length = 0;
    await listClusters(world.engine);
    expect(world.engine.calls).toHaveLength(2);
  });
});

describe('the members of an ensemble', () => {
  it('are its containers as the engine sees them; the servers are not asked', async () => {
    const world = createWorld();
    await world.up({ given: { size: 2, observers: 1 } });
    await world.engine.killContainer('zkd-zk-2', 'KILL');
    world.zooKeeper.questions.length = 0;
    const members = await listMembers(world.engine, 'zk');
    expect(members.map(({ id, role, state, address, internalAddress }) => [id, role, state, address, internalAddress])).toEqual([
      [1, 'participant', 'running', '127.0.0.1:2181', 'zkd-zk-1:2181'],
      [2, 'participant', 'exited', '127.0.0.1:2182', 'zkd-zk-2:2182'],
      [3, 'observer', 'running', '127.0.0.1:2183', 'zkd-zk-3:2183'],
    ]);
    expect(members[0]).toMatchObject({ mode: null, version: null, zxid: null, latencyMs: null, error: null, restarts: 0 });
    expect(world.zooKeeper.questions).toEqual([]);
  });

  it('are none after down, and not found where there is no ensemble', async () => {
    const world = createWorld();
    await world.up({ given: { size: 1 } });
    await world.down();
    expect(await listMembers(world.engine, 'zk')).toEqual([]);
    expect((await failureOf(listMembers(world.engine, 'other'))).code).toBe('not-found');
  });
});

describe('the states of members', () => {
  it('are those of its containers by id, each member once, by one listing', async () => {
    const world = createWorld();
    await world.up({ given: { size: 1, observers: 1, clientPort: 2181 } });
    await world.up({ name: 'other', given: { size: 3, clientPort: 3181 } });
    await world.engine.stopContainer('zkd-zk-2', { timeoutMs: 1 });
    const { labels = {} } = (await world.engine.findContainer('zkd-zk-1')) ?? {};
    await world.engine.createContainer({ name: 'zkd-zk-1-new-x', image: 'zookeeper:3.9', labels });
    world.engine.calls.length = 0;
    const states = await listMemberStates(world.engine, 'zk');
    expect(states.map(({ id, role }) => [id, role])).toEqual([
      [1, 'participant'],
      [2, 'observer'],
    ]);
    expect(states[1]).toMatchObject({ state: 'exited' });
    expect(world.engine.calls.map(({ method }) => method)).toEqual(['listContainers']);
    expect(await listMemberStates(world.engine, 'nowhere')).toEqual([]);
  });
});
