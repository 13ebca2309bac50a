import { describe, expect, it } from 'vitest';
import { ZkdError } from '../../../src/errors.js';
import { useFakeHostPorts } from '../../fakes/fake-host-ports.js';
import { createWorld } from '../../support/ensemble-world.js';
import { failureOf } from '../../support/failure-of.js';

const taken = useFakeHostPorts();

describe('up, where nothing is there', () => {
  it('makes a healthy ensemble and answers what it is', async () => {
    const world = createWorld();
    const { cluster, changed, plan, tookMs } = await world.up({ given: { size: 3, observers: 1 } });
    expect(changed).toBe(true);
    expect(plan).toHaveLength(13);
    expect(tookMs).toBeGreaterThanOrEqual(0);
    expect(cluster).toMatchObject({
      name: 'zk',
      size: 3,
      image: 'zookeeper:3.9',
      network: 'zkd-zk',
      connect: '127.0.0.1:2181,127.0.0.1:2182,127.0.0.1:2183,127.0.0.1:2184',
      internalConnect: 'zkd-zk-1:2181,zkd-zk-2:2182,zkd-zk-3:2183,zkd-zk-4:2184',
      leader: 3,
      epoch: 1,
    });
    expect(cluster?.members.map(({ id, role, mode, error }) => [id, role, mode, error])).toEqual([
      [1, 'participant', 'follower', null],
      [2, 'participant', 'follower', null],
      [3, 'participant', 'leader', null],
      [4, 'observer', 'observer', null],
    ]);
  });

  it('gives a member its restart policy only after its configuration was written and read back', async () => {
    const world = createWorld();
    await world.up({ given: { size: 1 } });
    const methods = world.engine.calls.map(({ method }) => method);
    const order = ['createContainer', 'writeFiles', 'findFile', 'setRestartPolicy', 'startContainer'] as const;
    const positions = order.map((method) => methods.lastIndexOf(method));
    expect(positions).toEqual([...positions].sort((a, b) => a - b));
    expect(world.engine.container('zkd-zk-1').restartPolicy).toBe('unless-stopped');
  });

  it('sets no restart policy where none was wanted', async () => {
    const world = createWorld();
    await world.up({ given: { size: 1, restart: 'no' } });
    expect(world.engine.calls.map(({ method }) => method)).not.toContain('setRestartPolicy');
  });

  it('makes the claim before the network and before any other member', async () => {
    const world = createWorld();
    await world.up();
    const made = world.engine.calls
      .filter(({ method }) => /^create/.test(method))
      .map(({ args: [spec] }) => (spec as { name: string }).name);
    expect(made[0]).toBe('zkd-zk-1');
    expect(made.slice(1).sort()).toEqual(['zkd-zk', 'zkd-zk-2', 'zkd-zk-3']);
  });

  it('does nothing in a dry run, not even pull, and says what it would do', async () => {
    const world = createWorld();
    const { cluster, changed, plan } = await world.up({ dryRun: true, given: { image: 'elsewhere:1', size: 1 } });
    expect({ cluster, changed, steps: plan.length }).toEqual({ cluster: null, changed: true, steps: 4 });
    expect(await world.inventory()).toEqual([]);
    expect(world.engine.calls.map(({ method }) => method)).not.toContain('pullImage');
    expect(world.zooKeeper.questions).toEqual([]);
  });

  it('moves away from 2181 where that is taken, and says so', async () => {
    taken.add(2182);
    const world = createWorld();
    const { cluster } = await world.up();
    expect(cluster?.connect).not.toContain(':2181');
    expect(world.said.join('\n')).toMatch(/caution: ports 2181-2183 are not all free; using 2\d{4} and on/);
  });

  it('warns of an even size once', async () => {
    const world = createWorld();
    await world.up({ given: { size: 2 } });
    await world.up();
    expect(world.said.filter((line) => line.startsWith('caution:'))).toEqual([
      'caution: 2 voting members survive the loss of 0, as 1 does: an odd size is better',
    ]);
  });

  it('does not ask the servers to be ready where nobody wants to wait', async () => {
    const world = createWorld();
    for (const id of [1, 2, 3]) world.zooKeeper.tell(`zkd-zk-${id}`, { silence: 'not-serving' });
    const { cluster, changed } = await world.up({ wait: false });
    expect(changed).toBe(true);
    expect(cluster).toMatchObject({ leader: null, members: [{ mode: null }, { mode: null }, { mode: null }] });
  });

  it('keeps several ensembles apart', async () => {
    const world = createWorld();
    await world.up({ name: 'one', given: { size: 1 } });
    const { cluster } = await world.up({ name: 'two', given: { size: 1 } });
    expect(cluster?.internalConnect).toMatch(/^zkd-two-1:2/);
    expect(cluster?.connect).not.toBe('127.0.0.1:2181');
    expect((await world.up({ name: 'one' })).changed).toBe(false);
  });
});

describe('up, where it is there already', () => {
  it('is a success that changed nothing, and touches nothing', async () => {
    const world = createWorld();
    const born = await world.up();
    world.engine.calls.length = 0;
    world.said.length = 0;
    const again = await world.up({ given: { size: 3 } });
    expect(again).toMatchObject({ changed: false, plan: [], cluster: born.cluster });
    expect(new Set(world.engine.calls.map(({ method }) => method))).toEqual(new Set(['listContainers', 'listNetworks', 'listVolumes']));
    expect(world.said).toEqual([]);
  });

  it('starts what is stopped and makes anew what is missing, with the data it had', async () => {
    const world = createWorld();
    await world.up();
    world.engine.container('zkd-zk-2').files.put({ path: '/data/snapshot', content: 'kept', mode: 0o644, uid: 1000, gid: 1000 });
    await world.engine.stopContainer('zkd-zk-1', { timeoutMs: 1 });
    await world.engine.removeContainer('zkd-zk-2', { force: true, anonymousVolumes: true });
    const { plan, cluster } = await world.up();
    expect(plan).toEqual([
      'create member 2 (participant, zkd-zk-2, 127.0.0.1:2182): container is gone',
      'configure member 2',
      'start member 1: exited with code 143',
      'start member 2: new container',
    ]);
    expect(cluster?.members.every(({ error }) => error === null)).toBe(true);
    expect((await world.engine.readFile('zkd-zk-2', '/data/snapshot'))?.toString()).toBe('kept');
  });

  it('keeps the configuration that ZooKeeper wrote', async () => {
    const world = createWorld();
    await world.up();
    const read = async (): Promise<string> =>
      [...(await world.engine.readFiles('zkd-zk-1', '/conf'))].map(([path, content]) => `${path}\n${content.toString()}`).join('\n');
    const before = await read();
    expect(before).toContain('dynamicConfigFile=');
    await world.engine.removeContainer('zkd-zk-1', { force: true });
    await world.up();
    expect(await read()).toBe(before);
  });

  it('leaves an edited setting as it is and says so', async () => {
    const world = createWorld();
    await world.up();
    const { files } = world.engine.container('zkd-zk-1');
    const text = files.get('/conf/zoo.cfg')?.content?.toString().replace('tickTime=2000', 'tickTime=3000') ?? '';
    files.put({ path: '/conf/zoo.cfg', content: text, mode: 0o644, uid: 1000, gid: 1000 });
    await world.engine.stopContainer('zkd-zk-1', { timeoutMs: 1 });
    await world.up();
    expect(world.said).toContain('caution: the configuration of member 1 was edited (tickTime); it is left as it is');
    expect(files.get('/conf/zoo.cfg')?.content?.toString()).toContain('tickTime=3000');
  });

  it('refuses to start a member on the data of another', async () => {
    const world = createWorld();
    await world.up();
    world.engine.container('zkd-zk-1').files.put({ path: '/data/myid', content: '2\n', mode: 0o644, uid: 1000, gid: 1000 });
    await world.engine.stopContainer('zkd-zk-1', { timeoutMs: 1 });
    const failure = await failureOf(world.up());
    expect(failure).toMatchObject({ code: 'refused', details: { member: 1, myid: '2' } });
    expect(world.engine.container('zkd-zk-1').state).toBe('exited');
    expect(world.engine.container('zkd-zk-2').state).toBe('running');
  });

  it('makes a voter without data anew only when the others are in sync', async () => {
    const world = createWorld();
    await world.up();
    await world.engine.removeContainer('zkd-zk-1', { force: true });
    await world.engine.removeVolume('zkd-zk-1-data');
    world.zooKeeper.tell('zkd-zk-2', { silence: 'not-serving' });
    const failure = await failureOf(world.up());
    expect(failure).toMatchObject({ code: 'refused', details: { override: '--accept-data-loss' } });
    expect(await world.inventory()).not.toContain('container zkd-zk-1 running');
    world.zooKeeper.tell('zkd-zk-2', undefined);
    const { plan, cluster } = await world.up();
    expect(plan[0]).toBe('wait until members 2, 3 are in sync, before member 1 is made anew without data');
    expect(cluster?.members.map(({ error }) => error)).toEqual([null, null, null]);
  });

  it('takes the data up again after down, and run does not', async () => {
    const world = createWorld();
    await world.up({ given: { size: 1, heapBytes: 128 * 1024 ** 2 } });
    await world.down();
    expect((await failureOf(world.up({ mode: 'run' }))).code).toBe('conflict');
    const { cluster } = await world.up();
    expect(cluster?.size).toBe(1);
    expect(world.engine.container('zkd-zk-1').spec.env?.['ZK_SERVER_HEAP']).toBe('128');
  });

  it('goes on with a birth that was cut short, once nothing moves any more', async () => {
    const world = createWorld();
    world.engine.failNext('startContainer', new ZkdError('failure', 'killed', { details: { reason: 'other' } }));
    await failureOf(world.up({ keepOnFailure: true, given: { size: 1 } }));
    const { plan } = await world.up({ timeoutMs: 5000 });
    expect(plan).toEqual([
      expect.stringMatching(/^replace member 1 .*: never started$/),
      'configure member 1',
      'start member 1: new container',
    ]);
    expect(world.said).toContain('start: wait to see whether another zkd is creating ensemble "zk"');
  });
});
