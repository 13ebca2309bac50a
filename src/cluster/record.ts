/**
 * What labels remember of an ensemble: written on every container and volume at creation, read back by whoever comes next. There is no
 * state file. Pure.
 */
import type { Labels } from '../engine/index.js';
import { ZkdError } from '../errors.js';
import type { Ports, WantedMember } from './members.js';
import { LABEL, SCHEMA, type VolumeKind } from './names.js';
import { BIRTH_SETTINGS, type Settings } from './settings.js';

/** The image an ensemble runs. */
export interface ImageChoice {
  /** The reference that was asked for, or the default. */
  readonly wanted: string;
  /** The reference that is used: another one where the default was not to be had. */
  readonly used: string;
  readonly id: string;
}

/** An ensemble as its labels tell it. */
export interface EnsembleRecord {
  readonly cluster: string;
  readonly ensemble: string;
  readonly settings: Settings;
  readonly ports: Ports;
  readonly image: ImageChoice;
  /** How often it was changed, from 1 on: of several records of one ensemble the highest counts. */
  readonly revision: number;
}

function ensembleLabels(record: EnsembleRecord): Labels {
  return {
    [LABEL.schema]: SCHEMA,
    [LABEL.cluster]: record.cluster,
    [LABEL.ensemble]: record.ensemble,
    [LABEL.settings]: JSON.stringify(record.settings),
    [LABEL.image]: JSON.stringify(record.image),
    [LABEL.ports]: JSON.stringify(record.ports),
    ...(record.revision > 1 ? { [LABEL.revision]: String(record.revision) } : {}),
  };
}

/** Labels of the ensemble's own network. */
export function networkLabels(record: EnsembleRecord): Labels {
  return { [LABEL.schema]: SCHEMA, [LABEL.cluster]: record.cluster, [LABEL.ensemble]: record.ensemble };
}

/** Labels of a member's container. */
export function memberLabels(record: EnsembleRecord, member: WantedMember): Labels {
  return { ...ensembleLabels(record), [LABEL.member]: String(member.id), [LABEL.role]: member.role };
}

/** Labels of a member's volume: the whole record, since volumes outlive containers. */
export function volumeLabels(record: EnsembleRecord, member: WantedMember, kind: VolumeKind): Labels {
  return { ...memberLabels(record, member), [LABEL.volume]: kind };
}

/** Labels of the volume that remembers a change: it holds no data. */
export function settingsVolumeLabels(record: EnsembleRecord): Labels {
  return { ...ensembleLabels(record), [LABEL.volume]: SETTINGS_VOLUME };
}

/** What {@link LABEL.volume} says of a volume that remembers a change. */
export const SETTINGS_VOLUME = 'settings';

/** The record of the latest change among labels of one ensemble; undefined where none can be read. */
export function latestRecord(labels: readonly Labels[]): EnsembleRecord | undefined {
  return labels
    .flatMap((some) => readRecord(some) ?? [])
    .reduce<EnsembleRecord | undefined>((latest, record) => (latest && latest.revision >= record.revision ? latest : record), undefined);
}

/** Throws `refused` where labels of another layout are met: an older zkd must not touch what a newer one made. */
export function checkSchema(labels: Labels): void {
  const schema = labels[LABEL.schema];
  if (schema === SCHEMA) return;
  throw new ZkdError(
    'refused',
    `Ensemble "${labels[LABEL.cluster]}" carries labels of layout ${schema ?? 'unknown'}; this zkd knows layout ${SCHEMA}`,
    {
      suggestions: ['Use the version of zkd that made the ensemble'],
      details: { schema: schema ?? null, known: SCHEMA },
    },
  );
}

/** Reads the record back; undefined where the labels hold none that can be read. */
export function readRecord(labels: Labels): EnsembleRecord | undefined {
  try {
    const [cluster, ensemble] = [labels[LABEL.cluster], labels[LABEL.ensemble]];
    if (cluster === undefined || ensemble === undefined) return undefined;
    return {
      cluster,
      ensemble,
      settings: { ...BIRTH_SETTINGS, ...(JSON.parse(labels[LABEL.settings] ?? '') as Settings) },
      ports: JSON.parse(labels[LABEL.ports] ?? '') as Ports,
      image: JSON.parse(labels[LABEL.image] ?? '') as ImageChoice,
      revision: Number(labels[LABEL.revision] ?? '1'),
    };
  } catch {
    return undefined;
  }
}
