/** The documents of the command-line contract: `Cluster` and `Member`, from what was seen. Pure. */
import { isIPv6 } from 'node:net';
import type { EngineEndpoint } from '../engine/index.js';
import { formatHex } from '../zookeeper/index.js';
import { epochUnder, lagBehind, type MemberHealth } from './health.js';
import type { Role } from './members.js';
import { containerName, networkName } from './names.js';
import type { ObservedEnsemble, ObservedMember } from './observe.js';
import type { EnsembleRecord } from './record.js';
import type { MemberCause, MemberView } from './readiness.js';
import { hostOf, publishedBy, reachOf, type Vantage } from './reach.js';
import { membersOf, type EnsembleView } from './view.js';

export interface Member {
  readonly id: number;
  readonly container: string;
  readonly containerId: string | null;
  readonly role: Role;
  /** The engine's word; `gone` where there is no container. */
  readonly state: string;
  readonly restarts: number;
  readonly mode: string | null;
  readonly version: string | null;
  readonly zxid: string | null;
  readonly epoch: number | null;
  /** Transactions behind the leader; null where the epochs differ or nobody leads. */
  readonly lag: number | null;
  readonly address: string;
  readonly internalAddress: string;
  readonly connections: number | null;
  readonly latencyMs: { readonly min: number; readonly avg: number; readonly max: number } | null;
  readonly outstanding: number | null;
  readonly error: string | null;
}

export interface Cluster {
  readonly name: string;
  readonly size: number;
  readonly image: string;
  readonly network: string;
  readonly connect: string;
  readonly internalConnect: string;
  readonly leader: number | null;
  readonly epoch: number | null;
  readonly members: readonly Member[];
}

interface Described extends Vantage {
  readonly record: EnsembleRecord;
}

/** A member's address where zkd reaches it; where it cannot, the published one. */
export function externalAddress(vantage: Vantage, record: EnsembleRecord, id: number): string {
  const host = hostOf(reachOf(vantage, publishedBy(record.cluster, record.settings)), containerName(record.cluster, id));
  return `${isIPv6(host) ? `[${host}]` : host}:${record.ports[id]}`;
}
export const internalAddress = (record: EnsembleRecord, id: number): string => `${containerName(record.cluster, id)}:${record.ports[id]}`;

function describeMember(
  id: number,
  role: Role,
  observed: ObservedMember | undefined,
  { record, ...vantage }: Described,
  health: MemberHealth | undefined,
  leader: MemberHealth | undefined,
  error: string | null,
): Member {
  const status = health?.status ?? null;
  const zxid = status?.zxid ?? null;
  return {
    id,
    container: containerName(record.cluster, id),
    containerId: observed?.container.id ?? null,
    role,
    state: observed?.container.state ?? 'gone',
    restarts: observed?.details?.restarts ?? 0,
    mode: status?.mode ?? null,
    version: status?.version ?? null,
    zxid: zxid === null ? null : formatHex(zxid),
    epoch: health ? epochUnder(leader, health) : null,
    lag: health ? lagBehind(leader, health) : null,
    address: externalAddress(vantage, record, id),
    internalAddress: internalAddress(record, id),
    connections: status?.connections ?? null,
    latencyMs: status?.latencyMs ?? null,
    outstanding: status?.outstanding ?? null,
    error,
  };
}

/** The members as containers only: what `ps` shows. Containers beyond the recorded membership are shown too. */
export function describeContainers(observed: ObservedEnsemble, endpoint: EngineEndpoint): Member[] {
  const { record, ownContainer } = observed;
  if (!record) return [];
  return [...observed.members.values()].map((member) =>
    describeMember(member.id, member.role, member, { record, endpoint, ownContainer }, undefined, undefined, null),
  );
}

/** The whole ensemble. `causes` become the members' `error`. */
export function describeCluster({ observed, members }: EnsembleView, endpoint: EngineEndpoint, causes: readonly MemberCause[]): Cluster {
  const record = observed.record;
  if (!record) throw new TypeError(`Ensemble "${observed.name}" has no record to describe`);
  const leader = members.find(({ health }) => health.status?.mode === 'leader' || health.status?.mode === 'standalone');
  const describe = ({ id, health, observed: there }: MemberView): Member =>
    describeMember(
      id,
      health.role,
      there,
      { record, endpoint, ownContainer: observed.ownContainer },
      health,
      leader?.health,
      causes.find(({ member }) => member === id)?.cause ?? null,
    );
  return {
    ...describeAddresses(observed, record, endpoint),
    leader: leader?.id ?? null,
    epoch: leader?.health.epoch ?? null,
    members: members.map(describe),
  };
}

/** What stays the same through an ensemble's life. */
export function describeAddresses(
  observed: ObservedEnsemble,
  record: EnsembleRecord,
  endpoint: EngineEndpoint,
): Omit<Cluster, 'leader' | 'epoch' | 'members'> {
  const ids = membersOf({ ...observed, record }).map(({ id }) => id);
  return {
    name: record.cluster,
    size: record.settings.size,
    image: record.image.used,
    network: record.settings.network ?? networkName(record.cluster),
    connect: ids.map((id) => externalAddress({ endpoint, ownContainer: observed.ownContainer }, record, id)).join(','),
    internalConnect: ids.map((id) => internalAddress(record, id)).join(','),
  };
}
