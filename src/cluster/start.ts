/** `start`: the road of `up` for containers that exist. `applyPlan` starts them, with the checks that belong to every start; then it waits. */
import { applyPlan, takenAway } from './apply.js';
import { awaitReady } from './await-ready.js';
import { actOnMembers, type ActionContext, type ActionResult } from './member-actions.js';
import { quorumOf, type WantedMember } from './members.js';
import { noSuchEnsemble, observe, type ObservedEnsemble } from './observe.js';
import { planStart } from './start-plan.js';
import { notReady } from './up-failure.js';
import { membersOf } from './view.js';

export interface StartRequest {
  readonly name: string;
  /** Only these members; the whole ensemble when empty. */
  readonly members: readonly number[];
  readonly wait: boolean;
  readonly timeoutMs: number;
}

/**
 * Starts the ensemble, or some members of it; safe to repeat. Waits until it is ready, or where members were named until those are in sync;
 * a timeout is exit 7 with their causes, and what runs then goes on running. Without a quorum there is nothing to wait for, which is said.
 * Partial failure: exit 9.
 */
export async function startMembers(request: StartRequest, context: ActionContext): Promise<ActionResult> {
  const startedAt = performance.now();
  const { engine, observer, signal } = context;
  const { name } = request;
  const observed = await observe(engine, name);
  if (!observed.record) throw noSuchEnsemble(name);
  const { plan, chosen } = planStart(observed, observed.record, request.members);
  const made = { containers: [], networks: [] };
  const waitsForNothing = async (): Promise<void> => undefined;
  const tasks = chosen.map(({ id, container }) => {
    const operations = plan.operations.filter((operation) => 'member' in operation && operation.member.id === id);
    const own = { engine, plan: { ...plan, operations }, observed, observer, signal, made };
    // A plan each: one that cannot be started does not keep the others from it.
    const act = (): Promise<void> => applyPlan({ ...own, awaitQuorum: waitsForNothing, awaitAnswer: waitsForNothing });
    return { id, container, act: operations.length > 0 ? act : undefined };
  });
  const result = await actOnMembers(tasks, { cluster: name, action: 'started', signal, startedAt });
  if (request.wait) await awaitStarted(request, observed, context);
  return { ...result, tookMs: Math.round(performance.now() - startedAt) };
}

/** Waits for the members that were started, provided that those which run now can be a quorum. */
export async function awaitStarted(
  request: Pick<StartRequest, 'name' | 'members' | 'timeoutMs'>,
  before: ObservedEnsemble,
  context: ActionContext,
): Promise<void> {
  const { engine, ask, observer, signal } = context;
  const { name, timeoutMs } = request;
  const only = [...new Set(request.members)];
  const voters = membersOf(before).filter(({ role }) => role === 'participant');
  const runs = ({ id }: WantedMember): boolean => {
    const there = before.members.get(id);
    return only.length === 0 || only.includes(id) || there?.container.state === 'running';
  };
  const running = voters.filter(runs).length;
  if (running < quorumOf(voters.length)) {
    observer.caution(`${running} of ${voters.length} voting members run, ${quorumOf(voters.length)} are needed: not waiting for a quorum`);
    return;
  }
  const step = waitStep(only);
  observer.start(step);
  const result = await awaitReady(engine, await observe(engine, name, { details: true }), {
    timeoutMs,
    signal,
    ask,
    ...(only.length > 0 ? { only } : {}),
    onWait: ({ causes }) => observer.update(step, causes.map(({ member, cause }) => `member ${member}: ${cause}`).join('; ')),
  });
  observer.end(step, result.ended === 'ready' ? 'done' : 'failed');
  if (result.ended === 'gone') throw takenAway(name);
  if (result.ended !== 'ready') throw notReady(name, timeoutMs, result);
}

function waitStep(only: readonly number[]): string {
  if (only.length === 0) return 'wait until the ensemble is ready';
  return only.length > 1 ? `wait until members ${only.join(', ')} are in sync` : `wait until member ${only.join()} is in sync`;
}
