/**
 * What containers ask to be registered as: by variables and labels that begin with `SERVICE_`, as registrator reads them (its `bridge/util.go`
 * and `bridge.go`, v7), and by labels of zkd's own. Pure.
 */
import type { ContainerDetails, ExposedPort } from '../engine/index.js';
import type { Advertised } from './advertise.js';
import type { OwnRecord } from './records.js';

/** Labels of containers that are to be registered. */
export const SERVICE_LABEL = {
  /** What it is an instance of. */
  service: 'zkd.service',
  /** The port its program listens on, where it exposes none or several. */
  port: 'zkd.port',
  /** The instance's name; else the beginning of the container's id and the port. */
  id: 'zkd.id',
  /** The network whose address is registered, where it is on several. */
  network: 'zkd.network',
  /** Comma-separated; `\,` is a comma in a tag. */
  tags: 'zkd.tags',
  /** A number from 0 on. */
  weight: 'zkd.weight',
  /** One of {@link HEALTH_POLICIES}. */
  health: 'zkd.health',
  /** One of {@link PAYLOADS}. */
  payload: 'zkd.payload',
} as const;

/** `zkd.metadata.<key>`: one more fact for whoever looks it up. */
export const METADATA_LABEL = 'zkd.metadata.';

/** `required`: one with a health check is registered while that says it is healthy. `ignore`: while it runs. */
export const HEALTH_POLICIES = ['required', 'ignore'] as const;
export type HealthPolicy = (typeof HEALTH_POLICIES)[number];

/** What a record carries as Curator's payload. */
export const PAYLOADS = ['none', 'spring'] as const satisfies readonly OwnRecord['payload'][];

/** What zkd runs itself has this label, and is no service. */
const OWN_LABEL = 'zkd.schema';

export type Labelled = Pick<ContainerDetails, 'image' | 'labels' | 'env'> & {
  /** Those of its network and those it is declared to have. */
  readonly exposedPorts: readonly ExposedPort[];
};

export interface LabelRules {
  readonly how: Advertised;
  /** Only containers that say a name. */
  readonly isExplicit: boolean;
  /** Of every instance. */
  readonly tags: readonly string[];
  readonly payload: OwnRecord['payload'];
}

/** One port of a container as an instance of a service. */
export interface WantedService {
  readonly service: string;
  readonly id: string | undefined;
  readonly port: number;
  readonly protocol: ExposedPort['protocol'];
  readonly tags: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
  readonly weight: number;
  readonly payload: OwnRecord['payload'];
}

export interface WantedServices {
  readonly services: readonly WantedService[];
  readonly network: string | undefined;
  readonly health: HealthPolicy;
  /** What was asked for and cannot be. */
  readonly problems: readonly string[];
  /** What is done as asked, and may surprise others. */
  readonly notes: readonly string[];
}

const NOTHING: WantedServices = { services: [], network: undefined, health: 'required', problems: [], notes: [] };

/**
 * What to register of a container. A port counts where it is published; where addresses on networks or of the host are registered, also one that is
 * only exposed, if the container says a name for it.
 */
export function servicesOf(container: Labelled, rules: LabelRules): WantedServices {
  const { labels } = container;
  if (labels[OWN_LABEL] !== undefined) return NOTHING;
  const own = ownLabels(labels);
  const problems = [...own.problems];
  const ports = portsOf(container, rules, own, problems);
  const services = ports.flatMap(({ port, protocol }) => {
    const said = saidOf(container, String(port));
    if (said.ignore) return [];
    const given = own.service ?? said.name;
    if (given === '' && rules.isExplicit) return [];
    const name = given || baseName(container.image);
    const service = ports.length > 1 && !said.isNamedByPort ? `${name}-${port}` : name;
    const tags = [...said.tags, ...own.tags, ...rules.tags, ...(protocol === 'udp' ? ['udp'] : [])];
    const { weight } = own;
    return [
      {
        ...{ service, port, protocol, weight, tags: [...new Set(tags)] },
        id: own.id ?? (said.id || undefined),
        metadata: { ...said.metadata, ...own.metadata },
        payload: own.payload ?? rules.payload,
      },
    ];
  });
  const notes = own.payload === 'spring' ? services.map(({ service }) => springNote(service)) : [];
  return { services, network: labels[SERVICE_LABEL.network] || undefined, health: own.health, problems, notes };
}

/** What is said wherever the Spring payload is asked for. */
export const springNote = (service: string): string => `plain Curator readers of "${service}" fail at the Spring payload`;

interface OwnLabels {
  readonly service: string | undefined;
  readonly port: number | undefined;
  readonly id: string | undefined;
  readonly tags: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
  readonly weight: number;
  readonly health: HealthPolicy;
  readonly payload: OwnRecord['payload'] | undefined;
  readonly problems: readonly string[];
}

function ownLabels(labels: Labelled['labels']): OwnLabels {
  const problems: string[] = [];
  const read = <T>(key: string, parse: (text: string) => T | undefined, wanted: string): T | undefined => {
    const text = labels[key] ?? '';
    const value = text === '' ? undefined : parse(text);
    if (text !== '' && value === undefined) problems.push(`label ${key}=${text} is ignored: ${wanted} is wanted`);
    return value;
  };
  const oneOf =
    <T extends string>(words: readonly T[]) =>
    (text: string) =>
      words.find((word) => word === text);
  const metadata = Object.entries(labels).flatMap(([key, value]) =>
    key.startsWith(METADATA_LABEL) ? [[key.slice(METADATA_LABEL.length), value] as const] : [],
  );
  return {
    service: labels[SERVICE_LABEL.service] || undefined,
    id: labels[SERVICE_LABEL.id] || undefined,
    tags: splitTags(labels[SERVICE_LABEL.tags] ?? ''),
    metadata: Object.fromEntries(metadata),
    port: read(SERVICE_LABEL.port, asPort, '1 to 65535'),
    weight: read(SERVICE_LABEL.weight, asWeight, 'a number from 0 on') ?? 1,
    health: read(SERVICE_LABEL.health, oneOf(HEALTH_POLICIES), HEALTH_POLICIES.join(' or ')) ?? 'required',
    payload: read(SERVICE_LABEL.payload, oneOf(PAYLOADS), PAYLOADS.join(' or ')),
    problems,
  };
}

function asPort(text: string): number | undefined {
  return /^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535 ? Number(text) : undefined;
}

function asWeight(text: string): number | undefined {
  return /^\d+(\.\d+)?$/.test(text) && Number.isFinite(Number(text)) ? Number(text) : undefined;
}

type Port = Pick<ExposedPort, 'port' | 'protocol'>;

function portsOf(container: Labelled, { how }: LabelRules, own: OwnLabels, problems: string[]): readonly Port[] {
  const { exposedPorts } = container;
  if (own.port !== undefined) return [exposedPorts.find(({ port }) => port === own.port) ?? { port: own.port, protocol: 'tcp' }];
  const isNamed = ({ port }: Port): boolean => own.service !== undefined || saidOf(container, String(port)).name !== '';
  const counts = (one: ExposedPort): boolean => one.bindings.length > 0 || (how !== 'published' && isNamed(one));
  const ports = exposedPorts.filter(counts);
  if (own.service !== undefined && ports.length !== 1) {
    const what = ports.length === 0 ? `has no ${how === 'published' ? 'published' : 'exposed'} port` : 'has several ports';
    problems.push(`${what}: say with the label ${SERVICE_LABEL.port} which one "${own.service}" is at`);
    return [];
  }
  const unpublished = how === 'published' ? exposedPorts.filter((one) => one.bindings.length === 0 && isNamed(one)) : [];
  problems.push(...unpublished.map(({ port }) => `port ${port} is not published`));
  return ports;
}

interface Said {
  readonly name: string;
  readonly isNamedByPort: boolean;
  readonly id: string;
  readonly tags: readonly string[];
  readonly ignore: boolean;
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * What the `SERVICE_` words say of one port: `SERVICE_<key>` of all ports, `SERVICE_<port>_<key>` of one, which wins. Of a variable and a label
 * of one name the label wins.
 */
function saidOf({ env, labels }: Labelled, port: string): Said {
  const said = new Map<string, string>();
  const ofPort = new Set<string>();
  for (const [word, value] of [...Object.entries(env), ...Object.entries(labels)]) {
    if (!word.startsWith('SERVICE_')) continue;
    const key = word.slice('SERVICE_'.length).toLowerCase();
    if (ofPort.has(key)) continue;
    const [, number, rest] = /^([+-]?\d+)_(.*)$/s.exec(key) ?? [];
    if (number === undefined || rest === undefined) said.set(key, value);
    else if (number === port) {
      said.set(rest, value);
      ofPort.add(rest);
    }
  }
  const { name = '', id = '', tags = '', ignore = '', ...metadata } = Object.fromEntries(said);
  return { name, id, tags: splitTags(tags), ignore: ignore !== '', metadata, isNamedByPort: ofPort.has('name') };
}

/** By commas; `\,` is one that does not part. Empty ones are left out. */
function splitTags(text: string): string[] {
  return text
    .split(/(?<!\\),/)
    .map((tag) => tag.replaceAll('\\,', ','))
    .filter((tag) => tag !== '');
}

/** An image's name without where it is from and which one it is. */
function baseName(image: string): string {
  return (image.split('/').at(-1) ?? image).split(/[:@]/)[0] ?? image;
}
