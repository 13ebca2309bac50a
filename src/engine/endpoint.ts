/**
 * Which engine to talk to, and how: flag, variable, docker context, default socket, in that order (README, "Which engine").
 * Decides from an injected machine (environment, home, files) and opens no connection.
 * Formats: `docker context` metadata as docker/cli 20.10-28 writes it (cli/context/store).
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { ZkdError, messageOf } from '../errors.js';
import type { EngineEndpoint } from './engine.js';

/** What the user said on the command line. */
export interface EndpointOptions {
  /** `--docker-host URL`; beats everything else. */
  readonly dockerHost?: string;
  /** `--context NAME`; beats every variable. */
  readonly context?: string;
  /** The variable that said it, where nobody typed the flag; errors name it. */
  readonly source?: string;
}

/** The facts of this machine that the choice depends on. */
export interface Machine {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  /** The text of a file, undefined where it does not exist; may throw where it cannot be read. */
  readFile(path: string): string | undefined;
  exists(path: string): boolean;
  /** Names in a directory; empty where it does not exist. */
  list(path: string): readonly string[];
}

/** TLS to a tcp engine: paths of PEM files that exist, and whether the engine's certificate is checked. */
export interface TlsMaterial {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly verify: boolean;
}

/** How an adapter connects. */
export type EngineTransport =
  | { readonly kind: 'unix'; readonly socketPath: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number; readonly tls?: TlsMaterial }
  | { readonly kind: 'ssh'; readonly host: string; readonly port?: number; readonly user?: string; readonly socketPath?: string };

/** A chosen engine: what is told of it, and how to connect. */
export interface EngineConnection {
  readonly endpoint: EngineEndpoint;
  readonly transport: EngineTransport;
}

const DEFAULT_SOCKET = '/var/run/docker.sock';

/** Chooses the engine. Throws ZkdError `usage` for an unknown context, an unreadable docker configuration or a malformed URL. */
export function resolveEndpoint(options: EndpointOptions, machine: Machine): EngineConnection {
  const { env } = machine;
  const { dockerHost, context, source } = options;
  if (dockerHost !== undefined) return fromUrl(dockerHost, source ?? '--docker-host', tlsOfEnvironment(machine));
  if (context !== undefined) return fromContext(context, `context "${context}"${source === undefined ? '' : ` (${source})`}`, machine);
  if (env['DOCKER_HOST']) return fromUrl(env['DOCKER_HOST'], 'DOCKER_HOST', tlsOfEnvironment(machine));
  if (env['DOCKER_CONTEXT']) return fromContext(env['DOCKER_CONTEXT'], `context "${env['DOCKER_CONTEXT']}" (DOCKER_CONTEXT)`, machine);
  const current = currentContext(machine);
  return current === undefined ? fromDefaultSocket(machine) : fromContext(current, `context "${current}"`, machine);
}

function fromDefaultSocket(machine: Machine): EngineConnection {
  const { env, home } = machine;
  const rootless = [
    ...(env['XDG_RUNTIME_DIR'] ? [join(env['XDG_RUNTIME_DIR'], 'docker.sock')] : []),
    join(home, '.docker/run/docker.sock'),
  ];
  const found = machine.exists(DEFAULT_SOCKET) ? undefined : rootless.find((path) => machine.exists(path));
  return unixConnection(found ?? DEFAULT_SOCKET, found === undefined ? 'default socket' : 'rootless socket');
}

function fromContext(name: string, source: string, machine: Machine): EngineConnection {
  if (name === 'default') return fromDefaultSocket(machine);
  const id = createHash('sha256').update(name).digest('hex');
  const contexts = join(dockerConfig(machine), 'contexts');
  const meta = readJson(join(contexts, 'meta', id, 'meta.json'), machine);
  if (meta === undefined) throw unknownContext(name, contexts, machine);
  const docker = property(property(meta, 'Endpoints'), 'docker');
  const host = property(docker, 'Host');
  if (typeof host !== 'string' || host === '') return fromDefaultSocket(machine);
  const folder = join(contexts, 'tls', id, 'docker');
  const verify = property(docker, 'SkipTLSVerify') !== true;
  const files = pemFiles(folder, machine);
  const tls = Object.keys(files).length > 0 ? { ...files, verify } : undefined;
  return fromUrl(host, source, tls, verify);
}

function unknownContext(name: string, contexts: string, machine: Machine): ZkdError {
  const known = machine
    .list(join(contexts, 'meta'))
    .map((id) => property(readJson(join(contexts, 'meta', id, 'meta.json'), machine), 'Name'))
    .filter((known): known is string => typeof known === 'string');
  const names = ['default', ...known.sort()];
  return new ZkdError('usage', `There is no docker context "${name}"; known here: ${names.join(', ')}`, {
    suggestions: ['docker context ls'],
    details: { context: name, known: names },
  });
}

function currentContext(machine: Machine): string | undefined {
  const current = property(readJson(join(dockerConfig(machine), 'config.json'), machine), 'currentContext');
  return typeof current === 'string' && current !== '' ? current : undefined;
}

function dockerConfig(machine: Machine): string {
  return machine.env['DOCKER_CONFIG'] || join(machine.home, '.docker');
}

/** As the Go client does: a certificate path alone means TLS, `DOCKER_TLS_VERIFY` means checking the engine's certificate. */
function tlsOfEnvironment(machine: Machine): TlsMaterial | undefined {
  const { env } = machine;
  const verify = Boolean(env['DOCKER_TLS_VERIFY']);
  if (!verify && !env['DOCKER_CERT_PATH']) return undefined;
  return { ...pemFiles(env['DOCKER_CERT_PATH'] || dockerConfig(machine), machine), verify };
}

function pemFiles(folder: string, machine: Machine): Omit<TlsMaterial, 'verify'> {
  const there = (['ca', 'cert', 'key'] as const).map((name) => [name, join(folder, `${name}.pem`)] as const);
  return Object.fromEntries(there.filter(([, path]) => machine.exists(path)));
}

function fromUrl(text: string, source: string, tls: TlsMaterial | undefined, verifyByDefault = true): EngineConnection {
  const path = /^(?:unix|npipe):\/\/(.*)$/.exec(text)?.[1];
  if (path !== undefined) {
    if (!path.startsWith('/')) throw malformed(source, 'the socket path is not absolute');
    return unixConnection(path, source, text);
  }
  if (!/^(?:tcp|http|https|ssh):\/\//.test(text) || !URL.canParse(text)) throw malformed(source, 'it is no URL of a kind zkd knows');
  // The URL parser knows no port or host of a tcp: or ssh: URL beyond the generic rules; an http: one is parsed as strictly as we need.
  const scheme = text.slice(0, text.indexOf(':'));
  const httpText = text.replace(/^[a-z]+:/, 'http:');
  if (!URL.canParse(httpText)) throw malformed(source, 'it is no URL of a kind zkd knows');
  const url = new URL(httpText);
  if (url.password !== '') throw malformed(source, 'a password in it is not supported');
  if (url.search !== '' || url.hash !== '') throw malformed(source, 'it has a query or a fragment');
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  // A port that is http's default is swallowed by the parser.
  const written = /:(\d+)(?:\/|$)/.exec(text.slice(text.indexOf('//') + 2))?.[1];
  const port = written === undefined ? undefined : Number(written);
  const remoteHost = remoteHostOf(host);

  if (scheme === 'ssh') {
    const user = decodeURIComponent(url.username);
    // ssh(1) would take a leading dash for an option.
    if (host.startsWith('-') || user.startsWith('-')) throw malformed(source, 'host and user must not start with a dash');
    const socketPath = url.pathname === '/' ? undefined : url.pathname;
    const transport = { kind: 'ssh', host, ...(port && { port }), ...(user && { user }), ...(socketPath && { socketPath }) } as const;
    return { endpoint: { kind: 'ssh', url: text, remoteHost, source }, transport };
  }
  if (url.username !== '') throw malformed(source, 'a user in it is not supported');
  if (url.pathname !== '/') throw malformed(source, 'it has a path');
  const material = scheme === 'http' ? undefined : (tls ?? (scheme === 'https' ? { verify: verifyByDefault } : undefined));
  const wanted = port ?? (material === undefined ? 2375 : 2376);
  const transport = { kind: 'tcp', host, port: wanted, ...(material && { tls: material }) } as const;
  return { endpoint: { kind: 'tcp', url: text, remoteHost, source }, transport };
}

function unixConnection(socketPath: string, source: string, url = `unix://${socketPath}`): EngineConnection {
  return { endpoint: { kind: 'unix', url, remoteHost: null, source }, transport: { kind: 'unix', socketPath } };
}

/** The host itself, or null where it is this machine. */
export function remoteHostOf(host: string): string | null {
  return host === 'localhost' || host === '::1' || /^127(\.\d+){3}$/.test(host) ? null : host;
}

/** Does not repeat the URL: it may hold a password. */
function malformed(source: string, why: string): ZkdError {
  return new ZkdError('usage', `The engine's URL (${source}) cannot be used: ${why}`, {
    suggestions: [
      `Give it as unix:///var/run/docker.sock, tcp://host:2376 or ssh://user@host (also: http, https, npipe)`,
      'docker context ls',
    ],
    details: { source },
  });
}

function readJson(path: string, machine: Machine): unknown {
  try {
    const text = machine.readFile(path);
    return text === undefined ? undefined : JSON.parse(text);
  } catch (error) {
    // Falling back to the default socket would act on another engine than the one that was meant.
    throw new ZkdError('usage', `The docker configuration ${path} cannot be read: ${messageOf(error)}`, { cause: error });
  }
}

function property(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;
}
