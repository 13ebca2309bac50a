/**
 * How bytes reach a Docker engine: an HTTP agent per transport, and the options dockerode's modem needs for it.
 * Opens nothing before the first request. Everything open hangs on the agent, so that destroying it ends all.
 * ssh is the user's own `ssh` running `docker system dial-stdio`, as the docker command does: his keys, known hosts and config apply.
 */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { ClientRequest } from 'node:http';
import type { Socket } from 'node:net';
import { inspect } from 'node:util';
import { Duplex } from 'node:stream';
import { ZkdError, messageOf } from '../errors.js';
import type { EngineTransport, TlsMaterial } from './endpoint.js';

/** An agent, and what to construct dockerode with. */
export interface DockerConnection {
  readonly agent: HttpAgent;
  readonly options: Readonly<Record<string, unknown>>;
}

/** An engine behind a firewall that drops packets would hold a command for minutes. */
const CONNECT_TIMEOUT_MS = 15_000;

/** Every option the modem would otherwise take from the environment: the endpoint is decided, variables must not change it. */
const NOTHING_FROM_ENVIRONMENT = {
  host: undefined,
  port: undefined,
  socketPath: undefined,
  username: undefined,
  ca: undefined,
  cert: undefined,
  key: undefined,
};

/** Prepares a connection. Throws ZkdError where TLS material cannot be read. */
export function dockerConnection(transport: EngineTransport): DockerConnection {
  const common = { ...NOTHING_FROM_ENVIRONMENT, pathPrefix: '/', timeout: undefined, protocol: 'http' };
  switch (transport.kind) {
    case 'unix': {
      const agent = madeForModem(new HttpAgent());
      return { agent, options: { ...common, agent, socketPath: transport.socketPath } };
    }
    case 'tcp': {
      const { host, port, tls } = transport;
      const plain = tls === undefined ? new HttpAgent({ keepAlive: true }) : new HttpsAgent({ keepAlive: true, ...tlsOptions(tls) });
      const agent = withConnectTimeout(madeForModem(plain));
      return { agent, options: { ...common, agent, host, port, protocol: tls === undefined ? 'http' : 'https' } };
    }
    case 'ssh': {
      const agent = madeForModem(new SshAgent(transport));
      return { agent, options: { ...common, agent, host: 'docker' } };
    }
  }
}

function tlsOptions({ ca, cert, key, verify }: TlsMaterial): { ca?: Buffer; cert?: Buffer; key?: Buffer; rejectUnauthorized: boolean } {
  const read = (path: string): Buffer => {
    try {
      return readFileSync(path);
    } catch (error) {
      const details = { reason: 'permission-denied', path };
      throw new ZkdError('engine-unavailable', `Cannot read the TLS file ${path} of the engine: ${messageOf(error)}`, {
        cause: error,
        details,
      });
    }
  };
  return { ...(ca && { ca: read(ca) }), ...(cert && { cert: read(cert) }), ...(key && { key: read(key) }), rejectUnauthorized: verify };
}

/** The modem's own connection timeout also ends requests that merely take long, such as a stop. */
function withConnectTimeout<A extends HttpAgent>(agent: A): A {
  const connecting = agent as unknown as { createConnection: (...args: unknown[]) => Socket };
  const connect = connecting.createConnection.bind(agent);
  connecting.createConnection = (...args) => {
    const socket = connect(...args);
    const timer = setTimeout(() => {
      socket.destroy(Object.assign(new Error(`no answer within ${CONNECT_TIMEOUT_MS / 1000} s`), { code: 'ETIMEDOUT' }));
    }, CONNECT_TIMEOUT_MS);
    for (const event of ['connect', 'close']) socket.once(event, () => clearTimeout(timer));
    return socket;
  };
  return agent;
}

/**
 * The modem follows redirects with a request nobody listens to: one that fails ends the process. An engine sends none; what stands in front
 * of one may. Without a location they are answers like others.
 */
function madeForModem<A extends HttpAgent>(agent: A): A {
  const queue = agent as unknown as { addRequest: (request: ClientRequest, ...rest: unknown[]) => void };
  const add = queue.addRequest.bind(agent);
  queue.addRequest = (request, ...rest) => {
    request.prependOnceListener('response', (response) => delete response.headers.location);
    add(request, ...rest);
  };
  // The modem prints all of its options, the agent with every open socket included, into a debug line nobody reads: 20 ms a request.
  Object.defineProperty(agent, inspect.custom, { value: () => 'Agent' });
  return agent;
}

/** Connections through `ssh`. They are kept and used again, since each costs a login. */
class SshAgent extends HttpAgent {
  readonly #target: EngineTransport & { kind: 'ssh' };

  constructor(target: EngineTransport & { kind: 'ssh' }) {
    super({ keepAlive: true });
    this.#target = target;
  }

  override createConnection(): Duplex {
    const { host, port, user, socketPath } = this.#target;
    const login = [...(user === undefined ? [] : ['-l', user]), ...(port === undefined ? [] : ['-p', String(port)])];
    const dial = [...(socketPath === undefined ? [] : ['--host', `unix://${socketPath}`]), 'system', 'dial-stdio'];
    return new ChildSocket('ssh', ['-o', 'ConnectTimeout=15', '-T', ...login, '--', host, 'docker', ...dial.map(shellWord)]);
  }
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
      else this.destroy(new Error(complaint.trim() || `${command} ended with status ${status ?? 'unknown'}`));
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
