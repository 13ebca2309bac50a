/**
 * An HTTP proxy on a unix socket in front of the real engine. It counts the calls zkd makes, and can hold the answer back while a test
 * does something: kill zkd, let another one pass, go away itself.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import {
  createServer,
  request,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type ServerResponse,
} from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ENGINE_SOCKET = '/var/run/docker.sock';

/** One call the engine has answered. */
export interface EngineCall {
  /** 1 for the first that was answered. */
  readonly number: number;
  /** Method and path without the version: `POST /containers/create`. */
  readonly what: string;
  readonly status: number;
}

export interface CountingEngine {
  /** What to give as `DOCKER_HOST`. */
  readonly url: string;
  readonly socketPath: string;
  /** Answered calls, in the order they were answered. */
  readonly calls: readonly EngineCall[];
  /** Called when the engine has answered and before the caller gets the answer; the answer waits for it. */
  onAnswer: ((call: EngineCall) => Promise<void> | void) | undefined;
  /** Goes away at once, as a dying engine does. */
  close(): Promise<void>;
}

/** Opens a proxy on a socket of its own, in front of the machine's engine or the one on that socket. */
export async function openCountingEngine(engineSocket = ENGINE_SOCKET): Promise<CountingEngine> {
  const folder = await mkdtemp(join(tmpdir(), 'zkd-proxy.'));
  const socketPath = join(folder, 'docker.sock');
  const calls: EngineCall[] = [];
  const handle = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const { method, url = '/', headers } = incoming;
    // In one piece: the engine refuses some requests before it has read them, and closes the connection.
    const asked = await bodyOf(incoming);
    const forwarded = request({
      socketPath: engineSocket,
      method,
      path: url,
      headers: { ...withoutFraming(headers), 'content-length': asked.length },
    });
    const gone = new Promise<never>((_, reject) => forwarded.on('error', reject));
    forwarded.end(asked);
    const answer = await Promise.race([new Promise<IncomingMessage>((resolve) => forwarded.on('response', resolve)), gone]);
    const body = await bodyOf(answer);
    const call = { number: calls.length + 1, what: `${method} ${withoutVersion(url)}`, status: answer.statusCode ?? 0 };
    calls.push(call);
    await proxy.onAnswer?.(call);
    const isBodiless = method === 'HEAD' || call.status === 204 || call.status === 304;
    const length = isBodiless ? {} : { 'content-length': body.length };
    outgoing.writeHead(call.status, { ...withoutFraming(answer.headers), ...length });
    outgoing.end(body);
  };
  const server = createServer((incoming, outgoing) => {
    handle(incoming, outgoing).catch(() => outgoing.destroy());
  });
  // An engine keeps idle connections open.
  server.keepAliveTimeout = 0;
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  const proxy: CountingEngine = {
    url: `unix://${socketPath}`,
    socketPath,
    calls,
    onAnswer: undefined,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
      await rm(folder, { recursive: true, force: true });
    },
  };
  return proxy;
}

const withoutVersion = (url: string): string => (url.split('?')[0] ?? '').replace(/^\/v\d+\.\d+/, '');

const FRAMING = ['transfer-encoding', 'content-length', 'connection'];
const withoutFraming = (headers: IncomingHttpHeaders): OutgoingHttpHeaders =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !FRAMING.includes(name)));

async function bodyOf(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
