/** A balancer -> the container the engine shall create for it, and the files in it before its first start. Pure. */
import type { ContainerSpec, FileEntry } from '../engine/index.js';
import { CONFIGURATION, FOLDER, HAPROXY_UID, MEMORY, PORT, SOCKET } from './names.js';
import { balancerLabels, type BirthSettings } from './settings.js';

const MEBIBYTE = 1024 ** 2;

export function balancerContainer(name: string, settings: BirthSettings, imageId: string): ContainerSpec {
  const { publish } = settings;
  return {
    name,
    hostname: name.slice(0, 63),
    image: imageId,
    user: `${HAPROXY_UID}:${HAPROXY_UID}`,
    // Master and worker: a reload is a new worker. The master's socket is in a folder of HAProxy's own, nowhere on a network.
    command: ['haproxy', '-W', '-db', '-S', `${SOCKET},mode,600`, '-f', CONFIGURATION],
    labels: balancerLabels(settings),
    network: settings.network,
    // The engine's default network knows no names.
    ...(settings.network !== 'bridge' && { networkAliases: [name] }),
    ...(publish && { ports: [{ containerPort: PORT, hostAddress: publish.address, hostPort: publish.port }] }),
    restart: 'unless-stopped',
    // Workers of earlier generations live on until their connections end, each with a thread a processor.
    pidsLimit: 4096,
    dropAllCapabilities: true,
    noNewPrivileges: true,
    logRotation: { maxSizeBytes: 10 * MEBIBYTE, maxFiles: 3 },
  };
}

/** What HAProxy starts with. */
export interface BalancerFiles {
  readonly configuration: string;
  /** Which servers went away lately; empty where none. */
  readonly memory: string;
}

export function balancerFiles({ configuration, memory }: BalancerFiles): FileEntry[] {
  const owner = { uid: HAPROXY_UID, gid: HAPROXY_UID };
  return [
    { path: FOLDER, mode: 0o700, ...owner },
    { path: CONFIGURATION, content: configuration, mode: 0o600, ...owner },
    { path: MEMORY, content: memory, mode: 0o600, ...owner },
  ];
}
