/** Containers in ZooKeeper's registry of services. Commands and other rooms import from here only. */
export { ADVERTISED } from './advertise.js';
export { runAgent, type AgentEntry, type AgentRules } from './agent.js';
export { readDrift, type Drift } from './drift.js';
export { followRegistry } from './follow-registry.js';
export type { EngineView, RegisteredContainer, Registration } from './join-containers.js';
export { HEALTH_POLICIES, METADATA_LABEL, PAYLOADS, SERVICE_LABEL } from './labels.js';
export { listRegistrations, viewEngine, type Registrations, type RegistryQuery } from './list-registrations.js';
export { registerOnce, type OnceResult } from './register-once.js';
export { containerEnds, deregister, registerContainer, type Registered } from './register.js';
export { DEFAULT_ROOT } from './registry-paths.js';
export { choose, STRATEGIES, usableOf, type Reachable, type Strategy } from './resolve.js';
export { watchRegistrations, type RegistrationEvent } from './watch-registrations.js';
