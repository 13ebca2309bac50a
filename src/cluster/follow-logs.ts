/**
 * Follows the logs of an ensemble's containers, whichever there are: one reader for each that runs, opened again where it ended and the
 * container did not, or another one took its place. Events only make it faster; a look every few seconds makes it right.
 */
import { setMaxListeners } from 'node:events';
import type { ContainerSummary, Engine } from '../engine/index.js';
import { hasReason, ZkdError } from '../errors.js';
import type { Clock } from '../runtime/retry-until.js';
import { LogPosition } from './log-merge.js';
import type { LogQueue } from './log-queue.js';
import { LABEL } from './names.js';

export interface FollowOptions {
  readonly engine: Engine;
  readonly name: string;
  readonly isMeant: (member: number) => boolean;
  readonly since: string | undefined;
  /** By container id: how far it was read. New containers are read from their beginning. */
  readonly positions: Map<string, LogPosition>;
  readonly queue: LogQueue;
  readonly clock: Clock;
  readonly onEngine: (isThere: boolean) => void;
}

/** Between two looks at least, so that a container that ends at once is not read in a circle. */
const PAUSE_MS = 100;
/** Between two looks at most. */
const LOOK_MS = 5000;
/** Between two attempts at an engine that is away. */
const AWAY_MS = 1000;
/** How long no container has to be there before the ensemble counts as taken down: a `down` and an `up` after it are one story. */
const GONE_MS = 5000;
/** Reading a log may fail while its container goes; failing this often in a row is no accident. */
const MAX_FAILURES = 10;

const CHANGES = /^(?:create|start|die|destroy|rename)$/;

export class LogFollower {
  readonly #options: FollowOptions;
  readonly #stop = new AbortController();
  readonly #readers = new Map<string, Promise<void>>();
  /** Containers that may have logged something no reader has seen. */
  readonly #unread = new Set<string>();
  readonly #failures = new Map<string, number>();
  #failure: Error | undefined;
  #wake: () => void = () => undefined;
  #isWoken = false;
  #isThere = true;
  #running: Promise<void> | undefined;

  constructor(options: FollowOptions) {
    this.#options = options;
    // Every reader listens.
    setMaxListeners(0, this.#stop.signal);
  }

  /** Follows until the ensemble is taken down, `signal` aborts or {@link stop} is called; then closes the queue. */
  run(signal: AbortSignal): Promise<void> {
    const stop = (): void => void this.stop();
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    this.#running = this.#run().finally(() => signal.removeEventListener('abort', stop));
    return this.#running;
  }

  /** Ends all readers. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#options.queue.close();
    this.#rouse();
    await this.#running?.catch(() => undefined);
  }

  async #run(): Promise<void> {
    const { queue, clock, positions } = this.#options;
    for (const id of positions.keys()) this.#unread.add(id);
    const watching = this.#watch();
    let goneAt: number | undefined;
    try {
      while (!this.#stop.signal.aborted) {
        const containers = await this.#look();
        if (containers) this.#forget(containers);
        for (const container of containers ?? []) this.#open(container);
        if (this.#failure !== undefined) throw this.#failure;
        goneAt = containers?.length === 0 ? (goneAt ?? clock.now()) : undefined;
        const goneForMs = goneAt === undefined ? 0 : clock.now() - goneAt;
        if (goneForMs >= GONE_MS) break;
        await this.#rest(goneAt !== undefined ? GONE_MS - goneForMs : containers ? LOOK_MS : AWAY_MS);
      }
      // It is taken down: what its readers still have to say comes first.
      await Promise.all(this.#readers.values());
    } finally {
      this.#stop.abort();
      queue.close();
      await Promise.all([watching, ...this.#readers.values()]);
    }
  }

  /** The ensemble's containers; undefined while the engine is away. */
  async #look(): Promise<ContainerSummary[] | undefined> {
    const { engine, name, onEngine } = this.#options;
    try {
      const containers = await engine.listContainers({ [LABEL.cluster]: name });
      if (!this.#isThere) onEngine((this.#isThere = true));
      return containers.filter(({ labels }) => labels[LABEL.member] !== undefined);
    } catch (error) {
      if (!(error instanceof ZkdError) || error.code !== 'engine-unavailable') throw error;
      if (this.#isThere && !this.#stop.signal.aborted) onEngine((this.#isThere = false));
      return undefined;
    }
  }

  /** Containers that are gone do not come back: a new one has another id. */
  #forget(containers: readonly ContainerSummary[]): void {
    const there = new Set(containers.map(({ id }) => id));
    const isGone = (id: string): boolean => !there.has(id) && !this.#readers.has(id);
    for (const id of [...this.#options.positions.keys()].filter(isGone)) this.#options.positions.delete(id);
    for (const id of [...this.#unread].filter(isGone)) this.#unread.delete(id);
  }

  #open({ id, labels, state }: ContainerSummary): void {
    const member = Number(labels[LABEL.member]);
    const isUnread = this.#unread.has(id) || !this.#options.positions.has(id);
    if (!this.#options.isMeant(member) || this.#readers.has(id) || !(isUnread || state === 'running')) return;
    this.#unread.delete(id);
    const reader = this.#read(id, member)
      .then(() => void this.#failures.delete(id))
      .catch((error: unknown) => this.#failed(id, error))
      .finally(() => {
        this.#readers.delete(id);
        this.#rouse();
      });
    this.#readers.set(id, reader);
  }

  /** Follows one run of a container; what its end left unsaid is read once more. */
  async #read(id: string, member: number): Promise<void> {
    const { engine, positions, queue, since: beginning } = this.#options;
    const position = positions.get(id) ?? new LogPosition();
    positions.set(id, position);
    for (const follow of [true, false]) {
      const since = position.since ?? beginning;
      position.reopen();
      for await (const line of engine.logs(id, { follow, signal: this.#stop.signal, ...(since !== undefined && { since }) })) {
        if (position.isNew(line)) await queue.put({ ...line, member });
      }
    }
  }

  #failed(id: string, error: unknown): void {
    if (hasReason(error, 'no-such-container')) return;
    this.#unread.add(id);
    if (error instanceof ZkdError && error.code === 'engine-unavailable') return;
    const failures = (this.#failures.get(id) ?? 0) + 1;
    this.#failures.set(id, failures);
    if (failures >= MAX_FAILURES) this.#failure = error instanceof Error ? error : new Error(String(error));
  }

  async #watch(): Promise<void> {
    const { engine, name, clock, positions } = this.#options;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        for await (const { type, action, id } of engine.events({ labels: { [LABEL.cluster]: name }, signal })) {
          if (type !== 'container' || !CHANGES.test(action)) continue;
          this.#unread.add(id);
          this.#rouse();
        }
      } catch {
        // The looks go on, and tell whether it is the engine that is away.
      }
      for (const id of positions.keys()) this.#unread.add(id);
      await clock.sleep(AWAY_MS, signal).catch(() => undefined);
    }
  }

  #rouse(): void {
    this.#isWoken = true;
    this.#wake();
  }

  /** Waits until something has changed, but neither too short nor too long. */
  async #rest(longestMs: number): Promise<void> {
    const { clock } = this.#options;
    const { signal } = this.#stop;
    await clock.sleep(Math.min(PAUSE_MS, longestMs), signal).catch(() => undefined);
    if (!this.#isWoken && !signal.aborted) {
      const woken = new AbortController();
      this.#wake = () => woken.abort();
      await clock.sleep(Math.max(0, longestMs - PAUSE_MS), woken.signal).catch(() => undefined);
    }
    this.#isWoken = false;
  }
}
