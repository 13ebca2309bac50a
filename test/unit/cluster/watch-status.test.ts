import { describe, expect, it } from 'vitest';
import { watchStatus, type Sighting } from '../../../src/cluster/index.js';
import type { WatchOptions } from '../../../src/cluster/watch-status.js';
import type { Engine } from '../../../src/engine/index.js';
import { ZkdError } from '../../../src/errors.js';
import type { Clock } from '../../../src/runtime/retry-until.js';
import { useFakeHostPorts } from '../../fakes/fake-host-ports.js';
import { interceptEngine } from '../../fakes/intercepted-engine.js';
import { createWorld, type World } from '../../support/ensemble-world.js';
import { failureOf } from '../../support/failure-of.js';

useFakeHostPorts();

const never = new AbortController().signal;
const unreachable = (): ZkdError => new ZkdError('engine-unavailable', 'nothing is listening', { details: { reason: 'unreachable' } });

async function upWorld(): Promise<World> {
  const world = createWorld();
  await world.up();
  return world;
}

/** A clock whose pauses are steps of a test: each does the next of these, and after the last the watch is ended. */
function scripted(steps: readonly (() => unknown)[], end: () => void): Clock & { readonly pausesMs: number[] } {
  const pausesMs: number[] = [];
  return {
    pausesMs,
    now: () => 0,
    async sleep(ms, signal) {
      const step = steps[pausesMs.length];
      pausesMs.push(ms);
      if (step) await step();
      else end();
      signal?.throwIfAborted();
    },
  };
}

interface Watched {
  readonly engine: Engine;
  readonly zooKeeper: World['zooKeeper'];
}

/** Watches through these steps; answers a word a look, and how it ended. */
async function watched(world: Watched, steps: readonly (() => unknown)[], options: Partial<WatchOptions> = {}) {
  const until = new AbortController();
  const clock = scripted(steps, () => until.abort());
  const seen: string[] = [];
  const tell = (sighting: Sighting): string => {
    if (sighting.kind !== 'status') return sighting.kind;
    return `${sighting.isNew ? 'new' : 'same'} ${sighting.status.healthy ? 'healthy' : sighting.status.causes.map(({ member }) => member).join()}`;
  };
  let failure: unknown;
  try {
    const all = { ask: world.zooKeeper.ask, intervalMs: 2000, signal: never, until: until.signal, clock, ...options };
    for await (const sighting of watchStatus(world.engine, 'zk', all)) seen.push(tell(sighting));
  } catch (error) {
    failure = error;
  }
  return { seen, failure, pausesMs: clock.pausesMs };
}

describe('a watched status', () => {
  it('is new at the start and when something changes, and pauses as told in between', async () => {
    const world = await upWorld();
    const { seen, failure, pausesMs } = await watched(world, [
      () => undefined,
      () => world.engine.killContainer('zkd-zk-1', 'KILL'),
      () => undefined,
      () => world.engine.startContainer('zkd-zk-1'),
    ]);
    expect(seen).toEqual(['new healthy', 'same healthy', 'new 1', 'same 1', 'new healthy']);
    expect(failure).toBeUndefined();
    expect(pausesMs).toEqual([2000, 2000, 2000, 2000, 2000]);
  });

  it('is the same where only counters move', async () => {
    const world = await upWorld();
    world.zooKeeper.commit('zk', 5);
    const { seen } = await watched(world, [() => world.zooKeeper.commit('zk', 5), () => world.zooKeeper.tell('zkd-zk-1', { lag: 1 })]);
    expect(seen).toEqual(['new healthy', 'same healthy', 'same healthy']);
  });

  it('is new where a cause becomes another', async () => {
    const world = await upWorld();
    await world.engine.pauseContainer('zkd-zk-1');
    const { seen } = await watched(world, [() => world.stop({ members: [1] })]);
    expect(seen).toEqual(['new 1', 'new 1']);
  });

  it('goes on while the ensemble is down with its data kept, and ends with not-found when all is gone', async () => {
    const world = await upWorld();
    const { seen, failure } = await watched(world, [() => world.down(), () => world.up(), () => world.down({ volumes: true })]);
    expect(seen).toEqual(['new healthy', 'new 1,2,3', 'new healthy']);
    expect(failure).toMatchObject({ code: 'not-found', details: { cluster: 'zk' } });
  });

  it('tells once that the engine went away and that it is back, and tells a status that did not change as the same', async () => {
    const world = await upWorld();
    const fail = () => world.engine.failNext('listContainers', unreachable());
    const { seen, failure } = await watched(world, [fail, fail, () => undefined]);
    expect(seen).toEqual(['new healthy', 'lost', 'back', 'same healthy']);
    expect(failure).toBeUndefined();
  });

  it('outlives what an engine says that is about to end', async () => {
    const world = await upWorld();
    const refuse = () => world.engine.failNext('listVolumes', new ZkdError('failure', 'shutting down', { details: { reason: 'other' } }));
    expect((await watched(world, [refuse, () => undefined])).seen).toEqual(['new healthy', 'lost', 'back', 'same healthy']);
  });

  it('takes an engine that hangs for one that went away, and goes on when it answers', async () => {
    const world = await upWorld();
    let isHanging = false;
    const engine = interceptEngine(world.engine, () => (isHanging ? new Promise(() => undefined) : undefined));
    const steps = [() => (isHanging = true), () => undefined, () => (isHanging = false)];
    const { seen, failure } = await watched({ ...world, engine }, steps, { lookTimeoutMs: 30 });
    expect(seen).toEqual(['new healthy', 'lost', 'back', 'same healthy']);
    expect(failure).toBeUndefined();
  });

  it('ends with an engine that does not answer the first look, and with labels it cannot read', async () => {
    const world = await upWorld();
    world.engine.failNext('listContainers', unreachable());
    expect((await watched(world, [])).failure).toMatchObject({ code: 'engine-unavailable' });
    const refuse = () => world.engine.failNext('listContainers', new ZkdError('refused', 'another layout'));
    expect((await watched(world, [refuse])).failure).toMatchObject({ code: 'refused' });
  });

  it('ends with the reason of its signal, in a look or between two, and says nothing more', async () => {
    const world = await upWorld();
    const stop = new AbortController();
    const interrupt = () => stop.abort(new ZkdError('interrupted', 'Interrupted by SIGINT'));
    expect(await watched(world, [interrupt], { signal: stop.signal })).toMatchObject({
      seen: ['new healthy'],
      failure: { code: 'interrupted' },
    });
    const slow = new AbortController();
    const looking = failureOf(
      (async () => {
        const ask = () => new Promise<string>(() => slow.abort(new ZkdError('terminated', 'Ended by SIGTERM')));
        const sightings = watchStatus(world.engine, 'zk', { ask, intervalMs: 1, signal: slow.signal, until: never });
        for (;;) if ((await sightings.next()).done) return;
      })(),
    );
    expect(await looking).toMatchObject({ code: 'terminated' });
  });
});
