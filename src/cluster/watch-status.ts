/** `status --watch`: looks again and again, and tells what changed. Outlives an engine that goes away for a while. */
import type { Engine } from '../engine/index.js';
import { hasReason, ZkdError } from '../errors.js';
import { unlessAborted } from '../runtime/interruption.js';
import { formatDurationMs } from '../runtime/quantities.js';
import { systemClock, type Clock } from '../runtime/retry-until.js';
import type { FourLetterProbe } from '../zookeeper/index.js';
import { readStatus, type StatusResult } from './status.js';

/** What one look brought. */
export type Sighting =
  | {
      readonly kind: 'status';
      readonly status: StatusResult;
      /** The first one, or different from the one before in more than what is counted. */
      readonly isNew: boolean;
    }
  /** The engine does not answer any more; told once. */
  | { readonly kind: 'lost'; readonly error: ZkdError }
  /** It answers again; the status follows. */
  | { readonly kind: 'back' };

export interface WatchOptions {
  readonly ask: FourLetterProbe;
  /** Between the end of one look and the next. */
  readonly intervalMs: number;
  /** Ends the watch with its reason. */
  readonly signal: AbortSignal;
  /** Ends the watch without a word: nobody reads it any more. */
  readonly until: AbortSignal;
  /** A look that takes longer counts as an engine that went away; half a minute when absent. */
  readonly lookTimeoutMs?: number;
  readonly clock?: Clock;
}

const LOOK_TIMEOUT_MS = 30_000;

/**
 * Yields a sighting a look. Ends where `until` aborts; rejects with the reason of `signal`, with `not-found` once nothing of the ensemble is
 * left (kept data volumes are something: an `up` may take them up again), and with what the very first look failed with.
 */
export async function* watchStatus(engine: Engine, name: string, options: WatchOptions): AsyncGenerator<Sighting, void, undefined> {
  const { ask, intervalMs, signal, until, lookTimeoutMs = LOOK_TIMEOUT_MS, clock = systemClock } = options;
  const ended = AbortSignal.any([signal, until]);
  let last: string | undefined;
  let isLost = false;
  try {
    for (;;) {
      try {
        const status = await inTime(readStatus(engine, name, ask), lookTimeoutMs, ended);
        if (isLost) yield { kind: 'back' };
        isLost = false;
        const seen = JSON.stringify(withoutCounters(status));
        yield { kind: 'status', status, isNew: seen !== last };
        last = seen;
      } catch (error) {
        if (last === undefined || !isPassing(error)) throw error;
        if (!isLost) yield { kind: 'lost', error };
        isLost = true;
      }
      await clock.sleep(intervalMs, ended);
    }
  } catch (error) {
    if (until.aborted && !signal.aborted) return;
    throw error;
  }
}

/** The look's outcome, or a failure as of an engine that is down: one that hangs would hold the watch up without a word. */
async function inTime<T>(look: Promise<T>, timeoutMs: number, ended: AbortSignal): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const tooLong = new Promise<never>((_, reject) => {
    const words = `The engine has not answered for ${formatDurationMs(timeoutMs)}`;
    timer = setTimeout(() => reject(new ZkdError('engine-unavailable', words, { details: { reason: 'unreachable' } })), timeoutMs);
  });
  try {
    return await unlessAborted(Promise.race([look, tooLong]), ended);
  } finally {
    clearTimeout(timer);
  }
}

/** What a busy ensemble changes at every look, and is no news. */
const COUNTERS: readonly string[] = ['zxid', 'lag', 'connections', 'latencyMs', 'outstanding'];

const withoutCounters = (status: StatusResult): object => ({
  ...status,
  cluster: {
    ...status.cluster,
    members: status.cluster.members.map((member) => Object.fromEntries(Object.entries(member).filter(([key]) => !COUNTERS.includes(key)))),
  },
});

/** An engine that is down, or about to be: it refuses in words of its own then. */
function isPassing(error: unknown): error is ZkdError {
  return error instanceof ZkdError && (error.code === 'engine-unavailable' || hasReason(error, 'other'));
}
