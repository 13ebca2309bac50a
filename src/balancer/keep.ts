/**
 * Keeps all balancers of an engine in step with a registry. A change of the registry, an event of the engine, or thirty seconds lead to a look; one
 * balancer's trouble is nobody else's, and a lost engine or ensemble is waited for.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Engine } from '../engine/index.js';
import { hasReason, messageOf } from '../errors.js';
import {
  ContainerObserver,
  followEngine,
  followRegistry,
  joinContainers,
  servicePath,
  usableOf,
  type Reachable,
  type RegistryView,
} from '../registry/index.js';
import type { ZooKeeperSession } from '../zookeeper/index.js';
import { LABEL, ROLE } from './names.js';
import { findBalancers, type Balancer } from './observe.js';
import { keyOf } from './servers.js';
import { syncBalancer, type Synced } from './sync.js';

export interface KeepRequest {
  readonly engine: Engine;
  /** Opens a session; called again when one is gone. */
  readonly open: () => Promise<ZooKeeperSession>;
  /** Of `identifyRegistry`: balancers that follow another one are not touched. */
  readonly registryId: string;
  /** A session timeout: see `SyncRequest`. */
  readonly windowMs: number;
  /** Only these; all where absent. */
  readonly isMeant?: (balancer: Balancer) => boolean;
  readonly signal: AbortSignal;
  readonly log: KeepLog;
}

export interface KeepLog {
  /** A balancer was changed, or holds something from now on. */
  readonly synced: (balancer: Balancer, synced: Synced) => void;
  /** Said once for each reason, until it is well again. */
  readonly failed: (name: string, error: unknown) => void;
  /** A balancer that could not be kept in step is so again. */
  readonly recovered: (name: string) => void;
  /** The registry could not be followed for a while, or is followed again. */
  readonly connection: (isThere: boolean) => void;
}

const LOOK_EVERY_MS = 30_000;
const RETRY_MS = 1000;
/** One that was told to stop and still runs after so long is taken to go on. */
const STOP_GRACE_MS = 60_000;
/** What happens at one moment is one change. */
const MOMENT_MS = 5;

/** Until the signal aborts; resolves then. Never rejects. */
export async function keepBalancers(request: KeepRequest): Promise<void> {
  const keeper = new Keeper(request);
  await keeper.run();
}

/** One registry root that is followed, and what it was seen to have. */
interface Followed {
  readonly over: AbortController;
  readonly done: Promise<void>;
  view: RegistryView | undefined;
}

class Keeper {
  readonly #request: KeepRequest;
  readonly #roots = new Map<string, Followed>();
  readonly #troubles = new Map<string, string>();
  /** What each balancer was last seen to hold. */
  readonly #held = new Map<string, string>();
  readonly #observer: ContainerObserver;
  /** Containers of servers that are or were registered, as their records tell: server -> container. */
  readonly #containers = new Map<string, string>();
  /** Containers this engine has or had. */
  readonly #own = new Set<string>();
  #againAtMs = Infinity;
  #hasNews = false;
  #wake: () => void = () => undefined;

  constructor(request: KeepRequest) {
    this.#request = request;
    const onChange = (id: string): void => {
      this.#own.add(id);
      // Balancers come, start, and go; what becomes of servers their records tell, unless these went before it and they are held.
      const isBalancer = this.#observer.find(id)?.labels[LABEL.role] === ROLE;
      if (isBalancer || (this.#isHolding() && !this.#observer.isUp(id))) this.#tell();
    };
    this.#observer = new ContainerObserver(request.engine, { onChange, stopGraceMs: STOP_GRACE_MS });
  }

  async run(): Promise<void> {
    const { signal } = this.#request;
    const events = this.#followEvents();
    while (!signal.aborted) {
      this.#hasNews = false;
      await this.#pass();
      await this.#news();
    }
    for (const { over } of this.#roots.values()) over.abort();
    await Promise.all([events, ...[...this.#roots.values()].map(({ done }) => done)]);
  }

  async #pass(): Promise<void> {
    const { engine, registryId, isMeant = () => true, signal } = this.#request;
    try {
      const all = await findBalancers(engine);
      this.#well('the engine');
      const own = all.filter((balancer) => balancer.birth.registry.id === registryId && isMeant(balancer));
      this.#followRoots(new Set(own.map(({ birth }) => birth.registry.root)));
      for (const name of this.#troubles.keys()) if (!own.some((balancer) => balancer.name === name)) this.#troubles.delete(name);
      const next = await Promise.all(own.map((balancer) => this.#keep(balancer)));
      this.#againAtMs = Math.min(Infinity, ...next);
    } catch (error) {
      if (signal.aborted) return;
      this.#ill('the engine', error);
      this.#againAtMs = Date.now() + RETRY_MS;
    }
  }

  /** When it wants to be looked at again. */
  async #keep(balancer: Balancer): Promise<number> {
    const { name, container, birth } = balancer;
    const { engine, windowMs, log, signal } = this.#request;
    const view = this.#roots.get(birth.registry.root)?.view;
    // Its start is an event.
    if (!view || container.state !== 'running') return Infinity;
    try {
      const instances = instancesIn(view, birth.registry.root, birth.service);
      if (!instances) throw new Error(`what is registered of "${birth.service}" may not be read: the servers stay as they are`);
      const ended = this.#endedOf();
      const synced = await syncBalancer(engine, { name, containerId: container.id, instances, windowMs, ended });
      this.#well(name);
      if (synced.how !== 'unchanged' || this.#isNewlyHeld(name, synced)) log.synced(balancer, synced);
      return synced.againAtMs ?? Infinity;
    } catch (error) {
      // One that ends, or is replaced, at this very moment is no trouble.
      const isEnding = ['not-running', 'no-such-container'].some((reason) => hasReason(error, reason));
      if (!signal.aborted && !isEnding) this.#ill(name, error);
      return Date.now() + RETRY_MS;
    }
  }

  #isHolding(): boolean {
    return [...this.#held.values()].some((keys) => keys !== '');
  }

  #isNewlyHeld(name: string, { held }: Synced): boolean {
    const [before, now] = [this.#held.get(name) ?? '', [...held].sort().join(' ')];
    this.#held.set(name, now);
    return now !== '' && now !== before;
  }

  #ill(name: string, error: unknown): void {
    if (this.#troubles.get(name) === messageOf(error)) return;
    this.#troubles.set(name, messageOf(error));
    this.#request.log.failed(name, error);
  }

  #well(name: string): void {
    if (this.#troubles.delete(name)) this.#request.log.recovered(name);
  }

  #followRoots(wanted: ReadonlySet<string>): void {
    for (const [root, { over }] of this.#roots) {
      if (wanted.has(root)) continue;
      over.abort();
      this.#roots.delete(root);
    }
    for (const root of wanted) {
      if (this.#roots.has(root)) continue;
      const over = new AbortController();
      const followed: Followed = { over, view: undefined, done: Promise.resolve() };
      this.#roots.set(root, Object.assign(followed, { done: this.#followRoot(root, followed) }));
    }
  }

  /** A view is the last good one until there is another: nothing is taken away because nobody answers. */
  async #followRoot(root: string, followed: Followed): Promise<void> {
    const { open, log } = this.#request;
    const signal = AbortSignal.any([this.#request.signal, followed.over.signal]);
    const isOver = (): boolean => signal.aborted;
    while (!isOver()) {
      try {
        for await (const view of followRegistry({ root }, { open, signal, onConnection: log.connection })) {
          followed.view = view;
          for (const { record } of view.instances) {
            const { address, port, containerId } = record;
            if (address !== null && port !== null && containerId !== null) this.#containers.set(keyOf({ address, port }), containerId);
          }
          this.#well('the registry');
          this.#tell();
        }
      } catch (error) {
        if (isOver()) return;
        this.#ill('the registry', error);
        await pause(RETRY_MS, signal);
      }
    }
  }

  async #followEvents(): Promise<void> {
    const { engine, signal } = this.#request;
    const options = { resyncMs: LOOK_EVERY_MS, signal, onLook: () => this.#forget(), onEngine: () => this.#tell() };
    while (!signal.aborted) {
      // The look at the balancers says what is wrong with the engine.
      await followEngine(engine, this.#observer, options).catch(() => undefined);
      await pause(RETRY_MS, signal);
    }
  }

  /** Servers of the service whose containers this engine has ended, or was told to end. */
  #endedOf(): ReadonlySet<string> {
    const hasEnded = (id: string): boolean => this.#own.has(id) && !this.#observer.isUp(id);
    return new Set([...this.#containers].flatMap(([key, id]) => (hasEnded(id) ? [key] : [])));
  }

  /** What is registered no more and has been gone for a while is of no interest. */
  #forget(): void {
    const registered = new Set(
      [...this.#roots.values()].flatMap(({ view }) => view?.instances ?? []).map(({ record }) => record.containerId),
    );
    for (const [key, id] of this.#containers) if (!registered.has(id) && !this.#observer.find(id)) this.#containers.delete(key);
    const wanted = new Set([...this.#containers.values(), ...this.#observer.ids]);
    for (const id of this.#own) if (!wanted.has(id)) this.#own.delete(id);
  }

  #tell(): void {
    this.#hasNews = true;
    this.#wake();
  }

  /** Resolves when it is time for a look. */
  async #news(): Promise<void> {
    const { signal } = this.#request;
    if (!this.#hasNews) {
      const woken = new Promise<void>((resolve) => (this.#wake = resolve));
      const idle = new AbortController();
      const waitMs = Math.max(0, Math.min(LOOK_EVERY_MS, this.#againAtMs - Date.now()));
      await Promise.race([woken, pause(waitMs, AbortSignal.any([signal, idle.signal]))]);
      idle.abort();
    }
    await pause(MOMENT_MS, signal);
  }
}

const pause = (ms: number, signal: AbortSignal): Promise<void> => sleep(ms, undefined, { signal }).catch(() => undefined);

/** Undefined where not all of them may be read: who cannot be seen is not gone. */
function instancesIn({ instances, denied }: RegistryView, root: string, service: string): Reachable[] | undefined {
  const path = servicePath(root, service);
  if (denied.some((closed) => closed === root || closed === path || closed.startsWith(`${path}/`))) return undefined;
  return usableOf(
    joinContainers(
      instances.filter((instance) => instance.service === service),
      undefined,
    ),
  );
}
