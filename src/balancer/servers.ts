/** Servers as HAProxy takes them, out of what is registered. Pure. */
import { isIP } from 'node:net';
import type { Reachable } from '../registry/index.js';

export interface Server {
  /** An IP address. */
  readonly address: string;
  readonly port: number;
  /** 1 to 256. */
  readonly weight: number;
}

export const keyOf = ({ address, port }: Pick<Server, 'address' | 'port'>): string =>
  isIP(address) === 6 ? `[${address}]:${port}` : `${address}:${port}`;

/** HAProxy's highest. */
const HEAVIEST = 256;

/** Host names among the addresses: HAProxy's socket takes none, so they are looked up first. */
export const hostNamesOf = (instances: readonly Reachable[]): string[] => [
  ...new Set(instances.map(({ address }) => address).filter((address) => isIP(address) === 0)),
];

export interface Servers {
  readonly servers: readonly Server[];
  /** Addresses that lead nowhere from HAProxy's container: of no known host, or its own loopback. */
  readonly leftOut: readonly string[];
}

/**
 * The servers of a service by address and port, each once. `addresses` are those of host names. Weights are taken as they are where HAProxy can
 * have them so, else in proportion.
 */
export function serversOf(instances: readonly Reachable[], addresses: ReadonlyMap<string, string> = new Map()): Servers {
  const found = new Map<string, Server>();
  const leftOut: string[] = [];
  for (const { address: named, port, weight } of instances) {
    const address = canonical(isIP(named) === 0 ? (addresses.get(named) ?? '') : named);
    if (address === undefined || !Number.isInteger(port) || port < 1 || port > 65_535) leftOut.push(`${named}:${port}`);
    else if (!found.has(keyOf({ address, port }))) found.set(keyOf({ address, port }), { address, port, weight });
  }
  const servers = [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, server]) => server);
  return { servers: weighted(servers), leftOut };
}

/** As HAProxy prints it; undefined where it is none, or means HAProxy's own container: requests would come back for ever. */
function canonical(address: string): string | undefined {
  const family = isIP(address);
  if (family === 0 || /^(127|0)\./.test(address)) return undefined;
  if (family === 4) return address;
  const host = URL.canParse(`http://[${address}]`) ? new URL(`http://[${address}]`).hostname.slice(1, -1) : '';
  return host === '' || host === '::' || host === '::1' ? undefined : host;
}

function weighted(servers: readonly Server[]): readonly Server[] {
  if (servers.every(({ weight }) => Number.isInteger(weight) && weight >= 1 && weight <= HEAVIEST)) return servers;
  const heaviest = Math.max(...servers.map(({ weight }) => weight));
  // Divided first: the product of two large weights may be no number any more.
  return servers.map((server) => ({ ...server, weight: Math.max(1, Math.round((server.weight / heaviest) * HEAVIEST)) }));
}
