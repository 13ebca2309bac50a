/** At which address a container is to be reached by those who look it up. Pure. */
import { ZkdError } from '../errors.js';
import type { ContainerSummary, ExposedPort } from '../engine/index.js';

/** `network`: its own address on a network; `published`: where the engine publishes the port; `host`: the engine's host, for containers on its network. */
export const ADVERTISED = ['network', 'published', 'host'] as const;
export type Advertised = (typeof ADVERTISED)[number];

export interface Advertisement {
  readonly how: Advertised;
  /** The port the program in the container listens on. */
  readonly port: number;
  readonly protocol?: ExposedPort['protocol'];
  /** Which network's address; needed only where there are several. */
  readonly network?: string | undefined;
  /** What others call the engine's host. */
  readonly hostAddress?: string | undefined;
}

export interface Place {
  readonly address: string;
  readonly port: number;
}

const isLoopback = (address: string): boolean => /^127\.|^::1$/.test(address);
const isWildcard = (address: string): boolean => ['', '0.0.0.0', '::'].includes(address);

/**
 * Where to reach it. Rejects with `usage` where a choice is missing, with `conflict` where the container has nothing of the kind, with
 * `refused` (12) for a port that is published on the host's loopback only: nobody else could reach it there.
 */
export function placeOf(
  container: Pick<ContainerSummary, 'name' | 'networks' | 'exposedPorts'>,
  { how, port, protocol = 'tcp', network, hostAddress }: Advertisement,
): Place {
  switch (how) {
    case 'network':
      return { address: networkAddress(container, network), port };
    case 'published':
      return publishedPlace(container, { port, protocol }, hostAddress);
    case 'host':
      if (hostAddress === undefined) throw noHostAddress('--advertise host');
      return { address: hostAddress, port };
  }
}

function networkAddress({ name, networks }: Pick<ContainerSummary, 'name' | 'networks'>, wanted: string | undefined): string {
  const attached = networks.filter(({ address }) => address !== '');
  const names = attached.map((network) => network.name);
  if (wanted === undefined && attached.length > 1) {
    throw new ZkdError('usage', `Container "${name}" is on several networks: say with --network which address to register`, {
      suggestions: names.map((one) => `--network ${one}`),
      details: { container: name, networks: names },
    });
  }
  const found = wanted === undefined ? attached[0] : attached.find((network) => network.name === wanted);
  if (found) return found.address;
  const what = wanted === undefined ? 'has no address on a network of its own' : `has no address on network "${wanted}"`;
  throw new ZkdError('conflict', `Container "${name}" ${what}`, {
    suggestions: names.length > 0 ? names.map((one) => `--network ${one}`) : ['--advertise host --host-address ADDRESS'],
    details: { container: name, networks: names },
  });
}

function publishedPlace(
  { name, exposedPorts }: Pick<ContainerSummary, 'name' | 'exposedPorts'>,
  { port, protocol }: Pick<ExposedPort, 'port' | 'protocol'>,
  hostAddress: string | undefined,
): Place {
  const bindings = exposedPorts.find((one) => one.port === port && one.protocol === protocol)?.bindings ?? [];
  const binding = bindings.find((one) => !isLoopback(one.hostAddress)) ?? bindings[0];
  if (!binding) {
    throw new ZkdError('conflict', `Container "${name}" does not publish port ${port}`, {
      suggestions: ['--advertise network'],
      details: { container: name, published: exposedPorts.filter((one) => one.bindings.length > 0).map((one) => one.port) },
    });
  }
  if (hostAddress !== undefined) return { address: hostAddress, port: binding.hostPort };
  if (isLoopback(binding.hostAddress)) {
    throw new ZkdError(
      'refused',
      `Container "${name}" publishes port ${port} on ${binding.hostAddress} only: nobody else reaches it there`,
      {
        suggestions: ['--advertise network', `--host-address ${binding.hostAddress}`],
        details: { container: name, override: '--host-address' },
      },
    );
  }
  if (isWildcard(binding.hostAddress)) throw noHostAddress('a port that is published on every address');
  return { address: binding.hostAddress, port: binding.hostPort };
}

function noHostAddress(what: string): ZkdError {
  return new ZkdError('usage', `What others call the host has to be said for ${what}: --host-address`, {
    suggestions: ['--host-address ADDRESS', '--advertise network'],
  });
}
