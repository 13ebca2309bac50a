import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decideHold, formatMemory, readMemory, type Memory } from '../../../src/balancer/hold.js';
import type { Server } from '../../../src/balancer/servers.js';

const HOLD_MS = 60_000;
const WINDOW_MS = 10_000;
const server = (last: number): Server => ({ address: `10.0.0.${last}`, port: 80, weight: 1 });

/** A registry and a balancer that obeys, one look after the other. */
class Story {
  present: readonly Server[];
  memory: Memory = [];
  untilMs: number | null = null;

  constructor(...ids: number[]) {
    this.present = ids.map(server);
  }

  /** What the balancer has after a look at this moment. */
  look(now: number, ...ids: number[]): number[] {
    const registered = ids.map(server);
    const held = decideHold({ registered, present: this.present, memory: this.memory, now, holdMs: HOLD_MS, windowMs: WINDOW_MS });
    this.present = [...registered, ...held.kept];
    this.memory = readMemory(formatMemory(held.memory));
    this.untilMs = held.untilMs;
    return this.present.map(({ address }) => Number(address.split('.').at(-1))).sort();
  }
}

describe('what is held', () => {
  it('is nothing where one of several goes', () => {
    const story = new Story(1, 2, 3);
    expect(story.look(0, 1, 2)).toEqual([1, 2]);
    expect(story.untilMs).toBeNull();
  });

  it('is everything where all vanish, for as long as the hold lasts', () => {
    const story = new Story(1, 2);
    expect(story.look(1000)).toEqual([1, 2]);
    expect(story.untilMs).toBe(1000 + HOLD_MS);
    expect(story.look(1000 + HOLD_MS - 1)).toEqual([1, 2]);
    expect(story.look(1000 + HOLD_MS)).toEqual([]);
    expect(story.memory).toEqual([]);
    expect(story.look(1000 + HOLD_MS + 1)).toEqual([]);
  });

  it('is the only one there is, too', () => {
    expect(new Story(1).look(0)).toEqual([1]);
  });

  it('is what goes beyond the half within a session timeout, one after the other', () => {
    const story = new Story(1, 2, 3, 4, 5);
    expect(story.look(0, 1, 2, 3, 4)).toEqual([1, 2, 3, 4]);
    expect(story.look(3000, 1, 2, 3)).toEqual([1, 2, 3]);
    expect(story.look(6000, 1, 2)).toEqual([1, 2, 3]);
    expect(story.look(6000 + HOLD_MS, 1, 2)).toEqual([1, 2]);
  });

  it('is not what goes one by one over a longer time', () => {
    const story = new Story(1, 2, 3);
    expect(story.look(0, 2, 3)).toEqual([2, 3]);
    expect(story.look(WINDOW_MS, 3)).toEqual([3]);
  });

  it('is let go where it comes back, and the rest stays held for its own time', () => {
    const story = new Story(1, 2, 3, 4);
    expect(story.look(0)).toEqual([1, 2, 3, 4]);
    expect(story.look(5000, 1, 2, 3)).toEqual([1, 2, 3, 4]);
    expect(story.memory).toEqual([{ key: '10.0.0.4:80', since: 0, isHeld: true }]);
    expect(story.look(HOLD_MS, 1, 2, 3)).toEqual([1, 2, 3]);
  });

  it('is nothing where nobody wants a hold', () => {
    const held = decideHold({ registered: [], present: [server(1)], memory: [], now: 0, holdMs: 0, windowMs: WINDOW_MS });
    expect(held).toEqual({ kept: [], memory: [], untilMs: null });
  });

  it('is not what the engine knows to have ended, nor does that make a loss of the rest', () => {
    const present = [1, 2, 3, 4, 5].map(server);
    const ended = new Set(['10.0.0.3:80', '10.0.0.4:80', '10.0.0.5:80']);
    const given = { present, memory: [], ended, now: 0, holdMs: HOLD_MS, windowMs: WINDOW_MS };
    expect(decideHold({ ...given, registered: [server(1), server(2)] })).toEqual({ kept: [], memory: [], untilMs: null });
    expect(decideHold({ ...given, registered: [] }).kept).toEqual([server(1), server(2)]);
  });

  it('is remembered from process to process, and what is no memory is none', () => {
    const memory = [{ key: '10.0.0.4:80', since: 5, isHeld: true }];
    expect(readMemory(formatMemory(memory))).toEqual(memory);
    for (const text of ['', 'junk', '{}', '[1,null,{"key":1}]']) expect(readMemory(text)).toEqual([]);
  });

  it('never keeps what is registered twice, nor anything longer than the hold, nor loses what is registered', () => {
    const ids = fc.uniqueArray(fc.integer({ min: 1, max: 6 }), { maxLength: 6 });
    fc.assert(
      fc.property(ids, fc.array(fc.tuple(fc.integer({ min: 1, max: 30_000 }), ids), { maxLength: 12 }), (first, looks) => {
        const story = new Story(...first);
        const lastSeen = new Map(first.map((id) => [id, 0]));
        let now = 0;
        for (const [passed, registered] of looks) {
          now += passed;
          const has = story.look(now, ...registered);
          expect(new Set(has).size).toBe(has.length);
          for (const id of registered) {
            expect(has).toContain(id);
            lastSeen.set(id, now);
          }
          // It is noticed at the next look that one is gone; the hold counts from then on.
          for (const id of has) expect(now - (lastSeen.get(id) ?? -Infinity)).toBeLessThan(HOLD_MS + 30_000);
        }
      }),
    );
  });
});
