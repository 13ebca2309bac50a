/** Who an ensemble consists of, derived from its settings: ids, roles, names, ports, addresses. Pure. */
import { containerName } from './names.js';
import type { Settings } from './settings.js';

export type Role = 'participant' | 'observer';

/** A member as it should be. */
export interface WantedMember {
  readonly id: number;
  readonly role: Role;
  /** Its container's name, host name and address on the ensemble's network. */
  readonly container: string;
  /** The client port, the same inside and outside (docs/adr/0003). */
  readonly port: number;
}

/** Member id -> host port. */
export type Ports = Readonly<Record<number, number>>;

/** The ids of an ensemble with these settings: participants first, observers after them. */
export function memberIds(settings: Pick<Settings, 'size' | 'observers'>): number[] {
  return Array.from({ length: settings.size + settings.observers }, (_, index) => index + 1);
}

export function wantedMembers(cluster: string, settings: Settings, ports: Ports): WantedMember[] {
  return memberIds(settings).map((id) => ({
    id,
    role: id <= settings.size ? 'participant' : 'observer',
    container: containerName(cluster, id),
    port: ports[id] ?? 0,
  }));
}

export const QUORUM_PORT = 2888;
export const ELECTION_PORT = 3888;

/** The `server.N=` lines of an ensemble. Each member's own name, never 0.0.0.0: the lines are pushed to every server and client. */
export function serverLines(members: readonly WantedMember[]): string[] {
  return members.map(
    ({ id, role, container, port }) => `server.${id}=${container}:${QUORUM_PORT}:${ELECTION_PORT}:${role};${container}:${port}`,
  );
}

/** How many voters make a quorum. */
export const quorumOf = (voters: number): number => Math.floor(voters / 2) + 1;
