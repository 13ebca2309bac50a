/** Where the registry is in the tree, and what is written there of a container. */
import { custom, option, string } from '@oclif/core/flags';
import { ZkdError } from '../../errors.js';
import { ADVERTISED, DEFAULT_ROOT, PAYLOADS } from '../../registry/index.js';
import { checkPath } from '../../zookeeper/index.js';
import { repeated } from './repeated.js';

export const rootFlag = {
  root: custom({
    env: 'ZKD_ROOT',
    helpValue: 'PATH',
    default: DEFAULT_ROOT,
    parse: async (input) => parseRoot(input),
    summary: 'Znode whose children are the services.',
  })(),
};

const many = { multiple: true, multipleNonGreedy: true } as const;

const tagFlag = {
  tag: string({ ...many, env: 'ZKD_TAG', helpValue: 'TAG', parse: async (input) => parseTag(input), summary: 'Can be repeated.' }),
};

function parseRoot(input: string): string {
  const [, top] = checkPath(input).split('/');
  if (top !== 'zkd' && top !== 'zookeeper') return input;
  throw new ZkdError(
    'usage',
    `"${input}" is no place for services: ${top === 'zkd' ? 'zkd keeps its own there' : 'it is ZooKeeper’s own'}`,
  );
}

/** Which address is registered, and how. */
export const advertiseFlags = {
  advertise: option({ options: ADVERTISED, env: 'ZKD_ADVERTISE', default: 'network', summary: 'Which address to register.' })(),
  'host-address': string({
    env: 'ZKD_HOST_ADDRESS',
    helpValue: 'ADDRESS',
    parse: async (input) => parseHost(input),
    summary: "What others call the engine's host.",
  }),
  ...tagFlag,
  payload: option({
    options: PAYLOADS,
    env: 'ZKD_PAYLOAD',
    default: 'none',
    summary: "Spring Cloud's payload; plain Curator readers of the service fail at it.",
  })(),
};
export const serviceFlags = {
  service: string({ env: 'ZKD_SERVICE', helpValue: 'NAME', required: true, summary: 'Service it is an instance of.' }),
  port: custom<number>({
    env: 'ZKD_PORT',
    helpValue: 'PORT',
    required: true,
    parse: async (input) => parsePort(input),
    summary: 'Port the program in it listens on.',
  })(),
};

/** What others may want to know of an instance. */
export const factFlags = {
  ...tagFlag,
  metadata: string({ ...many, env: 'ZKD_METADATA', helpValue: 'KEY=VALUE', summary: 'Can be repeated.' }),
  weight: custom<number>({
    env: 'ZKD_WEIGHT',
    helpValue: 'N',
    parse: async (input) => parseWeight(input),
    summary: 'Share of the load among the instances. [default: 1]',
  })(),
};

/** Parsed values of {@link factFlags}. */
export interface FactFlagValues {
  readonly tag?: readonly string[] | undefined;
  readonly metadata?: readonly string[] | undefined;
}

export function factsOf({ tag, metadata }: FactFlagValues): {
  readonly tags: readonly string[];
  readonly metadata: Record<string, string>;
} {
  return { tags: repeated(tag), metadata: parseMetadata(repeated(metadata)) };
}

function parseHost(input: string): string {
  if (/^[\w.:-]+$/.test(input)) return input;
  throw new ZkdError('usage', `Address ${JSON.stringify(input)} is none: give a name or an IP address`);
}

function parseTag(input: string): string {
  if (input.trim() !== '') return input;
  throw new ZkdError('usage', 'A tag is empty: give some text');
}

function parsePort(input: string): number {
  const port = Number(input);
  if (!/^\d+$/.test(input) || port < 1 || port > 65_535)
    throw new ZkdError('usage', `Port ${JSON.stringify(input)} is none: give 1 to 65535`);
  return port;
}

function parseWeight(input: string): number {
  const weight = Number(input);
  if (!/^\d+(\.\d+)?$/.test(input)) throw new ZkdError('usage', `Weight ${JSON.stringify(input)} is none: give a number from 0 on`);
  return weight;
}

function parseMetadata(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const cut = pair.indexOf('=');
      if (cut < 1) throw new ZkdError('usage', `Metadata ${JSON.stringify(pair)} is none: give KEY=VALUE`);
      return [pair.slice(0, cut), pair.slice(cut + 1)];
    }),
  );
}
