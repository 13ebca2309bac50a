/** Why a plan must not be made: each throws before anything was touched, and names what overrides it, if anything does. Pure. */
import { ZkdError } from '../errors.js';
import type { Outdated } from './change.js';
import type { Wellbeing } from './plan-roll.js';
import { quorumOf, type WantedMember } from './members.js';
import { networkName, VOLUME_KINDS, volumeName } from './names.js';
import type { ObservedEnsemble } from './observe.js';
import type { EnsembleRecord } from './record.js';

/** `run` wanted a new ensemble. */
export function existsAlready(name: string, observed: ObservedEnsemble): ZkdError {
  const what = observed.members.size > 0 ? 'exists already' : 'exists already: its data volumes were kept';
  return new ZkdError('conflict', `Ensemble "${name}" ${what}`, {
    suggestions: [`zkd cluster up ${name}`, `zkd cluster down ${name} --volumes`],
    details: { cluster: name },
  });
}

/** Ports stand in the configuration the members have agreed on: only a quorum can change them, and each member has to take part. */
export function refusePortChange(name: string, record: EnsembleRecord, members: readonly WantedMember[], observed: ObservedEnsemble): void {
  const isMoved = ({ id }: WantedMember): boolean => observed.record !== undefined && observed.record.ports[id] !== record.ports[id];
  if (members.length === 1 || !members.some(isMoved)) return;
  const down = members.filter(({ id }) => observed.members.get(id)?.container.state !== 'running').map(({ id }) => id);
  if (down.length === 0) return;
  throw new ZkdError(
    'refused',
    `The ports of ensemble "${name}" can be changed only while all its members run: member${down.length > 1 ? 's' : ''} ${down.join(', ')} ${down.length > 1 ? 'do' : 'does'} not`,
    { suggestions: [`zkd cluster up ${name}`, `zkd cluster status ${name}`], details: { cluster: name, notRunning: down } },
  );
}

/**
 * The data of an ephemeral ensemble goes with the container: a voter may be replaced only while others hold what it held, and it was
 * in sync with them.
 */
export function refuseEphemeralLoss(
  name: string,
  members: readonly WantedMember[],
  outdated: readonly Outdated[],
  { well }: Wellbeing,
): void {
  const voters = members.filter(({ role }) => role === 'participant');
  const lost = outdated.filter(({ member }) => member.role === 'participant' && (voters.length === 1 || !well.has(member.id)));
  if (lost.length === 0) return;
  const ids = lost.map(({ member }) => member.id);
  throw new ZkdError(
    'refused',
    `Ensemble "${name}" keeps its data in its containers (--ephemeral): replacing member${ids.length > 1 ? 's' : ''} ${ids.join(', ')} loses it`,
    {
      suggestions: [`zkd cluster start ${name}`, `zkd cluster up ${name} --accept-data-loss`],
      details: { cluster: name, members: ids, override: '--accept-data-loss' },
    },
  );
}

/** A name the ensemble needs is taken by something that is not its own, or the network to join does not exist. */
export function refuseStrangers(
  name: string,
  { settings }: EnsembleRecord,
  members: readonly WantedMember[],
  observed: ObservedEnsemble,
): void {
  const wanted = settings.ephemeral ? [] : members.flatMap(({ id }) => VOLUME_KINDS.map((kind) => volumeName(name, id, kind)));
  const taken = wanted.filter((volume) => observed.strangers.volumes.includes(volume));
  if (taken.length > 0) {
    throw new ZkdError('conflict', `Volume "${taken[0]}" exists and does not belong to ensemble "${name}"`, {
      suggestions: [`docker volume inspect ${taken[0]}`, 'zkd cluster up another-name'],
      details: { volumes: taken },
    });
  }
  if (settings.network === null && observed.strangers.networks.length > 0) {
    throw new ZkdError('conflict', `Network "${networkName(name)}" exists and does not belong to ensemble "${name}"`, {
      suggestions: [`docker network inspect ${networkName(name)}`, `zkd cluster up ${name} --network ${networkName(name)}`],
      details: { networks: observed.strangers.networks },
    });
  }
  if (settings.network !== null && observed.foreignNetwork === undefined) {
    throw new ZkdError('not-found', `Network "${settings.network}" does not exist`, {
      suggestions: [`docker network create ${settings.network}`],
    });
  }
}

/**
 * A voter whose data is gone must not vote before it has the others' data back: with an equally ignorant or stale one it could outvote
 * acknowledged writes. So the others must be able to form a quorum without it.
 */
export function refuseDataLoss(name: string, members: readonly WantedMember[], lost: readonly WantedMember[]): void {
  const voters = members.filter(({ role }) => role === 'participant');
  if (voters.length - lost.length >= quorumOf(voters.length)) return;
  const ids = lost.map(({ id }) => id);
  throw new ZkdError(
    'refused',
    `The data of member${ids.length > 1 ? 's' : ''} ${ids.join(', ')} of ensemble "${name}" is gone, and the other voters are no quorum: starting without it may lose acknowledged writes`,
    {
      suggestions: ['Restore the data volumes, or accept the loss:', `zkd cluster up ${name} --accept-data-loss`],
      details: { membersWithoutData: ids, override: '--accept-data-loss' },
    },
  );
}
