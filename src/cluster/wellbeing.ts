/** Which members are well, and who leads: what a roll is planned by. */
import { awaitReady, type AwaitOptions } from './await-ready.js';
import type { Engine } from '../engine/index.js';
import type { ObservedEnsemble } from './observe.js';
import type { Wellbeing } from './plan-roll.js';
import type { EnsembleView } from './view.js';

/** How long a member may be busy, in an election, or just started, before it counts as sick: sick ones are stopped without ceremony. */
const PATIENCE_MS = 10_000;

/** Looks until all are well, one crashes for good, or patience ends. */
export async function readWellbeing(
  engine: Engine,
  observed: ObservedEnsemble,
  { timeoutMs, signal, ask }: Pick<AwaitOptions, 'timeoutMs' | 'signal' | 'ask'>,
): Promise<{ readonly wellbeing: Wellbeing; readonly view: EnsembleView }> {
  const { ensemble, verdict } = await awaitReady(engine, observed, { timeoutMs: Math.min(timeoutMs, PATIENCE_MS), signal, ask });
  const sick = new Set(verdict.causes.map(({ member }) => member));
  const leader = ensemble.members.find(({ health }) => ['leader', 'standalone'].includes(health.status?.mode ?? ''))?.id ?? null;
  const well = new Set(ensemble.members.map(({ id }) => id).filter((id) => !sick.has(id)));
  return { view: ensemble, wellbeing: { leader, well } };
}
