/** Ending a member's container in an orderly way, whatever state it is in. */
import type { ContainerSummary, Engine } from '../engine/index.js';
import { unlessAborted } from '../runtime/interruption.js';

/** How long a server has to close its log before the engine kills it. */
const STOP_TIMEOUT_MS = 10_000;

/** Whether there is anything to stop: a paused container, and one the engine is about to start again, count as running. */
export const isUp = ({ state }: Pick<ContainerSummary, 'state'>): boolean => ['running', 'paused', 'restarting'].includes(state);

/**
 * Ends the program in the container; safe to repeat. An abort of `signal` ends the wait with its reason; what the engine was told it does
 * all the same.
 */
export async function stopContainer(engine: Engine, { id, state }: ContainerSummary, signal: AbortSignal): Promise<void> {
  // The engine cannot stop a paused container in an orderly way.
  if (state === 'paused') await engine.unpauseContainer(id);
  await unlessAborted(engine.stopContainer(id, { timeoutMs: STOP_TIMEOUT_MS }), signal);
}
