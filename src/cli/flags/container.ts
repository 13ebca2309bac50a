/** Of a container, what people give to `docker run`, as they give it there. */
import { readFile } from 'node:fs/promises';
import { isIPv4 } from 'node:net';
import { custom, option, string } from '@oclif/core/flags';
import type { ContainerSpec, HealthCheck, PortBinding, VolumeMount } from '../../engine/index.js';
import { messageOf, ZkdError } from '../../errors.js';
import type { ContainerSettings } from '../../registry/index.js';
import { parseBytes, parseDecimal, parseDurationMs, parseWholeNumber } from '../../runtime/quantities.js';
import { repeated } from './repeated.js';

const GROUP = 'CONTAINER';
const many = { multiple: true, multipleNonGreedy: true, helpGroup: GROUP } as const;
/** What an engine takes at least, and more than any machine has. */
const [LEAST_MEMORY, MOST_MEMORY] = [6 * 1024 ** 2, 1024 ** 4];

const duration = (name: string, summary: string) =>
  custom<number>({
    env: `ZKD_${name.toUpperCase().replaceAll('-', '_')}`,
    helpValue: 'DURATION',
    parse: async (input) => parseDurationMs(input, 'Duration'),
    dependsOn: ['health-cmd'],
    summary,
    helpGroup: GROUP,
  })();

export const containerFlags = {
  env: string({
    ...many,
    char: 'e',
    env: 'ZKD_ENV',
    helpValue: 'NAME[=VALUE]',
    summary: "A variable; without a value, zkd's own of that name. Can be repeated; ZKD_ENV takes one a line.",
  }),
  // Not `env-file`: Node 20 takes that for its own, wherever it stands.
  'env-from': string({ ...many, env: 'ZKD_ENV_FROM', helpValue: 'FILE', summary: 'Variables, one a line; --env wins. Can be repeated.' }),
  publish: string({
    ...many,
    char: 'p',
    env: 'ZKD_PUBLISH',
    helpValue: '[[ADDRESS:]HOST:]PORT',
    summary:
      "Publish a port, on 127.0.0.1 unless said; on a port of the engine's choice without HOST. Can be repeated; ZKD_PUBLISH: one a line.",
  }),
  volume: string({
    ...many,
    char: 'v',
    env: 'ZKD_VOLUME',
    helpValue: 'NAME|/PATH:/TARGET[:ro]',
    summary: "Mount a volume, or a path of the engine's host. Can be repeated; ZKD_VOLUME takes one a line.",
  }),
  memory: custom<number>({
    env: 'ZKD_MEMORY',
    helpValue: 'SIZE',
    parse: async (input) => parseBytes(input, 'Memory', LEAST_MEMORY, MOST_MEMORY),
    summary: 'Memory limit, swap included.',
    helpGroup: GROUP,
  })(),
  cpus: custom<number>({
    env: 'ZKD_CPUS',
    helpValue: 'NUMBER',
    parse: async (input) => parseDecimal(input, 'Number of CPUs', 0.01, 256),
    summary: 'CPU limit.',
    helpGroup: GROUP,
  })(),
  user: string({ env: 'ZKD_USER', helpValue: 'UID[:GID]', summary: "User it runs as; else the image's.", helpGroup: GROUP }),
  restart: option({
    options: ['no', 'unless-stopped'] as const,
    env: 'ZKD_RESTART',
    default: 'no',
    summary: 'Restart policy.',
    helpGroup: GROUP,
  })(),
  label: string({ ...many, env: 'ZKD_LABEL', helpValue: 'KEY[=VALUE]', summary: 'Can be repeated; ZKD_LABEL takes one a line.' }),
  'health-cmd': string({
    env: 'ZKD_HEALTH_CMD',
    helpValue: 'COMMAND',
    summary: `Health check, for the shell of the image; without one, as JSON: '["server", "check"]'.`,
    helpGroup: GROUP,
  }),
  'health-interval': duration('health-interval', "Between two health checks. [default: the engine's, 30s]"),
  'health-timeout': duration('health-timeout', "How long one may take. [default: the engine's, 30s]"),
  'health-start-period': duration('health-start-period', 'How long a failure does not count after the start.'),
  'health-retries': custom<number>({
    env: 'ZKD_HEALTH_RETRIES',
    helpValue: 'N',
    parse: async (input) => parseWholeNumber(input, 'Number of failures', 1, 1000),
    dependsOn: ['health-cmd'],
    summary: "Failures in a row that make it unhealthy. [default: the engine's, 3]",
    helpGroup: GROUP,
  })(),
};

/** Parsed values of {@link containerFlags}. */
export interface ContainerFlagValues {
  readonly env?: readonly string[] | undefined;
  readonly 'env-from'?: readonly string[] | undefined;
  readonly publish?: readonly string[] | undefined;
  readonly volume?: readonly string[] | undefined;
  readonly memory?: number | undefined;
  readonly cpus?: number | undefined;
  readonly user?: string | undefined;
  readonly restart: 'no' | 'unless-stopped';
  readonly label?: readonly string[] | undefined;
  readonly 'health-cmd'?: string | undefined;
  readonly 'health-interval'?: number | undefined;
  readonly 'health-timeout'?: number | undefined;
  readonly 'health-start-period'?: number | undefined;
  readonly 'health-retries'?: number | undefined;
}

/** `own` is zkd's environment. Throws `usage` for what is none of its kind, and for a file that cannot be read. */
export async function containerSettings(
  flags: ContainerFlagValues,
  own: NodeJS.ProcessEnv,
): Promise<Omit<ContainerSettings, 'image' | 'command'>> {
  const { memory: memoryBytes, cpus, user, restart } = flags;
  const healthCheck = parseHealthCheck(flags);
  const files = await Promise.all(repeated(flags['env-from']).map(readVariables));
  return {
    env: parseVariables([...files.flat(), ...lines(flags.env)], own),
    ports: lines(flags.publish).map(parsePublish),
    mounts: lines(flags.volume).map(parseVolume),
    labels: Object.fromEntries(lines(flags.label).map(parseLabel)),
    restart,
    ...(memoryBytes !== undefined && { memoryBytes }),
    ...(cpus !== undefined && { cpus }),
    ...(user !== undefined && { user }),
    ...(healthCheck && { healthCheck }),
  };
}

/** Typed values as they are; those of a variable, which is one text, line by line. */
function lines(values: readonly string[] | undefined): readonly string[] {
  return Array.isArray(values) ? (values as readonly string[]) : repeated(values).flatMap((text) => text.split('\n').filter(Boolean));
}

/** As docker reads such files: a line is a variable, quotes are part of its value, `#` begins a comment at the start of a line only. */
async function readVariables(path: string): Promise<string[]> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new ZkdError('usage', `The variables cannot be read: ${messageOf(error)}`, { cause: error });
  });
  return text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .map((line) => line.trimStart())
    .filter((line) => line !== '' && !line.startsWith('#'));
}

function parseVariables(words: readonly string[], own: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    words.map((word) => {
      const [name, value] = pair(word, 'Variable', 'NAME=VALUE or NAME');
      if (/\s/.test(name)) throw wrong('Variable', name, 'a name without spaces');
      if (value !== undefined) return [name, value];
      const inherited = own[name];
      if (inherited === undefined) throw new ZkdError('usage', `Variable "${name}" is not set here: give ${name}=VALUE`);
      return [name, inherited];
    }),
  );
}

function parseLabel(word: string): [string, string] {
  const [name, value = ''] = pair(word, 'Label', 'KEY=VALUE or KEY');
  return [name, value];
}

/** What is wrong is told by its name only: a value may be a secret. */
function pair(word: string, what: string, allowed: string): [string, string | undefined] {
  const cut = word.indexOf('=');
  if (cut === 0 || word === '') throw new ZkdError('usage', `${what} without a name: give ${allowed}`);
  return cut === -1 ? [word, undefined] : [word.slice(0, cut), word.slice(cut + 1)];
}

function wrong(what: string, input: string, allowed: string): ZkdError {
  return new ZkdError('usage', `${what} ${JSON.stringify(input)} is not valid: give ${allowed}`);
}

const PUBLISH = 'PORT, HOST:PORT or ADDRESS:HOST:PORT, such as 8080:80';

function parsePublish(input: string): PortBinding {
  const parts = input.replace(/\/tcp$/, '').split(':');
  const [port = '', host = '', address = '127.0.0.1', ...rest] = parts.reverse();
  if (rest.length > 0 || !isIPv4(address)) throw wrong('Published port', input, `${PUBLISH}; an address is an IPv4 one`);
  const isEmptyHost = parts.length === 3 && host === '';
  if (!isPort(port) || !(isPort(host) || isEmptyHost || parts.length === 1)) throw wrong('Published port', input, PUBLISH);
  return { containerPort: Number(port), hostAddress: address, hostPort: Number(host) };
}

const isPort = (text: string): boolean => /^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535;

function parseVolume(input: string): VolumeMount {
  const [, source = '', target = '', mode] = /^([^:]+):(\/[^:]*)(?::(ro|rw))?$/.exec(input) ?? [];
  const isPath = source.startsWith('/');
  if (target === '' || target === '/' || !(isPath || /^[a-zA-Z0-9][\w.-]+$/.test(source))) {
    throw wrong('Volume', input, "NAME:/TARGET or /PATH:/TARGET, with :ro to read only; a path of the engine's host is absolute");
  }
  return { ...(isPath ? { hostPath: source } : { volume: source }), target, ...(mode === 'ro' && { readOnly: true }) };
}

function parseHealthCheck(flags: ContainerFlagValues): HealthCheck | undefined {
  const { 'health-cmd': command, 'health-interval': intervalMs, 'health-timeout': timeoutMs } = flags;
  const { 'health-start-period': startPeriodMs, 'health-retries': retries } = flags;
  if (command === undefined) return undefined;
  const times = { intervalMs, timeoutMs, startPeriodMs, retries };
  return { test: parseTest(command), ...Object.fromEntries(Object.entries(times).filter(([, value]) => value !== undefined)) };
}

function parseTest(command: string): NonNullable<ContainerSpec['healthCheck']>['test'] {
  if (command.trim() === '') throw wrong('Health check', command, 'a command');
  if (!command.startsWith('[')) return ['CMD-SHELL', command];
  try {
    const words: unknown = JSON.parse(command);
    if (Array.isArray(words) && words.length > 0 && words.every((word) => typeof word === 'string')) return ['CMD', ...words];
  } catch {
    // Said below.
  }
  throw wrong('Health check', command, 'a command for a shell, or a JSON list of words');
}
