/** What a zkd of another version made, by the layout its labels name: nothing of it is touched. */
import { describe, expect, it } from 'vitest';
import { readEnvironment } from '../../../src/cluster/environment.js';
import { listMembers } from '../../../src/cluster/list.js';
import { readStatus } from '../../../src/cluster/status.js';
import { useFakeHostPorts } from '../../fakes/fake-host-ports.js';
import { createWorld, type World } from '../../support/ensemble-world.js';
import { failureOf } from '../../support/failure-of.js';

useFakeHostPorts();

const LATER = { 'zkd.schema': '2', 'zkd.cluster': 'zk', 'zkd.ensemble': 'c0ffee' };

const COMMANDS: Readonly<Record<string, (world: World) => Promise<unknown>>> = {
  up: (world) => world.up(),
  'up --dry-run': (world) => world.up({ dryRun: true }),
  run: (world) => world.up({ mode: 'run' }),
  'down --volumes --force': (world) => world.down({ volumes: true, force: true }),
  'rm --volumes --force': (world) => world.rm({ volumes: true, force: true }),
  ps: ({ engine }) => listMembers(engine, 'zk'),
  env: ({ engine }) => readEnvironment(engine, 'zk'),
  status: ({ engine, zooKeeper }) => readStatus(engine, 'zk', zooKeeper.ask),
};

const MADE: Readonly<Record<string, (world: World) => Promise<unknown>>> = {
  container: ({ engine }) => engine.createContainer({ name: 'zkd-zk-1', image: 'zookeeper:3.9', labels: { ...LATER, 'zkd.member': '1' } }),
  volume: ({ engine }) => engine.createVolume('zkd-zk-1-data', LATER),
  network: ({ engine }) => engine.createNetwork({ name: 'zkd-zk', labels: LATER }),
};

describe.each(Object.entries(COMMANDS))('%s', (_, command) => {
  it.each(Object.entries(MADE))('refuses a %s of another layout, and touches nothing', async (__, make) => {
    const world = createWorld();
    await make(world);
    const before = await world.inventory();
    expect(await failureOf(command(world))).toMatchObject({ code: 'refused', details: { schema: '2', known: '1' } });
    expect(await world.inventory()).toEqual(before);
  });

  it('refuses one volume of another layout among its own too', async () => {
    const world = createWorld();
    await world.up({ given: { size: 1 } });
    await world.engine.createVolume('zkd-zk-1-snapshots', LATER);
    const before = await world.inventory();
    expect(await failureOf(command(world))).toMatchObject({ code: 'refused', details: { schema: '2', known: '1' } });
    expect(await world.inventory()).toEqual(before);
  });
});
