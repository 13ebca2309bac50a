/** `restart`: the road of `up` for members that exist. Stops and starts them one at a time, the leader last: a quorum never breaks. */
import { applyPlan } from './apply.js';
import { lookWhenQuiet } from './await-quiet.js';
import { chooseMembers } from './choose-members.js';
import type { ActionContext, ActionResult } from './member-actions.js';
import { networkName } from './names.js';
import { noSuchEnsemble, observe, type ObservedEnsemble } from './observe.js';
import type { Plan } from './plan.js';
import { restartOperations, type Wellbeing } from './plan-roll.js';
import { findQuorumLoss } from './quorum-guard.js';
import type { EnsembleRecord } from './record.js';
import type { Outage } from './roll.js';
import { neverStarted } from './start-plan.js';
import { turnsOf } from './turns.js';
import { awaitStarted } from './start.js';
import { isUp } from './stop-container.js';
import { membersOf, refuseBlind } from './view.js';
import { readWellbeing } from './wellbeing.js';

export interface RestartRequest {
  readonly name: string;
  /** Only these members; the whole ensemble when empty. */
  readonly members: readonly number[];
  /** Restarts members although the quorum goes with them, without waiting for the others before. */
  readonly force: boolean;
  readonly timeoutMs: number;
}

export interface RestartResult extends ActionResult {
  /** How long each member that was well did not serve. */
  readonly outages: readonly Outage[];
}

/**
 * Restarts the ensemble, or some members of it; those that do not run are started. A member that is well is taken only while all others are in
 * sync, and the roll stops (exit 7) where one does not come back. Rejects with `refused` where single members would take a healthy
 * quorum along; the whole ensemble by name is done.
 */
export async function restartMembers(request: RestartRequest, context: ActionContext): Promise<RestartResult> {
  const startedAt = performance.now();
  const { engine, ask, observer, signal } = context;
  const { name, members, force, timeoutMs } = request;
  const observed = await lookWhenQuiet(() => observe(engine, name, { details: true }), { name, timeoutMs, observer, signal });
  if (!observed.record) throw noSuchEnsemble(name);
  const there = chooseMembers(observed, members);
  const unstarted = there.filter(({ container }) => container.state === 'created');
  if (unstarted.length > 0) throw neverStarted(name, unstarted);
  const chosen = there.map(({ id }) => id);
  if (!force && there.some(({ container }) => isUp(container))) refuseBlind(engine, observed);
  const { wellbeing: seen, view } = await readWellbeing(engine, observed, { timeoutMs, signal, ask });
  // One at a time: each is judged by itself.
  const risked = members.length > 0 && !force ? chosen : [];
  for (const id of risked) {
    const loss = findQuorumLoss({ name, members: view.members, away: [id], command: 'restart' });
    if (loss) throw loss;
  }
  const plan = planRestart(observed, observed.record, chosen, force ? { ...seen, well: new Set() } : seen);
  const order = plan.operations.flatMap((operation) => (operation.kind === 'restart-member' ? [operation.member.id] : []));
  const ways = [`zkd cluster restart ${name}`];
  const turns = turnsOf({ name, timeoutMs, verb: 'restarted', order, ways, isForced: force }, context);
  const nothing = async (): Promise<void> => undefined;
  await applyPlan({
    engine,
    plan,
    observed,
    observer,
    signal,
    made: { containers: [], networks: [] },
    awaitQuorum: nothing,
    awaitAnswer: nothing,
    turns,
  });
  await awaitStarted({ name, members, timeoutMs }, observed, context);
  return {
    cluster: name,
    changed: order.length > 0,
    members: chosen.map((id) => ({ id, container: observed.members.get(id)?.container.name ?? '', action: 'restarted', error: null })),
    volumes: [],
    outages: turns.outages,
    tookMs: Math.round(performance.now() - startedAt),
  };
}

/** The plan: what a roll that was killed left goes first, then member by member. Pure. */
function planRestart(observed: ObservedEnsemble, record: EnsembleRecord, chosen: readonly number[], wellbeing: Wellbeing): Plan {
  const members = membersOf(observed);
  return {
    record,
    members,
    isBirth: false,
    network: record.settings.network ?? networkName(record.cluster),
    operations: restartOperations(
      members.filter(({ id }) => chosen.includes(id)),
      observed,
      wellbeing,
    ),
    differences: [],
    questions: [],
    warnings: [],
  };
}
