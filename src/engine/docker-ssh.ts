/**
 * A Docker engine through `ssh`: the user's own command running `docker system dial-stdio` there, as the docker command does, so that his
 * keys, agent, known hosts and configuration apply (docs/adr/0012).
 */
import { execFile, spawn } from 'node:child_process';
import { Agent as HttpAgent } from 'node:http';
import type { ClientRequest, RequestOptions } from 'node:http';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import type { EngineTransport } from './endpoint.js';

type SshTarget = EngineTransport & { readonly kind: 'ssh' };

/** sshd refuses some of more than ten logins under way at once, by its default `MaxStartups`. */
const MAX_CONNECTIONS = 8;
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
  #lasting: SshAgent | undefined;

  constructor(target: SshTarget, { maxSockets = MAX_CONNECTIONS } = {}) {
    super({ keepAlive: true, maxSockets });
    this.#target = target;
  }

  /** Node's own way in; its types leave it out. */
  addRequest(request: ClientRequest, options: RequestOptions): void {
    const isCapped = this.maxSockets !== Infinity;
    const agent =
      isCapped && LASTING.test(options.path ?? '') ? (this.#lasting ??= new SshAgent(this.#target, { maxSockets: Infinity })) : this;
    const { addRequest } = HttpAgent.prototype as unknown as { addRequest: SshAgent['addRequest'] };
    addRequest.call(agent, request, options);
  }

  override destroy(): void {
    super.destroy();
    this.#lasting?.destroy();
  }

  override createConnection(): Duplex {
    const { socketPath } = this.#target;
    const dial = [...(socketPath === undefined ? [] : ['--host', `unix://${socketPath}`]), 'system', 'dial-stdio'];
    return new ChildSocket('ssh', ['-o', 'ConnectTimeout=15', '-T', ...loginWords(this.#target), 'docker', ...dial.map(shellWord)]);
  }
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
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], detached: true });
    this.#child = child;
    let complaint = '';
    let ended = false;
    child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint = (complaint + text).slice(-2000)));
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
