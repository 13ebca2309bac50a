/** What `observe` would have seen, as data. */
import { memberIds } from '../../src/cluster/members.js';
import { containerName, networkName, VOLUME_KINDS, volumeName } from '../../src/cluster/names.js';
import { volumeKey, type ObservedEnsemble, type ObservedMember } from '../../src/cluster/observe.js';
import { memberLabels, type EnsembleRecord } from '../../src/cluster/record.js';
import type { ContainerDetails, NetworkSummary } from '../../src/engine/index.js';
import { sampleMembers } from './sample-ensemble.js';

export const BORN_AT = '2026-01-01T10:00:00.000Z';
const EARLIER = '2025-12-01T10:00:00.000Z';

export interface Sight {
  /** Undefined: nothing of this ensemble was there. */
  readonly record?: EnsembleRecord;
  /** What differs from a running container, by member id; null where there is none. */
  readonly members?: Readonly<Record<number, Partial<ContainerDetails> | null>>;
  readonly surplus?: readonly ObservedMember[];
  /** Volumes that are gone, as `2/data`. */
  readonly lostVolumes?: readonly string[];
  /** Volumes of an earlier life. */
  readonly oldVolumes?: boolean;
  /** Networks of ours; one where absent and there is a record. */
  readonly networks?: readonly string[];
  readonly foreignNetwork?: string;
  readonly strangers?: Partial<ObservedEnsemble['strangers']>;
}

const network = (name: string, id: string, labels = {}): NetworkSummary => ({ id, name, labels, createdAt: BORN_AT, driver: 'bridge' });

/** A container of a member: running, attached, well, but for what is said. */
export function observedMember(record: EnsembleRecord, id: number, differing: Partial<ContainerDetails> = {}): ObservedMember {
  const member = sampleMembers(record).find((wanted) => wanted.id === id);
  if (!member) throw new Error(`No member ${id}`);
  const isRunning = (differing.state ?? 'running') === 'running';
  const container: ContainerDetails = {
    id: `id-${id}`.padEnd(64, '0'),
    name: containerName(record.cluster, id),
    image: record.image.used,
    imageId: record.image.id,
    labels: memberLabels(record, member),
    state: 'running',
    createdAt: BORN_AT,
    ports: [],
    exposedPorts: [],
    networkMode: record.settings.network ?? networkName(record.cluster),
    declaredPorts: [],
    stopSignal: 'SIGTERM',
    networks: [
      {
        name: record.settings.network ?? networkName(record.cluster),
        id: isRunning ? 'net-1' : '',
        address: isRunning ? '172.20.0.2' : '',
      },
    ],
    volumes: Object.fromEntries(VOLUME_KINDS.map((kind) => [`/${kind}`, volumeName(record.cluster, id, kind)])),
    restarts: 0,
    exitCode: isRunning ? null : 143,
    outOfMemory: false,
    startError: '',
    startedAt: BORN_AT,
    finishedAt: null,
    restartPolicy: record.settings.restart,
    health: null,
    env: {},
    hostname: containerName(record.cluster, id),
    user: '1000:1000',
    memoryBytes: 0,
    tty: false,
    command: [],
    wantedPorts: [],
    ...differing,
  };
  return { id, role: member.role, container, details: container };
}

export function observedEnsemble({ record, members = {}, lostVolumes = [], ...sight }: Sight = {}): ObservedEnsemble {
  const ids = record ? memberIds(record.settings) : [];
  const seen = record
    ? ids.flatMap((id) => {
        const differing = members[id];
        return differing === null ? [] : [[id, observedMember(record, id, differing)] as const];
      })
    : [];
  const hasVolumes = record !== undefined && !record.settings.ephemeral;
  const keys = hasVolumes ? ids.flatMap((id) => VOLUME_KINDS.map((kind) => [id, kind] as const)) : [];
  return {
    name: record?.cluster ?? 'zk',
    record,
    members: new Map(seen),
    surplus: sight.surplus ?? [],
    networks: (sight.networks ?? (record && record.settings.network === null ? ['net-1'] : [])).map((id) => network('zkd-zk', id)),
    foreignNetwork: sight.foreignNetwork === undefined ? undefined : network(sight.foreignNetwork, 'foreign'),
    volumes: new Map(
      keys
        .filter(([id, kind]) => !lostVolumes.includes(volumeKey(id, kind)))
        .map(([id, kind]) => [
          volumeKey(id, kind),
          { name: volumeName('zk', id, kind), labels: {}, createdAt: sight.oldVolumes ? EARLIER : BORN_AT },
        ]),
    ),
    settingsVolumes: [],
    leftovers: [],
    strangers: { volumes: [], networks: [], ...sight.strangers },
    ownContainer: undefined,
  };
}

/** No container is left, the volumes are: as after `down`. */
export const NO_CONTAINERS = Object.fromEntries(Array.from({ length: 18 }, (_, index) => [index + 1, null]));
