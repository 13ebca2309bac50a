import { describe, expect, it } from 'vitest';
import { awaitReady, type AwaitOptions } from '../../../src/cluster/await-ready.js';
import { observe } from '../../../src/cluster/observe.js';
import { useFakeHostPorts } from '../../fakes/fake-host-ports.js';
import { createWorld, type World } from '../../support/ensemble-world.js';

useFakeHostPorts();

async function upWorld(): Promise<World> {
  const world = createWorld();
  await world.up();
  world.engine.calls.length = 0;
  return world;
}

const wait = async ({ engine, zooKeeper }: World, options: Partial<AwaitOptions> = {}) =>
  awaitReady(engine, await observe(engine, 'zk', { details: true }), {
    timeoutMs: 200,
    signal: new AbortController().signal,
    ask: zooKeeper.ask,
    ...options,
  });

describe('waiting for an ensemble', () => {
  it('ends at once where it is ready', async () => {
    expect(await wait(await upWorld(), { timeoutMs: 0 })).toMatchObject({ ended: 'ready', verdict: { ready: true } });
  });

  it('ends when it becomes ready, having told now and then what it waits for', async () => {
    const world = await upWorld();
    world.zooKeeper.tell('zkd-zk-1', { silence: 'not-serving' });
    setTimeout(() => world.zooKeeper.tell('zkd-zk-1', undefined), 1300);
    const told: string[] = [];
    const { ended } = await wait(world, { timeoutMs: 5000, onWait: ({ causes }) => told.push(causes.map(({ member }) => member).join()) });
    expect(ended).toBe('ready');
    expect(told.length).toBeGreaterThan(0);
    expect(told.every((members) => members.split(',').includes('1'))).toBe(true);
  });

  it('ends with the time, with evidence of those that are not well only', async () => {
    const world = await upWorld();
    world.engine.log('zkd-zk-2', 'No space left on device');
    world.engine.log('zkd-zk-1', 'all is well');
    world.zooKeeper.tell('zkd-zk-2', { silence: 'port-closed' });
    const { ended, verdict, ensemble } = await wait(world);
    expect(ended).toBe('timeout');
    expect(verdict.causes).toContainEqual({ member: 2, cause: 'no space left on its data volume' });
    expect(ensemble.members.map(({ evidence }) => evidence?.logTail)).toEqual([undefined, ['No space left on device'], undefined]);
  });

  it('ends early where a member has ended for good', async () => {
    const world = await upWorld();
    setTimeout(() => world.engine.container('zkd-zk-1').state === 'running' && void world.engine.killContainer('zkd-zk-1', 'KILL'), 50);
    world.zooKeeper.tell('zkd-zk-2', { silence: 'not-serving' });
    const startedAt = performance.now();
    expect((await wait(world, { timeoutMs: 30_000 })).ended).toBe('crashed');
    expect(performance.now() - startedAt).toBeLessThan(5000);
  });

  it('ends early where a crash loop goes on, not for what crashed before', async () => {
    const world = await upWorld();
    const member = world.engine.container('zkd-zk-1');
    const hasCrashed = (times: number): void => void Object.assign(member, { restarts: times, startedAt: new Date().toISOString() });
    hasCrashed(7);
    world.zooKeeper.tell('zkd-zk-1', { silence: 'port-closed' });
    expect((await wait(world, { timeoutMs: 1200 })).ended).toBe('timeout');
    setTimeout(() => hasCrashed(8), 300);
    const startedAt = performance.now();
    expect((await wait(world, { timeoutMs: 30_000 })).ended).toBe('crashed');
    expect(performance.now() - startedAt).toBeLessThan(5000);
    setTimeout(() => world.zooKeeper.tell('zkd-zk-1', undefined), 300);
    expect((await wait(world, { timeoutMs: 30_000 })).ended).toBe('ready');
  });

  it('counts only the members it is told', async () => {
    const world = await upWorld();
    await world.engine.killContainer('zkd-zk-1', 'KILL');
    expect((await wait(world, { only: [2, 3] })).ended).toBe('ready');
    expect((await wait(world, { only: [1, 2] })).ended).not.toBe('ready');
  });

  it('judges them in view of all: with no quorum they are not in sync, and the cause says so', async () => {
    const world = await upWorld();
    await world.stop({ members: [2, 3], force: true });
    const { ended, verdict } = await wait(world, { only: [1] });
    expect({ ended, causes: verdict.causes }).toEqual({
      ended: 'timeout',
      causes: [{ member: 1, cause: 'no quorum: 1 of 3 voting members run, 2 are needed' }],
    });
  });

  it('waits for members that do not run only where it is told to', async () => {
    const world = await upWorld();
    await world.stop();
    expect((await wait(world, { timeoutMs: 30_000 })).ended).toBe('crashed');
    const waiting = wait(world, { timeoutMs: 30_000, untilStarted: true });
    await world.start({ wait: false });
    expect((await waiting).ended).toBe('ready');
  });

  it('rejects with an interruption', async () => {
    const world = await upWorld();
    world.zooKeeper.tell('zkd-zk-1', { silence: 'silent' });
    await expect(wait(world, { signal: AbortSignal.abort(new Error('interrupted')) })).rejects.toThrow('interrupted');
  });

  it('does not ask the engine at every look', async () => {
    const world = await upWorld();
    world.zooKeeper.tell('zkd-zk-1', { silence: 'not-serving' });
    await wait(world, { timeoutMs: 400 });
    const looks = world.zooKeeper.questions.filter((question) => question.startsWith('srvr')).length / 3;
    const listings = world.engine.calls.filter(({ method }) => method === 'listContainers').length;
    expect(looks).toBeGreaterThan(listings);
  });
});
