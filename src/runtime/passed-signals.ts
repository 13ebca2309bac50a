/** Signals that are meant for somebody else: passed on as they come, instead of ending this process. */
import { ZkdError } from '../errors.js';

const PASSED = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;
export type PassedSignal = (typeof PASSED)[number];

/** After so many, whoever sends them means this process too. */
const PATIENCE = 3;

export interface PassedSignals {
  /** Rejects with `interrupted` or `terminated` at the third signal: passing them on does not help. */
  readonly exhausted: Promise<never>;
  /** Gives the signals back to their default action. */
  release(): void;
}

/** Hands SIGINT, SIGTERM, SIGHUP and SIGQUIT to `pass` until `release()`. */
export function passSignals(pass: (signal: PassedSignal) => void): PassedSignals {
  let count = 0;
  let giveUp: (error: ZkdError) => void = () => undefined;
  const exhausted = new Promise<never>((_, reject) => (giveUp = reject));
  exhausted.catch(() => undefined);
  const onSignal = (signal: NodeJS.Signals): void => {
    count += 1;
    pass(signal as PassedSignal);
    if (count < PATIENCE) return;
    const code = signal === 'SIGINT' ? 'interrupted' : 'terminated';
    giveUp(new ZkdError(code, `${signal} came ${count} times: the command is left to itself`));
  };
  for (const signal of PASSED) process.on(signal, onSignal);
  return {
    exhausted,
    release() {
      for (const signal of PASSED) process.off(signal, onSignal);
    },
  };
}

/** Calls back at every change of the terminal's size; answers how to stop that. */
export function onResize(listener: () => void): () => void {
  process.on('SIGWINCH', listener);
  return () => process.off('SIGWINCH', listener);
}
