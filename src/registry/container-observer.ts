/** The containers of an engine as they are, by its events and by whole looks. Events only make it faster; a whole look makes it right. */
import { constants } from 'node:os';
import type { ContainerDetails, ContainerHealth, ContainerState, Engine, EngineEvent } from '../engine/index.js';
import { eachOf } from '../runtime/each-of.js';

/** So many inspections at a time. */
const AT_ONCE = 8;
/** Docker numbers the real-time signals from here on. */
const FIRST_REALTIME_SIGNAL = 34;
const KILL = 9;

interface Observed {
  details: ContainerDetails;
  /** When it was told to stop; null while it was not. */
  stoppingSinceMs: number | null;
}

export interface ObserverOptions {
  /** Called for each container that may have changed. */
  readonly onChange: (id: string) => void;
  /** How long one that was told to stop and goes on running is taken to be stopping. */
  readonly stopGraceMs: number;
  readonly now?: () => number;
}

export class ContainerObserver {
  readonly #engine: Engine;
  readonly #options: Required<ObserverOptions>;
  readonly #containers = new Map<string, Observed>();
  /** Events of each container: what was asked before the last one is not the newest. */
  readonly #events = new Map<string, number>();
  readonly #inspecting = new Set<string>();

  constructor(engine: Engine, options: ObserverOptions) {
    this.#engine = engine;
    this.#options = { now: () => performance.now(), ...options };
  }

  get ids(): readonly string[] {
    return [...this.#containers.keys()];
  }

  find(id: string): ContainerDetails | undefined {
    return this.#containers.get(id)?.details;
  }

  /** Whether it runs and was not told to stop. */
  isUp(id: string): boolean {
    const observed = this.#containers.get(id);
    return observed?.details.state === 'running' && observed.stoppingSinceMs === null;
  }

  /** Looks at all containers: two calls, and one more for each that is new. Rejects where the engine does not answer. */
  async look(): Promise<void> {
    const before = new Map(this.#events);
    const isNewest = (id: string): boolean => before.get(id) === this.#events.get(id);
    const listed = await this.#engine.listContainers({});
    const unknown = listed.filter(({ id }) => !this.#containers.has(id));
    await eachOf(unknown, AT_ONCE, async ({ id }) => this.#inspect(id));
    const there = new Set(listed.map(({ id }) => id));
    const gone = this.ids.filter((id) => !there.has(id) && isNewest(id));
    for (const id of gone) this.#containers.delete(id);
    for (const summary of listed) {
      const observed = this.#containers.get(summary.id);
      if (!observed || !isNewest(summary.id)) continue;
      observed.details = { ...observed.details, ...summary };
      this.#endGrace(observed);
    }
    for (const id of [...gone, ...there]) this.#options.onChange(id);
  }

  /** Takes an event in; resolves when what it tells is known. */
  async hear({ type, action, id, attributes }: EngineEvent): Promise<void> {
    if (type === 'network') {
      const container = attributes['container'];
      if (container !== undefined && (action === 'connect' || action === 'disconnect')) await this.#inspectAgain(container);
      return;
    }
    if (type !== 'container') return;
    const health = /^health_status: (healthy|unhealthy|starting)$/.exec(action)?.[1] as ContainerHealth | undefined;
    if (health !== undefined) await this.#tell(id, { health });
    else if (action === 'kill') this.#killed(id, attributes['signal'] ?? '');
    else if (action === 'rename') await this.#tell(id, attributes['name'] === undefined ? {} : { name: attributes['name'] });
    else if (action === 'start') await this.#started(id);
    else if (action === 'destroy') this.#gone(id);
    else if (STATES[action] !== undefined) await this.#tell(id, { state: STATES[action] });
  }

  async #started(id: string): Promise<void> {
    const observed = this.#containers.get(id);
    if (observed) observed.stoppingSinceMs = null;
    await this.#inspectAgain(id);
  }

  #gone(id: string): void {
    this.#count(id);
    this.#containers.delete(id);
    this.#options.onChange(id);
    this.#events.delete(id);
  }

  /** What an event says needs no question; of one that is not known all is asked. */
  async #tell(
    id: string,
    known: { readonly state?: ContainerState; readonly health?: ContainerHealth; readonly name?: string },
  ): Promise<void> {
    this.#count(id);
    const observed = this.#containers.get(id);
    if (!observed) return this.#inspect(id);
    observed.details = { ...observed.details, ...known };
    this.#options.onChange(id);
  }

  /** The engine tells it of every signal that is sent; only that which stops the container counts. */
  #killed(id: string, signal: string): void {
    const observed = this.#containers.get(id);
    if (!observed) return;
    const number = signalNumber(signal);
    if (number !== KILL && number !== signalNumber(observed.details.stopSignal)) return;
    this.#count(id);
    observed.stoppingSinceMs = this.#options.now();
    this.#options.onChange(id);
  }

  #endGrace(observed: Observed): void {
    const { stoppingSinceMs } = observed;
    if (stoppingSinceMs !== null && this.#options.now() - stoppingSinceMs >= this.#options.stopGraceMs) observed.stoppingSinceMs = null;
  }

  #inspectAgain(id: string): Promise<void> {
    this.#count(id);
    return this.#inspect(id);
  }

  /** Asks until no event has come while it was asked. */
  async #inspect(id: string): Promise<void> {
    if (this.#inspecting.has(id)) return;
    this.#inspecting.add(id);
    try {
      for (;;) {
        const count = this.#events.get(id);
        const details = await this.#engine.findContainer(id);
        if (count !== this.#events.get(id)) continue;
        if (details) this.#containers.set(id, { details, stoppingSinceMs: this.#containers.get(id)?.stoppingSinceMs ?? null });
        else this.#containers.delete(id);
        this.#options.onChange(id);
        return;
      }
    } finally {
      this.#inspecting.delete(id);
    }
  }

  #count(id: string): void {
    this.#events.set(id, (this.#events.get(id) ?? 0) + 1);
  }
}

const STATES: Readonly<Record<string, ContainerState>> = { die: 'exited', pause: 'paused', unpause: 'running' };

/** `15`, `TERM`, `SIGTERM`, `RTMIN+3`: all forms engines and images use. NaN for what is none. */
function signalNumber(signal: string): number {
  if (/^\d+$/.test(signal)) return Number(signal);
  const name = signal.toUpperCase().replace(/^SIG/, '');
  const realtime = /^RTMIN(?:\+(\d+))?$/.exec(name);
  if (realtime) return FIRST_REALTIME_SIGNAL + Number(realtime[1] ?? 0);
  const numbers: Readonly<Record<string, number | undefined>> = constants.signals;
  return numbers[`SIG${name}`] ?? Number.NaN;
}
