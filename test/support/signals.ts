/** Signals for the code under test only: the test runner listens to them too. */

const NAMES = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGWINCH'] as const;
export type SignalName = (typeof NAMES)[number];

/** Answers a function that delivers a signal to whoever began to listen after this call. */
export function signalsFromNow(): (name: SignalName) => void {
  const before = new Set(NAMES.flatMap((name) => process.listeners(name)));
  return (name) => {
    for (const listener of process.listeners(name)) if (!before.has(listener)) listener(name);
  };
}
