/** Single tries to connect with the client library. */
import type { NativeClient, NativeClientClass } from './native-client.js';
import type { EndReason, SessionPass } from './native-connection.js';
import type { ServerAddress, SessionOptions } from './port.js';

const SESSION_TIMEOUT_MS = 10_000;
/** Below a session time of this the library never connects. */
const LEAST_SESSION_TIMEOUT_MS = 1000;
/** The library gives a session up after 10 partial reads unless told otherwise; a large answer has more. */
const PARTIAL_READS = 2 ** 31 - 1;

const AUTH_FAILED = -113;
/** What `state` of the library is then. */
const CONNECTED = 3;

/**
 * How long a try may take: after two thirds of the session's time the library itself gives a silent server up, and leaves the number of the
 * socket it has closed to whoever opens the next one while it is still in the event loop's books.
 */
export function longestTryMs({ sessionTimeoutMs = SESSION_TIMEOUT_MS }: SessionOptions): number {
  return Math.max(sessionTimeoutMs, LEAST_SESSION_TIMEOUT_MS) / 2;
}

/**
 * One try, over when `over` aborts: a client that is connected, with a new session or with that of `pass`; how that session has ended;
 * or undefined. One instance is one try: to start one a second time would abort the process.
 */
export function openClient(
  Client: NativeClientClass,
  addresses: readonly ServerAddress[],
  { chroot = '', sessionTimeoutMs = SESSION_TIMEOUT_MS }: SessionOptions,
  over: AbortSignal,
  pass?: SessionPass,
): Promise<NativeClient | EndReason | undefined> {
  // As the library parses it: the port comes after the last colon.
  const known = addresses.map(({ host, port }) => `${host}:${port}`);
  return new Promise((resolve) => {
    if (over.aborted || known.length === 0) {
      resolve(undefined);
      return;
    }
    const client = new Client({
      connect: `${known.join(',')}${chroot}`,
      timeout: Math.max(Math.ceil(sessionTimeoutMs), LEAST_SESSION_TIMEOUT_MS),
      debug_level: 0,
      response_counter_limit: PARTIAL_READS,
      ...pass,
    });
    const giveUp = (): void => {
      // Its event is on its way; to close it now would end the session.
      if (client.native.state === CONNECTED) return;
      client.removeAllListeners();
      client.close();
      resolve(undefined);
    };
    // Told outside of the library's callbacks, which may not send.
    const settle = (outcome: NativeClient | EndReason | undefined): void => {
      over.removeEventListener('abort', giveUp);
      client.removeAllListeners();
      setImmediate(() => resolve(outcome));
    };
    over.addEventListener('abort', giveUp, { once: true });
    client.on('connect', () => settle(client));
    client.on('close', (_client, code) => settle(pass && (code === AUTH_FAILED ? 'auth-failed' : 'session-expired')));
    client.init({});
  });
}
