import { describe, expect, it } from 'vitest';
import { BORN_AT, NO_CONTAINERS, observedMember } from '../../support/observed-ensemble.js';
import { assertDoable, linesFor, orderOf, planFor } from '../../support/plan-text.js';
import { sampleRecord } from '../../support/sample-ensemble.js';

const record = sampleRecord();
const CUT_OFF = { networks: [] };

describe('an ensemble that is as asked', () => {
  it('needs nothing', () => expect(linesFor({}, { record })).toEqual([]));

  it('needs nothing where what it lives with is given again', () => {
    expect(linesFor({ given: { size: 3, clientPort: 'auto', image: 'zookeeper:3.9' } }, { record })).toEqual([]);
  });

  it('is not warned about its even size again', () => {
    expect(planFor({}, { record: sampleRecord({ size: 2 }) }).warnings).toEqual([]);
  });

  it('is left alone while the engine restarts or removes a member', () => {
    expect(linesFor({}, { record, members: { 2: { state: 'restarting' }, 3: { state: 'removing' } } })).toEqual([]);
  });
});

describe('a member that does not run', () => {
  it.each([
    [{ state: 'exited', exitCode: 137 }, 'exited with code 137'],
    [{ state: 'exited', exitCode: 0 }, 'exited with code 0'],
    [{ state: 'exited', exitCode: 137, outOfMemory: true }, 'was out of memory'],
  ] as const)('is started: %j', (state, cause) => {
    expect(linesFor({}, { record, members: { 2: state } })).toEqual([`start member 2: ${cause}`]);
  });

  it('is started at once, beside the others', () => {
    const plan = planFor({}, { record, members: { 1: { state: 'exited' }, 2: { state: 'exited' }, 3: { state: 'exited' } } });
    expect(orderOf(plan)).toEqual(['start-1 <-', 'start-2 <-', 'start-3 <-']);
  });

  it('is replaced where it was never started: whoever made it may still be at work', () => {
    const sight = { record, members: { 2: { state: 'created', exitCode: null, startedAt: null } } } as const;
    expect(linesFor({}, sight)).toEqual([
      'replace member 2 (participant, zkd-zk-2, 127.0.0.1:2182): never started',
      'configure member 2',
      'start member 2: new container',
    ]);
    assertDoable(planFor({}, sight));
  });

  it('is unpaused where it is paused', () => {
    expect(linesFor({}, { record, members: { 3: { state: 'paused' } } })).toEqual(['unpause member 3']);
  });
});

describe('a member whose container is gone', () => {
  it('is made anew with its data, and started when it is configured', () => {
    const sight = { record, members: { 2: null } };
    expect(linesFor({}, sight)).toEqual([
      'create member 2 (participant, zkd-zk-2, 127.0.0.1:2182): container is gone',
      'configure member 2',
      'start member 2: new container',
    ]);
    expect(orderOf(planFor({}, sight))).toEqual(['create-2 <-', 'configure-2 <- create-2', 'start-2 <- create-2 configure-2']);
  });

  it('is made anew without its configuration volume, which zkd can write again', () => {
    expect(linesFor({}, { record, members: { 2: null }, lostVolumes: ['2/conf'] })[0]).toContain('container is gone');
  });

  it('is made anew from nothing where it only observes', () => {
    const observed = sampleRecord({ observers: 1 });
    const lines = linesFor({}, { record: observed, members: { 4: null }, lostVolumes: ['4/data', '4/datalog'] });
    expect(lines[0]).toBe('create member 4 (observer, zkd-zk-4, 127.0.0.1:2184): container is gone');
    expect(lines).toHaveLength(3);
  });

  it('is made anew without a transaction log whose snapshots are gone, observer or not', () => {
    const observed = sampleRecord({ observers: 1 });
    expect(linesFor({}, { record: observed, members: { 4: null }, lostVolumes: ['4/data'] })[0]).toMatch(
      /^create member 4 .*: its data is gone; zkd-zk-4-datalog is made anew too/,
    );
  });
});

describe('a network that is not as it should be', () => {
  it('has a cut-off member reconnected', () => {
    expect(linesFor({}, { record, members: { 2: CUT_OFF } })).toEqual(['reconnect member 2 to network zkd-zk']);
  });

  it('has a paused member that is cut off both unpaused and reconnected, in this order', () => {
    const plan = planFor({}, { record, members: { 2: { ...CUT_OFF, state: 'paused' } } });
    expect(linesFor({}, { record, members: { 2: { ...CUT_OFF, state: 'paused' } } })).toEqual([
      'unpause member 2',
      'reconnect member 2 to network zkd-zk',
    ]);
    assertDoable(plan);
    expect(plan.operations[1]?.after).toContain(plan.operations[0]?.key);
  });

  it('is created where it is gone, before anybody is attached to it', () => {
    const plan = planFor({}, { record, networks: [], members: { 1: CUT_OFF, 2: CUT_OFF, 3: CUT_OFF } });
    expect(orderOf(plan)).toEqual(['network <-', 'start-1 <- network', 'start-2 <- network', 'start-3 <- network']);
  });

  it('loses the later of two of one name, before anybody starts', () => {
    const sight = { record, networks: ['a'.repeat(64), 'b'.repeat(64)], members: { 2: { state: 'exited' } } } as const;
    expect(linesFor({}, sight)).toEqual([
      `remove network zkd-zk (a second one of this name, ${'b'.repeat(12)})`,
      'start member 2: exited with code 143',
    ]);
    expect(orderOf(planFor({}, sight))[1]).toBe(`start-2 <- network-${'b'.repeat(64)}`);
  });

  it('is left alone where it is somebody else’s', () => {
    const joined = sampleRecord({ network: 'shared' });
    expect(linesFor({}, { record: joined, foreignNetwork: 'shared' })).toEqual([]);
    expect(linesFor({}, { record: joined, foreignNetwork: 'shared', members: { 1: CUT_OFF } })).toEqual([
      'reconnect member 1 to network shared',
    ]);
  });
});

describe('a birth that was cut short', () => {
  const unborn = { state: 'created', startedAt: null, exitCode: null } as const;

  it('goes on where it stopped, with nothing to lose yet', () => {
    const sight = { record, members: { 1: unborn, 2: null, 3: null }, lostVolumes: ['2/data', '2/datalog', '3/data'], networks: [] };
    expect(linesFor({}, sight)).toEqual([
      'replace member 1 (participant, zkd-zk-1, 127.0.0.1:2181): never started',
      'create network zkd-zk',
      'create member 2 (participant, zkd-zk-2, 127.0.0.1:2182): not made yet',
      'create member 3 (participant, zkd-zk-3, 127.0.0.1:2183): not made yet',
      'configure member 1',
      'configure member 2',
      'configure member 3',
      'start member 1: new container',
      'start member 2: new container',
      'start member 3: new container',
    ]);
    assertDoable(planFor({}, sight));
  });

  it('is gone on with member by member: the first is the claim, and nothing is configured before the old containers are gone', () => {
    const plan = planFor({}, { record, members: { 1: unborn, 2: unborn, 3: null } });
    expect(orderOf(plan).slice(0, 6)).toEqual([
      'create-1 <-',
      'create-2 <- create-1',
      'create-3 <- create-1',
      'configure-1 <- create-1 create-2',
      'configure-2 <- create-2 create-1 configure-1',
      'configure-3 <- create-3 create-1 create-2 configure-1',
    ]);
    assertDoable(plan);
  });

  it('is as old as the containers that were replaced', () => {
    const { labels } = observedMember(record, 1).container;
    const late = { ...unborn, createdAt: '2026-01-01T10:30:00.000Z' };
    const sightOf = (first: typeof late) => ({ record, members: { 1: first, 2: null, 3: null }, lostVolumes: ['2/data', '3/data'] });
    const replaced = { ...late, labels: { ...labels, 'zkd.since': BORN_AT } };
    expect(linesFor({}, sightOf(replaced))).toContain('create member 2 (participant, zkd-zk-2, 127.0.0.1:2182): not made yet');
    expect(() => linesFor({}, sightOf(late))).toThrow('is gone');
  });

  it('loses a container that was to take a place and did not', () => {
    const { container } = observedMember(record, 2, unborn);
    const spare = { id: 2, role: 'participant', container: { ...container, id: 'spare', name: 'zkd-zk-2-new-0a1b2c3d' } } as const;
    expect(linesFor({}, { record, surplus: [spare] })).toEqual(['remove container zkd-zk-2-new-0a1b2c3d: of no use']);
  });

  it('is no such thing where a member ran once, or volumes are older than the containers', () => {
    const lost = { record, lostVolumes: ['2/data', '3/data'] };
    expect(() => linesFor({}, { ...lost, members: { 1: unborn, 2: null, 3: null }, oldVolumes: true })).toThrow('is gone');
    expect(() => linesFor({}, { ...lost, members: { 1: { state: 'exited' }, 2: null, 3: null } })).toThrow('is gone');
  });
});

describe('after down, with the volumes kept', () => {
  it('all are made again; member 1 is the claim and tells the credential', () => {
    const sight = { record, members: NO_CONTAINERS, networks: [] };
    const cause = 'container is gone';
    expect(linesFor({}, sight).slice(0, 5)).toEqual([
      `create member 1 (participant, zkd-zk-1, 127.0.0.1:2181): ${cause}`,
      'create network zkd-zk',
      'configure member 1',
      `create member 2 (participant, zkd-zk-2, 127.0.0.1:2182): ${cause}`,
      'configure member 2',
    ]);
    const order = orderOf(planFor({}, sight));
    expect(order.slice(0, 5)).toEqual([
      'create-1 <-',
      'network <- create-1',
      'configure-1 <- create-1',
      'create-2 <- create-1',
      'configure-2 <- create-2 configure-1',
    ]);
    assertDoable(planFor({}, sight));
  });

  it('the settings are those of the volumes, not of birth', () => {
    const kept = sampleRecord({ size: 1, heapBytes: 1024 ** 3 }, 20_001);
    expect(planFor({}, { record: kept, members: NO_CONTAINERS, networks: [] }).record).toEqual(kept);
  });
});
