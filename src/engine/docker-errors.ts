/**
 * What went wrong with a Docker engine, in our words: an answer it refused with, or a connection that failed -> ZkdError with a reason.
 * The engine has no error codes: status and text decide, so every text that was seen (20.10 to 28) has its line here.
 * Messages carry the engine's words, never what was sent to it.
 */
import { ZkdError, messageOf } from '../errors.js';
import type { ExitCodeName } from '../exit-codes.js';
import type { EngineEndpoint, EngineErrorReason } from './engine.js';

/** A refusal the engine answered with. Internal to the adapter: {@link toZkdError} translates it. */
export class EngineRefusal extends Error {
  constructor(
    readonly status: number,
    /** The engine's own words. */
    readonly words: string,
  ) {
    super(`HTTP ${status}: ${words}`);
  }
}

/** What was tried. */
export interface Attempt {
  /** As in "Cannot ...": `start container "zkd-dev-1"`. */
  readonly what: string;
  readonly endpoint: EngineEndpoint;
  /** Whatever the engine refuses here means this, unless the disk is full or it cannot be reached. */
  readonly reason?: EngineErrorReason;
}

const EXIT_CODES: Readonly<Record<EngineErrorReason, ExitCodeName>> = {
  unreachable: 'engine-unavailable',
  'permission-denied': 'engine-unavailable',
  'image-unavailable': 'engine-unavailable',
  'no-such-container': 'not-found',
  'no-such-network': 'not-found',
  'no-such-volume': 'not-found',
  'no-such-image': 'not-found',
  'no-such-file': 'not-found',
  'name-taken': 'conflict',
  'port-taken': 'conflict',
  'network-in-use': 'conflict',
  'volume-in-use': 'conflict',
  'network-ambiguous': 'conflict',
  'subnet-taken': 'conflict',
  'not-running': 'conflict',
  running: 'conflict',
  'disk-full': 'failure',
  other: 'failure',
};

/** First match wins: a full disk can hide in any other complaint, and "not found" is the vaguest text. */
const TEXTS: readonly (readonly [RegExp, EngineErrorReason])[] = [
  // The last is what is left of an overlay whose folder the kernel had no space for: it goes on without, and the engine looks for it.
  [/no space left on device|disk quota exceeded|\/overlay2\/[\w-]+\/work\/work: no such file/i, 'disk-full'],
  [/port is already allocated|address already in use|ports are not available|only one usage of each socket address/i, 'port-taken'],
  [/authorization denied by plugin/i, 'permission-denied'],
  [/HTTP request to an HTTPS server/i, 'unreachable'],
  [/network .* is ambiguous/i, 'network-ambiguous'],
  [/pool overlaps|non-overlapping|fully subnetted|overlapping IPv[46]|conflicts with network/i, 'subnet-taken'],
  [/has active endpoints/i, 'network-in-use'],
  [/volume is in use/i, 'volume-in-use'],
  [/is already in use by container|network with name .* already exists/i, 'name-taken'],
  [/cannot remove (?:a |container .*: container is )(?:running|paused|restarting)/i, 'running'],
  [/network .* not found|no such network(?! interface)/i, 'no-such-network'],
  [/no such volume/i, 'no-such-volume'],
  [/no such image|manifest unknown/i, 'no-such-image'],
  [/no such container|container is marked for removal/i, 'no-such-container'],
  [/could not find the file|extraction point is not a directory|bind source path does not exist/i, 'no-such-file'],
  [/is not running|is paused|is restarting, wait until|cannot start a paused/i, 'not-running'],
];

/** Translates whatever an attempt failed with. A ZkdError passes as it is. */
export function toZkdError(error: unknown, attempt: Attempt): ZkdError {
  if (error instanceof ZkdError) return error;
  if (error instanceof EngineRefusal) return refusal(error, attempt);
  return connectionError(error, attempt);
}

/** What a pull rejects with whose signal was aborted: the signal's own reason where that is one of ours. */
export function pullAbandoned(image: string, reason: unknown): ZkdError {
  if (reason instanceof ZkdError) return reason;
  const details = { reason: 'image-unavailable', image };
  return new ZkdError('engine-unavailable', `Pulling image "${image}" was given up`, { cause: reason, details });
}

/** Whether the engine refused, in these words. */
export function isRefused(error: unknown, words: RegExp): boolean {
  return error instanceof EngineRefusal && words.test(error.words);
}

/** Undefined where the engine refuses in these words. */
export async function unlessRefused<T>(answer: Promise<T>, words: RegExp | undefined): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (words !== undefined && isRefused(error, words)) return undefined;
    throw error;
  }
}

/** The reason behind a refusal's words. */
export function reasonOf(words: string): EngineErrorReason {
  return TEXTS.find(([text]) => text.test(words))?.[1] ?? 'other';
}

/**
 * Address and port out of a port conflict's text, where it names them. Seen:
 * `Bind for 127.0.0.1:2181 failed: port is already allocated`, `listen tcp4 127.0.0.1:2181: bind: address already in use`,
 * `failed to bind host port 127.0.0.1:2181/tcp: address already in use`, `Bind for :::2181 failed`.
 */
export function takenPort(words: string): { address?: string; port?: number } {
  const found = /(?:Bind for|listen tcp[46]?|host port(?: for)?) (\[[0-9a-f:]+\]|::|[0-9.]*):(\d+)/i.exec(words);
  if (found === null) return {};
  const address = (found[1] ?? '').replace(/^\[(.*)\]$/, '$1');
  return { ...(address === '' ? {} : { address }), port: Number(found[2]) };
}

function refusal(error: EngineRefusal, { what, endpoint, reason: wanted }: Attempt): ZkdError {
  const found = reasonOf(error.words);
  const reason = wanted !== undefined && found !== 'disk-full' && found !== 'unreachable' ? wanted : found;
  const details: Record<string, unknown> = { reason, engine: error.words };
  let message = `Cannot ${what}: ${error.words}`;
  if (reason === 'port-taken') {
    const { address, port } = takenPort(error.words);
    Object.assign(details, { ...(port !== undefined && { port }), ...(address !== undefined && { address }) });
    if (port !== undefined) message = `Cannot ${what}: port ${address === undefined ? '' : `${address}:`}${port} is taken`;
  }
  return new ZkdError(EXIT_CODES[reason], withShortIds(message), {
    cause: error,
    details,
    suggestions: suggestions(reason, details, endpoint),
  });
}

/** Ids as `docker ps` shows them; the details keep the whole. */
function withShortIds(text: string): string {
  return text.replace(/\b([0-9a-f]{12})[0-9a-f]{52}\b/g, '$1');
}

function connectionError(error: unknown, { what, endpoint }: Attempt): ZkdError {
  const code = errorCode(error);
  const denied = code === 'EACCES' || code === 'EPERM';
  const reason: EngineErrorReason = denied ? 'permission-denied' : 'unreachable';
  const where = `the container engine at ${endpoint.url} (${endpoint.source})`;
  const message = withShortIds(
    denied ? `No permission to use ${where}, to ${what}` : `Cannot reach ${where} to ${what}: ${connectionWords(error, code, endpoint)}`,
  );
  const details = { reason, endpoint: endpoint.url, source: endpoint.source, ...(code !== undefined && { errno: code }) };
  return new ZkdError(EXIT_CODES[reason], message, { cause: error, details, suggestions: suggestions(reason, details, endpoint) });
}

function connectionWords(error: unknown, code: string | undefined, { kind }: EngineEndpoint): string {
  if (code === 'ENOENT') return kind === 'ssh' ? 'there is no ssh command here' : 'there is no such socket';
  if (code !== undefined && UNTRUSTED.includes(code)) return `its certificate is not trusted (${messageOf(error)})`;
  if (code === 'EPROTO' || code === 'ERR_SSL_WRONG_VERSION_NUMBER') return 'it does not speak TLS';
  if (/^ERR_SSL_\w*ALERT/.test(code ?? '')) return `it refuses our certificate, or wants one (${code})`;
  if (code === 'ECONNREFUSED') return 'nothing is listening there';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'the host name is not known';
  if (code === 'ECONNRESET' || code === 'EPIPE') return 'it closed the connection';
  if (error instanceof SyntaxError) return 'what answers there is no container engine';
  return messageOf(error);
}

/** What Node says of a certificate whose authority is not known here, or that is another host's. */
const UNTRUSTED = [
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_HAS_EXPIRED',
  'ERR_TLS_CERT_ALTNAME_INVALID',
];

/** The `code` of a system error; several addresses tried in vain come as one AggregateError with the code on top. */
function errorCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** `-p 2222 user@host`: ssh(1) takes URLs, but none with the socket's path. */
function sshLogin(url: string): string {
  const [, login = '', port] = /^ssh:\/\/([^/]*?)(?::(\d+))?(?:\/.*)?$/.exec(url) ?? [];
  return `${port === undefined ? '' : `-p ${port} `}${login}`;
}

function suggestions(reason: EngineErrorReason, details: Readonly<Record<string, unknown>>, endpoint: EngineEndpoint): string[] {
  switch (reason) {
    case 'unreachable':
      if (endpoint.kind === 'unix')
        return ['sudo systemctl start docker', 'docker context ls', 'Name another engine with --docker-host or --context'];
      if (endpoint.kind === 'ssh')
        return [`ssh ${sshLogin(endpoint.url)} docker version`, 'Name another engine with --docker-host or --context'];
      return [
        'Where the engine speaks TLS, set DOCKER_TLS_VERIFY=1 and DOCKER_CERT_PATH',
        'Name another engine with --docker-host or --context',
      ];
    case 'permission-denied':
      return endpoint.kind === 'unix' ? ['sudo usermod -aG docker "$USER"', 'newgrp docker'] : ['docker context ls'];
    case 'port-taken':
      return typeof details['port'] === 'number'
        ? [`docker ps --filter publish=${details['port']}`, `ss -ltnp "sport = :${details['port']}"`]
        : [];
    case 'subnet-taken':
      return ['docker network ls'];
    case 'disk-full':
      return ['docker system df'];
    default:
      return [];
  }
}
