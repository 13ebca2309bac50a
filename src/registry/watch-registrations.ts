/** What happens to registered containers, as it happens. */
import type { WatchContext } from '../znodes/index.js';
import { followRegistry } from './follow-registry.js';
import { joinContainers, type EngineView, type Registration } from './join-containers.js';
import type { RegistryQuery } from './list-registrations.js';
import { registryEvents, type RegistryEvent } from './registry-events.js';

export interface RegistrationEvent extends RegistryEvent {
  /** When it was seen: ISO 8601, UTC. */
  readonly time: string;
}

export interface RegistrationsContext extends WatchContext {
  /** What an engine says of its containers, asked at each change; undefined where none answers. */
  readonly view: () => Promise<EngineView | undefined>;
  /** Told what is registered at the start. */
  readonly onRegistered?: (registrations: readonly Registration[]) => void;
}

/** What happens from now on, without an end; rejects as `followRegistry` does. What came and went between two looks is not seen. */
export async function* watchRegistrations(
  query: RegistryQuery,
  { view, onRegistered, ...context }: RegistrationsContext,
): AsyncGenerator<RegistrationEvent, void, undefined> {
  let before: readonly Registration[] | undefined;
  for await (const { instances } of followRegistry(query, context)) {
    const after = joinContainers(instances, await view());
    const time = new Date().toISOString();
    if (before) for (const event of registryEvents(before, after)) yield { ...event, time };
    else onRegistered?.(after);
    before = after;
  }
}
