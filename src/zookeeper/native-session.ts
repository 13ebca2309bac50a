/**
 * Opens sessions with the npm package `zookeeper`, the only file that imports it. The library is silent about a bad address and about every
 * reason a connection does not come, and sometimes stops trying: so names are resolved here, tries are made anew, and servers are probed.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { ZkdError, messageOf } from '../errors.js';
import { formatServer } from './connect-string.js';
import type { NativeClientClass } from './native-client.js';
import { NativeConnection } from './native-connection.js';
import { NativeSession } from './native-operations.js';
import { checkPath } from './paths.js';
import type { OpenSession, ServerAddress, SessionOptions } from './port.js';
import { probeServer, resolveHost, type ServerVerdict } from './probe-server.js';
import { SideSession } from './side-session.js';

const SESSION_TIMEOUT_MS = 10_000;
const TIMEOUT_MS = 10_000;
/** Below a session time of this the library never connects. */
const LEAST_SESSION_TIMEOUT_MS = 1000;
/** The first try's time; each later one has twice as much. */
const FIRST_TRY_MS = 1000;
/** A server that refuses may be starting: it has so long. */
const REFUSAL_GRACE_MS = 2500;
/** The library gives a session up after 10 partial reads unless told otherwise; a large answer has more. */
const PARTIAL_READS = 2 ** 31 - 1;

export const openNativeSession: OpenSession = async (options) => {
  const { timeoutMs = TIMEOUT_MS, chroot = '/', auth = [], signal } = options;
  signal?.throwIfAborted();
  checkOptions(options);
  const Client = await loadClient();
  const startedAt = performance.now();
  const connection = await connect(Client, options, startedAt + timeoutMs);
  try {
    await authenticate(connection, auth, startedAt + timeoutMs);
    signal?.throwIfAborted();
  } catch (error) {
    await connection.close();
    throw error;
  }
  const side = new SideSession(options.servers, options);
  return new NativeSession(connection, { timeoutMs, chroot: chroot === '/' ? null : chroot, hasCredentials: auth.length > 0, side });
};

function checkOptions({ servers, chroot, auth = [] }: SessionOptions): void {
  if (servers.length === 0) throw new ZkdError('usage', 'No ZooKeeper server is named');
  if (chroot !== undefined) checkPath(chroot);
  for (const { scheme, credential } of auth) {
    if (scheme === '' || `${scheme}${credential}`.includes('\0'))
      throw new ZkdError('usage', 'Credentials want a scheme, and no NUL in them');
  }
}

async function loadClient(): Promise<NativeClientClass> {
  try {
    const { default: Client } = (await import('zookeeper')) as unknown as { readonly default: NativeClientClass };
    return Client;
  } catch (error) {
    throw new ZkdError('failure', `The ZooKeeper client library cannot be loaded: ${messageOf(error).split('\n', 1).join('')}`, {
      cause: error,
      details: { reason: 'unsupported' },
      suggestions: ['npm rebuild zookeeper'],
    });
  }
}

async function connect(Client: NativeClientClass, options: SessionOptions, deadline: number): Promise<NativeConnection> {
  const { servers, signal } = options;
  const startedAt = performance.now();
  let tryMs = Math.min(FIRST_TRY_MS, (deadline - startedAt) / 2);
  let verdicts: Verdicts = new Map();
  for (let isFirst = true; ; isFirst = false) {
    const leftMs = deadline - performance.now();
    if (leftMs <= 1) throw unreachable(servers, verdicts);
    const round = await playRound(Client, options, { timeMs: Math.ceil(Math.min(tryMs, leftMs)), isFirst });
    if (round.connection) return round.connection;
    signal?.throwIfAborted();
    verdicts = round.verdicts ?? verdicts;
    if (isHopeless([...verdicts.values()], performance.now() - startedAt)) throw unreachable(servers, verdicts);
    tryMs *= 2;
  }
}

type Verdicts = ReadonlyMap<ServerAddress, ServerVerdict>;

/** One try, and except in the first one a look at the servers beside it: nearly all connections are there at once. */
async function playRound(
  Client: NativeClientClass,
  options: SessionOptions,
  { timeMs, isFirst }: { readonly timeMs: number; readonly isFirst: boolean },
): Promise<{ readonly connection: NativeConnection | undefined; readonly verdicts?: Verdicts | undefined }> {
  const { servers, chroot = '', signal } = options;
  const round = new AbortController();
  const timer = setTimeout(() => round.abort(), timeMs);
  const over = signal ? AbortSignal.any([round.signal, signal]) : round.signal;
  try {
    const addresses = await resolveAll(servers, over);
    // As the library parses it: the port comes after the last colon.
    const known = addresses.flatMap(({ ips, server }) => ips.map((ip) => `${ip}:${server.port}`));
    const probing = isFirst && known.length > 0 ? undefined : probeAll(addresses, timeMs, over);
    const connection = known.length > 0 ? await tryOnce(Client, `${known.join(',')}${chroot}`, options, over) : undefined;
    if (connection) return { connection };
    return { connection, verdicts: await probing };
  } finally {
    clearTimeout(timer);
    round.abort();
  }
}

interface Resolved {
  readonly server: ServerAddress;
  readonly ips: readonly string[];
}

async function resolveAll(servers: readonly ServerAddress[], over: AbortSignal): Promise<Resolved[]> {
  const tooLate = new Promise<string[]>((resolve) => over.addEventListener('abort', () => resolve([]), { once: true }));
  return await Promise.all(servers.map(async (server) => ({ server, ips: await Promise.race([resolveHost(server.host), tooLate]) })));
}

/** One instance is one try: to start one a second time would abort the process. */
function tryOnce(
  Client: NativeClientClass,
  connectString: string,
  { sessionTimeoutMs = SESSION_TIMEOUT_MS }: SessionOptions,
  over: AbortSignal,
): Promise<NativeConnection | undefined> {
  return new Promise((resolve) => {
    if (over.aborted) {
      resolve(undefined);
      return;
    }
    const client = new Client({
      connect: connectString,
      timeout: Math.max(Math.ceil(sessionTimeoutMs), LEAST_SESSION_TIMEOUT_MS),
      debug_level: 0,
      response_counter_limit: PARTIAL_READS,
    });
    const giveUp = (): void => {
      client.removeAllListeners();
      client.close();
      resolve(undefined);
    };
    over.addEventListener('abort', giveUp, { once: true });
    client.on('connect', () => {
      over.removeEventListener('abort', giveUp);
      client.removeAllListeners();
      resolve(new NativeConnection(client));
    });
    client.on('close', () => {
      over.removeEventListener('abort', giveUp);
      resolve(undefined);
    });
    client.init({});
  });
}

async function probeAll(addresses: readonly Resolved[], timeoutMs: number, over: AbortSignal): Promise<Verdicts> {
  const verdicts = addresses.map(async ({ server, ips }): Promise<[ServerAddress, ServerVerdict]> => {
    if (ips.length === 0) return [server, { problem: 'unresolved', words: 'does not resolve' }];
    return [server, await probeServer(server, timeoutMs, over)];
  });
  return new Map(await Promise.all(verdicts));
}

/** Nothing that waiting would change. */
function isHopeless(verdicts: readonly ServerVerdict[], waitedMs: number): boolean {
  const lasting = ['unresolved', 'foreign', 'tls-only', ...(waitedMs >= REFUSAL_GRACE_MS ? ['refused'] : [])];
  return verdicts.length > 0 && verdicts.every(({ problem }) => lasting.includes(problem));
}

function unreachable(servers: readonly ServerAddress[], verdicts: Verdicts): ZkdError {
  const problems = servers.map((server) => ({
    server: formatServer(server),
    ...(verdicts.get(server) ?? { problem: 'silent', words: 'does not answer' }),
  }));
  const why = problems.map(({ server, words }) => `${server} ${words}`).join('; ');
  return new ZkdError('zookeeper-unavailable', `Cannot connect to ZooKeeper: ${why}`, {
    details: { reason: 'connection-lost', path: null, servers: problems.map(({ server, problem }) => ({ server, problem })) },
    suggestions: suggestions(problems.map(({ problem }) => problem)),
  });
}

function suggestions(problems: readonly string[]): string[] {
  if (problems.includes('no-quorum')) return ['zkd cluster status'];
  if (problems.includes('tls-only')) return ["Name the server's plain client port"];
  return ['Check --connect, or ZKD_CONNECT', 'zkd cluster ls'];
}

async function authenticate(connection: NativeConnection, auth: NonNullable<SessionOptions['auth']>, deadline: number): Promise<void> {
  for (const { scheme, credential } of auth) {
    const reply = await connection.ask<undefined>((native, done) => native.add_auth(scheme, credential, (code) => done(code)), deadline);
    // A credential whose reply was lost is sent again by the library when it is connected again.
    if (reply?.code === 0 || reply?.code === -4 || reply?.code === -7) continue;
    // How it ended is told a moment after the reply.
    await nextTurn();
    if (reply === undefined && connection.endReason === undefined) {
      throw new ZkdError('zookeeper-unavailable', 'ZooKeeper does not answer the credentials in time', {
        details: { reason: 'timeout', path: null },
      });
    }
    throw new ZkdError('denied', `ZooKeeper refuses the credentials of the scheme "${scheme}"`, {
      details: { reason: 'auth-failed', path: null, scheme },
      suggestions: ['Check ZKD_AUTH or --auth-file: scheme:credential'],
    });
  }
}
