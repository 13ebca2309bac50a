/** Where the registry and an engine differ. The comparison is pure. */
import type { Engine } from '../engine/index.js';
import type { ZooKeeperSession } from '../zookeeper/index.js';
import { ContainerObserver } from './container-observer.js';
import { joinContainers, type Registration } from './join-containers.js';
import { readRegistry } from './read-registry.js';
import type { OwnRecord } from './records.js';
import { wantedRecords, type RegistrationRules, type WantedRecord } from './wanted-records.js';

export interface Drift {
  /**
   * `unregistered`: it serves and is not there. `gone`: its container does not run any more. `unhealthy`: its container's check does not call it
   * healthy. `duplicate`: another record of the service is for the same place. `different`: it says another place than the container is at.
   */
  readonly kind: 'unregistered' | 'gone' | 'unhealthy' | 'duplicate' | 'different';
  readonly service: string;
  readonly id: string;
  /** Its name; null where the record tells none. */
  readonly container: string | null;
}

export interface DriftResult {
  readonly drift: readonly Drift[];
  /** Why some that may be meant to be registered are not. */
  readonly problems: readonly { readonly container: string; readonly problem: string }[];
  readonly denied: readonly string[];
}

/** Compares what is registered below the root with what an agent with these rules would register, in one look at each. */
export async function readDrift(session: ZooKeeperSession, engine: Engine, rules: RegistrationRules): Promise<DriftResult> {
  const observer = new ContainerObserver(engine, { onChange: () => undefined, stopGraceMs: 0 });
  const [identity, { instances, denied }] = await Promise.all([
    engine.identify(),
    readRegistry(session, { root: rules.root }),
    observer.look(),
  ]);
  const containers = observer.ids.map((id) => observer.find(id)).filter((container) => container !== undefined);
  const wanted = containers.map((container) => ({
    container: container.name,
    ...wantedRecords(container, rules, { identity, find: (id) => observer.find(id) }),
  }));
  const registrations = joinContainers(instances, { engine: identity, containers });
  return {
    drift: findDrift(
      registrations,
      wanted.flatMap(({ records }) => records),
    ),
    problems: wanted.flatMap(({ container, problems }) => problems.map((problem) => ({ container, problem }))),
    denied,
  };
}

/** By service, then by id. */
export function findDrift(registrations: readonly Registration[], wanted: readonly WantedRecord[]): Drift[] {
  const of = new Map(wanted.map((one) => [one.path, one.record]));
  const isThere = ({ path, record }: WantedRecord): boolean =>
    registrations.some((one) => one.path === path || (one.service === record.service && isFor(one, record)));
  const missing = wanted
    .filter((one) => !isThere(one))
    .map(({ record: { service, id, container } }): Drift => ({ kind: 'unregistered', service, id, container: container.name }));
  const wrong = registrations.flatMap((registration): Drift[] => {
    const kind = kindOf(registration, of.get(registration.path), registrations);
    const { service, id, container } = registration;
    return kind === undefined ? [] : [{ kind, service, id, container: container?.name ?? null }];
  });
  return [...missing, ...wrong].sort((a, b) => byText(a.service, b.service) || byText(a.id, b.id));
}

function kindOf(
  registration: Registration,
  wanted: WantedRecord['record'] | undefined,
  all: readonly Registration[],
): Drift['kind'] | undefined {
  const { stale, container } = registration;
  if (stale) return 'gone';
  // One whose label says that its check does not count is wanted as it is.
  if (!wanted && (container?.health === 'unhealthy' || container?.health === 'starting')) return 'unhealthy';
  // Of several the first one is taken to be right.
  const twin = all.find((other) => other.service === registration.service && isSamePlace(other, registration));
  if (twin !== undefined && twin !== registration) return 'duplicate';
  const isSameContainer = wanted !== undefined && wanted.container.id === container?.id;
  if (isSameContainer && (wanted.address !== registration.address || wanted.port !== registration.port)) return 'different';
  return undefined;
}

const isFor = ({ container, port }: Registration, record: Pick<OwnRecord, 'container' | 'port'>): boolean =>
  container?.id === record.container.id && port === record.port;

const isSamePlace = (one: Registration, other: Registration): boolean =>
  one.address !== null && one.address === other.address && one.port === other.port;

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
