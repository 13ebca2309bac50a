import { describe, expect, it } from 'vitest';
import { ZkdError } from '../../../src/errors.js';
import { interceptEngine } from '../../fakes/intercepted-engine.js';
import { useFakeHostPorts } from '../../fakes/fake-host-ports.js';
import { createWorld, type World } from '../../support/ensemble-world.js';
import { failureOf } from '../../support/failure-of.js';

useFakeHostPorts();

const broken = (): ZkdError => new ZkdError('failure', 'device is busy', { details: { reason: 'other' } });
const interrupted = (): ZkdError => new ZkdError('interrupted', 'Interrupted by SIGINT');

async function upWorld(given: object = {}): Promise<World> {
  const world = createWorld();
  await world.up({ given });
  return world;
}

const statesOf = async ({ engine }: World): Promise<string[]> =>
  (await engine.listContainers({})).sort((a, b) => a.name.localeCompare(b.name)).map(({ state }) => state);

const member = (id: number, action: string, error: string | null = null) => ({ id, container: `zkd-zk-${id}`, action, error });

describe('stop', () => {
  it('stops all members, and keeps containers, network and data', async () => {
    const world = await upWorld();
    const before = (await world.inventory()).map((line) => line.replace(/ running$/, ' exited'));
    expect(await world.stop()).toEqual({
      cluster: 'zk',
      changed: true,
      members: [member(1, 'stopped'), member(2, 'stopped'), member(3, 'stopped')],
      volumes: [],
      tookMs: expect.any(Number) as number,
    });
    expect(await world.inventory()).toEqual(before);
    expect(world.said).toContain('done: stop member 2 (zkd-zk-2)');
  });

  it('gives each server time to end', async () => {
    const world = await upWorld({ size: 1 });
    await world.stop();
    const stops = world.engine.calls.filter(({ method }) => method === 'stopContainer');
    expect(stops.map(({ args }) => args[1])).toEqual([{ timeoutMs: 10_000 }]);
  });

  it('stops them at the same time: none waits for another', async () => {
    let release: () => void = () => undefined;
    const allAsked = new Promise<void>((resolve) => (release = resolve));
    let asked = 0;
    const world = createWorld((engine) =>
      interceptEngine(engine, async ({ method }) => {
        if (method !== 'stopContainer') return;
        asked += 1;
        if (asked === 3) release();
        await allAsked;
      }),
    );
    await world.up();
    expect(await world.stop()).toMatchObject({ changed: true });
  });

  it('asks no server where the whole ensemble is meant', async () => {
    const world = await upWorld();
    world.zooKeeper.questions.length = 0;
    await world.stop();
    expect(world.zooKeeper.questions).toEqual([]);
  });

  it('is a success that changed nothing where nothing runs, containers or not', async () => {
    const world = await upWorld();
    await world.stop();
    expect(await world.stop()).toMatchObject({ changed: false, members: [1, 2, 3].map((id) => member(id, 'unchanged')) });
    await world.down();
    expect(await world.stop()).toMatchObject({ changed: false, members: [] });
  });

  it('stops what is paused, and what the engine starts again and again', async () => {
    const world = await upWorld();
    await world.engine.pauseContainer('zkd-zk-1');
    world.engine.restartDelayMs = 60_000;
    world.engine.exit('zkd-zk-2', 1);
    expect(world.engine.container('zkd-zk-2').state).toBe('restarting');
    expect((await world.stop()).members.map(({ action }) => action)).toEqual(['stopped', 'stopped', 'stopped']);
    expect(await statesOf(world)).toEqual(['exited', 'exited', 'exited']);
  });

  it('leaves the restart policy, so that only a stop of this kind keeps a member down', async () => {
    const world = await upWorld();
    await world.stop();
    expect(world.engine.container('zkd-zk-1').restartPolicy).toBe('unless-stopped');
  });

  it('does not find an ensemble or a member that is not there, and touches nothing', async () => {
    expect((await failureOf(createWorld().stop())).code).toBe('not-found');
    const world = await upWorld();
    expect(await failureOf(world.stop({ members: [1, 7] }))).toMatchObject({
      code: 'not-found',
      message: 'Ensemble "zk" has no member 7',
      details: { cluster: 'zk', member: 7 },
    });
    expect(await statesOf(world)).toEqual(['running', 'running', 'running']);
  });
});

describe('stop of single members', () => {
  it('stops those, once each, and no others', async () => {
    const world = await upWorld({ size: 5 });
    expect((await world.stop({ members: [2, 4, 2] })).members).toEqual([member(2, 'stopped'), member(4, 'stopped')]);
    expect(await statesOf(world)).toEqual(['running', 'exited', 'running', 'exited', 'running']);
  });

  it('is refused where the quorum goes with them, touching nothing; force does it', async () => {
    const world = await upWorld();
    await world.stop({ members: [1] });
    expect(await failureOf(world.stop({ members: [2] }))).toMatchObject({
      code: 'refused',
      details: { members: [2], serving: [2, 3], needed: 2, override: '--force' },
    });
    expect(await statesOf(world)).toEqual(['exited', 'running', 'running']);
    expect(await world.stop({ members: [2], force: true })).toMatchObject({ changed: true });
    expect(await statesOf(world)).toEqual(['exited', 'exited', 'running']);
  });

  it('is allowed where there is no quorum to lose, and for what is stopped already', async () => {
    const world = await upWorld();
    await world.stop({ members: [1, 2], force: true });
    expect(await world.stop({ members: [3] })).toMatchObject({ changed: true });
    const other = await upWorld();
    await other.stop({ members: [1] });
    expect(await other.stop({ members: [1] })).toMatchObject({ changed: false });
  });

  it('counts no observer for or against', async () => {
    const world = await upWorld({ size: 3, observers: 2 });
    await world.stop({ members: [1] });
    expect(await world.stop({ members: [4, 5] })).toMatchObject({ changed: true });
    expect((await failureOf(world.stop({ members: [2] }))).code).toBe('refused');
  });

  it('is refused also where every member is named: the whole ensemble is stopped by its name', async () => {
    expect((await failureOf((await upWorld()).stop({ members: [1, 2, 3] }))).code).toBe('refused');
  });
});

describe('stop that fails', () => {
  it('acts on all where one fails, and tells which: exit 9', async () => {
    const world = await upWorld();
    world.engine.failNext('stopContainer', broken());
    const failure = await failureOf(world.stop());
    expect(failure).toMatchObject({
      code: 'partial',
      details: {
        cluster: 'zk',
        changed: true,
        members: [member(1, 'unchanged', 'device is busy'), member(2, 'stopped'), member(3, 'stopped')],
        failures: ['zkd-zk-1: device is busy'],
      },
    });
    expect(failure.message).toContain('zkd-zk-1: device is busy');
    expect(world.said).toContain('failed: stop member 1 (zkd-zk-1)');
    expect(await world.stop()).toMatchObject({ members: [member(1, 'stopped'), member(2, 'unchanged'), member(3, 'unchanged')] });
  });

  it('keeps the code of the failure where nothing was done', async () => {
    const world = await upWorld({ size: 2 });
    const lost = (): ZkdError => new ZkdError('engine-unavailable', 'no engine', { details: { reason: 'unreachable' } });
    world.engine.failNext('stopContainer', lost());
    world.engine.failNext('stopContainer', lost());
    expect(await failureOf(world.stop())).toMatchObject({ code: 'engine-unavailable', details: { changed: false } });
    world.engine.failNext('stopContainer', lost());
    expect(await failureOf(world.stop({ members: [1], force: true }))).toMatchObject({ code: 'engine-unavailable', message: 'no engine' });
  });

  it('ends with an interruption at once; what is stopped stays so, and another stop finishes', async () => {
    const stop = new AbortController();
    let stops = 0;
    const world = createWorld((engine) =>
      interceptEngine(engine, ({ method }) => {
        if (method !== 'stopContainer') return;
        stops += 1;
        if (stops !== 2) return;
        stop.abort(interrupted());
        return new Promise(() => undefined);
      }),
    );
    await world.up();
    expect(await failureOf(world.stop({}, stop.signal))).toMatchObject({ code: 'interrupted' });
    await expect.poll(() => statesOf(world)).toEqual(['exited', 'running', 'running']);
    expect(await world.stop()).toMatchObject({ changed: true });
    expect(await statesOf(world)).toEqual(['exited', 'exited', 'exited']);
  });

  it('begins nothing after an interruption', async () => {
    const world = await upWorld();
    expect(await failureOf(world.stop({}, AbortSignal.abort(interrupted())))).toMatchObject({ code: 'interrupted' });
    expect(await statesOf(world)).toEqual(['running', 'running', 'running']);
  });
});
