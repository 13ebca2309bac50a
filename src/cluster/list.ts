/** `ls`, `ps` and completion: the ensembles of an engine, and one ensemble's containers. Asks the engine only. */
import type { ContainerState, ContainerSummary, Engine, Labels } from '../engine/index.js';
import { describeContainers, externalAddress, type Member } from './describe.js';
import { memberIds, type Role } from './members.js';
import { LABEL, SCHEMA } from './names.js';
import { noSuchEnsemble, observe } from './observe.js';
import type { Vantage } from './reach.js';
import { latestRecord, readRecord, type EnsembleRecord } from './record.js';

export interface ClusterSummary {
  readonly name: string;
  readonly size: number;
  /** Members whose container runs. */
  readonly running: number;
  readonly image: string;
  readonly connect: string;
  readonly state: 'running' | 'partial' | 'stopped';
}

/** All ensembles on the engine by name, those included of which only data volumes are left. One whose labels this zkd cannot read is only reported. */
export async function listClusters(engine: Engine, onUnreadable: (name: string) => void = () => undefined): Promise<ClusterSummary[]> {
  const [containers, volumes, ownContainer] = await Promise.all([
    engine.listContainers({ [LABEL.cluster]: true }),
    engine.listVolumes({ labels: { [LABEL.cluster]: true } }),
    engine.findOwnContainer(),
  ]);
  const labelsByName = new Map<string, Labels[]>();
  // What an ephemeral ensemble's containers leave behind is no ensemble.
  const kept = volumes.filter(({ labels }) => readRecord(labels)?.settings.ephemeral !== true);
  for (const { labels } of [...containers, ...kept]) {
    const name = labels[LABEL.cluster];
    // Another layout may keep its settings elsewhere.
    const isEnsemble = labels[LABEL.settings] !== undefined || (labels[LABEL.schema] ?? SCHEMA) !== SCHEMA;
    if (name !== undefined && isEnsemble) labelsByName.set(name, [...(labelsByName.get(name) ?? []), labels]);
  }
  return [...labelsByName]
    .sort(([a], [b]) => a.localeCompare(b))
    .flatMap(([name, labels]) => {
      const [first] = labels;
      const known = labels.filter((some) => some[LABEL.ensemble] === first?.[LABEL.ensemble]);
      const record = first?.[LABEL.schema] === SCHEMA ? latestRecord(known) : undefined;
      if (!record) onUnreadable(name);
      const own = containers.filter((container) => container.labels[LABEL.cluster] === name);
      return record ? [summarize({ endpoint: engine.endpoint, ownContainer }, record, own)] : [];
    });
}

function summarize(vantage: Vantage, record: EnsembleRecord, containers: readonly ContainerSummary[]): ClusterSummary {
  const ids = memberIds(record.settings);
  const running = containers.filter(({ state }) => state === 'running').length;
  return {
    name: record.cluster,
    size: record.settings.size,
    running,
    image: record.image.used,
    connect: ids.map((id) => externalAddress(vantage, record, id)).join(','),
    state: running === 0 ? 'stopped' : running < ids.length ? 'partial' : 'running',
  };
}

/** The members' containers, running or not: one listing and an inspection each. Rejects with `not-found` where there is no such ensemble. */
export async function listMembers(engine: Engine, name: string): Promise<Member[]> {
  const observed = await observe(engine, name, { details: true });
  if (!observed.record) throw noSuchEnsemble(name);
  return describeContainers(observed, engine.endpoint);
}

export interface MemberState {
  readonly id: number;
  readonly role: Role;
  readonly state: ContainerState;
}

/** The ids of the members that have a container, ascending, with what one listing tells; empty where there is no such ensemble. */
export async function listMemberStates(engine: Engine, name: string): Promise<MemberState[]> {
  const containers = await engine.listContainers({ [LABEL.cluster]: name, [LABEL.member]: true });
  const states = containers.map(({ labels, state }): MemberState => {
    return { id: Number(labels[LABEL.member]), role: labels[LABEL.role] === 'observer' ? 'observer' : 'participant', state };
  });
  // A container that is to take the place of one that never started is no further member.
  return [...new Map(states.map((member) => [member.id, member])).values()].sort((a, b) => a.id - b.id);
}
