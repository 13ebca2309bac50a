/** `up`, `status` and lists where zkd itself runs in a container of the engine. */
import { describe, expect, it } from 'vitest';
import { listClusters, listMembers } from '../../../src/cluster/list.js';
import { choosePorts } from '../../../src/cluster/port-choice.js';
import { BIRTH_SETTINGS } from '../../../src/cluster/settings.js';
import { readStatus } from '../../../src/cluster/status.js';
import { useFakeHostPorts } from '../../fakes/fake-host-ports.js';
import { createWorld, type World } from '../../support/ensemble-world.js';
import { failureOf } from '../../support/failure-of.js';

const taken = useFakeHostPorts();

const asked = ({ zooKeeper }: World): string[] => [...new Set(zooKeeper.questions.map((question) => question.replace(/^\w+ /, '')))].sort();

describe('on the network of the ensemble', () => {
  it('up asks the members by their names and ports, and shows these', async () => {
    const world = createWorld();
    await world.runIn('job');
    const { cluster } = await world.up({ given: { size: 2, network: 'job' } });
    expect(asked(world)).toEqual(['zkd-zk-1:2181', 'zkd-zk-2:2182']);
    expect(cluster?.connect).toBe('zkd-zk-1:2181,zkd-zk-2:2182');
    expect((await listMembers(world.engine, 'zk')).map(({ address }) => address)).toEqual(['zkd-zk-1:2181', 'zkd-zk-2:2182']);
    expect(await listClusters(world.engine)).toMatchObject([{ connect: 'zkd-zk-1:2181,zkd-zk-2:2182' }]);
  });

  it('ports of the own container are not taken for the host’s', async () => {
    const world = createWorld();
    taken.add(2181);
    await world.runIn('job');
    expect((await choosePorts(world.engine, 'zk', BIRTH_SETTINGS, undefined)).ports[1]).toBe(2181);
    world.engine.ownContainer = undefined;
    expect((await choosePorts(world.engine, 'zk', BIRTH_SETTINGS, undefined)).ports[1]).not.toBe(2181);
  });

  it('a network that is connected in the middle of the wait counts from then on', async () => {
    const world = createWorld();
    await world.up({ given: { size: 1 } });
    await world.runIn('bridge');
    expect((await readStatus(world.engine, 'zk', world.zooKeeper.ask)).healthy).toBe(false);
    const [network] = await world.engine.listNetworks({ name: 'zkd-zk' });
    await world.engine.connectNetwork(network?.id ?? '', 'ci');
    expect((await readStatus(world.engine, 'zk', world.zooKeeper.ask)).healthy).toBe(true);
  });
});

describe('off the network of the ensemble', () => {
  it('up makes nothing, and says on which network to put it: exit 2', async () => {
    const world = createWorld();
    await world.runIn('bridge');
    const before = await world.inventory();
    const failure = await failureOf(world.up());
    expect(failure.code).toBe('usage');
    expect(failure.message).toContain('zkd runs in container "ci", which is not on network "zkd-zk"');
    expect(failure.suggestions).toContain('zkd cluster up zk --network zk-net');
    expect(await world.inventory()).toEqual(before);
  });

  it('up --no-wait makes it, and says that nobody looked', async () => {
    const world = createWorld();
    await world.runIn('bridge');
    const { changed, cluster } = await world.up({ given: { size: 1 }, wait: false });
    expect({ changed, error: cluster?.members[0]?.mode }).toEqual({ changed: true, error: null });
    expect(world.said.filter((line) => line.startsWith('caution'))).toEqual([
      expect.stringContaining('cannot be reached from here: zkd runs in container "ci"'),
    ]);
    expect(asked(world)).toEqual([]);
  });

  it('up changes nothing of a living one, and says how to get there: exit 6', async () => {
    const world = createWorld();
    await world.up({ given: { size: 3 } });
    await world.runIn('bridge');
    await world.engine.stopContainer('zkd-zk-2', { timeoutMs: 0 });
    const before = await world.inventory();
    const failure = await failureOf(world.up());
    expect(failure).toMatchObject({ code: 'zookeeper-unavailable', suggestions: ['docker network connect zkd-zk ci', expect.any(String)] });
    expect(await world.inventory()).toEqual(before);
    expect((await world.up({ dryRun: true })).plan).toHaveLength(1);
    expect((await world.up({ wait: false })).changed).toBe(true);
  });

  it('status asks nobody: what answers on the own loopback is somebody else', async () => {
    const world = createWorld();
    await world.up({ given: { size: 3 } });
    await world.runIn('bridge');
    await world.engine.stopContainer('zkd-zk-2', { timeoutMs: 0 });
    const before = world.zooKeeper.questions.length;
    const { healthy, causes, cluster } = await readStatus(world.engine, 'zk', world.zooKeeper.ask);
    expect(world.zooKeeper.questions.slice(before)).toEqual([]);
    expect(healthy).toBe(false);
    const why =
      'cannot be reached from here: zkd runs in container "ci", which is not on network "zkd-zk" (docker network connect zkd-zk ci)';
    expect(causes).toEqual([
      { member: 1, cause: why },
      { member: 2, cause: expect.stringMatching(/^not running/) as string },
      { member: 3, cause: why },
    ]);
    expect(cluster.connect).toBe('127.0.0.1:2181,127.0.0.1:2182,127.0.0.1:2183');
  });
});

describe('with the network of the engine’s host', () => {
  it('all is as on that host', async () => {
    const world = createWorld();
    await world.runIn('host');
    const { cluster } = await world.up({ given: { size: 1 } });
    expect(cluster?.connect).toBe('127.0.0.1:2181');
  });
});

it('costs no engine call where zkd runs on a host', async () => {
  const world = createWorld();
  await world.up({ given: { size: 1 } });
  expect(world.engine.calls.filter(({ method }) => method === 'findOwnContainer')).toEqual([]);
});
