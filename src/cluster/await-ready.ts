/** Waits until an ensemble, or some members of it, are ready; says every so often what it waits for. */
import { retryUntil } from '../runtime/retry-until.js';
import type { Engine } from '../engine/index.js';
import type { FourLetterProbe } from '../zookeeper/index.js';
import { gatherEvidence, viewMembers, type EnsembleView } from './view.js';
import { isCrashLoop, judge, type Verdict } from './readiness.js';
import { observe, type ObservedEnsemble } from './observe.js';

export interface AwaitOptions {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly ask: FourLetterProbe;
  /** Only these members count; all when absent. */
  readonly only?: readonly number[];
  /** Called with the causes at every look that is not good yet. */
  onWait?(verdict: Verdict): void;
}

export interface AwaitResult {
  readonly ensemble: EnsembleView;
  readonly verdict: Verdict;
  /** Why the wait ended. */
  readonly ended: 'ready' | 'timeout' | 'crashed';
}

const INTERVAL_MS = 30;
/** How often the engine is asked whether the containers still run. */
const OBSERVE_EVERY_MS = 500;
const PROBE_TIMEOUT_MS = 2000;

/**
 * Looks until all is ready, a member crashes for good, or the time is up; never throws for those. The servers are asked at every look,
 * the engine only now and then.
 */
export async function awaitReady(engine: Engine, first: ObservedEnsemble, options: AwaitOptions): Promise<AwaitResult> {
  const { ask, signal, timeoutMs, only } = options;
  let observed = first;
  let observedAt = performance.now();
  let last: { ensemble: EnsembleView; verdict: Verdict } | undefined;
  const look = async (): Promise<AwaitResult | undefined> => {
    if (performance.now() - observedAt > OBSERVE_EVERY_MS) {
      observed = await observe(engine, first.name, { details: true });
      observedAt = performance.now();
    }
    const ensemble = await viewMembers(engine, observed, { ask, timeoutMs: PROBE_TIMEOUT_MS, signal, ...(only ? { only } : {}) });
    const verdict = judge(ensemble.members);
    last = { ensemble, verdict };
    if (verdict.ready) return { ...last, ended: 'ready' };
    options.onWait?.(verdict);
    return ensemble.members.some((member) => isCrashLoop(member) || hasEnded(member.observed?.container.state))
      ? { ...last, ended: 'crashed' }
      : undefined;
  };
  const result = await retryUntil(look, { timeoutMs, intervalMs: INTERVAL_MS, signal });
  if (result?.ended === 'ready') return result;
  const ensemble = await gatherEvidence(engine, await observeAgain(engine, first.name, options));
  return { ensemble, verdict: judge(ensemble.members), ended: result?.ended ?? 'timeout' };
}

const hasEnded = (state: string | undefined): boolean => state === 'exited' || state === 'dead';

async function observeAgain(engine: Engine, name: string, { ask, signal, only }: AwaitOptions): Promise<EnsembleView> {
  const observed = await observe(engine, name, { details: true });
  return viewMembers(engine, observed, { ask, timeoutMs: PROBE_TIMEOUT_MS, signal, ...(only ? { only } : {}) });
}
