/** Lines of several members into one sequence by time. Pure but for reading what it is given; opens nothing. */
import type { LogLine } from '../engine/index.js';

/** A line of a member's log. */
export interface MemberLine extends LogLine {
  readonly member: number;
}

/** Earliest first; the engine's times have one form and one zone, so that their order is that of their letters. */
export const byTime = (one: LogLine, other: LogLine): number => (one.time < other.time ? -1 : one.time > other.time ? 1 : 0);

/**
 * Merges sources by time, holding one line of each and no more. The lines of one source keep their order, even where their times do not;
 * of lines of one time the earlier source's come first. Ending it ends all sources.
 */
export async function* mergeByTime<T extends LogLine>(sources: readonly AsyncIterable<T>[]): AsyncGenerator<T, void, undefined> {
  const iterators = sources.map((source) => source[Symbol.asyncIterator]());
  try {
    const heads = await Promise.all(iterators.map((iterator) => iterator.next()));
    for (;;) {
      let first = -1;
      let earliest: T | undefined;
      for (const [index, head] of heads.entries()) {
        if (head.done === true || (earliest && byTime(earliest, head.value) <= 0)) continue;
        first = index;
        earliest = head.value;
      }
      const iterator = iterators[first];
      if (!earliest || !iterator) return;
      yield earliest;
      heads[first] = await iterator.next();
    }
  } finally {
    await Promise.allSettled(iterators.map(async (iterator) => iterator.return?.()));
  }
}

/** Gathers lines into batches of about `size` characters, so that they need not be handed on one by one. */
export async function* inBatches<T extends LogLine>(lines: AsyncIterable<T>, size: number): AsyncGenerator<T[], void, undefined> {
  let batch: T[] = [];
  let length = 0;
  for await (const line of lines) {
    batch.push(line);
    length += line.line.length + 1;
    if (length < size) continue;
    yield batch;
    batch = [];
    length = 0;
  }
  if (batch.length > 0) yield batch;
}

/** How far a log was read, so that reading it again goes on behind: the latest time, and how many lines of that time were seen. */
export class LogPosition {
  #time: string | undefined;
  #seen = 0;
  /** Lines of the latest time that come again and are to be left out. */
  #known = 0;

  /** Where to read on from; undefined: from the beginning. The lines of that time come again, {@link isNew} tells them. */
  get since(): string | undefined {
    return this.#time;
  }

  /** To be called before the log is read on. */
  reopen(): void {
    this.#known = this.#seen;
  }

  /** Takes note of a line; false where it was seen before the log was opened again. */
  isNew({ time }: LogLine): boolean {
    if (time === this.#time) {
      if (this.#known > 0) {
        this.#known -= 1;
        return false;
      }
      this.#seen += 1;
    } else if (this.#time === undefined || time > this.#time) {
      this.#time = time;
      this.#seen = 1;
      this.#known = 0;
    }
    return true;
  }
}
