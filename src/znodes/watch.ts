/**
 * Watching a node, or a tree, without an end. ZooKeeper's watches fire once and say little: each is set again as the state is read, and what is
 * told is the difference to the state told before. So nothing that lasts is missed, through lost connections and lost sessions alike; what came and
 * went between two looks is not seen. Costs two watches a node.
 */
import { hasReason, ZkdError } from '../errors.js';
import { unlessAborted } from '../runtime/interruption.js';
import { joinPath, type NodeData, type Watch, type ZooKeeperSession } from '../zookeeper/index.js';

export interface ZnodeEvent {
  readonly type: 'created' | 'changed' | 'deleted' | 'children';
  readonly path: string;
  /** When it was seen: ISO 8601, UTC. */
  readonly time: string;
  /** Of the change, as far as the state tells: null for `deleted`. */
  readonly zxid: string | null;
  /** The new state; null for `deleted` and `children`. */
  readonly node: NodeData | null;
  /** The new names; null but for `children`. */
  readonly children: readonly string[] | null;
}

export interface WatchRequest {
  readonly path: string;
  /** All nodes below it too, each by what happens to itself; `children` is told without it only. */
  readonly recursive: boolean;
}

export interface WatchContext {
  /** Opens a session; called again when one is gone. */
  readonly open: () => Promise<ZooKeeperSession>;
  readonly signal: AbortSignal;
  /** Told each loss and return of the connection. */
  readonly onConnection?: (isThere: boolean) => void;
  /** Told once what is there at the start. */
  readonly onStart?: (isThere: boolean) => void;
  /** Told of a node that may not be read; those below it are not watched. */
  readonly onDenied?: (path: string) => void;
}

/**
 * What happens to a node from now on, until `signal` aborts (rejects with its reason) or the session is gone and cannot be made anew (rejects with
 * `zookeeper-unavailable`). A node that is not there yet is waited for.
 */
export async function* watchTree(request: WatchRequest, context: WatchContext): AsyncGenerator<ZnodeEvent, never, undefined> {
  const known: State = new Map();
  const events: ZnodeEvent[] = [];
  for (let isFirst = true; ; isFirst = false) {
    const session = await unlessAborted(context.open(), context.signal);
    const round = new Round(request, context, session, known, events);
    void round.run(isFirst);
    try {
      for (;;) {
        for (let event = events.shift(); event; event = events.shift()) yield event;
        await unlessAborted(round.news(), context.signal);
      }
    } catch (error) {
      if (!isSessionGone(error) || context.signal.aborted) throw error;
    } finally {
      round.stop();
      await session.close();
    }
    if (round.isConnected) context.onConnection?.(false);
  }
}

const GONE = ['session-expired', 'connection-lost', 'timeout'];
const isSessionGone = (error: unknown): boolean => GONE.some((reason) => hasReason(error, reason));

/** What was told of a node. */
interface Known {
  readonly czxid: string;
  mzxid: string;
  /** Null until they were read. */
  children: ReadonlySet<string> | null;
}

type State = Map<string, Known>;

/** As long as one session lasts. */
class Round {
  readonly #request: WatchRequest;
  readonly #context: WatchContext;
  readonly #session: ZooKeeperSession;
  readonly #known: State;
  readonly #events: ZnodeEvent[];
  /** Paths whose children are followed now. */
  readonly #listed = new Set<string>();
  readonly #followed = new Set<string>();
  isConnected = true;
  #isOver = false;
  #patience: NodeJS.Timeout | undefined;
  #failure: Error | undefined;
  #wake: () => void = () => undefined;

  constructor(request: WatchRequest, context: WatchContext, session: ZooKeeperSession, known: State, events: ZnodeEvent[]) {
    this.#request = request;
    this.#context = context;
    this.#session = session;
    this.#known = known;
    this.#events = events;
  }

  /** Follows from the root on. At the very first start what is there is no news. */
  async run(isFirst: boolean): Promise<void> {
    const { path } = this.#request;
    await this.#attempt(async () => {
      const { node, watch } = await this.#session.watchNode(path);
      if (isFirst) this.#context.onStart?.(node !== null);
      else this.#context.onConnection?.(true);
      this.#see(path, node, !isFirst);
      if (node) this.#begin(path, !isFirst);
      await this.#fired(watch);
      await this.#followNode(path);
    });
  }

  /** Resolves when there may be events, rejects when the session is over. */
  async news(): Promise<void> {
    if (this.#failure === undefined && this.#events.length === 0) await new Promise<void>((resolve) => (this.#wake = resolve));
    if (this.#events.length === 0 && this.#failure !== undefined) throw this.#failure;
  }

  stop(): void {
    this.#isOver = true;
    clearTimeout(this.#patience);
  }

  /** Work that runs beside the reader: its failure is the reader's. */
  async #attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (this.#isOver) return;
      this.#failure ??= error as Error;
      this.#wake();
    }
  }

  async #followNode(path: string): Promise<void> {
    while (!this.#isOver) {
      const found = await this.#unlessGone(path, () => this.#session.watchNode(path));
      if (found) this.#see(path, found.node, true);
      if (found?.node) this.#begin(path, true);
      // A node below the root is found again by the names of its parent.
      else if (path !== this.#request.path) return void this.#followed.delete(path);
      if (found) await this.#fired(found.watch);
    }
  }

  #begin(path: string, isNews: boolean): void {
    if (this.#listed.has(path)) return;
    this.#listed.add(path);
    void this.#attempt(async () => {
      await this.#followChildren(path, isNews);
      this.#listed.delete(path);
    });
  }

  async #followChildren(path: string, isNews: boolean): Promise<void> {
    let areNews = isNews;
    while (!this.#isOver) {
      const listed = await this.#unlessGone(path, () => this.#session.watchChildren(path));
      if (!listed) return;
      this.#seeChildren(path, listed.children, listed.stat.pzxid, areNews);
      areNews = true;
      await this.#fired(listed.watch);
    }
  }

  async #follow(path: string, isNews: boolean): Promise<void> {
    if (this.#followed.has(path)) return;
    this.#followed.add(path);
    await this.#attempt(async () => {
      const found = await this.#unlessGone(path, () => this.#session.watchNode(path));
      if (!found) return void this.#followed.delete(path);
      this.#see(path, found.node, isNews);
      if (!found.node) return void this.#followed.delete(path);
      this.#begin(path, isNews);
      await this.#fired(found.watch);
      await this.#followNode(path);
    });
  }

  async #unlessGone<T>(path: string, request: () => Promise<T>): Promise<T | undefined> {
    try {
      return await request();
    } catch (error) {
      if (hasReason(error, 'no-node')) return undefined;
      if (!hasReason(error, 'no-auth') || path === this.#request.path) throw error;
      this.#context.onDenied?.(path);
      return undefined;
    }
  }

  /** Tells what is different from what was told; `isNews` where a node nobody knew of is worth telling. */
  #see(path: string, node: NodeData | null, isNews: boolean): void {
    const before = this.#known.get(path);
    if (!node) return this.#gone(path);
    const { czxid, mzxid } = node.stat;
    if (before && before.czxid !== czxid) this.#gone(path);
    const isKnown = before?.czxid === czxid;
    if (isKnown && before.mzxid === mzxid) return;
    if (isKnown) before.mzxid = mzxid;
    else this.#known.set(path, { czxid, mzxid, children: null });
    if (isKnown || before || isNews) this.#tell({ type: isKnown ? 'changed' : 'created', path, zxid: mzxid, node });
  }

  #seeChildren(path: string, names: readonly string[], zxid: string, isNews: boolean): void {
    const known = this.#known.get(path);
    if (!known) return;
    const before = known.children;
    const now = new Set(names);
    known.children = now;
    if (!this.#request.recursive) {
      const isSame = before ? before.size === now.size && names.every((name) => before.has(name)) : !isNews || names.length === 0;
      if (!isSame) this.#tell({ type: 'children', path, zxid, children: names });
      return;
    }
    for (const name of before ?? []) if (!now.has(name)) this.#gone(joinPath(path, name));
    for (const name of names) void this.#follow(joinPath(path, name), before ? true : isNews);
  }

  /** The deepest first, as they went. */
  #gone(path: string): void {
    const known = this.#known.get(path);
    if (!known) return;
    if (this.#request.recursive) for (const name of known.children ?? []) this.#gone(joinPath(path, name));
    this.#known.delete(path);
    this.#tell({ type: 'deleted', path, zxid: null });
  }

  #tell(event: Pick<ZnodeEvent, 'type' | 'path' | 'zxid'> & Partial<ZnodeEvent>): void {
    this.#events.push({ time: new Date().toISOString(), node: null, children: null, ...event });
    this.#wake();
  }

  async #fired(watch: Watch): Promise<void> {
    for (let signal = await watch.next(); signal !== 'fired'; signal = await watch.next()) this.#hear(signal === 'connected');
  }

  /** Every watch tells it; once is enough. A connection that stays away longer than the session lives takes the session with it. */
  #hear(isConnected: boolean): void {
    if (this.#isOver || isConnected === this.isConnected) return;
    this.isConnected = isConnected;
    clearTimeout(this.#patience);
    if (!isConnected) {
      this.#patience = setTimeout(() => {
        this.#failure ??= new ZkdError('zookeeper-unavailable', 'The connection to ZooKeeper is gone, and the session with it', {
          details: { reason: 'connection-lost', path: this.#request.path },
        });
        this.#wake();
      }, this.#session.timeoutMs);
    }
    this.#context.onConnection?.(isConnected);
  }
}
