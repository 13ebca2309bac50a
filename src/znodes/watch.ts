/**
 * Watching a node, or a tree, without an end. ZooKeeper's watches fire once and say little: each is set again as the state is read, and what is
 * told is the difference to the state told before. So nothing that lasts is missed, through lost connections and lost sessions alike; what came and
 * went between two looks is not seen. Costs two watches a node, and a session for 2000 nodes (`watch-carriers.ts`).
 */
import { hasReason, ZkdError } from '../errors.js';
import { unlessAborted } from '../runtime/interruption.js';
import { joinPath, parentPath, type NodeData, type Watch, type ZooKeeperSession } from '../zookeeper/index.js';
import { CONCURRENCY } from './walk.js';
import { Carriers, type Carrier } from './watch-carriers.js';

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
  /** What is there at the start is told as well, as created, before `onStart` is. */
  readonly fromStart?: boolean;
}

export interface WatchContext {
  /** Opens a session; called again when one is gone, and when one is full. */
  readonly open: () => Promise<ZooKeeperSession>;
  readonly signal: AbortSignal;
  /** Told each loss and return of the connection. */
  readonly onConnection?: (isThere: boolean) => void;
  /** Told once whether the node is there at the start, as soon as all there is to watch is watched. */
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
      if (!isSessionGone(error) || round.isFinal || context.signal.aborted) throw error;
    } finally {
      await round.stop();
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

const NONE: ReadonlySet<string> = new Set();

/** As long as its sessions last. */
class Round {
  readonly #request: WatchRequest;
  readonly #context: WatchContext;
  readonly #carriers: Carriers;
  readonly #known: State;
  readonly #events: ZnodeEvent[];
  /** Paths whose children are followed now. */
  readonly #listed = new Set<string>();
  /** Nodes below the root that are followed now. */
  readonly #followed = new Set<string>();
  /** Whose connection is gone. */
  readonly #away = new Set<Carrier>();
  /** Said once, however often they are come across. */
  readonly #denied = new Set<string>();
  /** Nodes and lists of children that were not looked at yet. */
  #looks = 0;
  #onArmed: () => void = () => undefined;
  #underWay = 0;
  readonly #turns: (() => void)[] = [];
  #isOver = false;
  #patience: NodeJS.Timeout | undefined;
  #failure: Error | undefined;
  #wake: () => void = () => undefined;

  constructor(request: WatchRequest, context: WatchContext, session: ZooKeeperSession, known: State, events: ZnodeEvent[]) {
    this.#request = request;
    this.#context = context;
    this.#carriers = new Carriers(session, context.open);
    this.#known = known;
    this.#events = events;
  }

  get isConnected(): boolean {
    return this.#away.size === 0;
  }

  /** It cannot be made anew: a session that was needed besides could not be had. */
  get isFinal(): boolean {
    return this.#carriers.isRefused;
  }

  /** Follows from the root on. At the very first start what is there is no news. */
  async run(isFirst: boolean): Promise<void> {
    const { path, fromStart = false } = this.#request;
    if (isFirst) this.#onArmed = () => this.#context.onStart?.(this.#known.has(path));
    else this.#context.onConnection?.(true);
    this.#looks += 1;
    await this.#attempt(() => this.#followNode(path, this.#carriers.first, !isFirst || fromStart));
  }

  /** Resolves when there may be events, rejects when the session is over. */
  async news(): Promise<void> {
    if (this.#failure === undefined && this.#events.length === 0) await new Promise<void>((resolve) => (this.#wake = resolve));
    if (this.#events.length === 0 && this.#failure !== undefined) throw this.#failure;
  }

  /** Ends its sessions. */
  async stop(): Promise<void> {
    this.#isOver = true;
    clearTimeout(this.#patience);
    await this.#carriers.close();
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

  #looked(): void {
    this.#looks -= 1;
    if (this.#looks > 0) return;
    this.#onArmed();
    this.#onArmed = () => undefined;
  }

  /** Looks at a node, and again each time that something has happened to it. */
  async #followNode(path: string, carrier: Carrier, isNews: boolean): Promise<void> {
    for (let isFirst = true; !this.#isOver; isFirst = false) {
      const watch = await this.#look(path, carrier, isNews || !isFirst);
      if (isFirst) this.#looked();
      if (!watch) return;
      await this.#fired(watch, carrier);
    }
  }

  /**
   * The watch on what it has seen; undefined where nothing is to be waited for: a node below the root is found again by the names of its parent.
   * Apart from the waiting, so that nobody holds what was read as long as nothing happens.
   */
  async #look(path: string, carrier: Carrier, isNews: boolean): Promise<Watch | undefined> {
    const isExpected = path !== this.#request.path;
    for (let isBehind = false; ; isBehind = true) {
      const listed = this.#siblings(path);
      if (isBehind) await carrier.session.sync(path);
      const found = await this.#unlessGone(path, () => carrier.session.watchNode(path, { isExpected }));
      if (found === 'denied') return undefined;
      this.#see(path, found === 'gone' ? null : found.node, isNews);
      if (found !== 'gone') {
        if (found.node) this.#begin(path, carrier, isNews);
        return found.watch;
      }
      // The names may have come from a server that is ahead of this one.
      if (!this.#carriers.areSeveral || (isBehind && listed === this.#siblings(path))) return undefined;
    }
  }

  /** As they were listed last: another list is another set. */
  #siblings(path: string): ReadonlySet<string> | null | undefined {
    return this.#known.get(parentPath(path) ?? '/')?.children;
  }

  #begin(path: string, carrier: Carrier, isNews: boolean): void {
    if (this.#listed.has(path)) return;
    this.#listed.add(path);
    this.#looks += 1;
    void this.#attempt(async () => {
      await this.#followChildren(path, carrier, isNews);
      this.#listed.delete(path);
    });
  }

  async #followChildren(path: string, carrier: Carrier, isNews: boolean): Promise<void> {
    for (let isFirst = true; !this.#isOver; isFirst = false) {
      const watch = await this.#list(path, carrier, isNews || !isFirst);
      if (isFirst) this.#looked();
      if (!watch) return;
      await this.#fired(watch, carrier);
    }
  }

  async #list(path: string, { session }: Carrier, isNews: boolean): Promise<Watch | undefined> {
    const listed = await this.#unlessGone(path, () => session.watchChildren(path));
    if (listed === 'gone' || listed === 'denied') return undefined;
    this.#seeChildren(path, listed.children, listed.stat.pzxid, isNews);
    return listed.watch;
  }

  async #follow(path: string, isNews: boolean): Promise<void> {
    if (this.#followed.has(path)) return;
    this.#followed.add(path);
    this.#looks += 1;
    await this.#attempt(async () => {
      const carrier = await this.#carriers.take();
      await this.#followNode(path, carrier, isNews);
      this.#carriers.leave(carrier);
      this.#followed.delete(path);
    });
  }

  async #unlessGone<T>(path: string, request: () => Promise<T>): Promise<T | 'gone' | 'denied'> {
    try {
      return await this.#inTurn(request);
    } catch (error) {
      if (hasReason(error, 'no-node')) return 'gone';
      if (!hasReason(error, 'no-auth') || path === this.#request.path) throw error;
      if (!this.#denied.has(path)) this.#context.onDenied?.(path);
      this.#denied.add(path);
      return 'denied';
    }
  }

  /** Some at a time, the youngest first: a long array is slow to take the oldest from. */
  async #inTurn<T>(request: () => Promise<T>): Promise<T> {
    if (this.#underWay < CONCURRENCY) this.#underWay += 1;
    else await new Promise<void>((resolve) => this.#turns.push(resolve));
    try {
      return await request();
    } finally {
      const next = this.#turns.pop();
      if (next) next();
      else this.#underWay -= 1;
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
    const now = names.length === 0 ? NONE : new Set(names);
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

  async #fired(watch: Watch, carrier: Carrier): Promise<void> {
    for (let signal = await watch.next(); signal !== 'fired'; signal = await watch.next()) this.#hear(carrier, signal === 'connected');
  }

  /** Every watch tells it; once is enough. A connection that stays away longer than the session lives takes the session with it. */
  #hear(carrier: Carrier, isConnected: boolean): void {
    if (this.#isOver || isConnected !== this.#away.has(carrier)) return;
    if (isConnected) this.#away.delete(carrier);
    else this.#away.add(carrier);
    // Said when the first one goes and when the last one is back.
    if (this.#away.size !== (isConnected ? 0 : 1)) return;
    clearTimeout(this.#patience);
    if (!isConnected) {
      this.#patience = setTimeout(() => {
        this.#failure ??= new ZkdError('zookeeper-unavailable', 'The connection to ZooKeeper is gone, and the session with it', {
          details: { reason: 'connection-lost', path: this.#request.path },
        });
        this.#wake();
      }, carrier.session.timeoutMs);
    }
    this.#context.onConnection?.(isConnected);
  }
}
