/** Names and label keys of everything zkd makes on an engine: nowhere else. Pure. */
import { ZkdError } from '../errors.js';

/** Version of the label layout; a zkd that meets another one must not touch the ensemble. */
export const SCHEMA = '1';

export const LABEL = {
  schema: 'zkd.schema',
  /** The ensemble's name. */
  cluster: 'zkd.cluster',
  /** Random id made at birth: two ensembles of one name are told apart by it. */
  ensemble: 'zkd.ensemble',
  member: 'zkd.member',
  role: 'zkd.role',
  /** On a container that took the place of one that never started: when the first of them was created. */
  since: 'zkd.since',
  /** The settings of the whole ensemble as JSON, without secrets. */
  settings: 'zkd.settings',
  /** JSON: reference asked for, reference and id used. */
  image: 'zkd.image',
  /** JSON: member id -> host port. */
  ports: 'zkd.ports',
  /** Counts the changes of a living ensemble; absent for 1, as it was born. */
  revision: 'zkd.revision',
  /** On volumes: which of a member's volumes it is. */
  volume: 'zkd.volume',
} as const;

/** The label by which `bin/setup` marks images of ours; its value is the ZooKeeper version. */
export const IMAGE_VERSION_LABEL = 'zkd.zookeeper.version';

export const DEFAULT_CLUSTER = 'zk';
const CLUSTER_NAME = /^[a-z0-9]([-a-z0-9]{0,30}[a-z0-9])?$/;

/** The name itself, or a `usage` error: names become DNS labels. */
export function parseClusterName(input: string): string {
  if (!CLUSTER_NAME.test(input)) {
    throw new ZkdError(
      'usage',
      `Ensemble name ${JSON.stringify(input)} is not valid: give 1-32 lower-case letters, digits and dashes, no dash at either end`,
    );
  }
  return input;
}

export const containerName = (cluster: string, id: number): string => `zkd-${cluster}-${id}`;
/** The name a container has until it takes the place of one that never started; `distinction` tells those of several zkd apart. */
export const replacementName = (container: string, distinction: string): string => `${container}-new-${distinction}`;
export const networkName = (cluster: string): string => `zkd-${cluster}`;

export const VOLUME_KINDS = ['conf', 'data', 'datalog'] as const;
export type VolumeKind = (typeof VOLUME_KINDS)[number];
export const volumeName = (cluster: string, id: number, kind: VolumeKind): string => `zkd-${cluster}-${id}-${kind}`;
/** An empty volume whose labels say what an ensemble was changed to: labels of living volumes cannot be changed (docs/adr/0013). */
export const settingsVolumeName = (cluster: string, revision: number): string => `zkd-${cluster}-settings-${revision}`;
/** The name a member's container has until it takes the place of the old one: only one member of an ensemble can be in this state. */
export const rollName = (cluster: string): string => `zkd-${cluster}-roll`;
/** Where a member's volumes are mounted: the official image's own directories. */
export const volumeTarget = (kind: VolumeKind): string => `/${kind}`;
