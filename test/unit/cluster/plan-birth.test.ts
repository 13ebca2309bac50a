import { describe, expect, it } from 'vitest';
import { assertDoable, linesFor, orderOf, planFor } from '../../support/plan-text.js';
import { sampleRecord } from '../../support/sample-ensemble.js';

describe('the birth of an ensemble', () => {
  it('of one member', () => {
    expect(linesFor({ given: { size: 1 } })).toEqual([
      'create member 1 (participant, zkd-zk-1, 127.0.0.1:2181): new',
      'create network zkd-zk',
      'configure member 1',
      'start member 1: new container',
    ]);
  });

  it('of three members', () => {
    expect(linesFor()).toEqual([
      'create member 1 (participant, zkd-zk-1, 127.0.0.1:2181): new',
      'create network zkd-zk',
      'configure member 1',
      'create member 2 (participant, zkd-zk-2, 127.0.0.1:2182): new',
      'configure member 2',
      'create member 3 (participant, zkd-zk-3, 127.0.0.1:2183): new',
      'configure member 3',
      'start member 1: new container',
      'start member 2: new container',
      'start member 3: new container',
    ]);
  });

  it('of five members and two observers, on another address', () => {
    const lines = linesFor({ given: { size: 5, observers: 2, bind: '0.0.0.0' } });
    expect(lines.filter((line) => line.startsWith('create member'))).toEqual([
      'create member 1 (participant, zkd-zk-1, 0.0.0.0:2181): new',
      'create member 2 (participant, zkd-zk-2, 0.0.0.0:2182): new',
      'create member 3 (participant, zkd-zk-3, 0.0.0.0:2183): new',
      'create member 4 (participant, zkd-zk-4, 0.0.0.0:2184): new',
      'create member 5 (participant, zkd-zk-5, 0.0.0.0:2185): new',
      'create member 6 (observer, zkd-zk-6, 0.0.0.0:2186): new',
      'create member 7 (observer, zkd-zk-7, 0.0.0.0:2187): new',
    ]);
    expect(lines).toHaveLength(1 + 3 * 7);
  });

  it('creates member 1 first, as the claim, and starts nobody before all containers exist and its own is configured', () => {
    const made = 'create-1 network create-2 create-3';
    expect(orderOf(planFor())).toEqual([
      'create-1 <-',
      'network <- create-1',
      'configure-1 <- create-1',
      'create-2 <- create-1',
      'configure-2 <- create-2',
      'create-3 <- create-1',
      'configure-3 <- create-3',
      `start-1 <- ${made} configure-1`,
      `start-2 <- ${made} configure-2`,
      `start-3 <- ${made} configure-3`,
    ]);
  });

  it('creates no network where one was given', () => {
    const plan = planFor({ given: { size: 1, network: 'shared' } }, { foreignNetwork: 'shared' });
    expect(orderOf(plan)).toEqual(['create-1 <-', 'configure-1 <- create-1', 'start-1 <- create-1 configure-1']);
    expect(plan.network).toBe('shared');
  });

  it('takes what birth would take, and what was given over the defaults', () => {
    const plan = planFor({ given: { size: 1, tickTimeMs: 500 } });
    expect(plan.isBirth).toBe(true);
    expect(plan.record).toEqual(sampleRecord({ size: 1, tickTimeMs: 500 }));
  });

  it.each([2, 4, 6, 8])('of %d voters warns that it survives no more than with one less', (size) => {
    const { warnings } = planFor({ given: { size } });
    expect(warnings).toEqual([
      `${size} voting members survive the loss of ${Math.ceil(size / 2) - 1}, as ${size - 1} ${size === 2 ? 'does' : 'do'}: an odd size is better`,
    ]);
  });

  it.each([1, 3, 5, 7, 9])('of %d voters warns of nothing', (size) => expect(planFor({ given: { size } }).warnings).toEqual([]));
});

it('can be done in the order it is printed, for every size and number of observers', () => {
  for (let size = 1; size <= 9; size += 1) {
    for (let observers = 0; observers <= 9; observers += 1) {
      expect(() => assertDoable(planFor({ given: { size, observers } }))).not.toThrow();
    }
  }
});
