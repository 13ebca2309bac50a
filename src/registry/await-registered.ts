/** Waits until containers are registered such that others may use them; says of each what it lacks. */
import { ZkdError } from '../errors.js';
import type { ContainerDetails, Engine } from '../engine/index.js';
import { formatDurationMs } from '../runtime/quantities.js';
import { retryUntil } from '../runtime/retry-until.js';
import type { ZooKeeperSession } from '../zookeeper/index.js';
import type { Registration } from './join-containers.js';
import { listRegistrations, viewEngine } from './list-registrations.js';
import { SERVICE_LABEL } from './labels.js';
import { encodeName, servicePath } from './registry-paths.js';

const LOOK_EVERY_MS = 200;
const LOG_LINES_SHOWN = 8;

export interface AwaitRequest {
  readonly root: string;
  readonly service: string;
  /** Ids of the containers. */
  readonly containers: readonly string[];
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** Told at each look how many are not there yet. */
  readonly onWait?: (missing: number) => void;
}

interface Lack {
  readonly container: string;
  readonly cause: string;
  readonly log: readonly string[];
}

/**
 * Resolves when each of the containers has a record of the service that can be used. Rejects with `timeout` when that takes too long, and at once
 * when one of them has ended and nothing restarts it.
 */
export async function awaitRegistered(session: ZooKeeperSession, engine: Engine, request: AwaitRequest): Promise<void> {
  const { containers, timeoutMs, signal } = request;
  let found: readonly Registration[] = [];
  const look = async (): Promise<'registered' | 'hopeless' | undefined> => {
    const view = await viewEngine(engine);
    found = (await listRegistrations(session, request, Promise.resolve(view))).registrations;
    const missing = containers.filter((id) => !found.some((registration) => isOf(registration, id) && isGood(registration)));
    if (missing.length === 0) return 'registered';
    request.onWait?.(missing.length);
    const states = missing.map((id) => view.containers.find((container) => container.id === id)?.state);
    return states.some((state) => state === undefined || state === 'exited' || state === 'dead') ? 'hopeless' : undefined;
  };
  const outcome = await retryUntil(look, { timeoutMs, intervalMs: LOOK_EVERY_MS, signal });
  if (outcome !== 'registered') throw await notRegistered(engine, request, found, outcome === 'hopeless');
}

const isOf = ({ container }: Registration, id: string): boolean => container?.id === id;
/** One that is to take no load is as it should be. */
const isGood = ({ usable, weight }: Registration): boolean => usable || weight === 0;

async function notRegistered(
  engine: Engine,
  { root, service, containers, timeoutMs }: AwaitRequest,
  found: readonly Registration[],
  isHopeless: boolean,
): Promise<ZkdError> {
  const isMissing = (id: string): boolean => !found.some((registration) => isOf(registration, id) && isGood(registration));
  const lacks = await Promise.all(
    containers.filter(isMissing).map(async (id): Promise<Lack> => {
      const container = await engine.findContainer(id);
      const record = found.find((registration) => isOf(registration, id));
      const hasEnded = container !== undefined && container.state !== 'running' && container.state !== 'paused';
      return {
        container: container?.name ?? id.slice(0, 12),
        cause: causeOf(container, record, servicePath(root, service), new Set(found.map((registration) => registration.id))),
        log: hasEnded ? await lastLines(engine, id) : [],
      };
    }),
  );
  const words = lacks.map(({ container, cause, log }) => [`  ${container}: ${cause}`, ...log.map((line) => `    | ${line}`)].join('\n'));
  const why = isHopeless ? 'cannot all be registered' : `are not all registered within ${formatDurationMs(timeoutMs)}`;
  return new ZkdError('timeout', [`The containers of service "${service}" ${why}`, ...words].join('\n'), {
    suggestions: [
      ...(lacks.some(({ cause }) => cause.startsWith('no record')) ? ['zkd containers agent'] : []),
      `zkd containers ls ${service}`,
    ],
    details: { service, lacking: lacks },
  });
}

function causeOf(
  container: ContainerDetails | undefined,
  record: Registration | undefined,
  path: string,
  taken: ReadonlySet<string>,
): string {
  if (!container) return 'is gone';
  const { state, exitCode, health, outOfMemory } = container;
  if (state !== 'running')
    return `is ${state}${exitCode === null ? '' : ` (exit code ${exitCode}${outOfMemory ? ', out of memory' : ''})`}`;
  if (health === 'starting') return 'its health check has not succeeded yet';
  if (health === 'unhealthy') return 'is unhealthy';
  const id = container.labels[SERVICE_LABEL.id];
  if (!record && id !== undefined && taken.has(id)) return `another instance is registered as ${path}/${encodeName(id)}`;
  if (!record) return `no record of it below ${path}: is an agent running?`;
  return `its record ${record.path} cannot be used: ${record.problem ?? 'it says that it is out of service'}`;
}

async function lastLines(engine: Engine, id: string): Promise<string[]> {
  const lines: string[] = [];
  try {
    for await (const { line } of engine.logs(id, { tail: LOG_LINES_SHOWN })) lines.push(line);
  } catch {
    // It is gone meanwhile, or logs elsewhere.
  }
  return lines;
}
