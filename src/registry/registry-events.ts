/** What happened to a registry between two looks at it. Pure. */
import type { Registration } from './join-containers.js';

export interface RegistryEvent {
  /** `changed`: it says something else, or may be used now, or not any more. */
  readonly type: 'up' | 'down' | 'changed';
  /** As it is now; of one that is gone, as it was. */
  readonly registration: Registration;
}

/** By path. What the engine alone says of a container is no news of the registry, unless it is to be used no more. */
export function registryEvents(before: readonly Registration[], after: readonly Registration[]): RegistryEvent[] {
  const known = new Map(before.map((registration) => [registration.path, registration]));
  const events: RegistryEvent[] = [];
  for (const registration of after) {
    const old = known.get(registration.path);
    known.delete(registration.path);
    if (!old) events.push({ type: 'up', registration });
    else if (gist(old) !== gist(registration)) events.push({ type: 'changed', registration });
  }
  return [...[...known.values()].map((registration) => ({ type: 'down', registration }) as const), ...events];
}

const gist = ({ container, ...registration }: Registration): string => JSON.stringify({ ...registration, container: container?.name });
