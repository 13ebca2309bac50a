import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { byTime, inBatches, LogPosition, mergeByTime } from '../../../src/cluster/log-merge.js';
import type { LogLine } from '../../../src/engine/index.js';

interface Numbered extends LogLine {
  readonly source: number;
  readonly index: number;
}

const timeOf = (nanoseconds: number): string => `2026-11-22T15:48:30.${String(nanoseconds).padStart(9, '0')}Z`;

/** Sources with few different times, so that equal ones are the rule. */
const sources = (isSorted: boolean) =>
  fc.array(fc.array(fc.nat(20), { maxLength: 12 }), { maxLength: 5 }).map((all) =>
    all.map((times, source) => {
      const ordered = isSorted ? [...times].sort((one, other) => one - other) : times;
      return ordered.map((time, index): Numbered => ({ time: timeOf(time), stream: 'stdout', line: `${source}/${index}`, source, index }));
    }),
  );

/** A source that knows how far ahead it was read, and whether it was ended. */
function counted(lines: readonly Numbered[]) {
  const state = { given: 0, isEnded: false };
  async function* read(): AsyncGenerator<Numbered, void, undefined> {
    try {
      for (const line of lines) {
        state.given += 1;
        yield line;
      }
    } finally {
      state.isEnded = true;
    }
  }
  return { state, lines: read() };
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

describe('merging by time', () => {
  it('gives every line once, by time, each source in its own order, the earlier source first among equals', async () => {
    await fc.assert(
      fc.asyncProperty(sources(true), async (all) => {
        const merged = await collect(mergeByTime(all.map((lines) => counted(lines).lines)));
        const expected = all.flat().sort((one, other) => byTime(one, other) || one.source - other.source || one.index - other.index);
        expect(merged).toEqual(expected);
      }),
    );
  });

  it('loses, doubles and swaps nothing of a source whose own times are out of order', async () => {
    await fc.assert(
      fc.asyncProperty(sources(false), async (all) => {
        const merged = await collect(mergeByTime(all.map((lines) => counted(lines).lines)));
        for (const [source, lines] of all.entries()) expect(merged.filter((line) => line.source === source)).toEqual(lines);
        expect(merged).toHaveLength(all.flat().length);
      }),
    );
  });

  it('holds one line of each source and no more', async () => {
    await fc.assert(
      fc.asyncProperty(sources(true), async (all) => {
        const counters = all.map((lines) => counted(lines));
        const taken = all.map(() => 0);
        for await (const { source } of mergeByTime(counters.map(({ lines }) => lines))) {
          taken[source] = (taken[source] ?? 0) + 1;
          for (const [index, { state }] of counters.entries()) expect(state.given - (taken[index] ?? 0)).toBeLessThanOrEqual(1);
        }
      }),
    );
  });

  it('ends its sources when it is ended, and when one of them fails', async () => {
    const line = (source: number, time: number): Numbered => ({ time: timeOf(time), stream: 'stdout', line: '', source, index: 0 });
    const left = [counted([line(0, 1), line(0, 3)]), counted([line(1, 2), line(1, 4)])];
    for await (const each of mergeByTime(left.map(({ lines }) => lines))) if (each.source === 1) break;
    expect(left.map(({ state }) => state.isEnded)).toEqual([true, true]);
    const well = counted([line(0, 1), line(0, 3)]);
    const failing = async function* (): AsyncGenerator<Numbered, void, undefined> {
      yield line(1, 2);
      throw new Error('gone');
    };
    await expect(collect(mergeByTime([well.lines, failing()]))).rejects.toThrow('gone');
    expect(well.state.isEnded).toBe(true);
  });
});

describe('batches', () => {
  it('hold all lines in order, none of them more than a line above the size', async () => {
    await fc.assert(
      fc.asyncProperty(sources(true), fc.integer({ min: 1, max: 30 }), async ([lines = []], size) => {
        const batches = await collect(inBatches(counted(lines).lines, size));
        expect(batches.flat()).toEqual(lines);
        for (const batch of batches) {
          expect(batch.length).toBeGreaterThan(0);
          expect(batch.slice(0, -1).reduce((sum, { line }) => sum + line.length + 1, 0)).toBeLessThan(size);
        }
      }),
    );
  });
});

describe('a position in a log', () => {
  it('goes on without a line lost or doubled, wherever the reading was cut, as often as it was', () => {
    const times = fc.array(fc.nat(6), { maxLength: 30 }).map((all) => all.sort((one, other) => one - other));
    fc.assert(
      fc.property(times, fc.array(fc.nat(30), { maxLength: 6 }), (all, cuts) => {
        const log = all.map((time, index): Numbered => ({ time: timeOf(time), stream: 'stdout', line: '', source: 0, index }));
        const position = new LogPosition();
        const seen: Numbered[] = [];
        for (const cut of [...cuts.sort((one, other) => one - other), log.length]) {
          const { since } = position;
          position.reopen();
          // The engine gives what is there, from that time on; the log has grown since.
          const given = log.slice(0, cut).filter(({ time }) => since === undefined || time >= since);
          for (const line of given) if (position.isNew(line)) seen.push(line);
        }
        expect(seen).toEqual(log);
      }),
    );
  });
});
