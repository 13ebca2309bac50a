import { describe, expect, it } from 'vitest';
import { readStatus, type StatusResult } from '../../../src/cluster/status.js';
import { useFakeHostPorts } from '../../fakes/fake-host-ports.js';
import { createWorld, type World } from '../../support/ensemble-world.js';
import { failureOf } from '../../support/failure-of.js';

useFakeHostPorts();

async function upWorld(given = {}): Promise<World> {
  const world = createWorld();
  await world.up({ given });
  return world;
}
const statusOf = ({ engine, zooKeeper }: World): Promise<StatusResult> => readStatus(engine, 'zk', zooKeeper.ask);

describe('the status of an ensemble', () => {
  it('is healthy where one leads and all follow in sync, fresh leader or not', async () => {
    const world = await upWorld({ observers: 1 });
    for (const commits of [0, 5]) {
      world.zooKeeper.commit('zk', commits);
      const { healthy, causes, cluster } = await statusOf(world);
      expect({ healthy, causes }).toEqual({ healthy: true, causes: [] });
      expect(cluster).toMatchObject({ leader: 3, epoch: 1 });
      expect(cluster.members.map(({ epoch, lag }) => [epoch, lag])).toEqual([1, 2, 3, 4].map(() => [1, 0]));
    }
    expect((await statusOf(world)).cluster.members[0]?.zxid).toBe('0x100000005');
  });

  it('asks every member over its client port, and nothing inside its container', async () => {
    const world = await upWorld();
    world.zooKeeper.questions.length = 0;
    world.engine.calls.length = 0;
    await statusOf(world);
    expect([...world.zooKeeper.questions].sort()).toEqual(
      ['conf', 'mntr', 'srvr'].flatMap((word) => [1, 2, 3].map((id) => `${word} 127.0.0.1:${2180 + id}`)),
    );
    expect(world.engine.calls.map(({ method }) => method)).not.toContain('exec');
  });

  it('tells the lag of a member that is behind', async () => {
    const world = await upWorld();
    world.zooKeeper.commit('zk', 20);
    world.zooKeeper.tell('zkd-zk-1', { lag: 12 });
    expect((await statusOf(world)).cluster.members.map(({ lag }) => lag)).toEqual([12, 0, 0]);
  });

  it('finds the new leader and its epoch after the old one died', async () => {
    const world = await upWorld();
    world.zooKeeper.commit('zk', 3);
    await world.engine.killContainer('zkd-zk-3', 'KILL');
    const { cluster, causes, healthy } = await statusOf(world);
    expect(healthy).toBe(false);
    expect(cluster).toMatchObject({ leader: 2, epoch: 2 });
    expect(causes).toEqual([{ member: 3, cause: 'not running: exited with code 137 (killed)' }]);
  });

  it('is not found where there is no such ensemble', async () => {
    expect((await failureOf(statusOf(createWorld()))).code).toBe('not-found');
  });

  it('of an ensemble that was taken down names every container that is gone', async () => {
    const world = await upWorld();
    await world.down();
    const { causes, cluster } = await statusOf(world);
    expect(causes).toEqual([1, 2, 3].map((member) => ({ member, cause: 'its container is gone' })));
    expect(cluster.members.map(({ state, containerId }) => [state, containerId])).toEqual([1, 2, 3].map(() => ['gone', null]));
  });

  it.each<[string, (world: World) => unknown, string | RegExp]>([
    ['not running', ({ engine }) => engine.stopContainer('zkd-zk-1', { timeoutMs: 1 }), 'not running: exited with code 143'],
    ['out of memory', ({ engine }) => engine.exit('zkd-zk-1', 137, { oom: true }), /^out of memory/],
    ['paused', ({ engine }) => engine.pauseContainer('zkd-zk-1'), 'paused'],
    ['gone', ({ engine }) => engine.removeContainer('zkd-zk-1', { force: true }), 'its container is gone'],
    ['port closed', ({ zooKeeper }) => zooKeeper.tell('zkd-zk-1', { silence: 'port-closed' }), 'its client port is closed'],
    ['port closed behind a proxy', ({ zooKeeper }) => zooKeeper.tell('zkd-zk-1', { silence: 'closed' }), 'its client port is closed'],
    ['silent', ({ zooKeeper }) => zooKeeper.tell('zkd-zk-1', { silence: 'silent' }), 'it does not answer on its client port'],
    ['not whitelisted', ({ zooKeeper }) => zooKeeper.tell('zkd-zk-1', { silence: 'not-whitelisted' }), /4lw\.commands\.whitelist/],
    ['electing', ({ zooKeeper }) => zooKeeper.tell('zkd-zk-1', { silence: 'not-serving' }), 'looking for the leader (member 3 leads)'],
    ['another member’s id', ({ zooKeeper }) => zooKeeper.tell('zkd-zk-1', { serverId: 7 }), 'wrong myid: it takes itself for member 7'],
    ['another member’s data', silentWithMyid, 'wrong myid: its data says it is member 2'],
    ['a missing peer', ({ zooKeeper }) => zooKeeper.tell('zkd-zk-1', { without: 3 }), 'its configuration does not list member 3'],
    ['itself missing', ({ zooKeeper }) => zooKeeper.tell('zkd-zk-1', { without: 1 }), /not in the peer list/],
    ['missing in its words', wordsOfMissing, /^not in the peer list/],
    ['standalone', ({ zooKeeper }) => zooKeeper.tell('zkd-zk-1', { mode: 'standalone' }), /^it runs standalone/],
    ['in an earlier epoch', staleEpoch, 'in epoch 0, the leader is in epoch 1'],
    ['cut off', cutOff, /^its container is cut off/],
    ['a crash loop', crashLoop, /^crash loop: restarted \d+ times?, last exit code 1: its configuration is not valid \(.*Invalid config/],
  ])('names the cause of a member: %s', async (_, harm, cause) => {
    const world = await upWorld();
    // What happened to it is not mended by the engine while we look.
    world.engine.restartDelayMs = 60_000;
    await (harm(world) as Promise<unknown> | undefined);
    const { healthy, causes, cluster } = await statusOf(world);
    expect(healthy).toBe(false);
    const found = causes.find(({ member }) => member === 1)?.cause;
    expect(found).toMatch(typeof cause === 'string' ? new RegExp(`^${cause.replace(/[()]/g, '\\$&')}$`) : cause);
    expect(cluster.members[0]?.error).toBe(found);
  });

  it('names no quorum, with how many run and how many are needed', async () => {
    const world = await upWorld();
    await world.engine.stopContainer('zkd-zk-1', { timeoutMs: 1 });
    await world.engine.stopContainer('zkd-zk-2', { timeoutMs: 1 });
    const { causes, cluster } = await statusOf(world);
    expect(causes.find(({ member }) => member === 3)?.cause).toBe('no quorum: 1 of 3 voting members run, 2 are needed');
    expect(cluster.leader).toBeNull();
  });

  it('does not call a crash loop what was restarted long ago and serves well', async () => {
    const world = await upWorld();
    world.zooKeeper.commit('zk');
    for (let round = 1; round <= 3; round += 1) {
      world.engine.exit('zkd-zk-1', 137);
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
    expect(world.engine.container('zkd-zk-1')).toMatchObject({ state: 'running', restarts: 3 });
    expect((await statusOf(world)).causes).toEqual([]);
    expect((await world.up()).changed).toBe(false);
  });
});

function silentWithMyid({ engine, zooKeeper }: World): void {
  engine.container('zkd-zk-1').files.put({ path: '/data/myid', content: '2\n', mode: 0o644, uid: 1000, gid: 1000 });
  zooKeeper.tell('zkd-zk-1', { silence: 'port-closed' });
}

function wordsOfMissing({ engine, zooKeeper }: World): void {
  engine.log('zkd-zk-1', 'java.lang.RuntimeException: My id 1 not in the peer list');
  zooKeeper.tell('zkd-zk-1', { silence: 'not-serving' });
}

function staleEpoch({ zooKeeper }: World): void {
  zooKeeper.commit('zk', 3);
  zooKeeper.tell('zkd-zk-1', { epoch: 0 });
}

async function cutOff({ engine }: World): Promise<void> {
  const [network] = await engine.listNetworks({ name: 'zkd-zk' });
  await engine.disconnectNetwork(network?.id ?? '', 'zkd-zk-1');
}

async function crashLoop({ engine, zooKeeper }: World): Promise<void> {
  engine.restartDelayMs = 1;
  zooKeeper.tell('zkd-zk-1', { crash: { exitCode: 1, words: ['ERROR Invalid config, exiting abnormally'] } });
  engine.exit('zkd-zk-1', 1);
  await new Promise((resolve) => setTimeout(resolve, 40));
}
