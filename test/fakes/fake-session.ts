/**
 * ZooKeeper and its sessions in memory, for tests of whatever stands on `ZooKeeperSession`. A request takes a turn of the event loop, as
 * a real one takes a round trip, and those of one session are answered in order. A test drops connections, expires sessions, lets
 * requests fail with or without effect, and changes the tree behind everybody's back.
 */
import { ZkdError } from '../../src/errors.js';
import type * as port from '../../src/zookeeper/port.js';
import { digestId } from '../../src/zookeeper/index.js';
import { sessionError } from '../../src/zookeeper/errors.js';
import { checkPath } from '../../src/zookeeper/paths.js';
import { checkAcl, checkSize, checkTransactionSize, checkTtl, versionNumber } from '../../src/zookeeper/request-checks.js';
import { type Asker, FakeTree, parentOf, treeFailure, type TreeEvent } from './fake-tree.js';

/** The port's methods that are a request. */
export type FakeMethod = Exclude<keyof port.ZooKeeperSession, 'id' | 'timeoutMs' | 'state' | 'chroot' | 'close'>;

export interface FakeRequest {
  readonly method: FakeMethod;
  /** With the chroot. */
  readonly path: string;
  readonly sessionId: string;
}

interface Failure {
  readonly method: FakeMethod;
  readonly reason: port.SessionReason;
  readonly path?: string;
  readonly applied?: boolean;
}

/** Everything a test may put below a path. */
export interface FakeNode extends port.CreateOptions {
  readonly data?: string | Uint8Array;
}

const TEST: Asker = { sessionId: '0x0', identities: [], isSuper: true };
/** As in "Cannot ... znode". */
const VERBS: Readonly<Record<FakeMethod, string>> = {
  get: 'read',
  exists: 'read',
  children: 'list the children of',
  create: 'create',
  set: 'set',
  delete: 'delete',
  getAcl: 'read the ACL of',
  setAcl: 'set the ACL of',
  transact: 'write',
  sync: 'sync',
  watchNode: 'watch',
  watchChildren: 'watch',
};
// Tests may replace the timers of the process; round trips go on.
const nextTurn = setImmediate;

/** A server that all sessions of a test talk to. See the head of the file. */
export class FakeZooKeeper {
  readonly tree = new FakeTree();
  /** Every request, in the order they were answered. */
  readonly requests: FakeRequest[] = [];
  /** Called when a request's turn has come, before it is done: the place to change something behind a walk's back. */
  onRequest: (request: FakeRequest) => void = () => undefined;
  /** Why no session can be opened. */
  unreachable: string | undefined;
  /** Requests under way, and the most there ever were. */
  underWay = 0;
  mostUnderWay = 0;
  readonly #sessions = new Map<string, FakeSession>();
  readonly #failures: Failure[] = [];
  #count = 0;

  constructor() {
    this.tree.onEvent = (event) => {
      for (const session of this.#sessions.values()) session.notice(event);
    };
  }

  /** Puts a node there, with its parents, or other data into one that is there. Nobody's permission is asked. */
  put(path: string, { data = '', ...options }: FakeNode = {}): void {
    const bytes = Buffer.from(data);
    if (this.tree.stat(path)) {
      this.tree.set(path, bytes, undefined, TEST);
      return;
    }
    if (parentOf(path) !== '/' && !this.tree.stat(parentOf(path))) this.put(parentOf(path));
    this.tree.create(path, bytes, options, TEST);
  }

  /** Puts many nodes there, each with its own path as its data. */
  putAll(paths: Iterable<string>): void {
    for (const path of paths) this.put(path, { data: path });
  }

  /** A node and all below it goes. */
  remove(path: string): void {
    this.tree.remove(path);
  }

  /** The data as text; undefined where there is no such node. */
  text(path: string): string | undefined {
    return this.tree.readOrNull(path, TEST)?.toString();
  }

  /** Lets the next call of a method (on a path, where one is given) reject. `applied`: after it has had its effect. Several queue up. */
  failNext(method: FakeMethod, reason: port.SessionReason, options: { readonly path?: string; readonly applied?: boolean } = {}): void {
    this.#failures.push({ method, reason, ...options });
  }

  /** The session is over and its ephemerals are gone, as when nothing was heard of it for too long. */
  expire({ id }: { readonly id: string }): void {
    this.#sessions.get(id)?.finish('expired');
  }

  /** The connection is gone; requests wait until `reconnect`, at most for their operation's time. */
  disconnect({ id }: { readonly id: string }): void {
    this.#sessions.get(id)?.disconnect();
  }

  /** The same session on a new connection. Watches that missed something fire. */
  reconnect({ id }: { readonly id: string }): void {
    this.#sessions.get(id)?.reconnect();
  }

  /** For `openFakeSession`. */
  admit(options: port.SessionOptions): FakeSession {
    options.signal?.throwIfAborted();
    if (this.unreachable !== undefined)
      throw new ZkdError('zookeeper-unavailable', this.unreachable, { details: { reason: 'connection-lost' } });
    for (const { scheme, credential } of options.auth ?? [])
      if (scheme !== 'digest' || !credential.includes(':')) throw sessionError('auth-failed', { verb: 'open', path: '/' });
    const session = new FakeSession(this, `0x1000000000000${(++this.#count).toString(16).padStart(3, '0')}`, options);
    this.#sessions.set(session.id, session);
    return session;
  }

  /** For sessions: the failure that a test wants here. */
  takeFailure(method: FakeMethod, path: string): Failure | undefined {
    const index = this.#failures.findIndex((failure) => failure.method === method && (failure.path ?? path) === path);
    return index < 0 ? undefined : this.#failures.splice(index, 1)[0];
  }

  /** For sessions: this one is no more. */
  forget(id: string): void {
    this.#sessions.delete(id);
    this.tree.endSession(id);
  }
}

/** Opens a session on a server of the test's. Implements `OpenSession` once the server is bound. */
export async function openFakeSession(
  server: FakeZooKeeper,
  options: port.SessionOptions = { servers: [{ host: 'fake', port: 2181 }] },
): Promise<port.ZooKeeperSession> {
  await new Promise<void>((resolve) => nextTurn(resolve));
  return server.admit(options);
}

class FakeWatch implements port.Watch {
  readonly #signals: port.WatchSignal[] = [];
  #waiting: { resolve: (signal: port.WatchSignal) => void; reject: (error: unknown) => void }[] = [];
  #end: ZkdError | undefined;
  /** As it was asked for, without the chroot. */
  readonly path: string;
  readonly isFor: (event: TreeEvent) => boolean;

  constructor(path: string, isFor: (event: TreeEvent) => boolean) {
    this.path = path;
    this.isFor = isFor;
  }

  next(): Promise<port.WatchSignal> {
    const signal = this.#signals.shift();
    if (signal) return Promise.resolve(signal);
    if (this.#end) return Promise.reject(this.#end);
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  tell(signal: port.WatchSignal): void {
    const waiting = this.#waiting.shift();
    if (waiting) waiting.resolve(signal);
    else this.#signals.push(signal);
    if (signal === 'fired') this.end(sessionError('closed', { verb: VERBS.watchNode, path: this.path }, { why: 'the watch has fired' }));
  }

  end(error: ZkdError): void {
    this.#end ??= error;
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }
}

class FakeSession implements port.ZooKeeperSession {
  readonly id: string;
  readonly timeoutMs: number;
  state: port.SessionState = 'connected';
  readonly #server: FakeZooKeeper;
  readonly #asker: Asker;
  readonly #chroot: string;
  readonly #operationMs: number;
  readonly #watches = new Set<FakeWatch>();
  /** Those that were to be told of something while the connection was gone. */
  readonly #missed = new Set<FakeWatch>();
  readonly #wakers = new Set<() => void>();
  #own = 0;
  #isClosing = false;

  constructor(
    server: FakeZooKeeper,
    id: string,
    { chroot = '', sessionTimeoutMs = 10_000, timeoutMs = 10_000, auth = [] }: port.SessionOptions,
  ) {
    this.id = id;
    this.timeoutMs = sessionTimeoutMs;
    this.#server = server;
    this.#asker = { sessionId: id, identities: auth.map(({ credential }) => digestId(credential)) };
    this.#chroot = chroot === '/' ? '' : chroot;
    this.#operationMs = timeoutMs;
  }

  get chroot(): string | null {
    return this.#chroot === '' ? null : this.#chroot;
  }

  get(path: string): Promise<port.NodeData> {
    return this.#request('get', path, (full, tree) => ({ data: tree.read(full, this.#asker), stat: this.#stat(full) }));
  }

  exists(path: string): Promise<port.Stat | null> {
    return this.#request('exists', path, (full, tree) => tree.exists(full, this.#asker));
  }

  children(path: string): Promise<port.NodeChildren> {
    return this.#request('children', path, (full) => this.#children(full));
  }

  create(path: string, data: Uint8Array, options: port.CreateOptions = {}): Promise<string> {
    return this.#request('create', path, (full, tree) => {
      const asked = { verb: VERBS.create, path };
      checkTtl(options);
      checkSize(asked, full, data);
      if (options.acl) checkAcl(asked, options.acl, this.#asker.identities.length > 0);
      return tree.create(full, data, options, this.#asker).slice(this.#chroot.length);
    });
  }

  set(path: string, data: Uint8Array, { version }: { readonly version?: number } = {}): Promise<port.Stat> {
    return this.#request('set', path, (full, tree) => {
      versionNumber(version);
      checkSize({ verb: VERBS.set, path }, full, data);
      return tree.set(full, data, version, this.#asker);
    });
  }

  delete(path: string, { version }: { readonly version?: number } = {}): Promise<void> {
    return this.#request('delete', path, (full, tree) => {
      versionNumber(version);
      tree.delete(full, version, this.#asker);
    });
  }

  getAcl(path: string): Promise<port.NodeAcl> {
    return this.#request('getAcl', path, (full, tree) => ({ acl: tree.acl(full, this.#asker), stat: this.#stat(full) }));
  }

  setAcl(path: string, acl: readonly port.AclEntry[], { version }: { readonly version?: number } = {}): Promise<port.Stat> {
    return this.#request('setAcl', path, (full, tree) => {
      versionNumber(version);
      checkAcl({ verb: VERBS.setAcl, path }, acl, this.#asker.identities.length > 0);
      return tree.setAcl(full, acl, version, this.#asker);
    });
  }

  async transact(steps: readonly port.TransactionStep[]): Promise<void> {
    const [first] = steps;
    if (!first) return;
    await this.#request('transact', first.path, (_full, tree) => {
      for (const step of steps) {
        checkPath(step.path);
        if (step.kind === 'create') checkAcl({ verb: 'create', path: step.path }, step.acl, this.#asker.identities.length > 0);
      }
      checkTransactionSize(first, steps, this.#chroot);
      let refused = first;
      const whole = new Map(steps.map((step) => [{ ...step, path: `${this.#chroot}${step.path}` }, step]));
      try {
        tree.transact([...whole.keys()], this.#asker, (step) => (refused = whole.get(step) ?? first));
      } catch (error) {
        if (!(error instanceof ZkdError)) throw error;
        const asked = { verb: refused.kind, path: refused.path };
        throw sessionError(error.details['reason'] as port.SessionReason, asked, { outcome: 'not-applied' });
      }
    });
  }

  sync(path: string): Promise<void> {
    return this.#request('sync', path, () => undefined);
  }

  watchNode(
    path: string,
    { isExpected = false }: { readonly isExpected?: boolean } = {},
  ): Promise<{ readonly node: port.NodeData | null; readonly watch: port.Watch }> {
    return this.#request('watchNode', path, (full, tree) => {
      const data = isExpected ? tree.read(full, this.#asker) : tree.readOrNull(full, this.#asker);
      const watch = this.#watch(path, (event) => event.path === full);
      return { node: data && { data, stat: this.#stat(full) }, watch };
    });
  }

  watchChildren(path: string): Promise<port.NodeChildren & { readonly watch: port.Watch }> {
    return this.#request('watchChildren', path, (full) => {
      const children = this.#children(full);
      const isFor = (event: TreeEvent): boolean =>
        event.kind !== 'changed' &&
        event.path !== '/' &&
        (parentOf(event.path) === full || (event.path === full && event.kind === 'deleted'));
      return { ...children, watch: this.#watch(path, isFor) };
    });
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    while (this.#own > 0 && this.state === 'connected') await turn();
    this.finish('closed');
  }

  /** For the server: this has happened. */
  notice(event: TreeEvent): void {
    for (const watch of this.#watches) {
      if (!watch.isFor(event)) continue;
      if (this.state === 'connected') this.#fire(watch);
      else this.#missed.add(watch);
    }
  }

  disconnect(): void {
    if (this.state !== 'connected') return;
    this.state = 'disconnected';
    for (const watch of this.#watches) watch.tell('disconnected');
  }

  reconnect(): void {
    if (this.state !== 'disconnected') return;
    this.state = 'connected';
    for (const watch of this.#watches) watch.tell('connected');
    for (const watch of this.#missed) this.#fire(watch);
    this.#missed.clear();
    this.#wake();
  }

  finish(state: 'expired' | 'closed'): void {
    if (this.state === 'expired' || this.state === 'closed') return;
    this.state = state;
    this.#server.forget(this.id);
    for (const watch of this.#watches) watch.end(this.#over('watchNode', watch.path));
    this.#wake();
  }

  async #request<T>(method: FakeMethod, path: string, perform: (full: string, tree: FakeTree) => T): Promise<T> {
    checkPath(path);
    if (this.#isClosing) throw this.#failure('closed', method, path);
    const server = this.#server;
    const full = path === '/' && this.#chroot !== '' ? this.#chroot : `${this.#chroot}${path}`;
    this.#own += 1;
    server.mostUnderWay = Math.max(server.mostUnderWay, (server.underWay += 1));
    try {
      await turn();
      if (this.state === 'disconnected') await this.#reconnected(method, path);
      if (this.state !== 'connected') throw this.#over(method, path);
      const request = { method, path: full, sessionId: this.id };
      server.onRequest(request);
      server.requests.push(request);
      const failure = server.takeFailure(method, full);
      if (failure && !failure.applied) throw this.#failure(failure.reason, method, path);
      const answer = perform(full, server.tree);
      if (failure) throw this.#failure(failure.reason, method, path, { outcome: 'unknown' });
      return answer;
    } catch (error) {
      throw this.#seenFromHere(error, method, full, path);
    } finally {
      this.#own -= 1;
      server.underWay -= 1;
    }
  }

  #failure(reason: port.SessionReason, method: FakeMethod, path: string, options: { readonly outcome?: 'unknown' } = {}): ZkdError {
    return sessionError(reason, { verb: VERBS[method], path }, options);
  }

  /** The tree knows nothing of a chroot, nor of what was asked. */
  #seenFromHere(error: unknown, method: FakeMethod, full: string, path: string): unknown {
    if (!(error instanceof ZkdError)) return error;
    const { reason, path: named, outcome } = error.details;
    if (outcome !== undefined || typeof reason !== 'string' || typeof named !== 'string' || !named.startsWith(full)) return error;
    return this.#failure(reason as port.SessionReason, method, `${path}${named.slice(full.length)}`);
  }

  async #reconnected(method: FakeMethod, path: string): Promise<void> {
    const deadline = performance.now() + this.#operationMs;
    while (this.state === 'disconnected') {
      const leftMs = deadline - performance.now();
      if (leftMs <= 0) throw this.#failure('connection-lost', method, path);
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve) => {
        this.#wakers.add(resolve);
        timer = setTimeout(resolve, leftMs);
      });
      clearTimeout(timer);
    }
  }

  #wake(): void {
    for (const wake of this.#wakers) wake();
    this.#wakers.clear();
  }

  #over(method: FakeMethod, path: string): ZkdError {
    return this.#failure(this.state === 'expired' ? 'session-expired' : 'closed', method, path);
  }

  /** It is over with that. */
  #fire(watch: FakeWatch): void {
    this.#watches.delete(watch);
    watch.tell('fired');
  }

  #watch(path: string, isFor: (event: TreeEvent) => boolean): FakeWatch {
    const watch = new FakeWatch(path, isFor);
    this.#watches.add(watch);
    return watch;
  }

  #stat(full: string): port.Stat {
    const stat = this.#server.tree.stat(full);
    if (!stat) throw treeFailure('no-node', full);
    return stat;
  }

  #children(full: string): port.NodeChildren {
    return { children: this.#server.tree.children(full, this.#asker), stat: this.#stat(full) };
  }
}

const turn = (): Promise<void> => new Promise((resolve) => nextTurn(resolve));
