/** ZooKeeper ensembles on a container engine. Commands and other rooms import from here only. */
export type { Observer } from './apply.js';
export type { Cluster, Member } from './describe.js';
export { removeContainers, takeDown, type MemberAction, type RemovalResult } from './down.js';
export { ENVIRONMENT_FORMATS, formatEnvironment, readEnvironment, type Environment } from './environment.js';
export { listClusters, listMembers, type ClusterSummary } from './list.js';
export type { ActionResult } from './member-actions.js';
export { DEFAULT_CLUSTER } from './names.js';
export { selectCluster, saidName } from './select.js';
export { DEFAULT_IMAGE, parseZooSetting, SETTINGS, type GivenSettings, type Settings } from './settings.js';
export { readSpecFile } from './spec-file.js';
export { startMembers } from './start.js';
export { readStatus, type StatusResult } from './status.js';
export { stopMembers } from './stop.js';
export { bringUp, type UpResult } from './up.js';
export { WAIT_STATES, waitFor, type WaitResult } from './wait.js';
export { watchStatus, type Sighting } from './watch-status.js';
