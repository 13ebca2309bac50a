/** `up` and `run`: asked -> observed -> planned -> applied -> ready. One direction, no way back but taking away what this run made. */
import type { Engine } from '../engine/index.js';
import { hasReason } from '../errors.js';
import { retryUntil } from '../runtime/retry-until.js';
import { applyPlan, takenAway, type Made } from './apply.js';
import { lookWhenQuiet } from './await-quiet.js';
import { awaitReady, type AwaitResult } from './await-ready.js';
import { flagsBack } from './change.js';
import { describeCluster, type Cluster } from './describe.js';
import { isAnswering } from './health.js';
import { agree, makePlan, refuseUnreachableChange } from './make-plan.js';
import type { WantedMember } from './members.js';
import { observe, type ObservedEnsemble } from './observe.js';
import { formatPlan } from './plan.js';
import type { Outage } from './roll.js';
import { afterFailure, noQuorumBeforeRebirth, notReady } from './up-failure.js';
import { turnsOf } from './turns.js';
import type { UpContext, UpRequest } from './up-request.js';
import { addressOf, viewMembers } from './view.js';

export interface UpResult {
  readonly cluster: Cluster | null;
  readonly changed: boolean;
  readonly plan: readonly string[];
  /** How long each member that was replaced while it was well did not serve. */
  readonly outages: readonly Outage[];
  readonly tookMs: number;
}

const CLAIM_ATTEMPTS = 5;

/**
 * Creates the ensemble, or converges it to what is asked. Safe to repeat at any time, also after a SIGKILL and beside another zkd.
 * On failure or interruption what this run made is removed again, unless `keepOnFailure`; what was there before stays.
 */
export async function bringUp(request: UpRequest, context: UpContext): Promise<UpResult> {
  const startedAt = performance.now();
  for (let attempt = 1; ; attempt += 1) {
    try {
      const result = await bringUpOnce(request, context);
      return { ...result, tookMs: Math.round(performance.now() - startedAt) };
    } catch (error) {
      // Another zkd was first with the same name: look again at what it makes. `run` wanted a new one.
      if (request.mode === 'run' || attempt === CLAIM_ATTEMPTS || !hasReason(error, 'claimed')) throw error;
    }
  }
}

async function bringUpOnce(request: UpRequest, context: UpContext): Promise<Omit<UpResult, 'tookMs'>> {
  const { engine, ask, observer, signal } = context;
  const { name } = request;
  const look = (): Promise<ObservedEnsemble> => observe(engine, name, request.given.network ? { networkName: request.given.network } : {});
  const observed = request.dryRun ? await look() : await lookWhenQuiet(look, { name, timeoutMs: request.timeoutMs, observer, signal });
  const plan = await makePlan(request, observed, context);
  for (const warning of plan.warnings) observer.caution(warning);
  const lines = formatPlan(plan);
  if (request.dryRun) {
    for (const question of plan.questions) observer.caution(`this is ${question}: it needs --yes`);
    return { cluster: null, changed: lines.length > 0, plan: lines, outages: [] };
  }
  if (observed.record) refuseUnreachableChange(request, plan, { endpoint: engine.endpoint, ownContainer: observed.ownContainer });
  await agree(name, plan.questions, request.yes, context.confirm);

  const order = plan.operations.flatMap((operation) => (operation.kind === 'roll-member' ? [operation.member.id] : []));
  const back = flagsBack(plan.differences);
  const ways = [`zkd cluster up ${name}`, ...(back === '' ? [] : [`zkd cluster up ${name} ${back}`])];
  const turns = turnsOf({ name, timeoutMs: request.timeoutMs, verb: 'replaced', order, ways, isForced: false }, context);
  const made: Made = { containers: [], networks: [] };
  try {
    const awaitMembers = async (only?: readonly number[]): Promise<AwaitResult> => {
      const now = lines.length === 0 ? observed : await observe(engine, name, { details: true });
      const step = only ? `wait until members ${only.join(', ')} are in sync` : 'wait until the ensemble is ready';
      if (lines.length > 0) observer.start(step);
      const result = await awaitReady(engine, now, {
        timeoutMs: request.timeoutMs,
        signal,
        ask,
        ...(only ? { only } : {}),
        onWait: ({ causes }) => observer.update(step, causes.map(({ member, cause }) => `member ${member}: ${cause}`).join('; ')),
      });
      if (lines.length > 0) observer.end(step, result.ended === 'ready' ? 'done' : 'failed');
      return result;
    };
    await applyPlan({
      engine,
      plan,
      observed,
      observer,
      signal,
      made,
      awaitAnswer: (members) => awaitAnswer(members, { ...observed, record: plan.record }, request.timeoutMs, context),
      async awaitQuorum(ids) {
        const result = await awaitMembers(ids);
        if (result.ended !== 'ready') throw noQuorumBeforeRebirth(name, ids, result);
      },
      turns,
    });
    const cluster = request.wait ? await readyCluster(request, await awaitMembers(), engine) : await currentCluster(name, context);
    return { cluster, changed: lines.length > 0, plan: lines, outages: turns.outages };
  } catch (error) {
    throw await afterFailure(error, request, { engine, made, observed, plan });
  }
}

const ANSWER_EVERY_MS = 100;

/** Whether they get there is judged by the wait for readiness that follows. */
async function awaitAnswer(
  members: readonly WantedMember[],
  observed: ObservedEnsemble,
  timeoutMs: number,
  { engine, ask, signal }: UpContext,
): Promise<void> {
  const isUp = (member: WantedMember): Promise<boolean> =>
    isAnswering(addressOf(engine, observed, member), { ask, timeoutMs: 1000, signal });
  const look = async (): Promise<true | undefined> => ((await Promise.all(members.map(isUp))).every(Boolean) ? true : undefined);
  await retryUntil(look, { timeoutMs, intervalMs: ANSWER_EVERY_MS, signal });
}

async function currentCluster(name: string, { engine, ask, signal }: UpContext): Promise<Cluster> {
  const view = await viewMembers(engine, await observe(engine, name, { details: true }), { ask, timeoutMs: 500, signal });
  return describeCluster(view, engine.endpoint, []);
}

async function readyCluster(request: UpRequest, result: AwaitResult, engine: Engine): Promise<Cluster> {
  if (result.ended === 'ready') return describeCluster(result.ensemble, engine.endpoint, []);
  if (result.ended === 'gone') throw takenAway(request.name);
  throw notReady(request.name, request.timeoutMs, result);
}
