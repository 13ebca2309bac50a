/**
 * Waiting for something that has no event: look, sleep, look again, until it holds or the time is up.
 * The clock is injected so that tests need no real time.
 */
import { setTimeout as sleep } from 'node:timers/promises';

/** Time as waiting code sees it. */
export interface Clock {
  /** Milliseconds on a clock that never goes back. */
  now(): number;
  /** Resolves after `ms`, rejects with the signal's reason as soon as it aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  async sleep(ms, signal) {
    try {
      await sleep(ms, undefined, signal ? { signal } : {});
    } catch (error) {
      throw signal?.reason ?? error;
    }
  },
};

export interface RetryOptions {
  readonly timeoutMs: number;
  /** Pause between two looks; as a function of the time waited so far where it shall grow. */
  readonly intervalMs: number | ((waitedMs: number) => number);
  readonly clock?: Clock;
  readonly signal?: AbortSignal;
}

/**
 * Calls `look` until it answers something other than undefined and returns that; answers undefined when `timeoutMs` have passed.
 * Always looks at least once. A rejection of `look` or an abort of `signal` ends the wait with it.
 */
export async function retryUntil<T>(look: () => Promise<T | undefined>, options: RetryOptions): Promise<T | undefined> {
  const clock = options.clock ?? systemClock;
  const { intervalMs, timeoutMs } = options;
  const startedAt = clock.now();
  for (;;) {
    options.signal?.throwIfAborted();
    const found = await look();
    if (found !== undefined) return found;
    const waitedMs = clock.now() - startedAt;
    if (waitedMs >= timeoutMs) return undefined;
    const pauseMs = typeof intervalMs === 'number' ? intervalMs : intervalMs(waitedMs);
    await clock.sleep(Math.min(pauseMs, timeoutMs - waitedMs), options.signal);
  }
}
