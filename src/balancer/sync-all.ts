/** One pass over the balancers of an engine. */
import type { Engine } from '../engine/index.js';
import { messageOf, ZkdError } from '../errors.js';
import { listRegistrations, servicePath, usableOf, type Reachable } from '../registry/index.js';
import type { ZooKeeperSession } from '../zookeeper/index.js';
import { findBalancers, type Balancer } from './observe.js';
import { chosen, noSuchBalancer } from './remove.js';
import { syncBalancer, type Synced } from './sync.js';

export interface SyncAllRequest {
  readonly registryId: string;
  /** Container names or services; all balancers of the registry where empty. Rejects with `not-found` for one that is none. */
  readonly names: readonly string[];
  readonly windowMs: number;
}

export interface SyncedBalancer {
  readonly name: string;
  readonly service: string;
  readonly changed: boolean;
  /** Null where it could not be kept in step. */
  readonly servers: Synced | null;
  readonly error: string | null;
}

/** The balancers of this engine that follow the registry, those that were named. */
export async function findFollowers(
  engine: Engine,
  { registryId, names }: Pick<SyncAllRequest, 'registryId' | 'names'>,
): Promise<Balancer[]> {
  const own = (await findBalancers(engine)).filter(({ birth }) => birth.registry.id === registryId);
  if (names.length === 0) return own;
  for (const name of names) if (chosen(own, [name]).length === 0) throw noSuchBalancer(name);
  return chosen(own, names);
}

/** One that fails does not keep the others from being done. */
export async function syncAll(session: ZooKeeperSession, engine: Engine, request: SyncAllRequest): Promise<SyncedBalancer[]> {
  const balancers = await findFollowers(engine, request);
  return Promise.all(
    balancers.map(async ({ name, container, birth }): Promise<SyncedBalancer> => {
      const { service, registry } = birth;
      try {
        if (container.state !== 'running') throw new ZkdError('conflict', `its container is ${container.state}`);
        const instances = await readInstances(session, registry.root, service);
        const synced = await syncBalancer(engine, { name, containerId: container.id, instances, windowMs: request.windowMs });
        return { name, service, changed: synced.how !== 'unchanged', servers: synced, error: null };
      } catch (error) {
        // Without a registry nothing is known of any of them.
        if (error instanceof ZkdError && error.code === 'zookeeper-unavailable') throw error;
        return { name, service, changed: false, servers: null, error: messageOf(error) };
      }
    }),
  );
}

/** Those of a service that may be used. Rejects with `denied` where some may not be read: who cannot be seen is not gone. */
export async function readInstances(session: ZooKeeperSession, root: string, service: string): Promise<Reachable[]> {
  const { registrations, denied } = await listRegistrations(session, { root, service }, Promise.resolve(undefined));
  if (denied.length === 0) return usableOf(registrations);
  throw new ZkdError('denied', `What is registered of service "${service}" may not be read: ${denied.join(', ')}`, {
    details: { paths: denied, path: servicePath(root, service) },
  });
}
