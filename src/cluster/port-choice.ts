/**
 * Host ports of a new ensemble: chosen by zkd, consecutive, kept for life (an engine's own choice moves at every restart).
 */
import { createHash } from 'node:crypto';
import { createServer } from 'node:net';
import type { Engine } from '../engine/index.js';
import { ZkdError } from '../errors.js';
import type { Ports } from './members.js';
import { explainPortTaken } from './port-owner.js';
import { sharesHostNetwork } from './reach.js';
import type { Settings } from './settings.js';

const USUAL_FIRST_PORT = 2181;
/** Where `auto` looks: above what services register, below what systems hand out to clients (32768 and on). */
const AUTO_RANGE = { first: 20_000, last: 32_000 } as const;

export interface PortChoice {
  readonly ports: Ports;
  /** The usual ports were not free and nobody asked for any: worth a word. */
  readonly movedFrom: string | null;
}

export type PortCheck = (port: number) => Promise<boolean>;

/** Consecutive ports from the first on, by member id. */
export const consecutivePorts = (first: number, count: number): Ports =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [index + 1, first + index]));

const describeRange = (first: number, count: number): string =>
  count === 1 ? `port ${first} is not` : `ports ${first}-${first + count - 1} are not all`;

async function areFree(first: number, count: number, isFree: PortCheck): Promise<boolean> {
  const answers = await Promise.all(Array.from({ length: count }, (_, index) => isFree(first + index)));
  return answers.every(Boolean);
}

/** A start in the `auto` range that depends on the name only, so that the same ensemble tends to get the same ports. */
function startFor(name: string): number {
  const hash = createHash('sha1').update(name).digest().readUInt32BE(0);
  const blocks = Math.floor((AUTO_RANGE.last - AUTO_RANGE.first) / 20);
  return AUTO_RANGE.first + (hash % blocks) * 20 + 1;
}

/**
 * Chooses ports: the given ones or `conflict`; where none was given 2181 and on when all are free, else as `auto`. `wanted` is what was
 * given, undefined for nothing.
 */
export async function choosePorts(
  engine: Engine,
  name: string,
  settings: Settings,
  wanted: number | 'auto' | undefined,
): Promise<PortChoice> {
  const count = settings.size + settings.observers;
  const [containers, ownContainer] = await Promise.all([engine.listContainers({}), engine.findOwnContainer()]);
  const published = containers.flatMap(({ ports }) => ports.map(({ hostPort }) => hostPort));
  // Elsewhere a port of this machine, or of zkd's own container, says nothing; what is taken there the engine says at start.
  const isLocal = sharesHostNetwork({ endpoint: engine.endpoint, ownContainer });
  const isFree: PortCheck = async (port) => !published.includes(port) && (!isLocal || (await canListen(settings.bind, port)));
  if (typeof wanted === 'number') {
    for (let port = wanted; port < wanted + count; port += 1) {
      if (!(await isFree(port))) throw await explainPortTaken(engine, settings.bind, port);
    }
    return { ports: consecutivePorts(wanted, count), movedFrom: null };
  }
  if (wanted === undefined && (await areFree(USUAL_FIRST_PORT, count, isFree))) {
    return { ports: consecutivePorts(USUAL_FIRST_PORT, count), movedFrom: null };
  }
  const start = startFor(name);
  const width = AUTO_RANGE.last - AUTO_RANGE.first;
  for (let offset = 0; offset < width; offset += 20) {
    const first = AUTO_RANGE.first + ((start - AUTO_RANGE.first + offset) % width);
    if (await areFree(first, count, isFree)) {
      return {
        ports: consecutivePorts(first, count),
        movedFrom: wanted === undefined ? describeRange(USUAL_FIRST_PORT, count) : null,
      };
    }
  }
  throw new ZkdError('conflict', `No ${count} consecutive ports are free from ${AUTO_RANGE.first} to ${AUTO_RANGE.last}`, {
    suggestions: ['zkd cluster up --client-port PORT'],
  });
}

/** Rejects with `usage` where an address to publish on is not this machine's own; one of another machine cannot be checked from here. */
export async function checkBindAddress(engine: Engine, bind: string): Promise<void> {
  const ownContainer = await engine.findOwnContainer();
  if (sharesHostNetwork({ endpoint: engine.endpoint, ownContainer })) await canListen(bind, 0);
}

/** Whether this machine lets somebody listen there now. Rejects with `usage` where the address is not this machine's own. */
function canListen(host: string, port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EADDRNOTAVAIL') return resolve(error.code !== 'EADDRINUSE' && error.code !== 'EACCES');
      reject(
        new ZkdError('usage', `Bind address ${host} is not an address of this machine`, {
          cause: error,
          suggestions: ['--bind 127.0.0.1'],
        }),
      );
    });
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
