import { describe, expect, it } from 'vitest';
import { NO_CONTAINERS } from '../../support/observed-ensemble.js';
import { failureOf } from '../../support/failure-of.js';
import { assertDoable, linesFor, orderOf, planFor } from '../../support/plan-text.js';
import { sampleRecord } from '../../support/sample-ensemble.js';

const record = sampleRecord();

describe('settings an ensemble keeps for life', () => {
  it('are refused, each by name, with what is and what was asked', async () => {
    const failure = await failureOf(() => planFor({ given: { size: 5, ephemeral: true, tickTimeMs: 500, bind: '127.0.0.1' } }, { record }));
    expect(failure.code).toBe('refused');
    expect(failure.message).toContain('size is 3, asked for 5; ephemeral is false, asked for true');
    expect(failure.message).not.toMatch(/bind|tick/);
    expect(failure.details).toMatchObject({
      cluster: 'zk',
      differences: [
        { setting: 'size', is: '3', wanted: '5' },
        { setting: 'ephemeral', is: 'false', wanted: 'true' },
      ],
    });
  });

  it('are refused for volumes that were kept, too', async () => {
    expect((await failureOf(() => planFor({ given: { size: 1 } }, { record, members: NO_CONTAINERS }))).code).toBe('refused');
  });
});

describe('run', () => {
  it.each([
    [{ record }, 'exists already'],
    [{ record, members: NO_CONTAINERS }, 'its data volumes were kept'],
    [{ record, members: { 1: { state: 'exited' } } }, 'exists already'],
  ] as const)('is a conflict with an ensemble of the name: %#', async (sight, words) => {
    const failure = await failureOf(() => planFor({ mode: 'run' }, sight));
    expect(failure.code).toBe('conflict');
    expect(failure.message).toContain(words);
    expect(failure.suggestions).toContain('zkd cluster up zk');
  });

  it('plans what up plans where there is none', () => expect(linesFor({ mode: 'run' })).toEqual(linesFor()));
});

describe('names that are taken', () => {
  it('refuses a volume of another ensemble, at birth and later', async () => {
    const strangers = { volumes: ['zkd-zk-2-data', 'zkd-zk-9-data'] };
    for (const sight of [{ strangers }, { record, strangers, lostVolumes: ['2/data'] }]) {
      const failure = await failureOf(() => planFor({}, sight));
      expect(failure).toMatchObject({ code: 'conflict', details: { volumes: ['zkd-zk-2-data'] } });
      expect(failure.message).toContain('"zkd-zk-2-data"');
    }
  });

  it('does not mind volumes it would not use', () => {
    expect(linesFor({}, { strangers: { volumes: ['zkd-zk-4-data'] } })).toHaveLength(10);
    expect(linesFor({ given: { ephemeral: true } }, { strangers: { volumes: ['zkd-zk-1-data'] } })).toHaveLength(10);
  });

  it('refuses a network of that name that is not its own', async () => {
    const failure = await failureOf(() => planFor({}, { strangers: { networks: ['abc'] } }));
    expect(failure).toMatchObject({ code: 'conflict', details: { networks: ['abc'] } });
    expect(failure.message).toContain('"zkd-zk"');
  });

  it('joins that network when told to', () => {
    const lines = linesFor({ given: { size: 1, network: 'zkd-zk' } }, { strangers: { networks: ['abc'] }, foreignNetwork: 'zkd-zk' });
    expect(lines[0]).toMatch(/^create member 1/);
  });

  it('does not find a given network that is not there, at birth and later', async () => {
    expect((await failureOf(() => planFor({ given: { network: 'shared' } }))).code).toBe('not-found');
    const failure = await failureOf(() => planFor({}, { record: sampleRecord({ network: 'shared' }) }));
    expect(failure).toMatchObject({ code: 'not-found', message: 'Network "shared" does not exist' });
  });

  it('checks settings against one another at birth', async () => {
    expect((await failureOf(() => planFor({ given: { memoryBytes: 64 * 1024 ** 2 } }))).code).toBe('usage');
  });
});

describe('a voter whose data is gone', () => {
  it.each([
    ['data', 'its data is gone; zkd-zk-2-datalog is made anew too, being of no use without it'],
    ['datalog', 'its data is gone'],
  ])('without its %s waits until the others are in sync, before it votes', (kind, cause) => {
    const sight = { record, members: { 2: null }, lostVolumes: [`2/${kind}`] };
    expect(linesFor({}, sight)).toEqual([
      'wait until members 1, 3 are in sync, before member 2 is made anew without data',
      `create member 2 (participant, zkd-zk-2, 127.0.0.1:2182): ${cause}`,
      'configure member 2',
      'start member 2: new container',
    ]);
    expect(orderOf(planFor({}, sight))).toEqual([
      'await-quorum <-',
      'create-2 <- await-quorum',
      'configure-2 <- create-2',
      'start-2 <- configure-2',
    ]);
  });

  it('waits for others that must be started first, and not for observers', () => {
    const observed = sampleRecord({ size: 3, observers: 1 });
    const plan = planFor({}, { record: observed, members: { 1: { state: 'exited' }, 2: null, 4: null }, lostVolumes: ['2/data'] });
    assertDoable(plan);
    expect(orderOf(plan)).toEqual([
      'create-4 <-',
      'configure-4 <- create-4',
      'start-1 <- create-4',
      'start-4 <- create-4 configure-4',
      'await-quorum <- start-1 start-4',
      'create-2 <- await-quorum',
      'configure-2 <- create-2 configure-4',
      'start-2 <- configure-2',
    ]);
    const awaited = plan.operations.find(({ kind }) => kind === 'await-quorum');
    expect(awaited).toMatchObject({ members: [{ id: 1 }, { id: 3 }], before: [{ id: 2 }] });
  });

  it('after down: the claim is a member that has data', () => {
    const plan = planFor({}, { record, members: NO_CONTAINERS, networks: [], lostVolumes: ['1/data'] });
    assertDoable(plan);
    expect(orderOf(plan).slice(0, 3)).toEqual(['create-2 <-', 'network <- create-2', 'configure-2 <- create-2']);
    expect(plan.operations.at(-1)).toMatchObject({ key: 'start-1', kind: 'start-member' });
  });

  it.each([
    [sampleRecord({ size: 3 }), [1, 2]],
    [sampleRecord({ size: 1 }), [1]],
    [sampleRecord({ size: 2 }), [2]],
    [sampleRecord({ size: 4 }), [3, 4]],
    [sampleRecord({ size: 5 }), [1, 2, 5]],
  ])('is refused where the others are no quorum: %#', async (ensemble, lost) => {
    const sight = { record: ensemble, members: NO_CONTAINERS, networks: [], lostVolumes: lost.map((id) => `${id}/data`) };
    const failure = await failureOf(() => planFor({}, sight));
    expect(failure).toMatchObject({ code: 'refused', details: { membersWithoutData: lost, override: '--accept-data-loss' } });
    expect(failure.suggestions.join()).toContain('--accept-data-loss');
    const plan = planFor({ acceptDataLoss: true }, sight);
    assertDoable(plan);
    expect(plan.operations.some(({ kind }) => kind === 'await-quorum')).toBe(false);
    expect(linesFor({ acceptDataLoss: true }, sight).filter((line) => line.includes(': its data is gone'))).toHaveLength(lost.length);
  });

  it('starts, where the loss is accepted, only when those that have data can be elected: they follow no older epoch', () => {
    const sight = { record, members: NO_CONTAINERS, networks: [], lostVolumes: ['1/data', '3/data'] };
    const { operations } = planFor({ acceptDataLoss: true }, sight);
    const afterOf = (key: string): readonly string[] => operations.find((operation) => operation.key === key)?.after ?? [];
    expect(afterOf('await-answer')).toContain('start-2');
    expect(afterOf('start-1')).toContain('await-answer');
    expect(afterOf('start-3')).toContain('await-answer');
    expect(afterOf('start-2')).not.toContain('await-answer');
  });

  it('is not taken for lost while its container is there', () => {
    expect(linesFor({}, { record, lostVolumes: ['1/data', '2/data', '3/data'], members: { 1: { state: 'exited' } } })).toHaveLength(1);
  });
});
