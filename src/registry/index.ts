/** Containers in ZooKeeper's registry of services. Commands and other rooms import from here only. */
export { ADVERTISED } from './advertise.js';
export { runAgent, type AgentEntry, type AgentRules } from './agent.js';
export { awaitRegistered } from './await-registered.js';
export { readDrift, type Drift } from './drift.js';
export { followRegistry } from './follow-registry.js';
export { identifyRegistry } from './identify-registry.js';
export { joinContainers, type EngineView, type RegisteredContainer, type Registration } from './join-containers.js';
export { HEALTH_POLICIES, METADATA_LABEL, PAYLOADS, SERVICE_LABEL } from './labels.js';
export { listRegistrations, viewEngine, type Registrations, type RegistryQuery } from './list-registrations.js';
export { registerOnce, type OnceResult } from './register-once.js';
export { containerEnds, deregister, registerContainer, type Registered } from './register.js';
export type { RegistryView } from './read-registry.js';
export { DEFAULT_ROOT, servicePath } from './registry-paths.js';
export { choose, STRATEGIES, usableOf, type Reachable, type Strategy } from './resolve.js';
export { watchRegistrations, type RegistrationEvent } from './watch-registrations.js';
export { runContainers, type RunResult } from './run-containers.js';
export { checkRun, CONNECT_VARIABLE, type ContainerSettings, type RunRequest, type WantedApp } from './run-plan.js';
