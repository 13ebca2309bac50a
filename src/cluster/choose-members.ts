/** The members a command is about: those that were named, or all. Pure. */
import { ZkdError } from '../errors.js';
import { membersOf } from './view.js';
import type { ObservedEnsemble, ObservedMember } from './observe.js';

/** The containers of these members, each once; all there are where nobody is named. Exit 3 for one that has no container. */
export function chooseMembers(observed: ObservedEnsemble, ids: readonly number[]): ObservedMember[] {
  if (ids.length === 0) return [...observed.members.values()];
  return [...new Set(ids)].map((id) => {
    const member = observed.members.get(id);
    if (!member) throw noSuchMember(observed, id);
    return member;
  });
}

/** Exit 3: the ensemble has no such member, or its container is gone and `up` makes it anew. */
export function noSuchMember(observed: ObservedEnsemble, id: number): ZkdError {
  const { name } = observed;
  const isMember = membersOf(observed).some((member) => member.id === id);
  return new ZkdError('not-found', `Ensemble "${name}" has no ${isMember ? 'container for ' : ''}member ${id}`, {
    suggestions: isMember ? [`zkd cluster up ${name}`, `zkd cluster ps ${name}`] : [`zkd cluster ps ${name}`],
    details: { cluster: name, member: id },
  });
}
