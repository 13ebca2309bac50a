/** `stop`: ends members' containers, all at the same time. Containers, data and identity stay; the engine does not start them again. */
import { messageOf } from '../errors.js';
import { chooseMembers } from './choose-members.js';
import { actOnMembers, type ActionContext, type ActionResult } from './member-actions.js';
import { noSuchEnsemble, observe, type ObservedMember } from './observe.js';
import { findQuorumLoss } from './quorum-guard.js';
import { isUp, stopContainer } from './stop-container.js';
import { refuseBlind, viewMembers } from './view.js';

export interface StopRequest {
  readonly name: string;
  /** Only these members; the whole ensemble when empty. */
  readonly members: readonly number[];
  /** Takes members away although the quorum goes with them. */
  readonly force: boolean;
}

const PROBE_TIMEOUT_MS = 2000;

/**
 * Stops the ensemble, or some members of it; safe to repeat, also after an interruption. Rejects with `refused` before anything is touched
 * where single members would take a healthy quorum along; the whole ensemble by name is done. Partial failure: exit 9.
 */
export async function stopMembers(request: StopRequest, context: ActionContext): Promise<ActionResult> {
  const startedAt = performance.now();
  const { engine, ask, signal } = context;
  const { name, force } = request;
  const observed = await observe(engine, name);
  if (!observed.record) throw noSuchEnsemble(name);
  const chosen = chooseMembers(observed, request.members);
  if (request.members.length > 0 && !force && chosen.some(({ container }) => isUp(container))) {
    refuseBlind(engine, observed);
    const { members } = await viewMembers(engine, observed, { ask, timeoutMs: PROBE_TIMEOUT_MS, signal });
    const loss = findQuorumLoss({ name, members, away: chosen.map(({ id }) => id), command: 'stop' });
    if (loss) throw loss;
  }
  const tasks = chosen.map((member) => ({
    id: member.id,
    container: member.container.name,
    act: isUp(member.container) ? () => stop(member, context) : undefined,
  }));
  return actOnMembers(tasks, { cluster: name, action: 'stopped', signal, startedAt });
}

async function stop({ id, container }: ObservedMember, { engine, observer, signal }: ActionContext): Promise<void> {
  const step = `stop member ${id} (${container.name})`;
  observer.start(step);
  try {
    await stopContainer(engine, container, signal);
    observer.end(step, 'done');
  } catch (error) {
    if (!signal.aborted) observer.end(step, 'failed', messageOf(error));
    throw error;
  }
}
