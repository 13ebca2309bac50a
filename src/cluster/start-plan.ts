/** (members asked for, what is there) -> which containers to start. A plan as `up` makes them, so that starting is one mechanism. Pure. */
import { ZkdError } from '../errors.js';
import { noSuchMember } from './choose-members.js';
import type { WantedMember } from './members.js';
import { networkName } from './names.js';
import type { ObservedEnsemble } from './observe.js';
import type { Operation } from './operations.js';
import type { Plan } from './plan.js';
import type { EnsembleRecord } from './record.js';
import { isUp } from './stop-container.js';
import { membersOf } from './view.js';

export interface StartPlan {
  readonly plan: Plan;
  /** The members that were asked for, in that order. */
  readonly chosen: readonly WantedMember[];
}

/** Decides what to start. Throws where a container is not there or was never started: those are made by `up`. */
export function planStart(observed: ObservedEnsemble, record: EnsembleRecord, ids: readonly number[]): StartPlan {
  const members = membersOf(observed);
  const find = (id: number): WantedMember => {
    const member = members.find((other) => other.id === id);
    if (!member) throw noSuchMember(observed, id);
    return member;
  };
  const chosen = ids.length === 0 ? members : [...new Set(ids)].map(find);
  const stateOf = ({ id }: WantedMember): string => observed.members.get(id)?.container.state ?? 'gone';
  const gone = chosen.filter((member) => ['gone', 'removing'].includes(stateOf(member)));
  if (gone.length > 0) throw notThere(observed.name, gone);
  const unstarted = chosen.filter((member) => stateOf(member) === 'created');
  if (unstarted.length > 0) throw neverStarted(observed.name, unstarted);
  const network = record.settings.network ?? networkName(observed.name);
  const operations = chosen.flatMap((member) => operationFor(member, observed, network));
  if (operations.length > 0) refuseMissingNetwork(observed, record, network);
  return { plan: { record, members, isBirth: false, network, operations, differences: [], questions: [], warnings: [] }, chosen };
}

function operationFor(member: WantedMember, observed: ObservedEnsemble, network: string): Operation[] {
  const there = observed.members.get(member.id);
  const base = { key: `start-${member.id}`, after: [], member };
  if (there?.container.state === 'paused') return [{ ...base, kind: 'unpause-member' }];
  if (!there || isUp(there.container)) return [];
  // Somebody disconnected it while it was stopped: started like that it would find nobody.
  if (!there.container.networks.some(({ name }) => name === network)) return [{ ...base, kind: 'reconnect-member', network }];
  const exitCode = there.details?.exitCode ?? null;
  return [{ ...base, kind: 'start-member', cause: exitCode === null ? there.container.state : `exited with code ${exitCode}` }];
}

const listed = (members: readonly { readonly id: number }[]): string =>
  `member${members.length > 1 ? 's' : ''} ${members.map(({ id }) => id).join(', ')}`;

function notThere(name: string, members: readonly WantedMember[]): ZkdError {
  const what = members.length > 1 ? 'The containers of' : 'The container of';
  return new ZkdError('not-found', `${what} ${listed(members)} of ensemble "${name}" ${members.length > 1 ? 'are' : 'is'} gone`, {
    suggestions: [`zkd cluster up ${name}`],
    details: { cluster: name, members: members.map(({ id }) => id) },
  });
}

/** Exit 12. The image's entrypoint would invent a configuration, and a start would hide that the birth was cut short. */
export function neverStarted(name: string, members: readonly { readonly id: number }[]): ZkdError {
  const was = members.length > 1 ? 'were' : 'was';
  return new ZkdError('refused', `${listed(members)} of ensemble "${name}" ${was} never started`.replace(/^m/, 'M'), {
    suggestions: [`zkd cluster up ${name}`],
    details: { cluster: name, members: members.map(({ id }) => id) },
  });
}

function refuseMissingNetwork({ name, networks, foreignNetwork }: ObservedEnsemble, { settings }: EnsembleRecord, network: string): void {
  const isForeign = settings.network !== null;
  if (isForeign ? foreignNetwork : networks.length > 0) return;
  throw new ZkdError('not-found', `Network "${network}" of ensemble "${name}" is gone`, {
    suggestions: [isForeign ? `docker network create ${network}` : `zkd cluster up ${name}`],
    details: { cluster: name, network },
  });
}
