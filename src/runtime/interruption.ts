/**
 * SIGINT and SIGTERM as an AbortSignal: the first one asks the work to stop and clean up, a second one of any kind ends the process
 * at once with its own code.
 */
import { setMaxListeners } from 'node:events';
import { ZkdError } from '../errors.js';
import { exitNumber } from '../exit-codes.js';

export interface Interruption {
  /** Aborts with a ZkdError `interrupted` or `terminated`. */
  readonly signal: AbortSignal;
  /** Gives the signals back to their default action. */
  release(): void;
}

/** Listens to SIGINT and SIGTERM until `release()`. */
export function listenForInterruption(): Interruption {
  const controller = new AbortController();
  // Every request under way listens.
  setMaxListeners(0, controller.signal);
  const onSignal = (name: NodeJS.Signals): void => {
    const code = name === 'SIGINT' ? 'interrupted' : 'terminated';
    if (controller.signal.aborted) process.exit(exitNumber(code));
    controller.abort(new ZkdError(code, code === 'interrupted' ? 'Interrupted by SIGINT' : 'Ended by SIGTERM'));
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return {
    signal: controller.signal,
    release() {
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
    },
  };
}
