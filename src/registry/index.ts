/** Containers in ZooKeeper's registry of services. Commands and other rooms import from here only. */
export { ADVERTISED } from './advertise.js';
export type { RegisteredContainer, Registration } from './join-containers.js';
export { listRegistrations, viewEngine, type Registrations, type RegistryQuery } from './list-registrations.js';
export { containerEnds, deregister, registerContainer, type Registered } from './register.js';
export { DEFAULT_ROOT } from './registry-paths.js';
export { choose, STRATEGIES, usableOf, type Reachable, type Strategy } from './resolve.js';
