/** Which members are well, and who leads: what a roll is planned by. */
import { awaitReady, type AwaitOptions } from './await-ready.js';
import type { Engine } from '../engine/index.js';
import type { ObservedEnsemble } from './observe.js';
import type { Wellbeing } from './plan-roll.js';
import type { MemberView } from './readiness.js';
import type { EnsembleView } from './view.js';

/** How long a member may be busy, in an election, or just started, before it counts as sick: sick ones are stopped without ceremony. */
const PATIENCE_MS = 10_000;

/** Looks until all are well, one crashes for good, or patience ends. */
export async function readWellbeing(
  engine: Engine,
  observed: ObservedEnsemble,
  { timeoutMs, signal, ask }: Pick<AwaitOptions, 'timeoutMs' | 'signal' | 'ask'>,
): Promise<{ readonly wellbeing: Wellbeing; readonly view: EnsembleView }> {
  const { ensemble } = await awaitReady(engine, observed, { timeoutMs: Math.min(timeoutMs, PATIENCE_MS), signal, ask });
  const { members } = ensemble;
  const leader = members.find(({ health }) => ['leader', 'standalone'].includes(health.status?.mode ?? ''))?.id ?? null;
  return {
    view: ensemble,
    wellbeing: { leader, well: new Set(members.filter((member) => isOfUse(member, members.length)).map(({ id }) => id)) },
  };
}

/** Whether a quorum may hang on it: it serves, or does but may not say so. One that runs standalone beside others is of no use to them. */
const isOfUse = ({ health }: MemberView, size: number): boolean =>
  health.silence === 'not-whitelisted' || (health.status?.mode === 'standalone' ? size === 1 : Boolean(health.status?.mode));
