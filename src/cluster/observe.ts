/** The engine -> an ensemble as it is: one pass over containers, networks and volumes. Decides nothing. */
import type { ContainerDetails, ContainerSummary, Engine, Labels, NetworkSummary, VolumeSummary } from '../engine/index.js';
import { ZkdError } from '../errors.js';
import { memberIds, type Role } from './members.js';
import { containerName, LABEL, networkName, replacementName, rollName, VOLUME_KINDS, volumeName, type VolumeKind } from './names.js';
import { checkSchema, latestRecord, readRecord, SETTINGS_VOLUME, type EnsembleRecord } from './record.js';

/** A member's container as it is. */
export interface ObservedMember {
  readonly id: number;
  readonly role: Role;
  readonly container: ContainerSummary;
  /** There where it was asked for, and always for a container that does not run. */
  readonly details?: ContainerDetails;
}

export interface ObservedEnsemble {
  readonly name: string;
  /** Undefined where no container and no volume of this name exists. */
  readonly record: EnsembleRecord | undefined;
  readonly members: ReadonlyMap<number, ObservedMember>;
  /** Further containers of members, meant to take the place of one that never started, by a zkd that is at work or was killed. */
  readonly surplus: readonly ObservedMember[];
  /** Our networks of this ensemble, earliest first; more than one where two zkd met. */
  readonly networks: readonly NetworkSummary[];
  /** The network the members live on where it is somebody else's. */
  readonly foreignNetwork: NetworkSummary | undefined;
  /** Our volumes of this ensemble by member id and kind. */
  readonly volumes: ReadonlyMap<string, VolumeSummary>;
  /** Volumes that remember changes of the settings; more than one while a change is under way. */
  readonly settingsVolumes: readonly VolumeSummary[];
  /** Anonymous volumes of an ephemeral ensemble whose containers are gone: of no use to anybody. */
  readonly leftovers: readonly VolumeSummary[];
  /** Names we would use that are taken by something that is not this ensemble's. */
  readonly strangers: { readonly volumes: readonly string[]; readonly networks: readonly string[] };
  /** The container of this engine that zkd runs in, if any: its networks decide where members are reached. */
  readonly ownContainer: ContainerDetails | undefined;
}

export const volumeKey = (id: number, kind: VolumeKind): string => `${id}/${kind}`;
/** Earliest first; equally old ones in an order everybody agrees on. */
export const byAge = (a: { createdAt: string; id: string }, b: { createdAt: string; id: string }): number =>
  a.createdAt.localeCompare(b.createdAt) || a.id.localeCompare(b.id);

/** Looks at everything that belongs, or by its name would belong, to an ensemble. With `details` every container is inspected. */
export async function observe(
  engine: Engine,
  name: string,
  options: { readonly details?: boolean; readonly networkName?: string } = {},
): Promise<ObservedEnsemble> {
  const ours = { [LABEL.cluster]: name };
  const [containers, networks, volumes, ownContainer] = await Promise.all([
    engine.listContainers(ours),
    engine.listNetworks({}),
    engine.listVolumes({}),
    engine.findOwnContainer(),
  ]);
  for (const { labels } of containers) checkSchema(labels);
  // Of volumes and networks only those that name a layout: anybody may have made one with our other labels, and it is never touched.
  for (const { labels } of [...networks, ...volumes]) {
    if (labels[LABEL.cluster] === name && labels[LABEL.schema] !== undefined) checkSchema(labels);
  }
  const { members, surplus } = await observeMembers(engine, name, containers, options.details ?? false);
  const record = recordOf(members, volumes, name);
  const owned = (volume: VolumeSummary): boolean =>
    record !== undefined && volume.labels[LABEL.cluster] === name && volume.labels[LABEL.ensemble] === record.ensemble;
  const wantedNames = new Map(
    memberIds({ size: 9, observers: 9 }).flatMap((id) =>
      VOLUME_KINDS.map((kind) => [volumeName(name, id, kind), volumeKey(id, kind)] as const),
    ),
  );
  const named = volumes.filter((volume) => wantedNames.has(volume.name));
  const joined = options.networkName ?? record?.settings.network ?? undefined;
  return {
    name,
    record,
    members,
    surplus,
    networks: networks.filter(({ labels }) => labels[LABEL.cluster] === name).sort(byAge),
    foreignNetwork: joined === undefined ? undefined : networks.find((network) => network.name === joined),
    volumes: new Map(named.filter(owned).map((volume) => [wantedNames.get(volume.name) ?? '', volume])),
    settingsVolumes: volumes.filter((volume) => owned(volume) && volume.labels[LABEL.volume] === SETTINGS_VOLUME),
    leftovers: leftoversAmong(volumes, [...members.values(), ...surplus], name),
    strangers: {
      volumes: named.filter((volume) => !owned(volume)).map((volume) => volume.name),
      networks: networks
        .filter((network) => network.name === networkName(name) && network.labels[LABEL.cluster] !== name)
        .map(({ id }) => id),
    },
    ownContainer,
  };
}

/** Engines keep anonymous volumes when somebody else than zkd removes their container. */
function leftoversAmong(volumes: readonly VolumeSummary[], containers: readonly ObservedMember[], name: string): VolumeSummary[] {
  const used = new Set(containers.flatMap(({ container }) => Object.values(container.volumes)));
  return volumes.filter((volume) => volume.labels[LABEL.cluster] === name && !used.has(volume.name) && isEphemeral(volume.labels));
}

const isEphemeral = (labels: Labels): boolean => readRecord(labels)?.settings.ephemeral === true;

async function observeMembers(
  engine: Engine,
  name: string,
  containers: readonly ContainerSummary[],
  details: boolean,
): Promise<Pick<ObservedEnsemble, 'members' | 'surplus'>> {
  const seen = await Promise.all(
    containers
      .filter(({ labels }) => labels[LABEL.member] !== undefined)
      .map(async (container): Promise<ObservedMember> => {
        const inspected = details || container.state !== 'running' ? await engine.findContainer(container.id) : undefined;
        return {
          id: Number(container.labels[LABEL.member]),
          role: container.labels[LABEL.role] === 'observer' ? 'observer' : 'participant',
          container: inspected ?? container,
          ...(inspected ? { details: inspected } : {}),
        };
      }),
  );
  const isInPlace = ({ id, container }: ObservedMember): boolean =>
    container.name !== rollName(name) && !container.name.startsWith(replacementName(containerName(name, id), ''));
  const members = new Map<number, ObservedMember>();
  const surplus: ObservedMember[] = [];
  // Whoever is in its place comes first.
  for (const member of seen.sort((a, b) => a.id - b.id || Number(isInPlace(b)) - Number(isInPlace(a)))) {
    if (members.has(member.id) && !isInPlace(member)) surplus.push(member);
    else members.set(member.id, member);
  }
  return { members, surplus };
}

/** One ensemble for all containers, or it must not be touched. */
function recordOfContainers(containers: readonly ContainerSummary[], name: string): EnsembleRecord {
  const [first] = containers;
  const ensemble = first && readRecord(first.labels)?.ensemble;
  const strange = containers.filter(({ labels }) => labels[LABEL.ensemble] !== ensemble);
  const record = latestRecord(containers.map(({ labels }) => labels));
  if (record && ensemble !== undefined && strange.length === 0) return record;
  const odd = (ensemble === undefined ? containers.slice(0, 1) : strange).map((container) => container.name).join(', ');
  throw new ZkdError(
    'refused',
    ensemble === undefined
      ? `The labels of container ${odd} cannot be read`
      : `Containers of two ensembles are called "${name}": ${odd} do not belong to the one of ${first?.name ?? ''}`,
    { suggestions: [`docker inspect ${odd.replaceAll(',', '')}`], details: { cluster: name } },
  );
}

/** The containers tell, or a change that none of them has seen yet; where all are gone, the volumes that were left. */
function recordOf(
  members: ReadonlyMap<number, ObservedMember>,
  volumes: readonly VolumeSummary[],
  name: string,
): EnsembleRecord | undefined {
  const containers = [...members.values()].map(({ container }) => container);
  // What ephemeral containers leave behind is no ensemble.
  const mayTell = (labels: Labels): boolean => containers.length > 0 || !isEphemeral(labels);
  const kept = volumes
    .filter(({ labels }) => labels[LABEL.cluster] === name && labels[LABEL.volume] !== undefined && mayTell(labels))
    .sort((a, b) => a.createdAt.localeCompare(b.createdAt) || a.name.localeCompare(b.name))
    .map(({ labels }) => labels);
  if (containers.length === 0) for (const labels of kept) checkSchema(labels);
  const living = containers.length === 0 ? undefined : recordOfContainers(containers, name);
  const ensemble = living?.ensemble ?? kept[0]?.[LABEL.ensemble];
  const known = [...containers.map(({ labels }) => labels), ...kept];
  return latestRecord(known.filter((labels) => labels[LABEL.ensemble] === ensemble));
}

/** Exit 3: nothing of this name is on the engine. */
export function noSuchEnsemble(name: string): ZkdError {
  return new ZkdError('not-found', `Ensemble "${name}" does not exist`, {
    suggestions: ['zkd cluster ls', `zkd cluster up ${name}`],
    details: { cluster: name },
  });
}
