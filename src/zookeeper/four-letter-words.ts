/**
 * ZooKeeper's four-letter words over a plain socket: ask, and read the answers. They tell what a session cannot: a server's own mode,
 * zxid, latency and its view of the membership. Formats as `FourLetterCommands` and `ServerCnxn` of ZooKeeper 3.5-3.9 print them.
 */
import { createConnection } from 'node:net';
import { ZkdError } from '../errors.js';

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Asks one word of one server; see {@link askFourLetterWord}. */
export type FourLetterProbe = (
  address: Address,
  word: string,
  options: { readonly timeoutMs: number; readonly signal?: AbortSignal },
) => Promise<string>;

/**
 * Sends a four-letter word and answers what the server says until it closes. Rejects with `zookeeper-unavailable`, `details.reason`
 * being `port-closed` (refused, or no route), `closed` (accepted, then closed without a word: a port proxy without a server behind
 * it), `silent` (no answer within `timeoutMs`), `not-serving` (up, but without a quorum) or `not-whitelisted`.
 */
export const askFourLetterWord: FourLetterProbe = (address, word, { timeoutMs, signal }) =>
  new Promise((resolve, reject) => {
    const where = `${address.host}:${address.port}`;
    const fail = (reason: string, message: string, cause?: unknown): void => {
      socket.destroy();
      reject(new ZkdError('zookeeper-unavailable', message, { cause, details: { reason, address: where } }));
    };
    const socket = createConnection({ host: address.host, port: address.port, ...(signal ? { signal } : {}) });
    const timer = setTimeout(() => fail('silent', `${where} does not answer "${word}" within ${timeoutMs} ms`), timeoutMs);
    const chunks: Buffer[] = [];
    socket.on('connect', () => socket.write(word));
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (signal?.aborted) return;
      const closed = error.code === 'ECONNRESET' || error.code === 'EPIPE';
      // A reset after the whole answer came is how some proxies end a connection.
      if (closed && chunks.length > 0) return;
      fail(closed ? 'closed' : 'port-closed', `${where} cannot be reached: ${error.message}`, error);
    });
    socket.on('close', () => {
      clearTimeout(timer);
      if (signal?.aborted) return reject(signal.reason as Error);
      const text = Buffer.concat(chunks).toString('utf8');
      if (text === '') return fail('closed', `${where} closes the connection without an answer`);
      if (/^This ZooKeeper instance is not currently serving requests/.test(text)) {
        return fail('not-serving', `${where} is up but does not serve requests: it has no quorum`);
      }
      if (/is not executed because it is not in the whitelist/.test(text)) {
        return fail('not-whitelisted', `${where} does not allow the four-letter word "${word}"`);
      }
      resolve(text);
    });
  });

export type ServerMode = 'leader' | 'follower' | 'observer' | 'standalone';

/** What `srvr` tells. Session ids and zxids are bigints inside: they do not fit a JSON number. */
export interface ServerStatus {
  /** Leading digits of the version, e.g. `3.9.3`; null where the server does not say. */
  readonly version: string | null;
  readonly mode: ServerMode | null;
  readonly zxid: bigint | null;
  readonly connections: number | null;
  readonly outstanding: number | null;
  readonly latencyMs: { readonly min: number; readonly avg: number; readonly max: number } | null;
}

const MODES: readonly string[] = ['leader', 'follower', 'observer', 'standalone'];

function numberAfter(text: string, key: string): number | null {
  const match = new RegExp(`^${key}: (-?\\d+(?:\\.\\d+)?)`, 'm').exec(text);
  return match ? Number(match[1]) : null;
}

/** Parses the answer to `srvr`. Unknown lines are ignored, missing ones are null. */
export function parseServerStatus(text: string): ServerStatus {
  const latency = /^Latency min\/avg\/max: (-?[\d.]+)\/(-?[\d.]+)\/(-?[\d.]+)/m.exec(text);
  const mode = /^Mode: (\S+)/m.exec(text)?.[1] ?? '';
  const zxid = /^Zxid: (0x[0-9a-f]+)/im.exec(text)?.[1];
  return {
    version: /^Zookeeper version: (\d+(?:\.\d+)*)/m.exec(text)?.[1] ?? null,
    mode: MODES.includes(mode) ? (mode as ServerMode) : null,
    zxid: zxid === undefined ? null : BigInt(zxid),
    connections: numberAfter(text, 'Connections'),
    outstanding: numberAfter(text, 'Outstanding'),
    latencyMs: latency ? { min: Number(latency[1]), avg: Number(latency[2]), max: Number(latency[3]) } : null,
  };
}

/** Parses `mntr`: `zk_key<TAB>value` lines. */
export function parseMonitor(text: string): ReadonlyMap<string, string> {
  const entries = text.split('\n').flatMap((line) => {
    const tab = line.indexOf('\t');
    return tab === -1 ? [] : [[line.slice(0, tab).trim(), line.slice(tab + 1).trim()] as const];
  });
  return new Map(entries);
}

/** What `conf` tells: the server's own id and the membership it works with. */
export interface ServerConfiguration {
  readonly serverId: number | null;
  /** Its `server.N=...` lines by id, as printed. */
  readonly servers: ReadonlyMap<number, string>;
}

/** Parses the answer to `conf`. A standalone server lists no servers. */
export function parseServerConfiguration(text: string): ServerConfiguration {
  const serverId = /^serverId=(\d+)/m.exec(text)?.[1];
  const servers = [...text.matchAll(/^server\.(\d+)=(\S+)/gm)].map((match) => [Number(match[1]), match[2] ?? ''] as const);
  return { serverId: serverId === undefined ? null : Number(serverId), servers: new Map(servers) };
}

/** The epoch of a zxid: its upper 32 bits. */
export const epochOf = (zxid: bigint): number => Number(zxid >> 32n);

/** A zxid or session id as zkd prints it: `0x` and lower-case hex. */
export const formatHex = (value: bigint): string => `0x${value.toString(16)}`;
