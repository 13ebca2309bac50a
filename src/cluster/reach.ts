/**
 * From where zkd itself reaches an ensemble's members, in this order (docs/adr/0010): zkd runs in a container on the ensemble's network: the
 * members' own names; a local engine: the published address; a tcp or ssh engine: that host. Pure.
 */
import type { ContainerDetails, EngineEndpoint } from '../engine/index.js';
import { ZkdError } from '../errors.js';
import { networkName } from './names.js';
import type { Settings } from './settings.js';

/** What decides it. */
export interface Vantage {
  readonly endpoint: EngineEndpoint;
  /** The container of this engine that zkd runs in. */
  readonly ownContainer: ContainerDetails | undefined;
}

/** Of an ensemble, what decides it. */
export interface Published {
  /** The network its members are on. */
  readonly network: string;
  /** The address its ports are published on. */
  readonly bind: string;
}

export type Reach =
  /** By the members' own names. */
  | { readonly kind: 'internal' }
  /** On their published ports, at this host. */
  | { readonly kind: 'published'; readonly host: string }
  /** Not at all; `host` is where others reach them, `remedy` a command that changes it where there is one. */
  | { readonly kind: 'none'; readonly host: string; readonly why: string; readonly remedy: string | null };

const EVERYWHERE = '0.0.0.0';
const isLoopback = (address: string): boolean => address.startsWith('127.');

/** The network and address of an ensemble with these settings. */
export const publishedBy = (name: string, { network, bind }: Pick<Settings, 'network' | 'bind'>): Published => ({
  network: network ?? networkName(name),
  bind,
});

/** True where this process has the network of the engine's host, so that its addresses and ports are those ports are published on. */
export function sharesHostNetwork({ endpoint, ownContainer }: Vantage): boolean {
  return endpoint.remoteHost === null && (ownContainer === undefined || ownContainer.networks.some(({ name }) => name === 'host'));
}

/** Decides from where the members of an ensemble are reached. */
export function reachOf(vantage: Vantage, { network, bind }: Published): Reach {
  const { endpoint, ownContainer } = vantage;
  const attached = ownContainer?.networks.filter(({ address }) => address !== '') ?? [];
  if (attached.some(({ name }) => name === network)) return { kind: 'internal' };
  if (endpoint.remoteHost !== null) {
    if (!isLoopback(bind)) return { kind: 'published', host: endpoint.remoteHost };
    return { kind: 'none', host: bind, why: `its port is published on ${bind} of ${endpoint.remoteHost} only`, remedy: null };
  }
  if (sharesHostNetwork(vantage)) return { kind: 'published', host: bind === EVERYWHERE ? '127.0.0.1' : bind };
  const own = ownContainer?.name ?? '';
  const gateway = attached.find((found) => found.gateway !== undefined)?.gateway;
  if (!isLoopback(bind) && gateway !== undefined) return { kind: 'published', host: bind === EVERYWHERE ? gateway : bind };
  return {
    kind: 'none',
    host: bind === EVERYWHERE ? '127.0.0.1' : bind,
    why: `zkd runs in container "${own}", which is not on network "${network}"`,
    remedy: `docker network connect ${network} ${own}`,
  };
}

/** The host part of a member's address: where zkd reaches it, or where others do. */
export const hostOf = (reach: Reach, container: string): string => (reach.kind === 'internal' ? container : reach.host);

/** Why a member cannot be asked, with what to do where one command does it; null where it can. */
export function outOfReach(reach: Reach): string | null {
  if (reach.kind !== 'none') return null;
  return `cannot be reached from here: ${reach.why}${reach.remedy === null ? '' : ` (${reach.remedy})`}`;
}

/** Exit 6: a living ensemble whose members zkd would have to ask, and cannot. */
export function unreachable(name: string, { why, remedy, host }: Reach & { kind: 'none' }): ZkdError {
  return new ZkdError('zookeeper-unavailable', `The members of ensemble "${name}" cannot be reached from here: ${why}`, {
    suggestions:
      remedy === null ? [] : [remedy, `Run zkd where ${host} is the engine's own, for instance in a container with --network host`],
    details: { reason: 'out-of-reach', cluster: name },
  });
}

/**
 * Exit 2: an ensemble that is to be made where zkd could not see it become ready: nothing is made before it is said how it shall be
 * reached.
 */
export function sayHowToReach(name: string, { why }: Reach & { kind: 'none' }, { endpoint, ownContainer }: Vantage): ZkdError {
  const details = { reason: 'out-of-reach', cluster: name, engine: endpoint.url };
  if (endpoint.remoteHost !== null || ownContainer === undefined) {
    const message = `The engine is on ${endpoint.remoteHost}: say on which of its addresses to publish, its loopback cannot be reached from here`;
    return new ZkdError('usage', message, { suggestions: ['--bind ADDRESS'], details });
  }
  const own = ownContainer.networks.find(({ name: network, address }) => address !== '' && network !== 'bridge')?.name;
  const joined = own ?? `${name}-net`;
  const suggestions = [
    ...(own === undefined ? [`docker network create ${joined}`, `docker network connect ${joined} ${ownContainer.name}`] : []),
    `zkd cluster up ${name} --network ${joined}`,
    'Or run the container of zkd with --network host; or give --no-wait, and connect it to the network of the ensemble afterwards',
  ];
  return new ZkdError('usage', `Ensemble "${name}" could not be reached once it is made: ${why}`, { suggestions, details });
}
