/** What a balancer is asked to be, and how that is remembered: in a label what only a new container can change, in HAProxy's configuration the rest. Pure. */
import { isIP } from 'node:net';
import type { ContainerSummary, Labels } from '../engine/index.js';
import { ZkdError } from '../errors.js';
import { LABEL, ROLE, SCHEMA } from './names.js';

export const MODES = ['http', 'tcp'] as const;
export type Mode = (typeof MODES)[number];

/** Where it is reached from outside of its network. */
export interface Publication {
  readonly address: string;
  readonly port: number;
}

/** The registry it follows. */
export interface FollowedRegistry {
  /** Of the znode that tells registries apart. */
  readonly id: string;
  /** The ensemble's name on the engine it was made for; null where only the connection string is known. */
  readonly cluster: string | null;
  /** Without credentials. */
  readonly connect: string | null;
  /** The znode whose children are the services. */
  readonly root: string;
}

/** For as long as the container lives. */
export interface BirthSettings {
  readonly service: string;
  readonly registry: FollowedRegistry;
  /** Null: from its network only. */
  readonly publish: Publication | null;
  readonly network: string;
  /** The reference that was asked for. */
  readonly image: string;
}

/** Can change while it runs. */
export interface LiveSettings {
  readonly mode: Mode;
  /** Asked for by HTTP; null: whether a connection can be made. */
  readonly checkPath: string | null;
  /** How long servers that vanish all at once are kept. */
  readonly holdMs: number;
  /** Servers that fit without a reload; grows with the service. */
  readonly slots: number;
}

export const DEFAULTS: LiveSettings = { mode: 'http', checkPath: null, holdMs: 60_000, slots: 16 };
export const MAX_SLOTS = 4096;

/** `PORT`, `ADDRESS:PORT` or `[ADDRESS]:PORT`; a port alone is this machine's own. */
export function parsePublication(input: string): Publication {
  const [, bracketed, plain, digits = ''] = /^(?:(?:\[([^\]]*)\]|([^:]*)):)?(\d{1,5})$/.exec(input) ?? [];
  const address = bracketed ?? plain ?? '127.0.0.1';
  const port = Number(digits);
  const isFitting = bracketed === undefined ? isIP(address) === 4 : isIP(address) === 6;
  if (digits === '' || !isFitting || port < 1 || port > 65_535) {
    throw new ZkdError('usage', `Port ${JSON.stringify(input)} cannot be published: give PORT (on 127.0.0.1) or ADDRESS:PORT`);
  }
  return { address, port };
}

export const formatPublication = ({ address, port }: Publication): string =>
  isIP(address) === 6 ? `[${address}]:${port}` : `${address}:${port}`;

/** HAProxy's own network has to be apart from the host's: else its port would be open there. */
export function parseNetwork(input: string): string {
  if (input !== 'host' && input !== 'none' && !input.startsWith('container:')) return input;
  throw new ZkdError('usage', `A balancer cannot be on network "${input}": give the servers' own network`);
}

/** A path of a URL that can stand in HAProxy's configuration as it is. */
export function parseCheckPath(input: string): string {
  if (/^\/[\w\-./~%!$&*+,;=:@?]*$/.test(input) && input.length <= 1024) return input;
  throw new ZkdError('usage', `Path ${JSON.stringify(input)} cannot be asked for: give one as /health, encoded as in a URL`);
}

export function balancerLabels(settings: BirthSettings): Labels {
  return { [LABEL.schema]: SCHEMA, [LABEL.role]: ROLE, [LABEL.balancer]: JSON.stringify(settings) };
}

/** Undefined where the container is no balancer of ours, or one of another version of zkd. */
export function readBirthSettings({ labels }: Pick<ContainerSummary, 'labels'>): BirthSettings | undefined {
  if (labels[LABEL.role] !== ROLE || labels[LABEL.schema] !== SCHEMA) return undefined;
  const told = parseJson(labels[LABEL.balancer] ?? '');
  return isBirthSettings(told) ? told : undefined;
}

function isBirthSettings(told: unknown): told is BirthSettings {
  if (typeof told !== 'object' || told === null) return false;
  const { service, registry, network, image, publish } = told as Partial<BirthSettings>;
  const isPublished = publish === null || (typeof publish?.address === 'string' && typeof publish.port === 'number');
  const isFollowing = typeof registry?.id === 'string' && typeof registry.root === 'string';
  return typeof service === 'string' && typeof network === 'string' && typeof image === 'string' && isPublished && isFollowing;
}

const MARK = '# zkd ';

/** The line of a configuration that remembers the settings. */
export const liveSettingsLine = (settings: LiveSettings): string => `${MARK}${JSON.stringify(settings)}`;

/** As a configuration remembers them; the defaults where there is none, or none of ours. */
export function readLiveSettings(configuration: string): LiveSettings {
  const line = configuration.split('\n').find((text) => text.startsWith(MARK)) ?? '';
  const told = parseJson(line.slice(MARK.length)) as Partial<LiveSettings> | undefined;
  const { mode, checkPath, holdMs, slots } = { ...DEFAULTS, ...(typeof told === 'object' ? told : {}) };
  return {
    mode: MODES.includes(mode) ? mode : DEFAULTS.mode,
    checkPath: typeof checkPath === 'string' ? checkPath : null,
    holdMs: typeof holdMs === 'number' && holdMs >= 0 ? holdMs : DEFAULTS.holdMs,
    slots: Number.isInteger(slots) && slots >= 1 && slots <= MAX_SLOTS ? slots : DEFAULTS.slots,
  };
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
