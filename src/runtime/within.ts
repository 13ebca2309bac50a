/** Work nobody waits for longer than so long. */
import { setTimeout as sleep } from 'node:timers/promises';

/** What the work answers, or undefined once `timeoutMs` have passed; it goes on then, and whether it fails is of no interest any more. */
export async function within<T>(timeoutMs: number, work: Promise<T>): Promise<T | undefined> {
  const done = new AbortController();
  try {
    return await Promise.race([work, sleep(timeoutMs, undefined, { signal: done.signal })]);
  } finally {
    done.abort();
  }
}
