/** Registering one container by hand, and taking registrations away. */
import { setTimeout as sleep } from 'node:timers/promises';
import { hasReason, ZkdError } from '../errors.js';
import type { ContainerDetails, Engine } from '../engine/index.js';
import { makeNode } from '../znodes/index.js';
import type { ZooKeeperSession } from '../zookeeper/index.js';
import { placeOf, type Advertisement, type Place } from './advertise.js';
import { readRegistry } from './read-registry.js';
import { formatRecord, parseRecord, type OwnRecord } from './records.js';
import { instancePath } from './registry-paths.js';
import { defaultInstanceId } from './wanted-records.js';

/** Before an engine that is gone is asked again. */
const AGAIN_MS = 1000;

export interface RegisterRequest extends Advertisement {
  readonly root: string;
  readonly service: string;
  /** The beginning of the container's id and the port where absent: no two containers of any engines share it. */
  readonly id?: string | undefined;
  readonly tags: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
  readonly weight: number;
  readonly payload: OwnRecord['payload'];
  /** Outlives the session. */
  readonly isPersistent: boolean;
}

export interface Registered extends Place {
  readonly service: string;
  readonly id: string;
  readonly path: string;
  readonly container: string;
}

/**
 * Writes the record of a running container. One of the same container that is there already is made anew: whoever wrote it may be gone, and its
 * node would go with that session. Rejects with `not-found` without such a container, with `conflict` for one that does not run, and where
 * another instance has the id.
 */
export async function registerContainer(
  session: ZooKeeperSession,
  engine: Engine,
  name: string,
  request: RegisterRequest,
): Promise<Registered> {
  const [container, identity] = await Promise.all([findRunning(engine, name), engine.identify()]);
  const { root, service, tags, metadata, weight, payload, isPersistent } = request;
  const place = placeOf(container, request);
  const id = request.id ?? defaultInstanceId(container.id, request);
  const path = instancePath(root, service, id);
  const { id: containerId, name: containerName, image } = container;
  const record = formatRecord({
    service,
    id,
    ...place,
    registeredAtMs: Date.now(),
    payload,
    tags,
    metadata,
    weight,
    container: { id: containerId, name: containerName, image },
    engine: identity,
  });
  await writeRecord(session, path, { data: Buffer.from(record), isPersistent, containerId });
  return { service, id, path, container: containerName, ...place };
}

async function findRunning(engine: Engine, name: string): Promise<ContainerDetails> {
  const container = await engine.findContainer(name);
  if (!container)
    throw new ZkdError('not-found', `There is no container "${name}"`, { suggestions: ['docker ps --all'], details: { container: name } });
  if (container.state === 'running') return container;
  throw new ZkdError('conflict', `Container "${container.name}" is ${container.state}: only one that runs can be registered`, {
    suggestions: [`docker start ${container.name}`],
    details: { container: container.name, state: container.state },
  });
}

interface Write {
  readonly data: Buffer;
  readonly isPersistent: boolean;
  readonly containerId: string;
}

async function writeRecord(session: ZooKeeperSession, path: string, { data, isPersistent, containerId }: Write): Promise<void> {
  const make = () => makeNode(session, { path, data, parents: true, mode: isPersistent ? 'persistent' : 'ephemeral' });
  try {
    await make();
    return;
  } catch (error) {
    if (!hasReason(error, 'node-exists')) throw error;
  }
  const before = await session.get(path).catch((error: unknown) => {
    if (hasReason(error, 'no-node')) return undefined;
    throw error;
  });
  if (before) {
    if (parseRecord(path, before.data).containerId !== containerId) {
      throw new ZkdError('conflict', `Another instance is registered as "${path}"`, {
        suggestions: ['--id ANOTHER', 'zkd containers ls'],
        details: { reason: 'node-exists', path },
      });
    }
    await session.delete(path, { version: before.stat.version });
  }
  await make();
}

/** Resolves when the container does not run any more, or with `signal`. An engine that goes is waited for. */
export async function containerEnds(engine: Engine, name: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      if (await hasEnded(engine, name, signal)) return;
    } catch (error) {
      if (!(error instanceof ZkdError) || error.code !== 'engine-unavailable') throw error;
    }
    await sleep(AGAIN_MS, undefined, { signal }).catch(() => undefined);
  }
}

/** False where the engine's events end before the container does. */
async function hasEnded(engine: Engine, name: string, signal: AbortSignal): Promise<boolean> {
  // What happens after the look is among the events.
  const events = engine.events({ labels: {}, signal });
  const container = await engine.findContainer(name);
  if (container?.state !== 'running' && container?.state !== 'paused') return true;
  for await (const { type, action, id } of events) if (type === 'container' && action === 'die' && id === container.id) return true;
  return false;
}

/**
 * Removes the records of a container, by its name or id as they carry them, or the one that is named as `SERVICE/ID`. Answers their paths; rejects with
 * `not-found` where there is none.
 */
export async function deregister(session: ZooKeeperSession, root: string, what: string): Promise<string[]> {
  const { instances } = await readRegistry(session, { root });
  const isMeant = ({ service, id, record }: (typeof instances)[number]): boolean =>
    what.includes('/')
      ? `${service}/${id}` === what
      : record.container?.name === what || (what.length >= 12 && record.containerId !== null && record.containerId.startsWith(what));
  const paths = instances.filter(isMeant).map(({ path }) => path);
  if (paths.length === 0) {
    throw new ZkdError('not-found', `Nothing is registered for "${what}"`, {
      suggestions: ['zkd containers ls'],
      details: { instance: what },
    });
  }
  await Promise.all(paths.map((path) => session.delete(path)));
  return paths;
}
