/** Ending a member's container, whatever state it is in. */
import type { ContainerSummary, Engine } from '../engine/index.js';
import { unlessAborted } from '../runtime/interruption.js';

/** How long a server has to close its log before the engine kills it. */
const STOP_TIMEOUT_MS = 10_000;

/** Whether there is anything to stop: a paused container, and one the engine is about to start again, count as running. */
export const isUp = ({ state }: Pick<ContainerSummary, 'state'>): boolean => ['running', 'paused', 'restarting'].includes(state);

/**
 * Ends the program in the container in an orderly way; safe to repeat. An abort of `signal` ends the wait with its reason; what the engine
 * was told it does all the same.
 */
export function stopContainer(engine: Engine, container: ContainerSummary, signal: AbortSignal): Promise<void> {
  return end(engine, container, STOP_TIMEOUT_MS, signal);
}

/**
 * As {@link stopContainer}, at once: for a container that goes, or comes back. A server does nothing at its end, and what it has acknowledged
 * is on disk, but Java waits 300 ms for its network threads.
 */
export function endContainer(engine: Engine, container: ContainerSummary, signal: AbortSignal): Promise<void> {
  return end(engine, container, 0, signal);
}

async function end(engine: Engine, { id, state }: ContainerSummary, timeoutMs: number, signal: AbortSignal): Promise<void> {
  // The engine cannot stop a paused container in an orderly way.
  if (state === 'paused') await engine.unpauseContainer(id);
  await unlessAborted(engine.stopContainer(id, { timeoutMs }), signal);
}
