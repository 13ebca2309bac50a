/** HAProxy in a container in front of a registered service. Commands and other rooms import from here only. */
export { listBalancers, type BalancerSummary } from './describe.js';
export { keepBalancers, type KeepLog } from './keep.js';
export { DEFAULT_IMAGE, parseContainerName, turnPath } from './names.js';
export { removeBalancer } from './remove.js';
export { DEFAULTS, MAX_SLOTS, MODES, parseCheckPath, parseNetwork, parsePublication } from './settings.js';
export type { Synced } from './sync.js';
export { findFollowers, readInstances, syncAll, type SyncedBalancer } from './sync-all.js';
export { bringUpBalancer } from './up.js';
export type { UpObserver, UpResult } from './up-request.js';
