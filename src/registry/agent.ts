/**
 * Keeps what is registered true to an engine. The engine's side (what runs, and is well) and ZooKeeper's (the session, the lead, the records) live and
 * break apart from each other; each change on either side settles the records of the containers it is about.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ContainerDetails, Engine, EngineIdentity } from '../engine/index.js';
import { hasReason, messageOf, ZkdError } from '../errors.js';
import { unlessAborted } from '../runtime/interruption.js';
import { holdNode } from '../znodes/index.js';
import { formatServer, type ZooKeeperSession } from '../zookeeper/index.js';
import { ContainerObserver } from './container-observer.js';
import { followEngine } from './follow-engine.js';
import { clearLeftovers, RecordKeeper, type RecordChange } from './record-keeper.js';
import { leadPath, takeTurn } from './turns.js';
import { wantedRecords, type RegistrationRules, type WantedRecords } from './wanted-records.js';

/** Before what ZooKeeper did not answer is tried again. */
const AGAIN_MS = 1000;
/** One that was told to stop and still runs after so long is taken to go on. */
const STOP_GRACE_MS = 60_000;

export interface AgentRules extends RegistrationRules {
  readonly resyncMs: number;
  /** `keep`: the records stay until the session's time is up, so that another agent can take them over. */
  readonly onExit: 'deregister' | 'keep';
}

/** Something an agent has to say. */
export interface AgentEntry {
  readonly level: 'info' | 'warning';
  readonly event:
    'leading' | 'standing-by' | RecordChange['type'] | 'problem' | 'connection' | 'session' | 'engine' | 'balancer' | 'stopped';
  readonly message: string;
  readonly service?: string;
  readonly id?: string;
  readonly container?: string;
  readonly path?: string;
}

export interface AgentContext {
  readonly engine: Engine;
  readonly open: () => Promise<ZooKeeperSession>;
  readonly signal: AbortSignal;
  readonly tell: (entry: AgentEntry) => void;
  /** Called each time it begins to lead: what only one of an engine's agents is to do besides. */
  readonly onLead?: (session: ZooKeeperSession) => void;
}

/**
 * Runs until the signal aborts, which resolves it: then the records are gone, or kept as the rules say. Rejects where the engine or ZooKeeper cannot be
 * reached at the start; later on both are waited for.
 */
export async function runAgent(rules: AgentRules, context: AgentContext): Promise<void> {
  const agent = new Agent(rules, context, await context.engine.identify());
  await agent.run();
}

class Agent {
  readonly #rules: AgentRules;
  readonly #context: AgentContext;
  readonly #identity: EngineIdentity;
  readonly #observer: ContainerObserver;
  readonly #looked: Promise<void>;
  #onLooked: () => void = () => undefined;
  /** Undefined while it does not lead. */
  #keeper: RecordKeeper | undefined;
  #session: ZooKeeperSession | undefined;
  /** The node that stands for its lead. */
  #leadNode: string | undefined;
  /** Whether what earlier agents have left behind is gone. */
  #isCleared = false;
  #fail: (error: unknown) => void = () => undefined;
  /** What was said of a container's problems, so that it is said once. */
  readonly #told = new Map<string, ReadonlySet<string>>();
  /** Containers whose records another one stands in the way of. */
  readonly #hindered = new Set<string>();
  readonly #settling = new Set<string>();
  readonly #unsettled = new Set<string>();
  #again: NodeJS.Timeout | undefined;
  get #isTryingAgain(): boolean {
    return this.#again !== undefined;
  }

  #isConnected = true;
  /** Whether it was said that ZooKeeper does not answer. */
  #isWaiting = false;

  constructor(rules: AgentRules, context: AgentContext, identity: EngineIdentity) {
    this.#rules = rules;
    this.#context = context;
    this.#identity = identity;
    this.#observer = new ContainerObserver(context.engine, { onChange: (id) => void this.#settle(id), stopGraceMs: STOP_GRACE_MS });
    this.#looked = new Promise((resolve) => (this.#onLooked = resolve));
  }

  async run(): Promise<void> {
    const { engine, signal } = this.#context;
    const over = new AbortController();
    const following = followEngine(engine, this.#observer, {
      resyncMs: this.#rules.resyncMs,
      signal: AbortSignal.any([signal, over.signal]),
      onLook: () => {
        this.#onLooked();
        void this.#verify();
      },
      onEngine: (problem) => this.#tellEngine(problem),
    });
    try {
      const failed = new Promise<never>((_, reject) => {
        this.#fail = reject;
        // It ends with the signal otherwise, and then the records are to be seen to.
        following.catch(reject);
      });
      await Promise.race([this.#register(), failed]);
    } finally {
      over.abort();
      clearTimeout(this.#again);
    }
  }

  /** One session after the other. */
  async #register(): Promise<void> {
    const { signal, tell } = this.#context;
    let session = await this.#context.open();
    for (;;) {
      try {
        await this.#lead(session);
      } catch (error) {
        if (signal.aborted) return this.#leave(session);
        if (!isSessionOver(error)) throw error;
        tell({ level: 'warning', event: 'session', message: `${messageOf(error)}; beginning anew` });
      }
      this.#keeper = undefined;
      await session.close();
      const next = await this.#reopen();
      if (!next) return;
      session = next;
    }
  }

  /** Undefined where the signal aborts first. */
  async #reopen(): Promise<ZooKeeperSession | undefined> {
    const { signal, tell, open } = this.#context;
    let isTold = false;
    while (!signal.aborted) {
      try {
        return await open();
      } catch (error) {
        if (!isTold) tell({ level: 'warning', event: 'connection', message: `${messageOf(error)}; trying again` });
        isTold = true;
        await sleep(AGAIN_MS, undefined, { signal }).catch(() => undefined);
      }
    }
    return undefined;
  }

  /** Never resolves: rejects when the session is over or the lead is taken away. */
  async #lead(session: ZooKeeperSession): Promise<never> {
    const { signal, tell } = this.#context;
    const { id: engineId, name } = this.#identity;
    const { path } = await takeTurn(session, leadPath(engineId, this.#rules.root), signal, (leader) => {
      tell({ level: 'info', event: 'standing-by', message: `Another agent registers the containers of ${name}: ${leader}; standing by` });
    });
    this.#leadNode = path;
    this.#isCleared = false;
    this.#isConnected = true;
    await unlessAborted(this.#looked, signal);
    tell({ level: 'info', event: 'leading', message: `Registering the containers of ${name} below ${this.#rules.root}` });
    const keeper = new RecordKeeper(session, { mode: 'ephemeral', engineId, onChange: (change) => this.#tellChange(change) });
    this.#session = session;
    this.#keeper = keeper;
    this.#context.onLead?.(session);
    const held = holdNode(session, path, (isThere) => this.#tellConnection(isThere));
    held.catch(() => undefined);
    await unlessAborted(this.#settleAll(), signal);
    void this.#verify();
    return unlessAborted(held, signal);
  }

  /** The records of a container, made what is wanted now; what comes meanwhile is settled after it. */
  async #settle(id: string): Promise<void> {
    this.#unsettled.add(id);
    if (this.#settling.has(id)) return;
    this.#settling.add(id);
    try {
      while (this.#keeper && this.#unsettled.delete(id)) await this.#settleOnce(this.#keeper, id);
    } catch (error) {
      this.#tryAgain(error);
    } finally {
      this.#settling.delete(id);
    }
  }

  async #settleOnce(keeper: RecordKeeper, id: string): Promise<void> {
    const container = this.#observer.find(id);
    const { records, problems, notes } = this.#wanted(container);
    const hindrances = await keeper.settle(id, records);
    if (hindrances.length > 0) this.#hindered.add(id);
    else this.#hindered.delete(id);
    this.#tellProblems(id, container, [...problems, ...hindrances, ...notes]);
  }

  #wanted(container: ContainerDetails | undefined): WantedRecords {
    if (!container || !this.#observer.isUp(container.id)) return { records: [], problems: [], notes: [] };
    return wantedRecords(container, this.#rules, { identity: this.#identity, find: (id) => this.#observer.find(id) });
  }

  /** Containers that are gone, too: their records may still be there. */
  async #settleAll(): Promise<void> {
    const ids = new Set([...this.#observer.ids, ...(this.#keeper?.containers ?? [])]);
    await Promise.all([...ids].map((id) => this.#settle(id)));
  }

  /** Whether what is held is there still, and nothing besides that an agent of this engine has left behind. */
  async #verify(): Promise<void> {
    const [keeper, session] = [this.#keeper, this.#session];
    if (!keeper || !session) return;
    try {
      const lost = await keeper.verify();
      const gone = [...keeper.containers].filter((id) => !this.#observer.find(id));
      await Promise.all([...lost, ...gone, ...this.#hindered].map((id) => this.#settle(id)));
      if (this.#isCleared) return;
      await clearLeftovers(session, keeper, this.#rules.root, this.#identity.id);
      this.#isCleared = true;
    } catch (error) {
      this.#tryAgain(error);
    }
  }

  /** ZooKeeper does not answer, or the session is over, which shows elsewhere: what could not be settled is settled once it does. */
  #tryAgain(error: unknown): void {
    if (!(error instanceof ZkdError)) this.#fail(error);
    const { signal, tell } = this.#context;
    if (this.#isTryingAgain || signal.aborted) return;
    // A connection that is gone is told of as such, and what it means for the session.
    const isSilent = this.#isConnected && !this.#isWaiting;
    if (isSilent) tell({ level: 'warning', event: 'connection', message: `${messageOf(error)}; trying again` });
    this.#isWaiting ||= isSilent;
    this.#again = setTimeout(() => void this.#retry(), AGAIN_MS);
  }

  async #retry(): Promise<void> {
    this.#again = undefined;
    await this.#verify();
    await this.#settleAll();
    if (!this.#keeper || this.#isTryingAgain || !this.#isWaiting) return;
    this.#isWaiting = false;
    this.#context.tell({ level: 'info', event: 'connection', message: 'ZooKeeper answers again' });
  }

  /** At the end, as the rules say. */
  async #leave(session: ZooKeeperSession): Promise<void> {
    const count = this.#keeper?.size ?? 0;
    this.#keeper = undefined;
    const isKept = this.#rules.onExit === 'keep';
    // The next agent need not wait for this session's end to lead.
    if (isKept && this.#leadNode !== undefined) await session.delete(this.#leadNode).catch(() => undefined);
    else await session.close();
    const what = isKept ? `kept for ${Math.round(session.timeoutMs / 1000)} s at most` : 'taken away';
    this.#context.tell({ level: 'info', event: 'stopped', message: `Stopped; records ${what}: ${count}` });
  }

  #tellChange(change: RecordChange): void {
    const { type, path, service, id, container, address, port } = change;
    const place = type === 'deregistered' ? '' : ` at ${formatServer({ host: address, port })}`;
    this.#context.tell({ level: 'info', event: type, message: `${service}/${id}: ${container}${place}`, service, id, container, path });
    if (type === 'deregistered') for (const other of this.#hindered) void this.#settle(other);
  }

  #tellProblems(id: string, container: ContainerDetails | undefined, problems: readonly string[]): void {
    const told = this.#told.get(id);
    if (container) this.#told.set(id, new Set(problems));
    else this.#told.delete(id);
    for (const problem of problems) {
      if (!container || told?.has(problem)) continue;
      this.#context.tell({ level: 'warning', event: 'problem', message: `${container.name}: ${problem}`, container: container.name });
    }
  }

  #tellConnection(isThere: boolean): void {
    this.#isConnected = isThere;
    const message = isThere ? 'Connected again' : 'The connection to ZooKeeper is gone; the records go when it does not come back in time';
    this.#context.tell({ level: isThere ? 'info' : 'warning', event: 'connection', message });
    if (isThere) void this.#retry();
  }

  #tellEngine(problem: string | undefined): void {
    const message = problem === undefined ? 'The engine answers again' : `${problem}; the records stay as they are until it answers again`;
    this.#context.tell({ level: problem === undefined ? 'info' : 'warning', event: 'engine', message });
  }
}

const isSessionOver = (error: unknown): boolean =>
  ['session-expired', 'connection-lost', 'timeout', 'closed', 'no-node'].some((reason) => hasReason(error, reason));
