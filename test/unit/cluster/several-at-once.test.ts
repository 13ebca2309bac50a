/** Several zkd at work on one ensemble, one of them held up at any of its engine calls for longer than the others wait for it. */
import { expect, it } from 'vitest';
import { bringUp, type UpResult } from '../../../src/cluster/up.js';
import { superDigest } from '../../../src/cluster/zoo-cfg.js';
import { ZkdError } from '../../../src/errors.js';
import { useFakeHostPorts } from '../../fakes/fake-host-ports.js';
import { interceptEngine, type Interceptor } from '../../fakes/intercepted-engine.js';
import { createWorld, type World } from '../../support/ensemble-world.js';

useFakeHostPorts();

const REQUEST = {
  name: 'zk',
  mode: 'up',
  given: {},
  pull: 'missing',
  wait: true,
  timeoutMs: 20_000,
  keepOnFailure: false,
  acceptDataLoss: false,
  dryRun: false,
  yes: false,
} as const;

/** An `up` whose engine calls somebody may hold up. */
const upThrough = (world: World, interceptor: Interceptor, mode: 'up' | 'run' = 'up'): Promise<UpResult> =>
  bringUp(
    { ...REQUEST, mode },
    {
      engine: interceptEngine(world.engine, interceptor),
      ask: world.zooKeeper.ask,
      observer: world.observer,
      signal: new AbortController().signal,
    },
  );

/** `done` or the name of the error's code. */
const endOf = (up: Promise<UpResult>): Promise<string> =>
  up.then(
    () => 'done',
    (error: unknown) => {
      if (error instanceof ZkdError) return error.code;
      throw error;
    },
  );

/** The first `up` stops before its call number `point` until it is let go on; `met` is true once it got there. */
function holdUpAt(point: number) {
  let release = (): void => undefined;
  let arrive = (): void => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  const arrived = new Promise<void>((resolve) => (arrive = resolve));
  const interceptor: Interceptor = async ({ index }) => {
    if (index < point) return;
    arrive();
    await released;
  };
  return { interceptor, release: () => release(), arrived };
}

async function expectOneWhole(world: World, where: string): Promise<void> {
  const volumes = [1, 2, 3].flatMap((id) => ['conf', 'data', 'datalog'].map((kind) => `volume zkd-zk-${id}-${kind}`));
  const whole = [...[1, 2, 3].map((id) => `container zkd-zk-${id} running`), 'network zkd-zk', ...volumes];
  expect(await world.inventory(), where).toEqual(whole);
  const containers = await world.engine.listContainers({});
  expect(new Set(containers.map(({ labels }) => labels['zkd.ensemble'])).size, where).toBe(1);
  const read = async (id: number, path: string) => (await world.engine.readFile(`zkd-zk-${id}`, path))?.toString().trim() ?? '';
  const credentials = await Promise.all([1, 2, 3].map((id) => read(id, '/conf/zkd-super')));
  expect(new Set(credentials).size, where).toBe(1);
  for (const id of [1, 2, 3]) expect(await read(id, '/conf/zoo.cfg'), where).toContain(superDigest(credentials[0] ?? ''));
  expect(world.zooKeeper.leader('zk'), where).toBeDefined();
}

/** How many engine calls an `up` makes that nobody disturbs. */
async function callsOfAnUp(): Promise<number> {
  let calls = 0;
  await upThrough(createWorld(), ({ index }) => void (calls = index));
  return calls;
}

const pointsOf = (calls: number): number[] => Array.from({ length: calls }, (_, index) => index + 1);

it.each(['up', 'run'] as const)('a slow %s and a quick up make one ensemble, wherever the slow one is held up', async (mode) => {
  const ends = await Promise.all(
    pointsOf(await callsOfAnUp()).map(async (point) => {
      const world = createWorld();
      const { interceptor, release, arrived } = holdUpAt(point);
      const slow = endOf(upThrough(world, interceptor, mode));
      await Promise.race([arrived, slow]);
      const quick = await endOf(upThrough(world, () => undefined));
      release();
      const where = `held before call ${point}: slow ${await slow}, quick ${quick}\n${world.said.join('\n')}`;
      expect(
        [await slow, quick].every((end) => end === 'done' || end === 'conflict'),
        where,
      ).toBe(true);
      expect([await slow, quick], where).toContain('done');
      await expectOneWhole(world, where);
      return quick;
    }),
  );
  expect(ends.filter((end) => end === 'done').length).toBeGreaterThan(ends.length / 2);
});

it('an up that looks while another makes the first member does not take the rest for lost', async () => {
  const world = createWorld();
  let created = (): void => undefined;
  let listed = (): void => undefined;
  const isCreated = new Promise<void>((resolve) => (created = resolve));
  const isListed = new Promise<void>((resolve) => (listed = resolve));
  let creations = 0;
  let listings = 0;
  // Containers are listed before the first one is there, volumes after its own are and before those of the second.
  const late = endOf(
    upThrough(world, async ({ method }) => {
      if (method !== 'listVolumes') return;
      if ((listings += 1) === 1) await isCreated;
      else listed();
    }),
  );
  const early = endOf(
    upThrough(world, async ({ method }) => {
      if (method !== 'createContainer' || (creations += 1) < 2) return;
      created();
      await Promise.race([isListed, late]);
    }),
  );
  expect([await early, await late]).toEqual(['done', 'done']);
  await expectOneWhole(world, world.said.join('\n'));
});

it('two at once after one that was killed make one ensemble, wherever it was killed', async () => {
  await Promise.all(
    pointsOf(await callsOfAnUp()).map(async (point) => {
      const world = createWorld();
      const { interceptor, arrived } = holdUpAt(point);
      await Promise.race([arrived, endOf(upThrough(world, interceptor))]);
      const ends = await Promise.all([1, 2].map(() => endOf(upThrough(world, () => undefined))));
      const where = `killed before call ${point}: ${ends.join(', ')}\n${world.said.join('\n')}`;
      expect(
        ends.every((end) => end === 'done' || end === 'conflict'),
        where,
      ).toBe(true);
      expect(ends, where).toContain('done');
      await expectOneWhole(world, where);
    }),
  );
});

it('one that was killed while it took over from another is followed by a third, wherever it was killed', async () => {
  const calls = await callsOfAnUp();
  await Promise.all(
    pointsOf(calls).map(async (point) => {
      const world = createWorld();
      // All containers are there, some are configured, none runs.
      const first = holdUpAt(Math.ceil(calls / 2));
      await Promise.race([first.arrived, endOf(upThrough(world, first.interceptor))]);
      const second = holdUpAt(point);
      await Promise.race([second.arrived, endOf(upThrough(world, second.interceptor))]);
      const third = await endOf(upThrough(world, () => undefined));
      expect(third, `killed before call ${point}\n${world.said.join('\n')}`).toBe('done');
      await expectOneWhole(world, `killed before call ${point}`);
    }),
  );
});
