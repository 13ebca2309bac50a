/**
 * How bytes reach a Docker engine: an HTTP agent per transport, and the options dockerode's modem needs for it.
 * Opens nothing before the first request. Everything open hangs on the agent, so that destroying it ends all.
 */
import { readFileSync } from 'node:fs';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { ClientRequest } from 'node:http';
import type { Socket } from 'node:net';
import { inspect } from 'node:util';
import { ZkdError, messageOf } from '../errors.js';
import { SshAgent } from './docker-ssh.js';
import type { EngineTransport, TlsMaterial } from './endpoint.js';

/** An agent, and what to construct dockerode with. */
export interface DockerConnection {
  readonly agent: HttpAgent;
  readonly options: Readonly<Record<string, unknown>>;
  /** How long the first answer may take. */
  readonly greetingTimeoutMs: number;
}

/** An engine behind a firewall that drops packets would hold a command for minutes. */
const CONNECT_TIMEOUT_MS = 15_000;
/**
 * What takes a connection and then says nothing would hold it for ever: a frozen engine, another program. A login may go through other
 * hosts; a local socket may be one that starts the engine.
 */
const GREETING_TIMEOUT_MS = { unix: 60_000, tcp: 15_000, ssh: 30_000 } as const;

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
      return { agent, options: { ...common, agent, socketPath: transport.socketPath }, greetingTimeoutMs: GREETING_TIMEOUT_MS.unix };
    }
    case 'tcp': {
      const { host, port, tls } = transport;
      const plain = tls === undefined ? new HttpAgent({ keepAlive: true }) : new HttpsAgent({ keepAlive: true, ...tlsOptions(tls) });
      const agent = withConnectTimeout(madeForModem(plain));
      return {
        agent,
        options: { ...common, agent, host, port, protocol: tls === undefined ? 'http' : 'https' },
        greetingTimeoutMs: GREETING_TIMEOUT_MS.tcp,
      };
    }
    case 'ssh': {
      const agent = madeForModem(new SshAgent(transport));
      return { agent, options: { ...common, agent, host: 'docker' }, greetingTimeoutMs: GREETING_TIMEOUT_MS.ssh };
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
