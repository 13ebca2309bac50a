/** What is to be registered of a container as it is now. Pure. */
import type { ContainerDetails, EngineIdentity, ExposedPort } from '../engine/index.js';
import { messageOf } from '../errors.js';
import { placeOf, type Advertised } from './advertise.js';
import { servicesOf, type LabelRules, type WantedService } from './labels.js';
import type { OwnRecord } from './records.js';
import { instancePath } from './registry-paths.js';

export interface RegistrationRules extends LabelRules {
  readonly root: string;
  /** For containers on several networks that do not say themselves. */
  readonly network?: string | undefined;
  /** What others call the engine's host. */
  readonly hostAddress?: string | undefined;
}

export interface WantedRecord {
  readonly path: string;
  readonly record: Omit<OwnRecord, 'registeredAtMs'>;
}

export interface WantedRecords {
  readonly records: readonly WantedRecord[];
  /** Why something that may be meant to be registered is not. */
  readonly problems: readonly string[];
  /** What is registered as asked, and may surprise others. */
  readonly notes: readonly string[];
}

export interface EngineFacts {
  readonly identity: EngineIdentity;
  /** The container by its whole id. */
  find(id: string): ContainerDetails | undefined;
}

/** The records of a container that serves; none where it does not run, is paused, or has a health check that does not call it healthy. */
export function wantedRecords(container: ContainerDetails, rules: RegistrationRules, engine: EngineFacts): WantedRecords {
  const reachable = withNetwork(container, engine);
  const { services, network, health, problems, notes } = servicesOf(reachable, rules);
  if (container.state !== 'running') return { records: [], problems, notes: [] };
  if (health === 'required' && container.health !== null && container.health !== 'healthy') return { records: [], problems, notes: [] };
  const found = services.map((service) => recordOf(reachable, service, { ...rules, network: network ?? rules.network }, engine.identity));
  return {
    records: found.filter((one) => typeof one !== 'string'),
    problems: [...problems, ...found.filter((one) => typeof one === 'string')],
    notes,
  };
}

/** The id it is registered under where nobody says another: no two containers of any engines share it. */
export const defaultInstanceId = (containerId: string, { port, protocol = 'tcp' }: Pick<WantedService, 'port'> & Partial<WantedService>) =>
  `${containerId.slice(0, 12)}-${port}${protocol === 'udp' ? '-udp' : ''}`;

/** A record, or why there cannot be one. */
function recordOf(
  container: ContainerDetails,
  wanted: WantedService,
  { root, network, hostAddress, how }: RegistrationRules,
  engine: EngineIdentity,
): WantedRecord | string {
  const { service, port, protocol, tags, metadata, weight, payload } = wanted;
  const id = wanted.id ?? defaultInstanceId(container.id, wanted);
  const { id: containerId, name, image } = container;
  try {
    const place = placeOf(container, { how: wayTo(container, how), port, protocol, network, hostAddress });
    const record = {
      service,
      id,
      ...place,
      payload,
      tags,
      metadata,
      weight,
      container: { id: containerId, name, image },
      engine,
      isAgents: true,
    };
    return { path: instancePath(root, service, id), record };
  } catch (error) {
    return messageOf(error);
  }
}

/** What is on the host's network is at the host's address and nowhere else. */
const wayTo = ({ networkMode }: ContainerDetails, how: Advertised): Advertised => (networkMode === 'host' ? 'host' : how);

/**
 * With the ports it is declared to have; on the host's network these are published as they are. One that shares another container's network
 * is where that one is.
 */
function withNetwork(container: ContainerDetails, engine: EngineFacts): ContainerDetails {
  const { networkMode, declaredPorts } = container;
  if (networkMode === 'host') {
    const exposedPorts = declaredPorts.map((one) => ({ ...one, bindings: [{ hostAddress: '0.0.0.0', hostPort: one.port }] }));
    return { ...container, exposedPorts };
  }
  const holder = networkMode.startsWith('container:') ? engine.find(networkMode.slice('container:'.length)) : undefined;
  if (!holder) return { ...container, exposedPorts: withDeclared(container.exposedPorts, declaredPorts) };
  const ofHolder = declaredPorts.map((one) => holder.exposedPorts.find((other) => isSamePort(one, other)) ?? one);
  return { ...container, networks: holder.networks, exposedPorts: ofHolder };
}

const isSamePort = (one: ExposedPort, other: ExposedPort): boolean => one.port === other.port && one.protocol === other.protocol;

function withDeclared(exposed: readonly ExposedPort[], declared: readonly ExposedPort[]): ExposedPort[] {
  const missing = declared.filter((one) => !exposed.some((other) => isSamePort(one, other)));
  return [...exposed, ...missing].sort((a, b) => a.port - b.port);
}
