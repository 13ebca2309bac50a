/** Registered instances and the containers of an engine: which is whose, and which record outlived its container. Pure. */
import type { ContainerHealth, ContainerSummary, EngineIdentity } from '../engine/index.js';
import type { Instance } from './read-registry.js';
import type { RecordFormat, ServiceRecord } from './records.js';

export interface RegisteredContainer {
  readonly id: string;
  readonly name: string;
  readonly image: string;
  /** The engine's word; null on another engine. */
  readonly state: string | null;
  readonly health: ContainerHealth | null;
  /** Name of the engine's host. */
  readonly host: string;
}

/** A registered instance as commands show it. */
export interface Registration {
  readonly service: string;
  readonly id: string;
  /** What its record calls it. */
  readonly name: string;
  readonly address: string | null;
  readonly port: number | null;
  readonly path: string;
  readonly format: RecordFormat;
  /** Null for a record that outlives whoever wrote it. */
  readonly session: string | null;
  /** ISO 8601, UTC. */
  readonly registeredAt: string;
  readonly tags: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
  readonly weight: number;
  /** What a balancer may send requests to: it can be reached, says nothing else itself, and its container is not known to be unwell. */
  readonly usable: boolean;
  /** Null where it is not known; where no engine could be asked, too. */
  readonly container: RegisteredContainer | null;
  /** Its container does not run any more. */
  readonly stale: boolean;
  /** Why the record could not be read. */
  readonly problem: string | null;
}

/** Containers as an engine tells of them. */
export interface EngineView {
  readonly engine: EngineIdentity;
  readonly containers: readonly ContainerSummary[];
}

/** `view` is undefined where no engine could be asked. */
export function joinContainers(instances: readonly Instance[], view: EngineView | undefined): Registration[] {
  return instances.map((instance) => {
    const { service, id, path, record, stat } = instance;
    const found = view && findContainer(record, view);
    const container = found ? describe(found, view.engine) : elsewhere(record);
    const isMissing = view !== undefined && record.engineId === view.engine.id && record.containerId !== null && !found;
    const isStale = isMissing || (found !== undefined && found.state !== 'running');
    const { name, address, port, format, tags, metadata, weight, problem } = record;
    const isUnwell = isStale || (container !== null && (container.health === 'unhealthy' || container.health === 'starting'));
    return {
      service,
      id,
      name,
      address,
      port,
      path,
      format,
      session: stat.ephemeralOwner,
      registeredAt: record.registeredAt ?? stat.ctime,
      tags,
      metadata,
      weight,
      usable: problem === null && !record.isOutOfService && !isUnwell && weight > 0,
      container,
      stale: isStale,
      problem,
    };
  });
}

/**
 * By the id the record carries; else by its address and port, where a running container has them on one of its networks or publishes them on
 * exactly that address.
 */
function findContainer(record: ServiceRecord, { engine, containers }: EngineView): ContainerSummary | undefined {
  const { containerId, engineId, address, port } = record;
  if (engineId !== null && engineId !== engine.id) return undefined;
  if (containerId !== null) return containers.find(({ id }) => id.startsWith(containerId));
  if (address === null || port === null) return undefined;
  const running = containers.filter(({ state }) => state === 'running');
  return (
    running.find(({ networks }) => networks.some((network) => network.address === address)) ??
    running.find(({ ports }) => ports.some(({ hostAddress, hostPort }) => hostAddress === address && hostPort === port))
  );
}

function describe({ id, name, image, state, health }: ContainerSummary, engine: EngineIdentity): RegisteredContainer {
  return { id, name, image, state, health, host: engine.name };
}

/** What the record itself tells of a container on an engine that was not asked. */
function elsewhere({ container, engineName, containerId }: ServiceRecord): RegisteredContainer | null {
  if (!container || containerId === null || engineName === null) return null;
  return { id: containerId, name: container.name, image: container.image, state: null, health: null, host: engineName };
}
