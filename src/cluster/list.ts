/** `ls` and `ps`: the ensembles of an engine, and one ensemble's containers. Asks the engine only. */
import type { ContainerSummary, Engine, Labels } from '../engine/index.js';
import { describeContainers, externalAddress, type Member } from './describe.js';
import { noSuchEnsemble } from './down.js';
import { memberIds } from './members.js';
import { LABEL } from './names.js';
import { observe } from './observe.js';
import { checkSchema, readRecord } from './record.js';

export interface ClusterSummary {
  readonly name: string;
  readonly size: number;
  /** Members whose container runs. */
  readonly running: number;
  readonly image: string;
  readonly connect: string;
  readonly state: 'running' | 'partial' | 'stopped';
}

/** All ensembles on the engine by name, those included of which only data volumes are left. */
export async function listClusters(engine: Engine): Promise<ClusterSummary[]> {
  const [containers, volumes] = await Promise.all([
    engine.listContainers({ [LABEL.cluster]: true }),
    engine.listVolumes({ labels: { [LABEL.cluster]: true } }),
  ]);
  const labelsByName = new Map<string, Labels>();
  for (const { labels } of [...containers, ...volumes]) {
    const name = labels[LABEL.cluster];
    if (name !== undefined && labels[LABEL.settings] !== undefined && !labelsByName.has(name)) labelsByName.set(name, labels);
  }
  return [...labelsByName]
    .sort(([a], [b]) => a.localeCompare(b))
    .flatMap(([name, labels]) => {
      checkSchema(labels);
      return summarize(
        engine,
        name,
        labels,
        containers.filter((container) => container.labels[LABEL.cluster] === name),
      );
    });
}

function summarize(engine: Engine, name: string, labels: Labels, containers: readonly ContainerSummary[]): ClusterSummary[] {
  const record = readRecord(labels);
  if (!record) return [];
  const ids = memberIds(record.settings);
  const running = containers.filter(({ state }) => state === 'running').length;
  return [
    {
      name,
      size: record.settings.size,
      running,
      image: record.image.used,
      connect: ids.map((id) => externalAddress(engine.endpoint, record, id)).join(','),
      state: running === 0 ? 'stopped' : running < ids.length ? 'partial' : 'running',
    },
  ];
}

/** The members' containers, running or not: one listing and an inspection each. Rejects with `not-found` where there is no such ensemble. */
export async function listMembers(engine: Engine, name: string): Promise<Member[]> {
  const observed = await observe(engine, name, { details: true });
  if (!observed.record) throw noSuchEnsemble(name);
  return describeContainers(observed, engine.endpoint);
}
