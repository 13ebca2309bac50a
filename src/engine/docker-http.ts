/**
 * HTTP with a Docker engine through docker-modem's `dial`, which dockerode carries: one request, one answer, errors told apart.
 * Bodies are read here: dockerode's own readers never settle when the engine goes away in the middle of an answer.
 * Knows no path and no object of the engine; throws EngineRefusal or the connection's own error, which docker-errors.ts translates.
 */
import type { Agent, IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { EngineRefusal } from './docker-errors.js';

/** What is used of docker-modem. */
export interface Modem {
  dial(options: Readonly<Record<string, unknown>>, callback: (error: Error | null, answer: unknown) => void): void;
}

/** One request. */
export interface Call {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'HEAD';
  /** Segments, as they are: `['containers', id, 'json']`. */
  readonly path: readonly string[];
  /** Undefined values are left out, objects sent as JSON. */
  readonly query?: Readonly<Record<string, unknown>>;
  readonly body?: Readonly<Record<string, unknown>>;
  /** A tar archive as the body. */
  readonly archive?: Buffer;
  readonly signal?: AbortSignal | undefined;
}

/** docker-modem swallows the answer of any status that is not in this list; all are, and {@link DockerHttp} judges. */
const ANY_STATUS: Readonly<Record<number, true>> = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [index + 100, true]));

export class DockerHttp {
  readonly #modem: Modem;
  readonly #agent: Agent;

  constructor(modem: Modem, agent: Agent) {
    this.#modem = modem;
    this.#agent = agent;
  }

  /** Sends and answers the response with its body unread, or rejects with what the engine refused with. 304 is an answer. */
  async open(call: Call): Promise<IncomingMessage> {
    const answer = (await this.#dial(call, { isStream: true })) as IncomingMessage;
    // Whoever reads gets the error from the reading; without a listener an unread answer's error would end the process.
    answer.on('error', () => undefined);
    endOnAbort(answer, call.signal);
    const status = answer.statusCode ?? 0;
    if (status < 300 || status === 304) return answer;
    throw new EngineRefusal(status, refusalWords(await collect(answer), answer));
  }

  /** Sends and answers the whole body. */
  async bytes(call: Call): Promise<Buffer> {
    return collect(await this.open(call));
  }

  /** Sends and answers the parsed body; the caller says what it is. */
  async json<T>(call: Call): Promise<T> {
    return JSON.parse((await this.bytes(call)).toString('utf8')) as T;
  }

  /** Sends, waits for the end and drops the body. */
  async done(call: Call): Promise<void> {
    await this.bytes(call);
  }

  /** Sends and takes over the connection: what is written reaches the program, what is read is its multiplexed output. */
  async hijack(call: Call): Promise<Duplex> {
    const answer = (await this.#dial(call, { isStream: true, hijack: true })) as Duplex | IncomingMessage;
    if (!isResponse(answer)) return answer;
    throw new EngineRefusal(answer.statusCode ?? 0, refusalWords(await collect(answer), answer));
  }

  /**
   * Asks for a sign of life, whatever it is; ends everything and rejects as a connection that failed where none comes. Long requests have no
   * limit of their own, so nothing else ends the wait for something that takes connections and says nothing.
   */
  async greet(timeoutMs: number): Promise<void> {
    const signal = AbortSignal.timeout(timeoutMs);
    try {
      await this.done({ method: 'GET', path: ['_ping'], signal });
    } catch (error) {
      if (error instanceof EngineRefusal) return;
      this.close();
      throw signal.aborted
        ? Object.assign(new Error(`no answer within ${timeoutMs / 1000} s`), { code: 'ETIMEDOUT', cause: error })
        : error;
    }
  }

  /** Ends every connection, also one that is in use. */
  close(): void {
    this.#agent.destroy();
  }

  #dial({ method, path, query, body, archive, signal }: Call, how: Readonly<Record<string, unknown>>): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const sent = Object.fromEntries(Object.entries(query ?? {}).filter(([, value]) => value !== undefined));
      const options = {
        ...how,
        method,
        path: `${encodedPath(path)}?`,
        options: { _query: sent, _body: body ?? {} },
        statusCodes: ANY_STATUS,
        ...(archive && { file: archive }),
        ...(signal && { abortSignal: signal }),
      };
      this.#modem.dial(options, (error, answer) => {
        if (error) reject(error);
        else resolve(answer);
      });
    });
  }
}

/**
 * A name may hold anything a user typed. What the engine would clean away (`a//b`, `..`) names nothing, and must not reach another path.
 */
function encodedPath(path: readonly string[]): string {
  const stray = path.find((segment) => segment === '' || /^\.\.?$|\//.test(segment));
  if (stray !== undefined) throw new EngineRefusal(404, `No such ${(path[0] ?? '').replace(/s$/, '')}: ${stray}`);
  return path.map((segment) => `/${encodeURIComponent(segment)}`).join('');
}

function isResponse(answer: Duplex | IncomingMessage): answer is IncomingMessage {
  return 'statusCode' in answer;
}

/** docker-modem's signal ends a request, but no longer an answer that has begun. */
function endOnAbort(answer: IncomingMessage, signal: AbortSignal | undefined): void {
  if (signal === undefined) return;
  const end = (): void => void answer.destroy();
  if (signal.aborted) return end();
  signal.addEventListener('abort', end, { once: true });
  answer.once('close', () => signal.removeEventListener('abort', end));
}

/** All of a body. */
export async function collect(answer: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function refusalWords(body: Buffer, answer: IncomingMessage): string {
  const text = body.toString('utf8').trim();
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === 'object' && parsed !== null && 'message' in parsed) return String(parsed.message).trim();
  } catch {
    // A proxy, or something that is no engine, answers with text.
  }
  return text.slice(0, 500) || `HTTP ${answer.statusCode ?? ''} ${answer.statusMessage ?? ''}`.trim();
}
