import { afterEach, expect, it, vi } from 'vitest';
import { listenForInterruption, type Interruption } from '../../../src/runtime/interruption.js';

let interruption: Interruption | undefined;
afterEach(() => {
  interruption?.release();
  vi.restoreAllMocks();
});

/** Starts listening and answers a function that delivers a signal to the new listeners only: the test runner has its own. */
function listen(): (name: 'SIGINT' | 'SIGTERM') => void {
  const before = new Set([...process.listeners('SIGINT'), ...process.listeners('SIGTERM')]);
  interruption = listenForInterruption();
  return (name) => {
    for (const listener of process.listeners(name)) if (!before.has(listener)) listener(name);
  };
}

it.each([
  ['SIGINT', 'interrupted'],
  ['SIGTERM', 'terminated'],
] as const)('asks the work to end at the first %s', (name, code) => {
  const deliver = listen();
  expect(interruption?.signal.aborted).toBe(false);
  deliver(name);
  expect(interruption?.signal.reason).toMatchObject({ code });
});

it('ends the process at a second signal of any kind, with that one’s code', () => {
  const deliver = listen();
  const exit = vi.spyOn(process, 'exit').mockImplementation(() => undefined as never);
  deliver('SIGINT');
  expect(exit).not.toHaveBeenCalled();
  deliver('SIGTERM');
  expect(exit).toHaveBeenCalledWith(143);
});

it('gives the signals back', () => {
  const before = process.listenerCount('SIGINT');
  listen();
  expect(process.listenerCount('SIGINT')).toBe(before + 1);
  interruption?.release();
  expect(process.listenerCount('SIGINT')).toBe(before);
});
