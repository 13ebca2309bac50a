/**
 * A Docker engine through `ssh`: the user's own command running `docker system dial-stdio` there, as the docker command does, so that his
 * keys, agent, known hosts and configuration apply (docs/adr/0012).
 */
import { execFile, spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { Agent as HttpAgent } from 'node:http';
import type { ClientRequest, RequestOptions } from 'node:http';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { keepSockets } from '../runtime/keep-sockets.js';
import type { EngineTransport } from './endpoint.js';

type SshTarget = EngineTransport & { readonly kind: 'ssh' };

/** sshd refuses some logins where ten or more are under way at once (`MaxStartups`, by default): so many connections, and logins for streams. */
const MAX_CONNECTIONS = 6;
const LANES = 3;
const LOGIN_TIMEOUT_MS = 3000;
/** Requests whose answer lasts: they must not hold the places others wait for. */
const LASTING = /\/events\?|[?&]follow=true|\/images\/create\?|\/exec\/[^/]+\/start|\/attach\b/;
const CONFIGURATION_TIMEOUT_MS = 5000;

/** Where to log in, in the words of ssh(1). */
export function loginWords({ host, port, user }: SshTarget): string[] {
  const login = [...(user === undefined ? [] : ['-l', user]), ...(port === undefined ? [] : ['-p', String(port)])];
  return [...login, '--', host];
}

/**
 * The host that `ssh` goes to: what is asked for may be an alias of its configuration, which nothing else knows. Asks ssh itself and connects
 * nowhere; answers the name as it is where ssh cannot tell.
 */
export function effectiveHost(target: SshTarget): Promise<string> {
  return new Promise((resolve) => {
    execFile('ssh', ['-G', ...loginWords(target)], { timeout: CONFIGURATION_TIMEOUT_MS }, (_error, stdout) => {
      resolve(/^hostname (\S+)$/m.exec(stdout)?.[1] ?? target.host);
    });
  });
}

/** Connections through `ssh`. They are kept and used again, since each costs a login. */
export class SshAgent extends HttpAgent {
  readonly #target: SshTarget;
  readonly #lasting: LastingAgent;

  constructor(target: SshTarget) {
    super({ keepAlive: true, maxSockets: MAX_CONNECTIONS });
    this.#target = target;
    this.#lasting = new LastingAgent(target);
  }

  /** Node's own way in; its types leave it out. */
  addRequest(request: ClientRequest, options: RequestOptions): void {
    const { addRequest } = HttpAgent.prototype as unknown as { addRequest: SshAgent['addRequest'] };
    addRequest.call(LASTING.test(options.path ?? '') ? this.#lasting : this, request, options);
  }

  override destroy(): void {
    super.destroy();
    this.#lasting.destroy();
  }

  override createConnection(): Duplex {
    return dial(this.#target);
  }
}

/** Any number of connections for answers that last; few of them log in at the same time. */
class LastingAgent extends HttpAgent {
  readonly #target: SshTarget;
  readonly #lanes = Array.from({ length: LANES }, () => Promise.resolve());
  #count = 0;
  #isClosed = false;

  constructor(target: SshTarget) {
    super();
    this.#target = target;
  }

  override destroy(): void {
    this.#isClosed = true;
    super.destroy();
  }

  override createConnection(_options: unknown, callback?: (error: Error | null, stream: Duplex) => void): undefined {
    const lane = this.#count++ % LANES;
    this.#lanes[lane] = (this.#lanes[lane] ?? Promise.resolve()).then(() => {
      const socket = dial(this.#target);
      callback?.(null, socket);
      if (this.#isClosed) socket.destroy();
      return isLoggedIn(socket);
    });
  }
}

function dial(target: SshTarget): ChildSocket {
  const { socketPath } = target;
  const words = [...(socketPath === undefined ? [] : ['--host', `unix://${socketPath}`]), 'system', 'dial-stdio'];
  return new ChildSocket('ssh', ['-o', 'ConnectTimeout=15', '-T', ...loginWords(target), 'docker', ...words.map(shellWord)]);
}

/** ssh does not say when it is in: an answer proves it, an end settles it, and a quiet stream must not hold up the next one for ever. */
async function isLoggedIn(socket: ChildSocket): Promise<void> {
  const patience = new AbortController();
  const options = { signal: patience.signal };
  await Promise.race([
    once(socket, 'answered', options),
    once(socket, 'close', options),
    delay(LOGIN_TIMEOUT_MS, undefined, options),
  ]).catch(() => undefined);
  patience.abort();
}

/** What ssh complains of, in one line: it puts a changed host key into a box of signs, and its advice is for whoever typed `ssh`. Pure. */
export function sshWords(complaint: string): string {
  if (/REMOTE HOST IDENTIFICATION HAS CHANGED/.test(complaint))
    return 'its host key is not the one that is known here: somebody else may answer there';
  if (/Host key verification failed|No \S+ host key is known/.test(complaint)) return 'its host key is not known here';
  const lines = complaint.split(/\r?\n/).map((line) => line.trim());
  return lines.filter((line) => line !== '' && !/^(Warning: Permanently added|Pseudo-terminal)/.test(line)).join('; ');
}

/** The remote shell splits again. */
function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** Standard input and output of a child process, as what an HTTP agent expects of a socket. */
class ChildSocket extends Duplex {
  readonly #child;

  constructor(command: string, args: readonly string[]) {
    super({ allowHalfOpen: true });
    // A session of its own: Ctrl-C in the terminal must reach zkd only, which still has requests to send while it cleans up.
    const child = spawn(command, args, {
      stdio: ['pipe', 'pipe', 'pipe', ...keepSockets()],
      detached: true,
    }) as ChildProcessWithoutNullStreams;
    this.#child = child;
    let complaint = '';
    let ended = false;
    child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint = (complaint + text).slice(-2000)));
    child.stdout.once('data', () => this.emit('answered'));
    child.stdout.on('data', (chunk: Buffer) => {
      if (!this.push(chunk)) child.stdout.pause();
    });
    child.stdout.on('end', () => (ended = true));
    child.stdin.on('error', () => undefined);
    child.on('error', (error) => this.destroy(error));
    child.on('close', (status) => {
      if (status === 0 && ended) this.push(null);
      else this.destroy(new Error(sshWords(complaint) || `${command} ended with status ${status ?? 'unknown'}`));
    });
  }

  override _read(): void {
    this.#child.stdout.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    // A child that ends before it has read all says why on its standard error; `close` brings that, a broken pipe would only hide it.
    this.#child.stdin.write(chunk, () => callback());
  }

  override _final(callback: (error?: Error | null) => void): void {
    this.#child.stdin.end(() => callback());
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#child.kill();
    callback(error);
  }

  // What an agent does to the sockets it keeps.
  setKeepAlive(): this {
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  setTimeout(): this {
    return this;
  }

  ref(): this {
    return this.#hold('ref');
  }

  unref(): this {
    return this.#hold('unref');
  }

  #hold(how: 'ref' | 'unref'): this {
    this.#child[how]();
    for (const stream of [this.#child.stdin, this.#child.stdout, this.#child.stderr] as unknown as Socket[]) stream[how]();
    return this;
  }

  destroySoon(): void {
    this.end(() => this.destroy());
  }
}
