import { describe, expect, it } from 'vitest';
import { ZkdError } from '../../../src/errors.js';
import { useFakeHostPorts } from '../../fakes/fake-host-ports.js';
import { createWorld, type World } from '../../support/ensemble-world.js';
import { failureOf } from '../../support/failure-of.js';

useFakeHostPorts();

async function upWorld(size = 3): Promise<World> {
  const world = createWorld();
  await world.up({ given: { size } });
  return world;
}

const underWay = (world: World): Promise<unknown> => expect.poll(() => world.said.join('\n')).toContain('start: wait until ensemble "zk"');

describe('waiting for ready', () => {
  it('ends at once where it is', async () => {
    expect(await (await upWorld()).wait()).toEqual({ cluster: 'zk', for: 'ready', tookMs: expect.any(Number) as number });
  });

  it('waits for members that do not run until somebody starts them', async () => {
    const world = await upWorld();
    await world.stop();
    const waiting = world.wait({ timeoutMs: 20_000 });
    await underWay(world);
    await world.start({ wait: false });
    expect(await waiting).toMatchObject({ for: 'ready' });
  });

  it('waits for members that are taken away and made anew', async () => {
    const world = await upWorld();
    await world.engine.removeContainer('zkd-zk-2', { force: true });
    const waiting = world.wait({ timeoutMs: 20_000 });
    await underWay(world);
    await world.up({ timeoutMs: 5000 });
    expect(await waiting).toMatchObject({ for: 'ready' });
  });

  it.each<[string, (world: World) => Promise<unknown>, string, string]>([
    ['stopped', (world) => world.stop(), 'not running: exited with code 143', 'zkd cluster start zk'],
    ['paused', ({ engine }) => engine.pauseContainer('zkd-zk-1'), 'paused', 'zkd cluster start zk'],
    ['down', (world) => world.down(), 'its container is gone', 'zkd cluster up zk'],
    [
      'silent',
      async ({ zooKeeper }) => zooKeeper.tell('zkd-zk-1', { silence: 'silent' }),
      'it does not answer on its client port',
      'zkd cluster status zk',
    ],
  ])('ends with the time where members are %s, with the causes and what helps', async (_, harm, cause, suggestion) => {
    const world = await upWorld();
    await harm(world);
    const failure = await failureOf(world.wait());
    expect(failure).toMatchObject({
      code: 'timeout',
      details: { cluster: 'zk', causes: expect.arrayContaining([expect.objectContaining({ member: 1, cause })]) as unknown },
    });
    expect(failure.suggestions[0]).toBe(suggestion);
  });

  it('ends at once at a crash loop', async () => {
    const world = await upWorld();
    world.engine.restartDelayMs = 1;
    world.zooKeeper.tell('zkd-zk-1', { crash: { exitCode: 1 } });
    world.engine.exit('zkd-zk-1', 1);
    const startedAt = performance.now();
    const failure = await failureOf(world.wait({ timeoutMs: 60_000 }));
    expect(failure.code).toBe('timeout');
    expect(failure.message).toContain('member 1: crash loop');
    expect(performance.now() - startedAt).toBeLessThan(10_000);
  });

  it('does not find what is not there, nor what goes away for good meanwhile', async () => {
    expect((await failureOf(createWorld().wait())).code).toBe('not-found');
    const world = await upWorld();
    world.zooKeeper.tell('zkd-zk-1', { silence: 'silent' });
    const failing = failureOf(world.wait({ timeoutMs: 60_000 }));
    await underWay(world);
    await world.down({ volumes: true });
    expect((await failing).code).toBe('not-found');
  });
});

describe('waiting for stopped', () => {
  it('ends when the last member has ended, and at once where none runs', async () => {
    const world = await upWorld();
    const waiting = world.wait({ for: 'stopped', timeoutMs: 20_000 });
    await underWay(world);
    await world.stop();
    expect(await waiting).toMatchObject({ cluster: 'zk', for: 'stopped' });
    expect(await world.wait({ for: 'stopped', timeoutMs: 1 })).toMatchObject({ for: 'stopped' });
    await world.down();
    expect(await world.wait({ for: 'stopped', timeoutMs: 1 })).toMatchObject({ for: 'stopped' });
  });

  it('counts what is paused as running, and tells who runs when the time is up', async () => {
    const world = await upWorld();
    await world.stop({ members: [1] });
    await world.engine.pauseContainer('zkd-zk-2');
    const failure = await failureOf(world.wait({ for: 'stopped' }));
    expect(failure).toMatchObject({
      code: 'timeout',
      message: 'Ensemble "zk" is not stopped within 300 ms\n  member 2: paused\n  member 3: running',
      suggestions: ['zkd cluster stop zk'],
      details: { cluster: 'zk', for: 'stopped', causes: ['member 2: paused', 'member 3: running'] },
    });
  });

  it('does not find what is not there; what is taken away meanwhile is stopped', async () => {
    expect((await failureOf(createWorld().wait({ for: 'stopped' }))).code).toBe('not-found');
    const world = await upWorld();
    const waiting = world.wait({ for: 'stopped', timeoutMs: 20_000 });
    await underWay(world);
    await world.down({ volumes: true });
    expect(await waiting).toMatchObject({ for: 'stopped' });
  });
});

describe('waiting for gone', () => {
  it('is done where nothing is there, and when the last of it is', async () => {
    expect(await createWorld().wait({ for: 'gone' })).toMatchObject({ cluster: 'zk', for: 'gone' });
    const world = await upWorld();
    const waiting = world.wait({ for: 'gone', timeoutMs: 20_000 });
    await underWay(world);
    await world.down({ volumes: true });
    expect(await waiting).toMatchObject({ for: 'gone' });
  });

  it('is not done while a network or data is left, and names what is', async () => {
    const world = await upWorld(1);
    await world.down();
    const volumes = ['conf', 'data', 'datalog'].map((kind) => `data volume zkd-zk-1-${kind}`);
    expect(await failureOf(world.wait({ for: 'gone' }))).toMatchObject({
      code: 'timeout',
      suggestions: ['zkd cluster down zk --volumes'],
      details: { for: 'gone', causes: volumes },
    });
    await world.down({ volumes: true });
    await world.engine.createNetwork({ name: 'zkd-zk', labels: { 'zkd.schema': '1', 'zkd.cluster': 'zk', 'zkd.ensemble': 'x' } });
    expect((await failureOf(world.wait({ for: 'gone' }))).details).toMatchObject({ causes: ['network zkd-zk'] });
  });
});

it.each(['ready', 'stopped', 'gone'] as const)('waiting for %s ends with an interruption, and is not told as failed', async (state) => {
  const world = await upWorld();
  world.zooKeeper.tell('zkd-zk-1', { silence: 'silent' });
  const stop = new AbortController();
  const failing = failureOf(world.wait({ for: state, timeoutMs: 60_000 }, stop.signal));
  await underWay(world);
  stop.abort(new ZkdError('interrupted', 'Interrupted by SIGINT'));
  expect(await failing).toMatchObject({ code: 'interrupted' });
  expect(world.said.filter((line) => line.startsWith('failed:'))).toEqual([]);
});
