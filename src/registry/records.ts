/**
 * Records of service instances in znodes, in the formats people have: Curator's service discovery (ours, and Spring Cloud's with its payload),
 * registrator's and nerve's. Pure. What is not understood is said, never thrown: anybody may write there.
 */
import { nodeName } from '../zookeeper/index.js';

export type RecordFormat = 'curator' | 'spring' | 'registrator' | 'nerve' | 'unknown';

/** What a record says, whatever its format. Null and empty where it does not. */
export interface ServiceRecord {
  readonly format: RecordFormat;
  /** What it calls the instance. */
  readonly name: string;
  readonly address: string | null;
  readonly port: number | null;
  /** ISO 8601, UTC. */
  readonly registeredAt: string | null;
  readonly tags: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
  /** Share of the load among the instances of a service; 0 takes none. */
  readonly weight: number;
  /** It says itself that it is not to be used. */
  readonly isOutOfService: boolean;
  /** The container's id, whole or its beginning. */
  readonly containerId: string | null;
  /** What ours say of the container. */
  readonly container: { readonly name: string; readonly image: string } | null;
  /** Id of the engine the container is on, and the name of its host. */
  readonly engineId: string | null;
  readonly engineName: string | null;
  /** Whether an agent keeps it true to the engine. */
  readonly isAgents: boolean;
  /** Why it could not be read. */
  readonly problem: string | null;
}

/** What zkd writes. */
export interface OwnRecord {
  readonly service: string;
  readonly id: string;
  readonly address: string;
  readonly port: number;
  readonly registeredAtMs: number;
  readonly payload: 'none' | 'spring';
  readonly tags: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
  readonly weight: number;
  readonly container: { readonly id: string; readonly name: string; readonly image: string };
  readonly engine: { readonly id: string; readonly name: string };
  /** Written by an agent, which may take it away again. */
  readonly isAgents?: boolean;
}

/** The class Spring Cloud Zookeeper casts payloads to. */
const SPRING_CLASS = 'org.springframework.cloud.zookeeper.discovery.ZookeeperInstance';
const DEFAULT_WEIGHT = 1;

const text = (value: unknown): string | null => (typeof value === 'string' ? value : null);
const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isPort = (value: unknown): value is number => Number.isInteger(value) && Number(value) > 0 && Number(value) < 65_536;
const texts = (value: unknown): string[] => (Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []);

/** Numbers and booleans as text; what has parts is left out. */
function textMap(value: unknown): Record<string, string> {
  if (!isObject(value)) return {};
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, item]) => (['string', 'number', 'boolean'].includes(typeof item) ? [[key, String(item)]] : [])),
  );
}

/**
 * The record as the JSON text of Curator's `ServiceInstance` (5.x, `JsonInstanceSerializer`). Its payload is null, since readers with another
 * payload class fail at any; what is ours is in the field `zkd`, which Curator does not read. With the Spring payload plain Curator readers of the
 * service fail.
 */
export function formatRecord(record: OwnRecord): string {
  const { service, id, address, port, registeredAtMs, tags, metadata, weight, container, engine, isAgents = false } = record;
  const payload =
    record.payload === 'none' ? null : { '@class': SPRING_CLASS, id, name: service, metadata: { ...metadata, instance_status: 'UP' } };
  return JSON.stringify({
    name: service,
    id,
    address,
    port,
    sslPort: null,
    payload,
    registrationTimeUTC: registeredAtMs,
    serviceType: 'DYNAMIC',
    uriSpec: null,
    zkd: { tags, metadata, weight, container, engine, ...(isAgents && { keeper: 'agent' }) },
  });
}

/** What a node of a registry says, by its path and data. */
export function parseRecord(path: string, data: Buffer): ServiceRecord {
  const node = nodeName(path);
  const parsed = parseJson(nerveJson(node) ?? data.toString('utf8'));
  if (typeof parsed === 'string') return unknownRecord(node, parsed);
  if (isObject(parsed['payload']) && parsed['payload']['@class'] === SPRING_CLASS) return parseCurator(node, parsed, 'spring');
  if ('registrationTimeUTC' in parsed || 'serviceType' in parsed) return parseCurator(node, parsed, 'curator');
  if ('IP' in parsed && 'PublicPort' in parsed) return parseRegistrator(node, parsed);
  if ('host' in parsed && 'port' in parsed) return parseNerve(node, parsed);
  return unknownRecord(node, 'has the fields of no known format');
}

/** The object, or why there is none. */
function parseJson(json: string): Readonly<Record<string, unknown>> | string {
  if (json === '') return 'is empty';
  try {
    const value: unknown = JSON.parse(json);
    return isObject(value) ? value : 'is no JSON object';
  } catch {
    return 'is not JSON';
  }
}

/** nerve can keep the whole record in the node's name: `base64_<length>_<url-safe base64>_<sequence>`. */
function nerveJson(node: string): string | undefined {
  const match = /^base64_\d+_([A-Za-z0-9_=-]+)_\d{10}$/.exec(node);
  return match?.[1] === undefined ? undefined : Buffer.from(match[1], 'base64url').toString('utf8');
}

const NOTHING = {
  registeredAt: null,
  tags: [],
  metadata: {},
  weight: DEFAULT_WEIGHT,
  isOutOfService: false,
  containerId: null,
  container: null,
  engineId: null,
  engineName: null,
  isAgents: false,
  problem: null,
} as const;

function unknownRecord(node: string, problem: string): ServiceRecord {
  return { ...NOTHING, format: 'unknown', name: node, address: null, port: null, problem };
}

/** Where to reach the instance; a record without it is of no use to anybody, and says so. */
function place(address: unknown, port: unknown): Pick<ServiceRecord, 'address' | 'port' | 'problem'> {
  const [host, number] = [text(address) || null, isPort(port) ? port : null];
  const missing = [...(host === null ? ['address'] : []), ...(number === null ? ['port'] : [])];
  return { address: host, port: number, problem: missing.length === 0 ? null : `has no ${missing.join(' and no ')}` };
}

function parseCurator(node: string, record: Readonly<Record<string, unknown>>, format: 'curator' | 'spring'): ServiceRecord {
  const own = isObject(record['zkd']) ? record['zkd'] : {};
  const container = isObject(own['container']) ? own['container'] : {};
  const engine = isObject(own['engine']) ? own['engine'] : {};
  const payload = isObject(record['payload']) ? textMap(record['payload']['metadata']) : {};
  const { instance_status: status, ...metadata } = payload;
  const time = record['registrationTimeUTC'];
  const containerName = text(container['name']);
  return {
    ...NOTHING,
    format,
    name: containerName ?? text(record['name']) ?? node,
    // A plain port is of no use to a service that has a secure one only, and the other way round.
    ...place(record['address'], record['port'] ?? record['sslPort']),
    registeredAt: typeof time === 'number' && Math.abs(time) <= 8.64e15 ? new Date(time).toISOString() : null,
    tags: texts(own['tags']),
    metadata: { ...metadata, ...textMap(own['metadata']) },
    weight: weightOf(own['weight']),
    isOutOfService: record['enabled'] === false || (status !== undefined && status !== 'UP'),
    containerId: text(container['id']),
    container: containerName === null ? null : { name: containerName, image: text(container['image']) ?? '' },
    engineId: text(engine['id']),
    engineName: text(engine['name']),
    isAgents: own['keeper'] === 'agent',
  };
}

/** registrator's own field names; what it calls the container's id is the container's host name, by default the beginning of the id. */
function parseRegistrator(node: string, record: Readonly<Record<string, unknown>>): ServiceRecord {
  const id = text(record['ContainerID']) ?? '';
  return {
    ...NOTHING,
    format: 'registrator',
    name: text(record['Name']) ?? node,
    ...place(record['IP'], record['PublicPort']),
    tags: texts(record['Tags']),
    metadata: textMap(record['Attrs']),
    containerId: /^[0-9a-f]{12}([0-9a-f]{52})?$/.test(id) ? id : null,
  };
}

function parseNerve(node: string, record: Readonly<Record<string, unknown>>): ServiceRecord {
  return {
    ...NOTHING,
    format: 'nerve',
    name: text(record['name']) ?? node,
    ...place(record['host'], record['port']),
    metadata: textMap(record['labels']),
    weight: weightOf(record['weight']),
  };
}

function weightOf(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : DEFAULT_WEIGHT;
}
