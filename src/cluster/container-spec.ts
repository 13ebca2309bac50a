/** A member -> the container the engine shall create for it (why it is so: docs/adr/0002, 0003). Pure. */
import type { ContainerSpec } from '../engine/index.js';
import { serverLines, type WantedMember } from './members.js';
import { VOLUME_KINDS, volumeName, volumeTarget } from './names.js';
import { memberLabels, volumeLabels, type EnsembleRecord } from './record.js';
import { MEMORY_BESIDE_HEAP } from './settings.js';
import { ZOOKEEPER_UID } from './zoo-cfg.js';

const MEBIBYTE = 1024 ** 2;
/** Up to this heap a simpler collector and compiler reach the quorum sooner, and nothing is lost (docs/speed.md). */
const SMALL_HEAP = 1024 * MEBIBYTE;
/** So much heap at once, so that a starting server collects no garbage; pages nobody has touched cost nothing. */
const FIRST_HEAP_MIB = 64;

function quickStart(heapMib: number): Record<string, string> {
  // Compiled only when called five times as often as usual: most of what a start calls is not called again.
  const compiler = '-XX:TieredStopAtLevel=1 -XX:CompileThresholdScaling=5';
  const first = `-Xms${Math.min(FIRST_HEAP_MIB, heapMib)}m -XX:MetaspaceSize=${FIRST_HEAP_MIB}m`;
  // The local management agent can be started at any time: jcmd 1 ManagementAgent.start_local.
  return { SERVER_JVMFLAGS: `-XX:+UseSerialGC ${compiler} ${first}`, JMXDISABLE: 'true' };
}

/**
 * The container of one member. Its restart policy is `no` for now: it gets its own only when its configuration was read back, since
 * the image's entrypoint would invent a standalone one where it finds none.
 */
export function memberContainer(
  member: WantedMember,
  members: readonly WantedMember[],
  record: EnsembleRecord,
  network: string,
): ContainerSpec {
  const { settings } = record;
  const heapMib = Math.floor(settings.heapBytes / MEBIBYTE);
  return {
    name: member.container,
    hostname: member.container,
    image: record.image.id,
    user: `${ZOOKEEPER_UID}:${ZOOKEEPER_UID}`,
    env: {
      // Read by the entrypoint only where /conf/zoo.cfg and /data/myid do not exist: a safety net, and how other tools recognise a member.
      ZOO_MY_ID: String(member.id),
      ZOO_SERVERS: serverLines(members).join(' '),
      ZK_SERVER_HEAP: String(heapMib),
      ...(settings.heapBytes <= SMALL_HEAP ? quickStart(heapMib) : {}),
    },
    labels: memberLabels(record, member),
    network,
    networkAliases: [member.container],
    ports: [{ containerPort: member.port, hostAddress: settings.bind, hostPort: member.port }],
    mounts: VOLUME_KINDS.map((kind) => ({
      target: volumeTarget(kind),
      labels: volumeLabels(record, member, kind),
      noCopy: kind === 'conf',
      ...(settings.ephemeral ? {} : { volume: volumeName(record.cluster, member.id, kind) }),
    })),
    tmpfs: { '/logs': `uid=${ZOOKEEPER_UID},gid=${ZOOKEEPER_UID},mode=0755,size=64m` },
    restart: 'no',
    memoryBytes: settings.memoryBytes ?? settings.heapBytes + MEMORY_BESIDE_HEAP,
    ...(settings.cpus === null ? {} : { cpus: settings.cpus }),
    pidsLimit: 1024,
    dropAllCapabilities: true,
    noNewPrivileges: true,
    logRotation: { maxSizeBytes: 10 * MEBIBYTE, maxFiles: 3 },
  };
}
