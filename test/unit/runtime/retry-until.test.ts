import { describe, expect, it } from 'vitest';
import { retryUntil, systemClock, type Clock } from '../../../src/runtime/retry-until.js';

/** A clock that moves only when somebody sleeps on it, and remembers for how long. */
function fakeClock(): Clock & { readonly slept: number[] } {
  const slept: number[] = [];
  let now = 1000;
  return {
    slept,
    now: () => now,
    async sleep(ms, signal) {
      signal?.throwIfAborted();
      slept.push(ms);
      now += ms;
    },
  };
}

describe('retryUntil', () => {
  it('answers at the first look that finds something', async () => {
    const clock = fakeClock();
    let looks = 0;
    const found = await retryUntil(async () => (++looks === 3 ? 'there' : undefined), { timeoutMs: 100, intervalMs: 10, clock });
    expect(found).toBe('there');
    expect(clock.slept).toEqual([10, 10]);
  });

  it('looks once even when there is no time, and once more at the end', async () => {
    let looks = 0;
    const look = async (): Promise<string | undefined> => {
      looks += 1;
      return undefined;
    };
    expect(await retryUntil(look, { timeoutMs: 0, intervalMs: 10, clock: fakeClock() })).toBeUndefined();
    expect(looks).toBe(1);
    looks = 0;
    const clock = fakeClock();
    await retryUntil(look, { timeoutMs: 25, intervalMs: 10, clock });
    expect(clock.slept).toEqual([10, 10, 5]);
    expect(looks).toBe(4);
  });

  it('takes a falsy find for a find', async () => {
    expect(await retryUntil(async () => 0, { timeoutMs: 10, intervalMs: 1, clock: fakeClock() })).toBe(0);
  });

  it('ends with what a look rejects with', async () => {
    const look = (): Promise<undefined> => Promise.reject(new Error('no engine'));
    await expect(retryUntil(look, { timeoutMs: 10, intervalMs: 1, clock: fakeClock() })).rejects.toThrow('no engine');
  });

  it('ends with the reason of an abort, before the next look', async () => {
    const stop = new AbortController();
    let looks = 0;
    const look = async (): Promise<undefined> => {
      looks += 1;
      stop.abort(new Error('interrupted'));
      return undefined;
    };
    await expect(retryUntil(look, { timeoutMs: 100, intervalMs: 10, clock: fakeClock(), signal: stop.signal })).rejects.toThrow(
      'interrupted',
    );
    expect(looks).toBe(1);
  });

  it('wakes from a real sleep as soon as the signal aborts, with its reason', async () => {
    const stop = new AbortController();
    const sleeping = systemClock.sleep(60_000, stop.signal);
    stop.abort(new Error('interrupted'));
    await expect(sleeping).rejects.toThrow('interrupted');
  });
});
