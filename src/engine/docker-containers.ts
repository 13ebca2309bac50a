/**
 * Containers between our words and a Docker engine's JSON, both ways. Pure.
 * Takes structural types of its own, with everything optional that some engine version leaves out.
 * Formats: Docker Engine API 1.41 (create, list, inspect, events).
 */
import type {
  ContainerDetails,
  ContainerHealth,
  ContainerNetwork,
  ContainerSpec,
  ContainerState,
  ContainerSummary,
  EngineEvent,
  HealthCheck,
  Labels,
  VolumeMount,
} from './engine.js';
import { bindings, exposedPorts, listedPorts, portMap, publishedPorts, type ListedPorts, type PortMap } from './docker-ports.js';

type Nullable<T> = T | null | undefined;
type Networks = Nullable<Record<string, { NetworkID?: string; IPAddress?: string; Gateway?: string }>>;
type Mounts = Nullable<readonly { Type?: string; Name?: string; Destination: string }[]>;

/** An entry of `GET /containers/json`. */
export interface ListedContainer {
  readonly Id: string;
  readonly Names: Nullable<readonly string[]>;
  readonly Image: string;
  readonly ImageID: string;
  readonly Labels?: Nullable<Labels>;
  readonly State: string;
  /** For people: `Up 3 minutes (healthy)`. A listing says nowhere else how a container is. */
  readonly Status?: string;
  readonly Created: number;
  readonly Ports?: ListedPorts;
  readonly NetworkSettings?: Nullable<{ Networks?: Networks }>;
  readonly HostConfig?: { readonly NetworkMode?: string };
  readonly Mounts?: Mounts;
}

/** `GET /containers/{id}/json`. */
export interface InspectedContainer {
  readonly Id: string;
  readonly Name: string;
  readonly Image: string;
  readonly Created: string;
  readonly RestartCount?: number;
  readonly State: {
    readonly Status: string;
    readonly ExitCode: number;
    readonly OOMKilled?: boolean;
    readonly Error?: string;
    readonly StartedAt: string;
    readonly FinishedAt: string;
    readonly Health?: Nullable<{ Status?: string }>;
  };
  readonly Config: {
    readonly Image: string;
    readonly Labels?: Nullable<Labels>;
    readonly Env?: Nullable<readonly string[]>;
    readonly Hostname?: string;
    readonly User?: string;
    readonly Tty?: boolean;
    readonly StopSignal?: string;
    readonly ExposedPorts?: Nullable<Record<string, unknown>>;
    readonly Cmd?: Nullable<readonly string[]>;
  };
  readonly HostConfig: {
    readonly Memory?: number;
    readonly RestartPolicy?: Nullable<{ Name?: string }>;
    readonly PortBindings?: PortMap;
    readonly NetworkMode?: string;
  };
  readonly NetworkSettings: { readonly Ports?: PortMap; readonly Networks?: Networks };
  readonly Mounts?: Mounts;
}

/** A line of `GET /events`. */
export interface EventMessage {
  readonly Type: string;
  readonly Action: string;
  readonly Actor: { readonly ID: string; readonly Attributes?: Nullable<Record<string, string>> };
  readonly time: number;
}

/** The body of the one call that creates a container and its not yet existing volumes. */
export function createBody(spec: ContainerSpec): Record<string, unknown> {
  const ports = spec.ports ?? [];
  return compact({
    Image: spec.image,
    Cmd: spec.command,
    Env: spec.env && environment(spec.env),
    Labels: spec.labels,
    Hostname: spec.hostname,
    User: spec.user,
    Healthcheck: spec.healthCheck && healthCheck(spec.healthCheck),
    ExposedPorts: Object.fromEntries(ports.map(({ containerPort }) => [`${containerPort}/tcp`, {}])),
    HostConfig: compact({
      Mounts: spec.mounts?.map(volumeMount),
      Tmpfs: spec.tmpfs,
      RestartPolicy: { Name: spec.restart ?? 'no' },
      Memory: spec.memoryBytes,
      // Equal means no swap: a Java heap that swaps misses its ticks.
      MemorySwap: spec.memoryBytes,
      NanoCpus: spec.cpus === undefined ? undefined : Math.round(spec.cpus * 1e9),
      PidsLimit: spec.pidsLimit,
      CapDrop: spec.dropAllCapabilities === true ? ['ALL'] : undefined,
      SecurityOpt: spec.noNewPrivileges === true ? ['no-new-privileges:true'] : undefined,
      LogConfig: spec.logRotation && {
        Type: 'json-file',
        Config: { 'max-size': String(spec.logRotation.maxSizeBytes), 'max-file': String(spec.logRotation.maxFiles) },
      },
      NetworkMode: spec.network,
      PortBindings: portMap(ports),
    }),
    NetworkingConfig:
      spec.network === undefined ? undefined : { EndpointsConfig: { [spec.network]: endpointSettings(spec.network, spec) } },
  });
}

/** A listed container in our words. */
export function summary(listed: ListedContainer): ContainerSummary {
  return {
    id: listed.Id,
    // A container has one name without a second slash; legacy links add further ones.
    name: bareName(listed.Names?.find((name) => name.lastIndexOf('/') === 0) ?? listed.Names?.[0] ?? ''),
    image: listed.Image,
    imageId: listed.ImageID,
    labels: listed.Labels ?? {},
    state: containerState(listed.State),
    createdAt: new Date(listed.Created * 1000).toISOString(),
    ports: publishedPorts(listed.Ports),
    exposedPorts: listedPorts(listed.Ports),
    networks: networks(listed.NetworkSettings?.Networks),
    networkMode: listed.HostConfig?.NetworkMode ?? '',
    volumes: volumes(listed.Mounts),
    health: containerHealth(/\((?:health: )?(healthy|unhealthy|starting)\)$/.exec(listed.Status ?? '')?.[1]),
  };
}

/** An inspected container in our words. */
export function details(inspected: InspectedContainer): ContainerDetails {
  const { State: state, Config: config, HostConfig: host, NetworkSettings: net } = inspected;
  const status = containerState(state.Status);
  return {
    id: inspected.Id,
    name: bareName(inspected.Name),
    image: config.Image,
    imageId: inspected.Image,
    labels: config.Labels ?? {},
    state: status,
    createdAt: utc(inspected.Created),
    ports: bindings(net.Ports),
    exposedPorts: exposedPorts(net.Ports),
    networks: networks(net.Networks),
    networkMode: host.NetworkMode ?? '',
    volumes: volumes(inspected.Mounts),
    restarts: inspected.RestartCount ?? 0,
    exitCode: status === 'running' || status === 'paused' || status === 'created' ? null : state.ExitCode,
    outOfMemory: state.OOMKilled ?? false,
    startError: state.Error ?? '',
    startedAt: moment(state.StartedAt),
    finishedAt: moment(state.FinishedAt),
    restartPolicy: host.RestartPolicy?.Name || 'no',
    health: status === 'running' ? containerHealth(state.Health?.Status) : null,
    env: Object.fromEntries((config.Env ?? []).map(variable)),
    hostname: config.Hostname ?? '',
    user: config.User ?? '',
    memoryBytes: host.Memory ?? 0,
    tty: config.Tty ?? false,
    declaredPorts: exposedPorts(config.ExposedPorts),
    stopSignal: config.StopSignal || 'SIGTERM',
    command: config.Cmd ?? [],
    wantedPorts: bindings(host.PortBindings),
  };
}

const containerHealth = (word: string | undefined): ContainerHealth | null =>
  word === 'healthy' || word === 'unhealthy' || word === 'starting' ? word : null;

/** A line of the event stream in our words. Takes the line too: its nanoseconds are above 2^53, so parsing has rounded them. */
export function engineEvent(message: EventMessage, line: string): EngineEvent {
  const nanoseconds = /"timeNano":\d+(\d{9})\}$/.exec(line)?.[1] ?? '000000000';
  return {
    time: `${new Date(message.time * 1000).toISOString().slice(0, 19)}.${nanoseconds}Z`,
    type: message.Type,
    action: message.Action,
    id: message.Actor.ID,
    attributes: message.Actor.Attributes ?? {},
  };
}

/** An engine's time as UTC, with its nanoseconds: networks and volumes come in the time zone of the engine. */
export function utc(time: string): string {
  const zoned = /^(.*?)(\.\d+)?([+-]\d\d:\d\d)$/.exec(time);
  return zoned === null ? time : `${new Date(`${zoned[1] ?? ''}${zoned[3] ?? ''}`).toISOString().slice(0, 19)}${zoned[2] ?? ''}Z`;
}

/** `K=V` words of an environment. */
export function environment(env: Readonly<Record<string, string>>): string[] {
  return Object.entries(env).map(([name, value]) => `${name}=${value}`);
}

/** `NAME=value` as a pair. */
export function variable(word: string): [string, string] {
  const equals = word.indexOf('=');
  return equals === -1 ? [word, ''] : [word.slice(0, equals), word.slice(equals + 1)];
}

/**
 * 20.10 turns an id into a name at creation, and a name that two networks have is ambiguous at start: with the id said here too, it is not
 * (tried on 20.10.24).
 */
function endpointSettings(network: string, { networkAliases }: ContainerSpec): Record<string, unknown> {
  return compact({ Aliases: networkAliases, NetworkID: /^[0-9a-f]{64}$/.test(network) ? network : undefined });
}

function volumeMount({ volume, hostPath, target, labels, noCopy, readOnly }: VolumeMount): Record<string, unknown> {
  const mount = { Target: target, ReadOnly: readOnly };
  if (hostPath !== undefined) return compact({ ...mount, Type: 'bind', Source: hostPath });
  return compact({ ...mount, Type: 'volume', Source: volume, VolumeOptions: compact({ NoCopy: noCopy, Labels: labels }) });
}

function healthCheck({ test, intervalMs, timeoutMs, startPeriodMs, retries }: HealthCheck): Record<string, unknown> {
  const nanoseconds = (ms: number | undefined): number | undefined => (ms === undefined ? undefined : ms * 1e6);
  const times = { Interval: nanoseconds(intervalMs), Timeout: nanoseconds(timeoutMs), StartPeriod: nanoseconds(startPeriodMs) };
  return compact({ Test: test, ...times, Retries: retries });
}

function networks(attached: Networks): ContainerNetwork[] {
  return Object.entries(attached ?? {}).map(([name, { NetworkID, IPAddress, Gateway }]) => {
    const address = IPAddress ?? '';
    // A stopped container may keep the id of a network that is gone since.
    return { name, id: address === '' ? '' : (NetworkID ?? ''), address, ...(Gateway ? { gateway: Gateway } : {}) };
  });
}

function volumes(mounts: Mounts): Record<string, string> {
  const named = (mounts ?? []).flatMap(({ Type, Name, Destination }) => (Type === 'volume' && Name ? [[Destination, Name] as const] : []));
  return Object.fromEntries(named);
}

function containerState(word: string): ContainerState {
  const known: readonly string[] = ['created', 'running', 'paused', 'restarting', 'removing', 'exited', 'dead'] satisfies ContainerState[];
  return known.includes(word) ? (word as ContainerState) : 'dead';
}

function bareName(name: string): string {
  return name.replace(/^\//, '');
}

function moment(time: string): string | null {
  return time === '' || time.startsWith('0001-01-01') ? null : utc(time);
}

/** Without the keys whose value is undefined. */
function compact(body: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined));
}
