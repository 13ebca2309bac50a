/**
 * Ports between our words and a Docker engine's JSON, both ways. Pure. Of addresses only those of IPv4: a port published everywhere is told
 * for both. Formats: Docker Engine API 1.41 (create, list, inspect).
 */
import type { ExposedPort, PortBinding } from './engine.js';

type Nullable<T> = T | null | undefined;

/** Of an inspection or a creation, by `<port>/<protocol>`. */
export type PortMap = Nullable<Record<string, Nullable<readonly { HostIp?: string; HostPort?: string }[]>>>;

/** Of a listing. */
export type ListedPorts = Nullable<readonly { IP?: string; PrivatePort: number; PublicPort?: number; Type: string }[]>;

/** What is to be published, as a creation wants it. */
export function portMap(ports: readonly PortBinding[]): Record<string, { HostIp: string; HostPort: string }[]> {
  const map: Record<string, { HostIp: string; HostPort: string }[]> = {};
  for (const { containerPort, hostAddress, hostPort } of ports) {
    (map[`${containerPort}/tcp`] ??= []).push({ HostIp: hostAddress, HostPort: String(hostPort) });
  }
  return map;
}

/** What a listing says is published. */
export function publishedPorts(listed: ListedPorts): PortBinding[] {
  const published = (listed ?? []).flatMap(({ IP, PrivatePort, PublicPort, Type }) =>
    Type === 'tcp' && PublicPort !== undefined && IP !== undefined
      ? [{ containerPort: PrivatePort, hostAddress: IP, hostPort: PublicPort }]
      : [],
  );
  return ipv4Once(published);
}

/** What an inspection says is published, or is to be. */
export function bindings(map: PortMap): PortBinding[] {
  const all = Object.entries(map ?? {}).flatMap(([key, hosts]) =>
    key.endsWith('/tcp')
      ? (hosts ?? []).map(({ HostIp, HostPort }) => ({
          containerPort: Number.parseInt(key, 10),
          hostAddress: HostIp || '0.0.0.0',
          hostPort: Number(HostPort ?? 0),
        }))
      : [],
  );
  return ipv4Once(all);
}

/** What an inspection says of ports: published or not, by `<port>/<protocol>`. */
export function exposedPorts(map: Nullable<Readonly<Record<string, unknown>>>): ExposedPort[] {
  const exposed = Object.entries(map ?? {}).flatMap(([key, hosts]) => {
    const [port = '', protocol = 'tcp'] = key.split('/');
    if (protocol !== 'tcp' && protocol !== 'udp') return [];
    const bindings = (Array.isArray(hosts) ? (hosts as { HostIp?: string; HostPort?: string }[]) : []).map(({ HostIp, HostPort }) => ({
      hostAddress: HostIp || '0.0.0.0',
      hostPort: Number(HostPort ?? 0),
    }));
    return [{ port: Number.parseInt(port, 10), protocol, bindings: ipv4Only(bindings) } as const];
  });
  return byNumber(exposed);
}

/** What a listing says of ports: an entry for each binding. */
export function listedPorts(listed: ListedPorts): ExposedPort[] {
  const exposed = new Map<string, ExposedPort>();
  for (const { IP, PrivatePort: port, PublicPort, Type: protocol } of listed ?? []) {
    if (protocol !== 'tcp' && protocol !== 'udp') continue;
    const key = `${port}/${protocol}`;
    const before = exposed.get(key)?.bindings ?? [];
    const more = PublicPort !== undefined && IP !== undefined ? [{ hostAddress: IP, hostPort: PublicPort }] : [];
    exposed.set(key, { port, protocol, bindings: ipv4Only([...before, ...more]) });
  }
  return byNumber([...exposed.values()]);
}

function ipv4Only(bindings: ExposedPort['bindings']): ExposedPort['bindings'] {
  return bindings.filter(({ hostAddress }) => !hostAddress.includes(':'));
}

function byNumber(exposed: readonly ExposedPort[]): ExposedPort[] {
  return [...exposed].sort((a, b) => a.port - b.port || a.protocol.localeCompare(b.protocol));
}

/** A port published everywhere is told twice, once as `::`. */
function ipv4Once(ports: readonly PortBinding[]): PortBinding[] {
  const ipv4 = ports.filter(({ hostAddress }) => !hostAddress.includes(':'));
  const key = ({ containerPort, hostAddress, hostPort }: PortBinding): string => `${containerPort} ${hostAddress} ${hostPort}`;
  const unique = [...new Map(ipv4.map((port) => [key(port), port])).values()];
  return unique.sort((one, other) => one.containerPort - other.containerPort || one.hostPort - other.hostPort);
}
