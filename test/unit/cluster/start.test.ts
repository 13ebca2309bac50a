import { describe, expect, it } from 'vitest';
import { planStart } from '../../../src/cluster/start-plan.js';
import { formatPlan } from '../../../src/cluster/plan.js';
import { ZkdError } from '../../../src/errors.js';
import { interceptEngine } from '../../fakes/intercepted-engine.js';
import { useFakeHostPorts } from '../../fakes/fake-host-ports.js';
import { createWorld, type World } from '../../support/ensemble-world.js';
import { failureOf } from '../../support/failure-of.js';
import { observedEnsemble, type Sight } from '../../support/observed-ensemble.js';
import { sampleRecord } from '../../support/sample-ensemble.js';

useFakeHostPorts();

type Members = NonNullable<Sight['members']>;

const RECORD = sampleRecord();
const EXITED = { state: 'exited', exitCode: 143 } as const;
const planned = (members: Members, ids: readonly number[] = [], sight: Sight = {}) =>
  planStart(observedEnsemble({ record: RECORD, members, ...sight }), RECORD, ids);
const linesOf = (...args: Parameters<typeof planned>): string[] => formatPlan(planned(...args).plan);

describe('what start decides', () => {
  it('is to start what ended, to unpause what is paused, and to leave what runs', () => {
    expect(linesOf({ 1: EXITED, 2: { state: 'paused' } })).toEqual(['start member 1: exited with code 143', 'unpause member 2']);
    expect(linesOf({ 1: { state: 'restarting' }, 2: { state: 'dead', exitCode: null } })).toEqual(['start member 2: dead']);
  });

  it('is about the members that are named only, each once', () => {
    const { plan, chosen } = planned({ 1: EXITED, 2: EXITED, 3: null }, [2, 2]);
    expect({ lines: formatPlan(plan), chosen: chosen.map(({ id }) => id) }).toEqual({
      lines: ['start member 2: exited with code 143'],
      chosen: [2],
    });
  });

  it('is to reconnect what was disconnected while it was stopped', () => {
    expect(linesOf({ 1: { ...EXITED, networks: [] } })).toEqual(['reconnect member 1 to network zkd-zk']);
  });

  it.each<[string, Members, readonly number[], string, string]>([
    ['a container that is gone', { 2: null }, [], 'not-found', 'The container of member 2 of ensemble "zk" is gone'],
    ['all of them gone', { 1: null, 2: null, 3: null }, [], 'not-found', 'The containers of members 1, 2, 3 of ensemble "zk" are gone'],
    ['one that is being removed', { 2: { state: 'removing' } }, [], 'not-found', 'The container of member 2 of ensemble "zk" is gone'],
    ['one that was never started', { 1: EXITED, 2: { state: 'created' } }, [], 'refused', 'Member 2 of ensemble "zk" was never started'],
  ])('%s is left to up', (_, members, ids, code, message) => {
    expect(() => planned(members, ids)).toThrow(expect.objectContaining({ code, message, suggestions: ['zkd cluster up zk'] }) as Error);
  });

  it('does not know a member beyond the membership', () => {
    expect(() => planned({}, [4])).toThrow('Ensemble "zk" has no member 4');
  });

  it('needs the network, but only where something is to be started', () => {
    expect(() => planned({ 1: EXITED }, [], { networks: [] })).toThrow('Network "zkd-zk" of ensemble "zk" is gone');
    expect(linesOf({}, [], { networks: [] })).toEqual([]);
    const record = sampleRecord({ network: 'shared' });
    const foreign = (sight: Sight) => planStart(observedEnsemble({ record, members: { 1: EXITED }, ...sight }), record, []);
    expect(() => foreign({})).toThrow('Network "shared" of ensemble "zk" is gone');
    expect(formatPlan(foreign({ foreignNetwork: 'shared' }).plan)).toHaveLength(1);
  });
});

async function stoppedWorld(through?: Parameters<typeof createWorld>[0]): Promise<World> {
  const world = createWorld(through);
  await world.up();
  await world.stop();
  world.said.length = 0;
  return world;
}

const member = (id: number, action: string, error: string | null = null) => ({ id, container: `zkd-zk-${id}`, action, error });

describe('start', () => {
  it('starts all members, waits until they are ready, and answers what it did', async () => {
    const world = await stoppedWorld();
    expect(await world.start()).toEqual({
      cluster: 'zk',
      changed: true,
      members: [member(1, 'started'), member(2, 'started'), member(3, 'started')],
      volumes: [],
      tookMs: expect.any(Number) as number,
    });
    expect(world.zooKeeper.leader('zk')).toBeDefined();
    expect(world.said).toContain('done: wait until the ensemble is ready');
  });

  it('keeps the configuration that ZooKeeper wrote, and the data', async () => {
    const world = await stoppedWorld();
    const read = async (): Promise<string> => JSON.stringify([...(await world.engine.readFiles('zkd-zk-1', '/conf'))]);
    const before = await read();
    expect(before).toContain('zoo.cfg.dynamic');
    world.engine.container('zkd-zk-1').files.put({ path: '/data/kept', content: 'yes', mode: 0o644, uid: 1000, gid: 1000 });
    await world.start();
    expect(await read()).toBe(before);
    expect((await world.engine.readFile('zkd-zk-1', '/data/kept'))?.toString()).toBe('yes');
  });

  it('is a success that changed nothing where all run, and writes nothing', async () => {
    const world = createWorld();
    await world.up();
    world.engine.calls.length = 0;
    expect(await world.start()).toMatchObject({ changed: false, members: [1, 2, 3].map((id) => member(id, 'unchanged')) });
    expect(world.engine.calls.filter(({ method }) => /^(write|start|set|create)/.test(method))).toEqual([]);
  });

  it('unpauses', async () => {
    const world = createWorld();
    await world.up();
    await world.engine.pauseContainer('zkd-zk-2');
    expect((await world.start()).members).toEqual([member(1, 'unchanged'), member(2, 'started'), member(3, 'unchanged')]);
  });

  it('finds a member whose network was removed meanwhile by its name again', async () => {
    const world = await stoppedWorld();
    const [network] = await world.engine.listNetworks({ name: 'zkd-zk' });
    await world.engine.removeNetwork(network?.id ?? '');
    expect(await failureOf(world.start())).toMatchObject({ code: 'not-found', suggestions: ['zkd cluster up zk'] });
    await world.engine.createNetwork({ name: 'zkd-zk', labels: network?.labels ?? {} });
    expect(await world.start()).toMatchObject({ changed: true });
  });

  it('gives back the restart policy where somebody took it', async () => {
    const world = await stoppedWorld();
    await world.engine.setRestartPolicy('zkd-zk-1', 'no');
    await world.start();
    expect(world.engine.container('zkd-zk-1').restartPolicy).toBe('unless-stopped');
  });

  it('does not find an ensemble that is not there, and leaves one that was taken down to up', async () => {
    expect((await failureOf(createWorld().start())).code).toBe('not-found');
    const world = await stoppedWorld();
    await world.down();
    expect(await failureOf(world.start())).toMatchObject({
      code: 'not-found',
      suggestions: ['zkd cluster up zk'],
      details: { members: [1, 2, 3] },
    });
  });

  it('checks first: a member with the data of another is not started, the others are, exit 9', async () => {
    const world = await stoppedWorld();
    world.engine.container('zkd-zk-2').files.put({ path: '/data/myid', content: '3\n', mode: 0o644, uid: 1000, gid: 1000 });
    const failure = await failureOf(world.start());
    expect(failure).toMatchObject({
      code: 'partial',
      details: { members: [member(1, 'started'), { id: 2, action: 'unchanged' }, member(3, 'started')] },
    });
    expect(failure.message).toContain('/data/myid says 3');
    expect(world.engine.container('zkd-zk-2').state).toBe('exited');
    expect(await failureOf(world.start({ members: [2] }))).toMatchObject({ code: 'refused', details: { myid: '3' } });
  });

  it('tells that a configuration was edited, and leaves it', async () => {
    const world = await stoppedWorld();
    const { files } = world.engine.container('zkd-zk-1');
    const text = files.get('/conf/zoo.cfg')?.content?.toString().replace('tickTime=2000', 'tickTime=3000') ?? '';
    files.put({ path: '/conf/zoo.cfg', content: text, mode: 0o644, uid: 1000, gid: 1000 });
    await world.start();
    expect(world.said.join('\n')).toContain('caution: the configuration of member 1 was edited (tickTime)');
    expect(files.get('/conf/zoo.cfg')?.content?.toString()).toBe(text);
  });

  it('names the port that somebody else took: exit 4 for the one member that was meant', async () => {
    const world = await stoppedWorld();
    world.engine.occupyPort(2182, '127.0.0.1');
    expect((await failureOf(world.start({ members: [2] }))).code).toBe('conflict');
    const failure = await failureOf(world.start());
    expect(failure).toMatchObject({
      code: 'partial',
      details: { members: [member(1, 'started'), { action: 'unchanged' }, member(3, 'started')] },
    });
  });

  it('begins nothing after an interruption, and what it started goes on running', async () => {
    const stop = new AbortController();
    let starts = 0;
    const world = await stoppedWorld((engine) =>
      interceptEngine(engine, ({ method }) => {
        if (method === 'startContainer' && (starts += 1) === 4) stop.abort(new ZkdError('interrupted', 'Interrupted by SIGINT'));
      }),
    );
    expect(await failureOf(world.start({}, stop.signal))).toMatchObject({ code: 'interrupted' });
    await expect.poll(async () => (await world.inventory()).filter((line) => line.endsWith('running')).length).toBeGreaterThan(0);
    await world.start();
    expect((await world.inventory()).filter((line) => line.endsWith('running'))).toHaveLength(3);
  });
});

describe('the wait of start', () => {
  it('ends with the time, the causes of those that are not well, and all left running', async () => {
    const world = await stoppedWorld();
    world.zooKeeper.tell('zkd-zk-2', { silence: 'not-serving' });
    expect(await failureOf(world.start())).toMatchObject({
      code: 'timeout',
      details: { causes: [expect.objectContaining({ member: 2 })] },
    });
    expect((await world.inventory()).filter((line) => line.endsWith('running'))).toHaveLength(3);
    expect(await world.start({ wait: false })).toMatchObject({ changed: false });
  });

  it('is not waited where nobody wants it', async () => {
    const world = await stoppedWorld();
    for (const id of [1, 2, 3]) world.zooKeeper.tell(`zkd-zk-${id}`, { silence: 'not-serving' });
    expect(await world.start({ wait: false })).toMatchObject({ changed: true });
  });

  it('ends at once where a member ends again', async () => {
    const world = await stoppedWorld();
    world.zooKeeper.tell('zkd-zk-1', { crash: { exitCode: 1 } });
    await world.engine.setRestartPolicy('zkd-zk-1', 'no');
    const startedAt = performance.now();
    expect((await failureOf(world.start({ timeoutMs: 30_000 }))).code).toBe('timeout');
    expect(performance.now() - startedAt).toBeLessThan(10_000);
  });

  it('is for the members that were named, in view of the others: a stopped or ill one is none of its business', async () => {
    const world = await stoppedWorld();
    await world.start({ members: [1, 2] });
    expect(world.said).toContain('done: wait until members 1, 2 are in sync');
    expect(world.engine.container('zkd-zk-3').state).toBe('exited');
    const other = createWorld();
    await other.up({ given: { size: 5 } });
    await other.stop({ members: [1] });
    other.zooKeeper.tell('zkd-zk-2', { silence: 'silent' });
    expect(await other.start({ members: [1] })).toMatchObject({ changed: true });
  });

  it('ends with the cause of the named member where that is not in sync', async () => {
    const world = createWorld();
    await world.up();
    await world.stop({ members: [1] });
    world.zooKeeper.tell('zkd-zk-1', { silence: 'not-serving' });
    world.zooKeeper.tell('zkd-zk-2', { lag: 0, serverId: 9 });
    const failure = await failureOf(world.start({ members: [1] }));
    expect(failure).toMatchObject({
      code: 'timeout',
      details: { causes: [{ member: 1, cause: 'looking for the leader (member 3 leads)' }] },
    });
  });

  it('is no wait where those that run can be no quorum, and says so', async () => {
    const world = await stoppedWorld();
    const startedAt = performance.now();
    expect(await world.start({ members: [2], timeoutMs: 60_000 })).toMatchObject({ changed: true });
    expect(performance.now() - startedAt).toBeLessThan(5000);
    expect(world.said).toContain('caution: 1 of 3 voting members run, 2 are needed: not waiting for a quorum');
  });

  it('is a conflict where somebody takes the containers away meanwhile', async () => {
    const world = await stoppedWorld();
    world.zooKeeper.tell('zkd-zk-1', { silence: 'not-serving' });
    const failing = failureOf(world.start({ timeoutMs: 60_000 }));
    await expect.poll(() => world.said.join('\n')).toContain('start: wait until the ensemble is ready');
    await world.engine.removeContainer('zkd-zk-1', { force: true });
    expect(await failing).toMatchObject({ code: 'conflict' });
  });
});
