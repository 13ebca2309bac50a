/**
 * What an ensemble can be told, as data: one entry per setting with its default at birth, how a value is read and what is allowed.
 * Flags, `zkd.yaml`, labels and comparisons all go through this table. Pure.
 */
import { isIPv4 } from 'node:net';
import { ZkdError } from '../errors.js';
import { formatBytes, parseBytes, parseDecimal, parseDurationMs, parseWholeNumber } from '../runtime/quantities.js';

/** All settings of an ensemble. `null`: the engine's or image's own. */
export interface Settings {
  readonly size: number;
  readonly observers: number;
  readonly image: string;
  /** First host port; `auto` lets zkd choose at birth. */
  readonly clientPort: number | 'auto';
  readonly bind: string;
  /** An existing network to join; null for one of our own. */
  readonly network: string | null;
  readonly subnet: string | null;
  readonly heapBytes: number;
  /** Memory limit; null for heap + 256 MB. */
  readonly memoryBytes: number | null;
  readonly cpus: number | null;
  readonly tickTimeMs: number;
  /** Further zoo.cfg settings. */
  readonly set: Readonly<Record<string, string>>;
  readonly restart: 'unless-stopped' | 'no';
  readonly growable: boolean;
  readonly ephemeral: boolean;
}

/** Settings somebody gave: by flag, variable or file. */
export type GivenSettings = { readonly [K in keyof Settings]?: Settings[K] };

export const DEFAULT_IMAGE = 'zookeeper:3.9';
const MEBIBYTE = 1024 ** 2;
const GIBIBYTE = 1024 ** 3;
/** What the JVM needs beside its heap. */
export const MEMORY_BESIDE_HEAP = 256 * MEBIBYTE;

/** Settings as a new ensemble gets them where nobody says otherwise. */
export const BIRTH_SETTINGS: Settings = {
  size: 3,
  observers: 0,
  image: DEFAULT_IMAGE,
  clientPort: 'auto',
  bind: '127.0.0.1',
  network: null,
  subnet: null,
  heapBytes: 256 * MEBIBYTE,
  memoryBytes: null,
  cpus: null,
  tickTimeMs: 2000,
  set: {},
  restart: 'unless-stopped',
  growable: false,
  ephemeral: false,
};

/** One setting: its key in `zkd.yaml`, its flag, what is allowed in words, and the reader of a written value. */
export interface SettingDefinition<K extends keyof Settings = keyof Settings> {
  readonly fileKey: string;
  readonly flag: string;
  readonly allowed: string;
  readonly parse: (input: string) => Settings[K];
  readonly format: (value: Settings[K]) => string;
}

type Definitions = { readonly [K in keyof Settings]: SettingDefinition<K> };

/** zoo.cfg keys that zkd or ZooKeeper itself writes, and what to use instead. */
const OWNED_KEYS: readonly (readonly [RegExp, string])[] = [
  [/^(dataDir|dataLogDir|dynamicConfigFile|reconfigEnabled|skipACL|4lw\.commands\.whitelist)$/i, 'zkd owns it'],
  [/^clientPort(Address)?$/i, 'use --client-port and --bind'],
  [/^tickTime$/i, 'use --tick-time'],
  [/^standaloneEnabled$/i, 'use --growable'],
  [/^(server|group|weight)\./i, 'use --size and --observers'],
  [/^(zookeeper\.)?DigestAuthenticationProvider\.superDigest$/i, 'zkd makes a credential of its own'],
  [/^peerType$/i, 'use --observers'],
];

/** Keys whose values are secrets; `ssl.keyStore.passwordPath` and its like name a file, which is none. */
export const SECRET_KEY = /(password|passwd|secret|credential|token)(?!s?path)/i;

/**
 * One `key=value` for zoo.cfg. Keys that zkd owns, keys of secrets, and values with line breaks are `usage` errors. No error repeats a
 * value, nor anything else behind what can be a key: it may be a secret that was mistyped.
 */
export function parseZooSetting(input: string): readonly [string, string] {
  const match = /^([A-Za-z0-9][\w.-]*)=([^\r\n\0]*)$/.exec(input);
  const [, key = '', value = ''] = match ?? [];
  if (!match) {
    const [start = ''] = /^[^\s=:]*/.exec(input) ?? [];
    throw new ZkdError('usage', `Setting ${JSON.stringify(start)} is not valid: give key=value on one line, as in zoo.cfg`);
  }
  const owned = OWNED_KEYS.find(([pattern]) => pattern.test(key));
  if (owned) throw new ZkdError('usage', `Setting "${key}" cannot be given: ${owned[1]}`);
  if (SECRET_KEY.test(key)) {
    const why = 'settings are kept in labels, where no secret may be; name a file where ZooKeeper can read one, as with ssl.*.passwordPath';
    throw new ZkdError('usage', `Setting "${key}" cannot be given: ${why}`);
  }
  return [key, value.trim()];
}

function parseWord(input: string, what: string, pattern: RegExp, allowed: string): string {
  if (!pattern.test(input)) throw new ZkdError('usage', `${what} ${JSON.stringify(input)} is not valid: give ${allowed}`);
  return input;
}

function parseChoice<T extends string>(input: string, what: string, choices: readonly T[]): T {
  const found = choices.find((choice) => choice === input);
  if (!found) throw new ZkdError('usage', `${what} ${JSON.stringify(input)} is not valid: give ${choices.join(' or ')}`);
  return found;
}

/** `True` and `TRUE` are YAML's too. */
function parseBoolean(input: string, what: string): boolean {
  if (!/^(true|false)$/i.test(input)) throw new ZkdError('usage', `${what} ${JSON.stringify(input)} is not valid: give true or false`);
  return input.toLowerCase() === 'true';
}

const SUBNET = 'an IPv4 network from /8 to /28 such as 172.30.0.0/24';

function parseSubnet(input: string): string {
  const [address = '', prefix = '', ...rest] = input.split('/');
  const isNetwork = isIPv4(address) && /^(8|9|1\d|2[0-8])$/.test(prefix) && rest.length === 0;
  const host = address.split('.').reduce((number, octet) => number * 256 + Number(octet), 0) % 2 ** (32 - Number(prefix));
  if (!isNetwork || host !== 0) {
    const why = isNetwork ? ', with nothing set behind the prefix' : '';
    throw new ZkdError('usage', `Subnet ${JSON.stringify(input)} is not valid: give ${SUBNET}${why}`);
  }
  return input;
}

const NETWORK = 'the name of an existing user-defined network';

/** Members find one another by name, which the engine answers on user-defined networks only. */
function parseNetwork(input: string): string {
  if (/^(host|none|bridge|default)$|^container:/.test(input)) {
    const why = 'members find one another by name, which works on no other';
    throw new ZkdError('usage', `Network ${JSON.stringify(input)} is not valid: give ${NETWORK} (${why})`);
  }
  return parseWord(input, 'Network', /^[A-Za-z0-9][\w.-]{0,126}$/, NETWORK);
}

function parseBind(input: string): string {
  if (!isIPv4(input))
    throw new ZkdError('usage', `Bind address ${JSON.stringify(input)} is not valid: give an IPv4 address such as 127.0.0.1`);
  return input;
}

/** Gives a limit back. */
const NONE = 'none';
const orNone = (value: string | number | null): string => (value === null ? 'none' : String(value));

export const SETTINGS: Definitions = {
  size: {
    fileKey: 'size',
    flag: 'size',
    allowed: 'a whole number from 1 to 9',
    parse: (input) => parseWholeNumber(input, 'Size', 1, 9),
    format: String,
  },
  observers: {
    fileKey: 'observers',
    flag: 'observers',
    allowed: 'a whole number from 0 to 9',
    parse: (input) => parseWholeNumber(input, 'Number of observers', 0, 9),
    format: String,
  },
  image: {
    fileKey: 'image',
    flag: 'image',
    allowed: 'an image reference such as zookeeper:3.9',
    parse: (input) => parseWord(input, 'Image', /^[A-Za-z0-9][\w./:@-]{0,254}$/, 'an image reference such as zookeeper:3.9'),
    format: String,
  },
  clientPort: {
    fileKey: 'clientPort',
    flag: 'client-port',
    allowed: 'a port from 1024 to 65535, or auto',
    parse: (input) => (input === 'auto' ? 'auto' : parseWholeNumber(input, 'Client port', 1024, 65535)),
    format: String,
  },
  bind: {
    fileKey: 'bind',
    flag: 'bind',
    allowed: 'an IPv4 address such as 127.0.0.1',
    parse: parseBind,
    format: String,
  },
  network: {
    fileKey: 'network',
    flag: 'network',
    allowed: NETWORK,
    parse: parseNetwork,
    format: orNone,
  },
  subnet: {
    fileKey: 'subnet',
    flag: 'subnet',
    allowed: SUBNET,
    parse: parseSubnet,
    format: orNone,
  },
  heapBytes: {
    fileKey: 'heap',
    flag: 'heap',
    allowed: 'a size from 32m to 64g',
    parse: (input) => parseBytes(input, 'Heap', 32 * MEBIBYTE, 64 * GIBIBYTE),
    format: formatBytes,
  },
  memoryBytes: {
    fileKey: 'memory',
    flag: 'memory',
    allowed: 'a size from 64m to 256g, or none for heap + 256m',
    parse: (input) => (input === NONE ? null : parseBytes(input, 'Memory', 64 * MEBIBYTE, 256 * GIBIBYTE)),
    format: (value) => (value === null ? 'heap + 256m' : formatBytes(value)),
  },
  cpus: {
    fileKey: 'cpus',
    flag: 'cpus',
    allowed: 'a number from 0.1 to 256, or none for no limit',
    parse: (input) => (input === NONE ? null : parseDecimal(input, 'Number of CPUs', 0.1, 256)),
    format: orNone,
  },
  tickTimeMs: {
    fileKey: 'tickTime',
    flag: 'tick-time',
    allowed: 'a duration from 100ms to 1m',
    parse(input) {
      const milliseconds = parseDurationMs(/^\d+$/.test(input) ? `${input}ms` : input, 'Tick time');
      if (milliseconds < 100 || milliseconds > 60_000) {
        throw new ZkdError('usage', `Tick time ${JSON.stringify(input)} is not valid: give a duration from 100ms to 1m`);
      }
      return milliseconds;
    },
    format: (value) => `${value}ms`,
  },
  set: {
    fileKey: 'set',
    flag: 'set',
    allowed: 'key=value pairs as in zoo.cfg',
    parse: (input) => Object.fromEntries(input.split('\n').filter(Boolean).map(parseZooSetting)),
    format: (value) =>
      Object.entries(value)
        .map(([key, entry]) => `${key}=${entry}`)
        .sort()
        .join(' ') || 'none',
  },
  restart: {
    fileKey: 'restart',
    flag: 'restart',
    allowed: 'unless-stopped or no',
    parse: (input) => parseChoice(input, 'Restart policy', ['unless-stopped', 'no']),
    format: String,
  },
  growable: {
    fileKey: 'growable',
    flag: 'growable',
    allowed: 'true or false',
    parse: (input) => parseBoolean(input, 'Growable'),
    format: String,
  },
  ephemeral: {
    fileKey: 'ephemeral',
    flag: 'ephemeral',
    allowed: 'true or false',
    parse: (input) => parseBoolean(input, 'Ephemeral'),
    format: String,
  },
};

export const SETTING_KEYS = Object.keys(SETTINGS) as (keyof Settings)[];

/** A value as a person would write it. */
export function formatSetting<K extends keyof Settings>(key: K, value: Settings[K]): string {
  return SETTINGS[key].format(value);
}

/** The settings with what was given in place of what was there; zoo.cfg settings key by key, an empty value takes a key away. */
export function withGiven(base: Settings, given: GivenSettings): Settings {
  const set = Object.entries({ ...base.set, ...given.set }).filter(([, value]) => value !== '');
  return { ...base, ...given, set: Object.fromEntries(set) };
}

/** Checks of settings against one another. Throws `usage`. */
export function checkSettings(settings: Settings): void {
  if (settings.memoryBytes !== null && settings.memoryBytes < settings.heapBytes + 64 * MEBIBYTE) {
    throw new ZkdError(
      'usage',
      `Memory ${formatBytes(settings.memoryBytes)} is too small for a heap of ${formatBytes(settings.heapBytes)}: give at least ${formatBytes(settings.heapBytes + 64 * MEBIBYTE)}`,
    );
  }
  if (settings.network !== null && settings.subnet !== null) {
    throw new ZkdError('usage', '--subnet cannot be given with --network: an existing network has its subnet');
  }
  const last = settings.clientPort === 'auto' ? 0 : settings.clientPort + settings.size + settings.observers - 1;
  if (last > 65535) throw new ZkdError('usage', `Client port ${settings.clientPort} is too high: members would take ports up to ${last}`);
}
