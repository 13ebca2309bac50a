/** Somebody takes containers away while zkd works, or took them away without their volumes. */
import { describe, expect, it } from 'vitest';
import { ZkdError } from '../../../src/errors.js';
import { listClusters } from '../../../src/cluster/index.js';
import { takeDown } from '../../../src/cluster/down.js';
import { interceptEngine } from '../../fakes/intercepted-engine.js';
import { useFakeHostPorts } from '../../fakes/fake-host-ports.js';
import { createWorld } from '../../support/ensemble-world.js';
import { failureOf } from '../../support/failure-of.js';

useFakeHostPorts();

const never = new AbortController().signal;

describe('up beside somebody who takes the containers away', () => {
  it('ends the wait at once, as a conflict', async () => {
    const world = createWorld();
    world.zooKeeper.tell('zkd-zk-1', { silence: 'not-serving' });
    const failing = failureOf(world.up({ given: { size: 1 }, timeoutMs: 60_000 }));
    await expect.poll(() => world.said.join('\n')).toContain('wait until the ensemble is ready');
    await world.engine.removeContainer('zkd-zk-1', { force: true });
    expect(await failing).toMatchObject({ code: 'conflict' });
  });

  it('is a conflict too where a step finds its container gone', async () => {
    const world = createWorld();
    world.engine.failNext('setRestartPolicy', new ZkdError('not-found', 'gone', { details: { reason: 'no-such-container' } }));
    expect(await failureOf(world.up({ given: { size: 1 } }))).toMatchObject({ code: 'conflict' });
    expect(await world.inventory()).toEqual([]);
  });
});

describe('an ephemeral ensemble whose containers were removed without their volumes', () => {
  async function orphaned() {
    const world = createWorld();
    await world.up({ given: { size: 1, ephemeral: true } });
    await world.engine.removeContainer('zkd-zk-1', { force: true, anonymousVolumes: false });
    return world;
  }

  it('is no ensemble any more', async () => {
    const world = await orphaned();
    expect(await listClusters(world.engine)).toEqual([]);
    expect(await world.up({ mode: 'run', given: { size: 1, ephemeral: true } })).toMatchObject({ changed: true });
  });

  it('leaves nothing behind after down', async () => {
    const world = await orphaned();
    expect(await world.inventory()).not.toEqual([]);
    await world.down();
    expect(await world.inventory()).toEqual([]);
  });
});

describe('rm of a member that is named twice', () => {
  it('counts it once, and leaves the network of the others alone', async () => {
    const world = createWorld();
    await world.up({ given: { size: 2 } });
    expect((await world.rm({ members: [1, 1], force: true })).members).toHaveLength(1);
    expect(await world.inventory()).toContain('network zkd-zk');
  });
});

describe('an interruption of down', () => {
  it('ends it before network and volumes are touched', async () => {
    const world = createWorld();
    await world.up({ given: { size: 1 } });
    const stop = new AbortController();
    const engine = interceptEngine(world.engine, ({ method }) => {
      if (method === 'removeContainer') stop.abort(new ZkdError('interrupted', 'Interrupted by SIGINT'));
    });
    const request = { name: 'zk', volumes: true, force: false };
    expect(await failureOf(takeDown(request, { engine, observer: world.observer, signal: stop.signal }))).toMatchObject({
      code: 'interrupted',
    });
    expect(await world.inventory()).toEqual(['network zkd-zk', 'volume zkd-zk-1-conf', 'volume zkd-zk-1-data', 'volume zkd-zk-1-datalog']);
  });

  it('does not wait for a member that does not stop', async () => {
    const world = createWorld();
    await world.up({ given: { size: 1 } });
    const stop = new AbortController();
    const engine = interceptEngine(world.engine, ({ method }) => {
      if (method !== 'stopContainer') return;
      stop.abort(new ZkdError('terminated', 'Ended by SIGTERM'));
      return new Promise(() => undefined);
    });
    const request = { name: 'zk', volumes: false, force: false };
    expect(await failureOf(takeDown(request, { engine, observer: world.observer, signal: stop.signal }))).toMatchObject({
      code: 'terminated',
    });
  });
});

it('counts a quorum that is there at the last look', async () => {
  const world = createWorld();
  expect(await world.up({ given: { size: 1 }, timeoutMs: 1 }, never)).toMatchObject({ changed: true });
});
