/** Why a server gives no session, found out over a socket of its own: the client library does not say. */
import { lookup } from 'node:dns/promises';
import { createConnection } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { ServerAddress } from './port.js';

export type ServerProblem =
  | 'unresolved'
  | 'refused'
  | 'foreign' // something else than ZooKeeper
  | 'tls-only'
  | 'no-quorum'
  | 'silent'
  | 'hangs-up' // accepts, closes at once: a port proxy without a server behind it
  | 'no-session'; // a ZooKeeper server that answers, but has granted none

export interface ServerVerdict {
  readonly problem: ServerProblem;
  /** As in "127.0.0.1:2181 ...". */
  readonly words: string;
  /** Whether it gives sessions: `maybe` where it accepts connections and does not know the word it is asked. */
  readonly serves: 'yes' | 'maybe' | 'no';
}

/** The IP addresses of a host; empty where it does not resolve. */
export async function resolveHost(host: string): Promise<string[]> {
  try {
    return (await lookup(host, { all: true })).map(({ address }) => address);
  } catch {
    return [];
  }
}

/** Looks at a server for `timeoutMs` at most. Never rejects; an abort makes it end as silent. */
export async function probeServer(server: ServerAddress, timeoutMs: number, signal?: AbortSignal): Promise<ServerVerdict> {
  const plain = await talk(server, timeoutMs / 2, signal);
  if (plain.kind !== 'nothing') return plain.verdict;
  const speaksTls = await shakesHands(server, timeoutMs / 2, signal);
  return speaksTls ? { problem: 'tls-only', words: 'wants TLS, which zkd cannot speak to ZooKeeper yet', serves: 'no' } : plain.verdict;
}

type Talk = { readonly kind: 'verdict' | 'nothing'; readonly verdict: ServerVerdict };

const said = (problem: ServerProblem, words: string): Talk => ({ kind: 'verdict', verdict: { problem, words, serves: 'no' } });
const HANGS_UP: Talk = {
  kind: 'nothing',
  verdict: { problem: 'hangs-up', words: 'accepts connections and closes them at once', serves: 'no' },
};
const SAYS_NOTHING: Talk = {
  kind: 'nothing',
  verdict: { problem: 'silent', words: 'accepts connections but does not answer', serves: 'maybe' },
};
const SERVES: Talk = {
  kind: 'verdict',
  verdict: { problem: 'no-session', words: 'answers, but grants no session in time', serves: 'yes' },
};

/** Asks the one four-letter word every server allows where nobody changed that. */
function talk(server: ServerAddress, timeoutMs: number, signal?: AbortSignal): Promise<Talk> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: server.host, port: server.port });
    const chunks: Buffer[] = [];
    let isConnected = false;
    const end = (talked: Talk): void => {
      clearTimeout(timer);
      clearTimeout(nudge);
      signal?.removeEventListener('abort', onTime);
      socket.destroy();
      resolve(talked);
    };
    const judge = (): Talk => judgeAnswer(Buffer.concat(chunks));
    const onTime = (): void => {
      if (chunks.length > 0) end(judge());
      else end(isConnected ? SAYS_NOTHING : said('silent', 'does not answer'));
    };
    const timer = setTimeout(onTime, timeoutMs);
    // Servers of lines, HTTP for example, say what they are once the line ends.
    const nudge = setTimeout(() => isConnected && socket.write('\r\n\r\n'), timeoutMs / 2);
    signal?.addEventListener('abort', onTime, { once: true });
    socket.on('connect', () => {
      isConnected = true;
      socket.write('srvr');
    });
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (isConnected) return;
      if (error.code === 'ECONNREFUSED') end(said('refused', 'refuses connections'));
      else if (error.code === 'ENOTFOUND' || error.code === 'EAI_AGAIN') end(said('unresolved', 'does not resolve'));
      else end(said('silent', `cannot be reached (${error.code ?? error.message})`));
    });
    socket.on('close', () => end(judge()));
  });
}

function judgeAnswer(answer: Buffer): Talk {
  // A TLS server answers nonsense with an alert record.
  if (answer.length === 0 || (answer[0] === 0x15 && answer[1] === 0x03)) return HANGS_UP;
  const text = answer.toString('latin1');
  // Read-only is a server that has no quorum and was told to answer readers that ask for nothing more.
  if (/^This ZooKeeper instance is not currently serving requests|^Mode: read-only/m.test(text))
    return said('no-quorum', 'is up but has no quorum');
  if (/^Zookeeper version: |is not executed because it is not in the whitelist/.test(text)) return SERVES;
  return said('foreign', 'speaks something else than ZooKeeper');
}

/** Whether a TLS server is there: a handshake, or an alert in answer to one. */
function shakesHands(server: ServerAddress, timeoutMs: number, signal?: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    // Nothing is sent but the handshake: whose certificate it is makes no difference.
    const socket = connectTls({ host: server.host, port: server.port, rejectUnauthorized: false });
    const end = (speaksTls: boolean): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onTime);
      socket.destroy();
      resolve(speaksTls);
    };
    const onTime = (): void => end(false);
    const timer = setTimeout(onTime, timeoutMs);
    signal?.addEventListener('abort', onTime, { once: true });
    socket.on('secureConnect', () => end(true));
    socket.on('error', (error: NodeJS.ErrnoException) => end(/ALERT/.test(error.code ?? '')));
    socket.on('close', () => end(false));
  });
}
