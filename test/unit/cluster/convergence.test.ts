/** Whatever state an ensemble was brought into from outside, one plan leads back to what was asked, and a second one has nothing to do. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { applyPlan } from '../../../src/cluster/apply.js';
import { memberContainer } from '../../../src/cluster/container-spec.js';
import { observe } from '../../../src/cluster/observe.js';
import { formatPlan, planEnsemble, type Plan } from '../../../src/cluster/plan.js';
import { networkLabels } from '../../../src/cluster/record.js';
import type { GivenSettings } from '../../../src/cluster/settings.js';
import { hasReason, ZkdError } from '../../../src/errors.js';
import { createWorld, type World } from '../../support/ensemble-world.js';
import { assertDoable } from '../../support/plan-text.js';
import { sampleMembers, sampleRecord } from '../../support/sample-ensemble.js';

type Blow = (world: World, id: number) => Promise<unknown>;

const name = (id: number): string => `zkd-zk-${id}`;
const networksOf = ({ engine }: World) => engine.listNetworks({ labels: { 'zkd.cluster': 'zk' } });

/** Everything that can happen to an ensemble behind zkd's back. What is not possible in a state is a blow that misses. */
const BLOWS: Readonly<Record<string, Blow>> = {
  stop: ({ engine }, id) => engine.stopContainer(name(id), { timeoutMs: 1000 }),
  kill: ({ engine }, id) => engine.killContainer(name(id), 'KILL'),
  pause: ({ engine }, id) => engine.pauseContainer(name(id)),
  remove: ({ engine }, id) => engine.removeContainer(name(id), { force: true, anonymousVolumes: true }),
  'lose data': async ({ engine }, id) => {
    await engine.removeContainer(name(id), { force: true });
    await engine.removeVolume(`${name(id)}-data`);
  },
  'lose datalog': async ({ engine }, id) => {
    await engine.removeContainer(name(id), { force: true });
    await engine.removeVolume(`${name(id)}-datalog`);
  },
  'lose conf': async ({ engine }, id) => {
    await engine.removeContainer(name(id), { force: true });
    await engine.removeVolume(`${name(id)}-conf`);
  },
  'leave created only': async ({ engine }, id) => {
    const labels = (await engine.findContainer(name(id)))?.labels;
    const given = JSON.parse(labels?.['zkd.settings'] ?? '{}') as GivenSettings;
    const record = { ...sampleRecord(given), ensemble: labels?.['zkd.ensemble'] ?? '' };
    const member = sampleMembers(record)[id - 1];
    if (!member || !labels) return;
    await engine.removeContainer(name(id), { force: true });
    await engine.createContainer(memberContainer(member, sampleMembers(record), record, 'zkd-zk'));
  },
  'cut off': async (world, id) => world.engine.disconnectNetwork((await networksOf(world))[0]?.id ?? '', name(id)),
  'remove network': async (world) => {
    for (const { id } of await networksOf(world)) {
      for (const { containerId } of await world.engine.listAttachments(id)) await world.engine.disconnectNetwork(id, containerId);
      await world.engine.removeNetwork(id);
    }
  },
  'remove network of stopped members': async (world) => {
    for (const { id } of await world.engine.listContainers({})) await world.engine.stopContainer(id, { timeoutMs: 1000 });
    for (const { id } of await networksOf(world)) await world.engine.removeNetwork(id);
  },
  'second network': ({ engine }) => engine.createNetwork({ name: 'zkd-zk', labels: networkLabels(sampleRecord()) }),
  down: (world) => world.down(),
};

async function planOnce({ engine }: World, given: GivenSettings, acceptDataLoss = false): Promise<Plan> {
  const { ensemble, ports } = sampleRecord(given);
  const image = { wanted: 'zookeeper:3.9', used: 'zookeeper:3.9', id: 'zookeeper:3.9' };
  const birth = { ensemble, ports, image };
  return planEnsemble({ name: 'zk', mode: 'up', given: {}, acceptDataLoss, birth: { ...birth } }, await observe(engine, 'zk'));
}

async function apply({ engine, observer }: World, plan: Plan): Promise<void> {
  const observed = await observe(engine, 'zk');
  const signal = new AbortController().signal;
  await applyPlan({
    engine,
    plan,
    observed,
    observer,
    signal,
    made: { containers: [], networks: [] },
    awaitQuorum: async () => undefined,
    awaitAnswer: async () => undefined,
  });
}

async function bornWorld(given: GivenSettings): Promise<World> {
  const world = createWorld();
  const { ensemble, ports, settings } = sampleRecord(given);
  const image = { wanted: 'zookeeper:3.9', used: 'zookeeper:3.9', id: 'zookeeper:3.9' };
  const birth = planEnsemble(
    { name: 'zk', mode: 'up', given: settings, acceptDataLoss: false, birth: { ensemble, ports, image } },
    await observe(world.engine, 'zk'),
  );
  await apply(world, birth);
  return world;
}

const blow = fc.record({ kind: fc.constantFrom(...Object.keys(BLOWS)), id: fc.integer({ min: 1, max: 4 }) });

it('leads from any state back to a whole ensemble in one go, and then has nothing to do', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom({ size: 3 }, { size: 1 }, { size: 3, observers: 1 }),
      fc.array(blow, { maxLength: 8 }),
      async (given, blows) => {
        const world = await bornWorld(given);
        expect(formatPlan(await planOnce(world, given))).toEqual([]);
        for (const { kind, id } of blows) await BLOWS[kind]?.(world, id).catch(() => undefined);
        // Where not even a volume is left there is nothing to lead back to: the next one is a birth.
        if ((await observe(world.engine, 'zk')).record === undefined) return;

        const plan = await planOnce(world, given).catch(async (error: unknown) => {
          if (!(error instanceof ZkdError) || error.details['override'] !== '--accept-data-loss') throw error;
          return planOnce(world, given, true);
        });
        assertDoable(plan);
        await apply(world, plan);

        expect(formatPlan(await planOnce(world, given))).toEqual([]);
        const members = await world.engine.listContainers({ 'zkd.cluster': 'zk' });
        expect(members.map(({ state }) => state)).toEqual(members.map(() => 'running'));
        expect(members).toHaveLength(sampleMembers(sampleRecord(given)).length);
        const networks = await networksOf(world);
        expect(networks).toHaveLength(1);
        expect(await world.engine.listAttachments(networks[0]?.id ?? '')).toHaveLength(members.length);
        expect(await world.engine.listVolumes({ labels: { 'zkd.cluster': 'zk' } })).toHaveLength(3 * members.length);
        expect(world.zooKeeper.leader('zk')).toBeDefined();
      },
    ),
    { numRuns: 300 },
  );
});

it.each(Object.keys(BLOWS))('repairs each blow by itself, and every pair of it with another: %s', async (kind) => {
  for (const other of Object.keys(BLOWS)) {
    const world = await bornWorld({ size: 3 });
    await BLOWS[kind]?.(world, 2).catch(() => undefined);
    await BLOWS[other]?.(world, 2).catch(() => undefined);
    await apply(world, await planOnce(world, { size: 3 }));
    expect(formatPlan(await planOnce(world, { size: 3 })), `${kind}, then ${other}`).toEqual([]);
  }
});

it('keeps the credential of an ensemble through everything but the loss of all configurations', async () => {
  const world = await bornWorld({ size: 3 });
  const before = (await world.engine.readFile('zkd-zk-1', '/conf/zkd-super'))?.toString();
  await BLOWS['lose conf']?.(world, 1);
  await apply(world, await planOnce(world, { size: 3 }));
  expect((await world.engine.readFile('zkd-zk-1', '/conf/zkd-super'))?.toString()).toBe(before);
  await world.down();
  await apply(world, await planOnce(world, { size: 3 }));
  expect((await world.engine.readFile('zkd-zk-3', '/conf/zkd-super'))?.toString()).toBe(before);
});

it('writes nothing into a volume of another ensemble', async () => {
  const world = createWorld();
  await world.engine.createVolume('zkd-zk-2-data', {
    'zkd.schema': '1',
    'zkd.cluster': 'zk',
    'zkd.ensemble': 'someone-else',
    'zkd.member': '2',
  });
  const failure = await planOnce(world, { size: 3 }).catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: 'conflict', details: { volumes: ['zkd-zk-2-data'] } });
  expect(hasReason(failure, 'claimed')).toBe(false);
});
