import { describe, expect, it } from 'vitest';
import { LogQueue } from '../../../src/cluster/log-queue.js';
import type { MemberLine } from '../../../src/cluster/log-merge.js';
import { systemClock } from '../../../src/runtime/retry-until.js';

const line = (member: number, second: number, text = ''): MemberLine => ({
  time: `2026-11-22T15:48:${String(second).padStart(2, '0')}.000000000Z`,
  stream: 'stdout',
  line: text,
  member,
});

const open = (capacity = 1000, windowMs = 5): LogQueue => new LogQueue({ clock: systemClock, capacity, windowMs });

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** Whether a promise has been kept by now. */
const isKept = async (promise: Promise<void>): Promise<boolean> => {
  const later = new Promise((resolve) => setImmediate(() => resolve('later')));
  return (await Promise.race([promise, later])) !== 'later';
};

describe('a queue of log lines', () => {
  it('gives what came within a window in order of time', async () => {
    const queue = open();
    const windows = queue.windows();
    await queue.put(line(1, 5));
    await queue.put(line(2, 3));
    await queue.put(line(3, 4));
    expect((await windows.next()).value).toEqual([line(2, 3), line(3, 4), line(1, 5)]);
    await queue.put(line(2, 1));
    expect((await windows.next()).value).toEqual([line(2, 1)]);
  });

  it('makes whoever is ahead wait while nobody reads, and no longer', async () => {
    const queue = open(10, 60_000);
    await queue.put(line(1, 1, 'short'));
    const waiting = queue.put(line(1, 2, 'too much now'));
    expect(await isKept(waiting)).toBe(false);
    // A full queue does not wait for the window either.
    const windows = queue.windows();
    expect((await windows.next()).value).toHaveLength(2);
    await waiting;
  });

  it('is full in the middle of a window too', async () => {
    const queue = open(10, 60_000);
    const first = queue.windows().next();
    await queue.put(line(1, 1));
    const waiting = queue.put(line(1, 2, 'too much now'));
    expect((await first).value).toHaveLength(2);
    await waiting;
  });

  it('gives out what is left when it is closed, and keeps nobody waiting', async () => {
    const queue = open(10, 60_000);
    const waiting = queue.put(line(1, 1, 'more than it holds'));
    queue.close();
    await waiting;
    await queue.put(line(1, 2, 'more than it holds'));
    expect((await collect(queue.windows())).flat()).toHaveLength(2);
    expect(await collect(queue.windows())).toEqual([]);
  });
});
