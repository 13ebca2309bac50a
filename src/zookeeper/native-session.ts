/**
 * Opens sessions with the npm package `zookeeper`, the only file that imports it. The library is silent about a bad address and about every
 * reason a connection does not come, and sometimes stops trying: so names are resolved here, tries are made anew, and servers are probed.
 */
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { ZkdError, messageOf } from '../errors.js';
import { formatServer } from './connect-string.js';
import { findServers, lookAtServers, verdictsOf, type Verdicts } from './look-at-servers.js';
import type { NativeClient, NativeClientClass } from './native-client.js';
import { NativeConnection, giveCredential, type EndReason, type SessionPass } from './native-connection.js';
import { longestTryMs, openClient } from './native-open.js';
import { NativeSession } from './native-operations.js';
import { checkPath } from './paths.js';
import type { OpenSession, ServerAddress, SessionOptions } from './port.js';
import type { ServerVerdict } from './probe-server.js';
import { SideSession } from './side-session.js';

const TIMEOUT_MS = 10_000;
/** The first try's time; each later one has twice as much. */
const FIRST_TRY_MS = 1000;
const BETWEEN_TRIES_MS = 100;
/** A server that refuses, or says nothing, may be starting: it has so long. */
const GRACE_MS = 2500;

export const openNativeSession: OpenSession = async (options) => {
  const { timeoutMs = TIMEOUT_MS, chroot = '/', auth = [], signal } = options;
  signal?.throwIfAborted();
  checkOptions(options);
  const Client = await loadClient();
  const startedAt = performance.now();
  const client = await connect(Client, options, startedAt + timeoutMs);
  const connection = new NativeConnection(client, (pass, over) => reopen(Client, options, pass, over));
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

async function connect(Client: NativeClientClass, options: SessionOptions, deadline: number): Promise<NativeClient> {
  const { servers, signal } = options;
  const startedAt = performance.now();
  const longestMs = longestTryMs(options);
  let tryMs = Math.min(FIRST_TRY_MS, longestMs, (deadline - startedAt) / 2);
  let verdicts: Verdicts = new Map();
  for (let isFirst = true; ; isFirst = false) {
    const leftMs = deadline - performance.now();
    if (leftMs <= 1) throw unreachable(servers, verdicts);
    const waitedMs = performance.now() - startedAt;
    const round = await playRound(Client, options, { timeMs: Math.ceil(Math.min(tryMs, leftMs)), waitedMs, isFirst });
    if (typeof round.client === 'object') return round.client;
    signal?.throwIfAborted();
    verdicts = new Map([...verdicts, ...round.verdicts]);
    if (servers.every((server) => isHopeless(verdicts.get(server), performance.now() - startedAt))) throw unreachable(servers, verdicts);
    // Who asked nobody has lost no time that a longer try would need.
    if (round.isTried) tryMs = Math.min(tryMs * 2, longestMs);
    else await sleep(Math.max(0, Math.min(BETWEEN_TRIES_MS, deadline - performance.now())));
  }
}

/** Goes on with a session whose connection was lost, for as long as it takes. */
async function reopen(
  Client: NativeClientClass,
  options: SessionOptions,
  pass: SessionPass,
  over: AbortSignal,
): Promise<NativeClient | EndReason> {
  const longestMs = longestTryMs(options);
  const startedAt = performance.now();
  let tryMs = Math.min(FIRST_TRY_MS, longestMs);
  while (!over.aborted) {
    const { client, isTried } = await playRound(
      Client,
      { ...options, signal: over },
      { timeMs: tryMs, waitedMs: performance.now() - startedAt, pass },
    );
    if (client !== undefined) return client;
    if (isTried) tryMs = Math.min(tryMs * 2, longestMs);
    await sleep(BETWEEN_TRIES_MS);
  }
  return 'closed';
}

/** Ends the work's signal when it is done, after `timeMs`, and with `over`. */
async function inTime<T>(timeMs: number, over: AbortSignal | undefined, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const round = new AbortController();
  const end = (): void => round.abort();
  const timer = setTimeout(end, Math.ceil(timeMs));
  over?.addEventListener('abort', end, { once: true });
  if (over?.aborted) end();
  try {
    return await work(round.signal);
  } finally {
    clearTimeout(timer);
    over?.removeEventListener('abort', end);
    end();
  }
}

interface Round {
  readonly client: NativeClient | EndReason | undefined;
  readonly verdicts: Verdicts;
  /** Whether there was anybody to ask for a session. */
  readonly isTried: boolean;
}

interface RoundOptions {
  readonly timeMs: number;
  /** How long there has been no connection. */
  readonly waitedMs: number;
  /** Nearly all sessions are there at once: that a server serves is taken for granted, which saves a command the look. */
  readonly isFirst?: boolean;
  readonly pass?: SessionPass;
}

/**
 * A look at the servers, and a try with those that serve: once the library has found nobody it takes seconds before it asks again, in which a
 * session may end that could be gone on with.
 */
async function playRound(Client: NativeClientClass, options: SessionOptions, round: RoundOptions): Promise<Round> {
  const { timeMs, waitedMs, isFirst = false, pass } = round;
  return await inTime(timeMs, options.signal, async (over) => {
    const sights = await (isFirst ? findServers(options.servers, over) : lookAtServers(options.servers, timeMs / 2, over));
    // Whoever accepts and says nothing to a four-letter word may yet grant one.
    const mayServe = waitedMs < GRACE_MS ? ['yes'] : ['yes', 'maybe'];
    const wanted = sights.flatMap(({ address, verdict }) =>
      address && (isFirst || mayServe.includes(verdict?.serves ?? '')) ? [address] : [],
    );
    const client = await openClient(Client, wanted, options, over, pass);
    return { client, verdicts: verdictsOf(sights), isTried: wanted.length > 0 };
  });
}

/** Nothing that waiting would change. */
function isHopeless(verdict: ServerVerdict | undefined, waitedMs: number): boolean {
  const lasting = ['unresolved', 'foreign', 'tls-only', ...(waitedMs >= GRACE_MS ? ['refused'] : [])];
  return verdict !== undefined && lasting.includes(verdict.problem);
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
    connection.remember(scheme, credential);
    const reply = await connection.ask(giveCredential(scheme, credential), deadline);
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
