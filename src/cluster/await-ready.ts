/** Waits until an ensemble, or some members of it, are ready; says every so often what it waits for. */
import { retryUntil } from '../runtime/retry-until.js';
import type { Engine } from '../engine/index.js';
import type { FourLetterProbe } from '../zookeeper/index.js';
import { isServing } from './health.js';
import { addressOf, gatherEvidence, membersOf, viewMembers, type EnsembleView } from './view.js';
import { watchCrashes } from './crash-watch.js';
import { judge, type MemberView, type Verdict } from './readiness.js';
import { observe, type ObservedEnsemble } from './observe.js';

export interface AwaitOptions {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly ask: FourLetterProbe;
  /** Only these members must be in sync; all when absent. The others are looked at, since it is with them that they are. */
  readonly only?: readonly number[];
  /** Members that do not run are waited for too: somebody else may start them, or make them anew. */
  readonly untilStarted?: boolean;
  /** Called with the causes at every look that is not good yet. */
  onWait?(verdict: Verdict): void;
}

export interface AwaitResult {
  readonly ensemble: EnsembleView;
  readonly verdict: Verdict;
  /** Why the wait ended. */
  readonly ended: 'ready' | 'timeout' | 'crashed' | 'gone';
}

/** Short while a quorum may come any moment; every question is a line in the servers' logs, so a long wait asks less often. */
const intervalMs = (waitedMs: number): number => (waitedMs < 5000 ? 40 : 250);
/** How often the engine is asked whether the containers still run. */
const OBSERVE_EVERY_MS = 1000;
const PROBE_TIMEOUT_MS = 2000;

/**
 * Looks until all is ready, a member crashes for good (in a crash loop, and once more while we look), or the time is up; never throws for those. Booting servers need the CPU more than
 * zkd does: until all members serve only those that do not are asked, one word each, and the engine only now and then.
 */
export async function awaitReady(engine: Engine, first: ObservedEnsemble, options: AwaitOptions): Promise<AwaitResult> {
  const { ask, signal, timeoutMs, only, untilStarted = false } = options;
  const view = (observed: ObservedEnsemble): Promise<EnsembleView> =>
    viewMembers(engine, observed, { ask, timeoutMs: PROBE_TIMEOUT_MS, signal });
  const isLost = (seen: ObservedEnsemble): boolean => (untilStarted ? seen.record === undefined : isGone(seen, only));
  const serving = new Set<number>();
  const isCrashing = watchCrashes(first);
  let observed = first;
  let lookedAt = performance.now();
  const look = async (): Promise<AwaitResult | undefined> => {
    const isDue = performance.now() - lookedAt > OBSERVE_EVERY_MS || isLost(observed);
    if (!isDue && !(await allServe(engine, observed, serving, options))) return undefined;
    // Those that serve by now may have been stopped when the engine was asked last.
    if (isDue || untilStarted) {
      observed = await observe(engine, first.name, { details: true });
      lookedAt = performance.now();
    }
    const ensemble = await view(observed);
    const verdict = judgeOnly(ensemble.members, only);
    if (verdict.ready) return { ensemble, verdict, ended: 'ready' };
    if (isLost(observed)) return { ensemble, verdict, ended: 'gone' };
    serving.clear();
    options.onWait?.(verdict);
    // All are looked at, each time.
    const hopeless = [...ensemble.members.filter(isCrashing), ...(untilStarted ? [] : ensemble.members.filter(hasEnded))];
    return hopeless.some(({ id }) => only?.includes(id) ?? true) ? { ensemble, verdict, ended: 'crashed' } : undefined;
  };
  const result = await retryUntil(look, { timeoutMs, intervalMs, signal });
  if (result?.ended === 'ready') return result;
  const ensemble = await gatherEvidence(engine, await view(await observe(engine, first.name, { details: true })));
  const verdict = judgeOnly(ensemble.members, only);
  // The last look may be the one that finds all well.
  return { ensemble, verdict, ended: verdict.ready ? 'ready' : (result?.ended ?? 'timeout') };
}

/** The verdict on some members, in view of all. */
function judgeOnly(members: readonly MemberView[], only: readonly number[] | undefined): Verdict {
  const verdict = judge(members);
  if (!only) return verdict;
  const causes = verdict.causes.filter(({ member }) => only.includes(member));
  return { ready: causes.length === 0 && members.length > 0, causes };
}

/** Asks the members that did not serve at an earlier look; remembers those that do now. */
async function allServe(
  engine: Engine,
  observed: ObservedEnsemble,
  serving: Set<number>,
  { ask, signal, only }: AwaitOptions,
): Promise<boolean> {
  const waited = membersOf(observed).filter(({ id }) => !serving.has(id) && (!only || only.includes(id)));
  await Promise.all(
    waited.map(async (member) => {
      if (await isServing(addressOf(engine, observed, member), { ask, timeoutMs: PROBE_TIMEOUT_MS, signal })) serving.add(member.id);
    }),
  );
  return waited.every(({ id }) => serving.has(id));
}

/** Somebody takes the containers away meanwhile: no waiting brings them back. */
function isGone(observed: ObservedEnsemble, only: readonly number[] | undefined): boolean {
  const wanted = only ?? membersOf(observed).map(({ id }) => id);
  const isThere = (id: number): boolean => (observed.members.get(id)?.container.state ?? 'removing') !== 'removing';
  return wanted.length === 0 || !wanted.every(isThere);
}

const hasEnded = ({ observed }: MemberView): boolean => observed?.container.state === 'exited' || observed?.container.state === 'dead';
