/** App containers as they are wanted, and what is to be done for them to be there. Pure. */
import { createHash } from 'node:crypto';
import { ZkdError } from '../errors.js';
import type { ContainerSpec, ContainerSummary } from '../engine/index.js';
import { METADATA_LABEL, SERVICE_LABEL, type HealthPolicy } from './labels.js';
import type { OwnRecord } from './records.js';

/**
 * The label that says a container was made by `containers run`, and of what: JSON, a digest of each setting by its name. From the digests one
 * sees what differs; the values are not there to be read.
 */
export const RUN_LABEL = 'zkd.run';

/** The variable every app container finds its ensemble in. */
export const CONNECT_VARIABLE = 'ZOOKEEPER_CONNECT';

/** Of a container, what is the engine's business and not the registry's. */
export type ContainerSettings = Pick<
  ContainerSpec,
  'image' | 'command' | 'env' | 'ports' | 'mounts' | 'memoryBytes' | 'cpus' | 'user' | 'restart' | 'healthCheck' | 'labels'
>;

/** What is wanted, wherever it is to live. */
export interface WantedApp {
  readonly service: string;
  /** The port the program in it listens on. */
  readonly port: number;
  readonly replicas: number;
  /** What the containers are called; the service's name with a number where absent. */
  readonly name?: string | undefined;
  /** Variables that get the connection string besides {@link CONNECT_VARIABLE}. */
  readonly connectNames: readonly string[];
  /** Name of the instance in the registry. */
  readonly id?: string | undefined;
  readonly tags: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
  readonly weight?: number | undefined;
  readonly health?: HealthPolicy | undefined;
  readonly payload?: OwnRecord['payload'] | undefined;
  readonly container: ContainerSettings;
}

export interface RunRequest extends WantedApp {
  readonly network: string;
  /** The connection string as it means the ensemble on that network. */
  readonly connect: string;
  /** What the ensemble was named by. */
  readonly ensemble: string;
}

const CONTAINER_NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;

/** Refuses, as `usage`, what cannot be together. */
export function checkRun({ service, name, replicas, id, connectNames, tags, container }: WantedApp): void {
  const { ports = [], env = {}, labels = {} } = container;
  const unfit = connectNames.find((one) => !/^[^=\s]+$/.test(one));
  if (unfit !== undefined) throw new ZkdError('usage', `${JSON.stringify(unfit)} is no name of a variable`);
  const taken = [CONNECT_VARIABLE, ...connectNames].find((one) => one in env);
  if (taken !== undefined) throw new ZkdError('usage', `Variable "${taken}" is given twice: zkd puts the connection string there`);
  const own = Object.keys(labels).find((label) => label.startsWith('zkd.'));
  if (own !== undefined) throw new ZkdError('usage', `Label "${own}" cannot be given: labels that begin with "zkd." are zkd's own`);
  // In the label a backslash before a comma makes that part of the tag.
  const odd = tags.find((tag) => tag === '' || tag.endsWith('\\'));
  if (odd !== undefined) throw new ZkdError('usage', `Tag ${JSON.stringify(odd)} is none: it is empty, or ends with a backslash`);
  if (!CONTAINER_NAME.test(name ?? `${service}-1`)) {
    throw new ZkdError('usage', `No container can be called ${JSON.stringify(name ?? `${service}-1`)}: give --name`, {
      suggestions: ['--name NAME, of letters, digits, dots, dashes and underscores'],
    });
  }
  if (replicas === 1) return;
  if (id !== undefined) throw new ZkdError('usage', '--id is the name of one instance: it cannot be given with several replicas');
  const fixed = ports.find(({ hostPort }) => hostPort !== 0);
  if (fixed) {
    throw new ZkdError('usage', `Only one of ${replicas} replicas can have port ${fixed.hostPort} of the host`, {
      suggestions: [`--publish ${fixed.containerPort}, where the engine chooses the host's port`],
    });
  }
}

/** The containers' names, the first one first. */
export function containerNames({ service, name, replicas }: RunRequest): string[] {
  if (name !== undefined && replicas === 1) return [name];
  return Array.from({ length: replicas }, (_, index) => `${name ?? service}-${index + 1}`);
}

/** The container of that name as the engine shall make it. */
export function appContainer(request: RunRequest, name: string): ContainerSpec {
  const { connect, connectNames, container, network } = request;
  const connection = [CONNECT_VARIABLE, ...connectNames].map((variable) => [variable, connect] as const);
  return {
    ...container,
    name,
    network,
    env: { ...container.env, ...Object.fromEntries(connection) },
    labels: { ...container.labels, ...registryLabels(request), [RUN_LABEL]: JSON.stringify(digests(request)) },
  };
}

/** What the agent reads. */
function registryLabels({ service, port, id, tags, weight, network, health, payload, metadata }: RunRequest): Record<string, string> {
  const given = {
    [SERVICE_LABEL.service]: service,
    [SERVICE_LABEL.port]: String(port),
    [SERVICE_LABEL.network]: network,
    [SERVICE_LABEL.id]: id,
    [SERVICE_LABEL.tags]: tags.length > 0 ? tags.map((tag) => tag.replaceAll(',', '\\,')).join(',') : undefined,
    [SERVICE_LABEL.weight]: weight === undefined ? undefined : String(weight),
    [SERVICE_LABEL.health]: health,
    [SERVICE_LABEL.payload]: payload,
  };
  const described = Object.entries(metadata).map(([key, value]) => [`${METADATA_LABEL}${key}`, value]);
  return Object.fromEntries([...Object.entries(given).filter(([, value]) => value !== undefined), ...described]) as Record<string, string>;
}

/** Among the digests. It may differ: members come and go, and those that stay go on to answer. */
const CONNECTION = 'connection';

/** A digest of each setting that was given, by the name of its flag. */
function digests(request: RunRequest): Record<string, string> {
  const { service, port, network, connect, ensemble, connectNames, id, tags, metadata, weight, health, payload, container } = request;
  const { image, command, env, ports, mounts, memoryBytes, cpus, user, restart, healthCheck, labels } = container;
  const settings = {
    IMAGE: image,
    COMMAND: command,
    '--service': service,
    '--port': port,
    '--network': network,
    '--cluster or --connect': ensemble,
    [CONNECTION]: connect,
    '--connect-env': unordered(connectNames),
    '--id': id,
    '--tag': tags.length > 0 ? tags : undefined,
    '--metadata': unorderedPairs(metadata),
    '--weight': weight,
    '--health': health,
    '--payload': payload,
    '--env': unorderedPairs(env),
    '--publish': unordered(ports),
    '--volume': unordered(mounts),
    '--memory': memoryBytes,
    '--cpus': cpus,
    '--user': user,
    '--restart': restart,
    '--health-cmd': healthCheck,
    '--label': unorderedPairs(labels),
  };
  const given = Object.entries(settings).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given.map(([name, value]) => [name, digest(value)]));
}

const digest = (value: unknown): string => createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 12);

/** Undefined where there are none. */
function unordered(items: readonly unknown[] | undefined): unknown {
  return items === undefined || items.length === 0 ? undefined : items.map((item) => JSON.stringify(item)).sort();
}

function unorderedPairs(pairs: Readonly<Record<string, string>> | undefined): unknown {
  return unordered(Object.entries(pairs ?? {}));
}

export type RunAction = 'created' | 'started' | 'kept';

/** What is done about the container of a name. */
export interface RunStep {
  readonly name: string;
  /** Undefined where there is none yet. */
  readonly id: string | undefined;
  readonly action: RunAction;
}

export interface RunPlan {
  readonly steps: readonly RunStep[];
  /** Names of further containers of that kind, with a number beyond the replicas: they are left as they are. */
  readonly surplus: readonly string[];
  /** Names of those that were told another connection string, which is in their environment for good. */
  readonly outdated: readonly string[];
}

/** What is missing is made, what does not run is started. Throws `conflict`, which names all that stands in the way, before anything is done. */
export function planRun(request: RunRequest, existing: readonly ContainerSummary[]): RunPlan {
  const names = containerNames(request);
  const found = names.map((name) => ({ name, container: existing.find((one) => one.name === name) }));
  const conflicts = found.flatMap(({ container }) => (container ? conflictOf(request, container) : []));
  if (conflicts.length > 0) throw inTheWay(conflicts);
  const base = request.name ?? request.service;
  const isSurplus = ({ name, labels }: ContainerSummary): boolean =>
    RUN_LABEL in labels && /^-\d+$/.test(name.slice(base.length)) && name.startsWith(base) && !names.includes(name);
  return {
    steps: found.map(({ name, container }) => ({ name, id: container?.id, action: container ? actionOn(container) : 'created' })),
    surplus: existing
      .filter(isSurplus)
      .map(({ name }) => name)
      .sort(),
    outdated: found.flatMap(({ name, container }) =>
      container && parseDigests(container.labels[RUN_LABEL])?.[CONNECTION] !== digest(request.connect) ? [name] : [],
    ),
  };
}

/** What is done about a container that is as it is wanted. One that is paused has been paused by somebody. */
export function actionOn({ state }: Pick<ContainerSummary, 'state'>): RunAction {
  return state === 'running' || state === 'restarting' || state === 'paused' ? 'kept' : 'started';
}

interface Conflict {
  readonly container: string;
  /** The settings it has otherwise; null where it was not made by `containers run`. */
  readonly differs: readonly string[] | null;
}

/** None where the container is what is wanted. */
export function conflictOf(request: RunRequest, { name, labels }: Pick<ContainerSummary, 'name' | 'labels'>): Conflict[] {
  const made = parseDigests(labels[RUN_LABEL]);
  if (!made) return [{ container: name, differs: null }];
  const wanted: Readonly<Record<string, unknown>> = digests(request);
  const keys = new Set([...Object.keys(wanted), ...Object.keys(made)]);
  const differs = [...keys].filter((key) => key !== CONNECTION && wanted[key] !== made[key]);
  return differs.length > 0 ? [{ container: name, differs }] : [];
}

function parseDigests(text: string | undefined): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text ?? '');
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** Nothing of it is removed or replaced unasked. */
export function inTheWay(conflicts: readonly Conflict[]): ZkdError {
  const words = conflicts.map(({ container, differs }) =>
    differs === null
      ? `Container "${container}" was not made by zkd containers run`
      : `Container "${container}" was made with other settings: ${differs.join(', ')}`,
  );
  const replaceable = conflicts.filter(({ differs }) => differs !== null).map(({ container }) => container);
  return new ZkdError('conflict', words.join('\n'), {
    suggestions: [
      '--name ANOTHER',
      ...(replaceable.length > 0 ? [`docker rm --force ${replaceable.join(' ')}, then the same again: they are made anew`] : []),
    ],
    details: { reason: 'name-taken', conflicts },
  });
}
