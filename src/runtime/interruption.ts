/**
 * SIGINT and SIGTERM as an AbortSignal: the first one asks the work to stop and clean up, a second one of any kind ends the process
 * at once with its own code.
 */
import { setMaxListeners } from 'node:events';
import { ZkdError } from '../errors.js';
import { exitNumber } from '../exit-codes.js';

/** The promise's outcome, or the signal's reason as soon as it aborts; the work itself goes on unwatched then. */
export async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  let onAbort: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => {
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    if (onAbort) signal.removeEventListener('abort', onAbort);
  }
}

export interface Interruption {
  /** Aborts with a ZkdError `interrupted` or `terminated`. */
  readonly signal: AbortSignal;
  /** While the work runs SIGINT is nobody's here: a terminal sends it to the program in front of it as well, which knows what is meant. */
  leaveTo<T>(work: () => Promise<T>): Promise<T>;
  /** Gives the signals back to their default action. */
  release(): void;
}

/** Listens to SIGINT and SIGTERM until `release()`. */
export function listenForInterruption(): Interruption {
  const controller = new AbortController();
  // Every request under way listens.
  setMaxListeners(0, controller.signal);
  let isLeft = false;
  const onSignal = (name: NodeJS.Signals): void => {
    if (isLeft && name === 'SIGINT') return;
    const code = name === 'SIGINT' ? 'interrupted' : 'terminated';
    if (controller.signal.aborted) process.exit(exitNumber(code));
    controller.abort(new ZkdError(code, code === 'interrupted' ? 'Interrupted by SIGINT' : 'Ended by SIGTERM'));
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return {
    signal: controller.signal,
    async leaveTo(work) {
      isLeft = true;
      try {
        return await work();
      } finally {
        isLeft = false;
      }
    },
    release() {
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
    },
  };
}
