/** One member of an ensemble, by what was asked for. */
import { ZkdError } from '../errors.js';
import { noSuchEnsemble, type ObservedEnsemble, type ObservedMember } from './observe.js';
import { membersOf } from './view.js';

/** Whether the ensemble has, or should have, such a member; its container may be gone. */
const isKnown = (observed: ObservedEnsemble, id: number): boolean =>
  observed.members.has(id) || membersOf(observed).some((member) => member.id === id);

/** Rejects with `not-found` where there is no such ensemble, or one of the members is none of its own. */
export function checkMembers(observed: ObservedEnsemble, ids: readonly number[]): void {
  if (!observed.record) throw noSuchEnsemble(observed.name);
  const stranger = ids.find((id) => !isKnown(observed, id));
  if (stranger === undefined) return;
  throw new ZkdError('not-found', `Ensemble "${observed.name}" has no member ${stranger}`, {
    suggestions: [`zkd cluster ps ${observed.name}`],
    details: { cluster: observed.name, member: stranger },
  });
}

/** A member whose container runs. `not-found` where there is no such member or its container is gone, `conflict` where it does not run. */
export function runningMember(observed: ObservedEnsemble, id: number): ObservedMember {
  checkMembers(observed, [id]);
  const member = observed.members.get(id);
  const about = { cluster: observed.name, member: id };
  if (!member) {
    throw new ZkdError('not-found', `The container of member ${id} of ensemble "${observed.name}" is gone`, {
      suggestions: [`zkd cluster up ${observed.name}`],
      details: { ...about, reason: 'no-such-container' },
    });
  }
  if (member.container.state === 'running') return member;
  const { state } = member.container;
  throw new ZkdError('conflict', `Member ${id} of ensemble "${observed.name}" does not run: its container is ${state}`, {
    suggestions: [state === 'paused' ? `docker unpause ${member.container.name}` : `zkd cluster start ${observed.name}`],
    details: { ...about, reason: 'not-running', state },
  });
}
