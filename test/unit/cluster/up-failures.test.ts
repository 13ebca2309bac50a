/** What an `up` that fails, is interrupted, or meets another one leaves behind. */
import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { observe } from '../../../src/cluster/observe.js';
import { planEnsemble } from '../../../src/cluster/plan.js';
import { ZkdError } from '../../../src/errors.js';
import { useFakeHostPorts } from '../../fakes/fake-host-ports.js';
import { interceptEngine, type Interceptor } from '../../fakes/intercepted-engine.js';
import { createWorld, type World } from '../../support/ensemble-world.js';
import { failureOf } from '../../support/failure-of.js';
import { sampleRecord } from '../../support/sample-ensemble.js';

useFakeHostPorts();

const intercepted = (interceptor: Interceptor): World => createWorld((engine) => interceptEngine(engine, interceptor));

/** The engine calls of a fresh `up` of two members that comes up at once. */
async function callsOfUp(): Promise<string[]> {
  const methods: string[] = [];
  await intercepted(({ method }) => void methods.push(method)).up({ given: { size: 2 } });
  return methods;
}

const broken = (): ZkdError => new ZkdError('failure', 'disk full', { details: { reason: 'disk-full' } });

describe('a failure at any engine call of a fresh up', () => {
  it('leaves nothing behind', async () => {
    const methods = await callsOfUp();
    expect(methods.length).toBeGreaterThan(15);
    for (const [position, method] of methods.entries()) {
      const world = intercepted(({ index }) => {
        if (index === position + 1) throw broken();
      });
      const where = `call ${position + 1}, ${method}`;
      const failure = await failureOf(world.up({ given: { size: 2 } }));
      expect(failure.message, where).toMatch(/^disk full/);
      expect(failure.code, where).toBe('failure');
      expect(await world.inventory(), where).toEqual([]);
    }
  });

  it('leaves no volumes of a container that the engine could not create to the end', async () => {
    const world = createWorld();
    const { engine } = world;
    const create = engine.createContainer.bind(engine);
    // As engines do: volumes come first, and stay.
    engine.createContainer = async (spec) => {
      await engine.removeContainer(await create(spec), { force: true });
      throw broken();
    };
    const failure = await failureOf(world.up({ given: { size: 1 } }));
    expect(failure).toMatchObject({ code: 'failure', details: { reason: 'disk-full', left: [] } });
    expect(failure.message).toContain('What was made has been removed again');
    expect(await world.inventory()).toEqual([]);
  });

  it('leaves what was made where that is wanted, and says so; the next up goes on with it', async () => {
    const methods = await callsOfUp();
    const position = methods.indexOf('startContainer') + 1;
    const world = intercepted(({ index }) => {
      if (index === position) throw broken();
    });
    const failure = await failureOf(world.up({ given: { size: 2 }, keepOnFailure: true }));
    expect(failure.message).toContain('--keep-on-failure');
    expect(await world.inventory()).toEqual(
      expect.arrayContaining([expect.stringContaining('container zkd-zk-1'), 'network zkd-zk', 'volume zkd-zk-2-conf']),
    );
    expect((await world.up({ timeoutMs: 5000 })).cluster?.members).toHaveLength(2);
  });

  it('does not take away what was there before', async () => {
    const world = createWorld();
    await world.up();
    await world.engine.removeContainer('zkd-zk-2', { force: true });
    const before = await world.inventory();
    world.engine.failNext('startContainer', broken());
    await failureOf(world.up());
    expect(await world.inventory()).toEqual(before);
  });

  it('names what it could not take away again', async () => {
    const world = createWorld();
    world.engine.failNext('startContainer', broken());
    world.engine.failNext('removeNetwork', broken());
    const failure = await failureOf(world.up({ given: { size: 1 } }));
    expect(failure.message).toContain('network zkd-zk');
    expect(failure.details['left']).toEqual(['network zkd-zk (disk full)']);
    expect(await world.inventory()).toEqual(['network zkd-zk']);
  });

  it('begins nothing more', async () => {
    const world = createWorld();
    world.engine.failNext('createNetwork', broken());
    await failureOf(world.up());
    expect(world.engine.calls.map(({ method }) => method)).not.toContain('startContainer');
  });
});

describe('an interruption at any engine call of a fresh up', () => {
  it('leaves nothing behind, or came too late', async () => {
    const methods = await callsOfUp();
    let interrupted = 0;
    for (const [position, method] of methods.entries()) {
      const stop = new AbortController();
      const world = intercepted(({ index }) => {
        if (index === position + 1) stop.abort(new ZkdError('interrupted', 'Interrupted by SIGINT'));
      });
      const outcome = await world.up({ given: { size: 2 } }, stop.signal).then(
        ({ cluster }) => cluster?.leader,
        (error: unknown) => error,
      );
      if (outcome === 2) continue;
      interrupted += 1;
      expect(outcome, `call ${position + 1}, ${method}`).toMatchObject({ code: 'interrupted' });
      expect(await world.inventory(), `call ${position + 1}, ${method}`).toEqual([]);
    }
    expect(interrupted).toBeGreaterThan(methods.length / 2);
  });

  it('ends the wait for readiness at once', async () => {
    const stop = new AbortController();
    const world = createWorld();
    world.zooKeeper.tell('zkd-zk-1', { silence: 'not-serving' });
    setTimeout(() => stop.abort(new ZkdError('terminated', 'Ended by SIGTERM')), 50);
    const startedAt = performance.now();
    expect((await failureOf(world.up({ given: { size: 1 }, timeoutMs: 60_000 }, stop.signal))).code).toBe('terminated');
    expect(performance.now() - startedAt).toBeLessThan(5000);
    expect(await world.inventory()).toEqual([]);
  });
});

describe('an ensemble that does not become ready', () => {
  it('is a timeout with each member’s cause and last words, and is removed again', async () => {
    const world = createWorld();
    world.zooKeeper.tell('zkd-zk-1', { silence: 'not-serving' });
    world.zooKeeper.tell('zkd-zk-2', { silence: 'port-closed' });
    const waiting = failureOf(world.up({ timeoutMs: 200 }));
    setTimeout(() => world.engine.log('zkd-zk-2', 'My last words'), 100);
    const failure = await waiting;
    expect(failure.code).toBe('timeout');
    expect(failure.message).toMatch(/^Ensemble "zk" is not ready within 200 ms\n/);
    expect(failure.message).toContain('member 2: its client port is closed\n    | My last words');
    expect(failure.details['causes']).toEqual([
      expect.objectContaining({ member: 1, cause: expect.stringMatching(/looking for/) as string }),
      { member: 2, cause: 'its client port is closed', log: ['My last words'] },
      expect.objectContaining({ member: 3 }),
    ]);
    expect(await world.inventory()).toEqual([]);
  });

  it('is given up at once where a member crashes again and again', async () => {
    const world = createWorld();
    world.zooKeeper.tell('zkd-zk-1', { crash: { exitCode: 1, words: ['java.lang.IllegalArgumentException: myid file is missing'] } });
    const startedAt = performance.now();
    const failure = await failureOf(world.up({ given: { size: 1 }, timeoutMs: 60_000 }));
    expect(performance.now() - startedAt).toBeLessThan(10_000);
    expect(failure.code).toBe('timeout');
    expect(failure.message).toContain('myid file is missing');
    expect(await world.inventory()).toEqual([]);
  });

  it('is left as it was where it was there before', async () => {
    const world = createWorld();
    await world.up();
    const before = await world.inventory();
    world.zooKeeper.tell('zkd-zk-3', { silence: 'silent' });
    expect((await failureOf(world.up())).code).toBe('timeout');
    expect(await world.inventory()).toEqual(before);
  });
});

describe('another zkd', () => {
  it('that has the name of a member for something else is a conflict, with nothing left', async () => {
    const world = createWorld();
    await world.engine.createContainer({ name: 'zkd-zk-2', image: 'zookeeper:3.9' });
    const failure = await failureOf(world.up());
    expect(failure).toMatchObject({ code: 'conflict', details: { reason: 'name-taken', container: 'zkd-zk-2' } });
    expect((await world.inventory()).filter((line) => !line.startsWith('volume') && line !== 'container zkd-zk-2 created')).toEqual([]);
    expect(await world.engine.listVolumes({ labels: { 'zkd.cluster': true } })).toEqual([]);
  });

  it('that was first is waited for, and its ensemble taken for ours', async () => {
    const world = intercepted(async ({ index, method }) => {
      // At the moment of the claim somebody else makes the whole ensemble.
      if (method !== 'createContainer' || index > 20 || world.said.includes('other')) return;
      world.said.push('other');
      await world.up();
    });
    const { changed, cluster } = await world.up({ timeoutMs: 5000 });
    expect(changed).toBe(false);
    expect(cluster?.members).toHaveLength(3);
    expect(await world.engine.listNetworks({ name: 'zkd-zk' })).toHaveLength(1);
  });

  it('that was first is a conflict for run', async () => {
    const world = intercepted(async ({ method }) => {
      if (method !== 'createContainer' || world.said.includes('other')) return;
      world.said.push('other');
      await world.up();
    });
    expect((await failureOf(world.up({ mode: 'run' }))).code).toBe('conflict');
    expect(await world.engine.listContainers({ 'zkd.cluster': 'zk' })).toHaveLength(3);
  });

  it('that makes the network at the same moment leaves one: the earliest stays, the later zkd takes its own away', async () => {
    let earliest: string | undefined;
    const world = intercepted(async ({ method }) => {
      if (method !== 'createNetwork') return;
      const { labels = {} } = world.engine.container('zkd-zk-1').spec;
      const ours = ['zkd.schema', 'zkd.cluster', 'zkd.ensemble'].map((key) => [key, labels[key] ?? '']);
      earliest ??= await world.engine.createNetwork({ name: 'zkd-zk', labels: Object.fromEntries(ours) as Record<string, string> });
    });
    await world.up();
    expect((await world.engine.listNetworks({ name: 'zkd-zk' })).map(({ id }) => id)).toEqual([earliest]);
    expect(await world.engine.listAttachments(earliest ?? '')).toHaveLength(3);
  });

  it('that repairs the same lost network at the same time leaves one, and all members on it', async () => {
    const world = intercepted(() => setImmediate());
    await world.up();
    for (const { id } of await world.engine.listContainers({})) await world.engine.stopContainer(id, { timeoutMs: 1 });
    for (const { id } of await world.engine.listNetworks({})) await world.engine.removeNetwork(id);
    const outcomes = await Promise.allSettled([world.up({ timeoutMs: 5000 }), world.up({ timeoutMs: 5000 })]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled']);
    const networks = await world.engine.listNetworks({ name: 'zkd-zk' });
    expect(networks).toHaveLength(1);
    expect(await world.engine.listAttachments(networks[0]?.id ?? '')).toHaveLength(3);
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])(
    'at the same time: both end well or one is a conflict, one network, all healthy (round %i)',
    async (seed) => {
      let random = seed;
      const dawdle: Interceptor = async () => {
        random = (random * 1_103_515_245 + 12_345) % 2 ** 31;
        for (let turns = (random >> 8) % 6; turns > 0; turns -= 1) await setImmediate();
      };
      const world = intercepted(dawdle);
      const outcomes = await Promise.allSettled([
        world.up({ timeoutMs: 10_000 }),
        world.up({ timeoutMs: 10_000, mode: seed % 3 === 0 ? 'run' : 'up' }),
      ]);
      const failures = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : []));
      expect(failures.length).toBeLessThan(2);
      for (const failure of failures) expect(failure).toMatchObject({ code: 'conflict' });
      expect((await world.inventory()).filter((line) => !line.startsWith('volume'))).toEqual([
        'container zkd-zk-1 running',
        'container zkd-zk-2 running',
        'container zkd-zk-3 running',
        'network zkd-zk',
      ]);
      const birth = sampleRecord();
      const plan = planEnsemble({ name: 'zk', mode: 'up', given: {}, acceptDataLoss: false, birth }, await observe(world.engine, 'zk'));
      expect(plan.operations).toEqual([]);
      expect((await world.up()).cluster?.leader).toBe(3);
    },
  );
});
