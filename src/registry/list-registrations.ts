/** The registry beside what the engine knows of its containers. */
import type { Engine } from '../engine/index.js';
import type { ZooKeeperSession } from '../zookeeper/index.js';
import { joinContainers, type EngineView, type Registration } from './join-containers.js';
import { readRegistry } from './read-registry.js';

export interface Registrations {
  /** By service, then by id. */
  readonly registrations: readonly Registration[];
  /** What may not be looked at. */
  readonly denied: readonly string[];
  readonly warnings: readonly string[];
}

export interface RegistryQuery {
  readonly root: string;
  readonly service?: string | undefined;
}

/** Two calls for any number of containers. */
export async function viewEngine(engine: Engine): Promise<EngineView> {
  const [identity, containers] = await Promise.all([engine.identify(), engine.listContainers({})]);
  return { engine: identity, containers };
}

/** `view` is what an engine says of its containers, or undefined where none could be asked: what became of them is not known then. */
export async function listRegistrations(
  session: ZooKeeperSession,
  query: RegistryQuery,
  view: Promise<EngineView | undefined>,
): Promise<Registrations> {
  const [{ instances, denied, warnings }, seen] = await Promise.all([readRegistry(session, query), view]);
  return { registrations: joinContainers(instances, seen), denied, warnings };
}
