/**
 * One session over the client library with its edges off: requests that always end, a state that is told, watches that are kept, nothing of
 * ours inside its callbacks. A connection that is lost is not left to the library: its socket may be closed while the event loop still
 * has it to watch, which ends the process (`nonblocking_send` of 7.3.0 below libuv's `EBADF`), or hands its number to another socket
 * that is never heard of again. So its client goes at once, and another one takes the same session up.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { sessionError } from './errors.js';
import type { NativeClient, NativeRequests } from './native-client.js';
import type { SessionState } from './port.js';
import { Watches, watchedState, type WatchKind } from './watches.js';

/** How a session ended, as the reason of its requests' errors. */
export type EndReason = 'session-expired' | 'auth-failed' | 'closed';

/** What another client needs to go on with a session. */
export interface SessionPass {
  readonly client_id: string;
  readonly client_password: string;
}

/**
 * Connects a new client for a session: tries until there is one, or until it is sure that the session is over. Once aborted it
 * answers `closed`.
 */
export type Reopen = (pass: SessionPass, over: AbortSignal) => Promise<NativeClient | EndReason>;

export interface Reply<Answer> {
  /** 0 where it was done. */
  readonly code: number;
  readonly answer: Answer | undefined;
}

type Done<Answer> = (code: number, answer?: Answer) => void;

/** Hands one request to the library; the answer comes to `done`. Returns the library's refusal, or 0. */
export type Send<Answer> = (native: NativeRequests, done: Done<Answer>) => number;

/** The library keeps a credential to itself until there is something else to send. */
export function giveCredential(scheme: string, credential: string): Send<undefined> {
  return (native, done) => {
    const refusal = native.add_auth(scheme, credential, (code) => done(code));
    if (refusal === 0) native.a_exists('/', false, () => undefined);
    return refusal;
  };
}

/** What `state` of the library is while connected. */
const CONNECTED = 3;
const CONNECTION_LOST = -4;
const NO_NODE = -101;
const CLOSING = -116;
/** Refused before it was looked at: session just moved here, server too busy. */
export const NOT_EXECUTED: readonly number[] = [-118, -127];
const AUTH_FAILED = -113;
/** The type of an event of the session: it says nothing of the node, and the watch stays. */
const SESSION_EVENT = -1;

export class NativeConnection {
  /** As the library names it: hexadecimal without prefix. */
  readonly id: string;
  readonly timeoutMs: number;
  readonly watches = new Watches((tell) => this.#later(tell));
  readonly #pass: SessionPass;
  readonly #reopen: Reopen;
  readonly #over = new AbortController();
  readonly #credentials: { readonly scheme: string; readonly credential: string }[] = [];
  readonly #wakeups = new Set<() => void>();
  readonly #requests = new Set<() => void>();
  /** None while disconnected. */
  #client: NativeClient | undefined;
  #state: SessionState = 'connected';
  #end: EndReason | undefined;
  #toDo: (() => void)[] = [];

  /** Takes over a client that is connected at this moment. */
  constructor(client: NativeClient, reopen: Reopen) {
    const { client_id, client_password, timeout } = client.native;
    this.id = client_id;
    this.timeoutMs = timeout;
    this.#pass = { client_id, client_password };
    this.#reopen = reopen;
    this.#use(client);
  }

  get state(): SessionState {
    return this.#state;
  }

  /** How many requests are. */
  get underWay(): number {
    return this.#requests.size;
  }

  /** Undefined while it lives. */
  get endReason(): EndReason | undefined {
    return this.#end;
  }

  /** Resolves when requests can be sent: true; or when none can be any more, or the time is up: false. */
  async connected(deadline: number): Promise<boolean> {
    for (;;) {
      if (this.#end !== undefined) return false;
      if (this.#client) return true;
      const leftMs = Math.ceil(deadline - performance.now());
      if (leftMs <= 0) return false;
      await this.#wakeup(leftMs);
    }
  }

  /** The reply; undefined where none came in time, or where the session ended first. Connection loss where there is no connection. */
  ask<Answer>(send: Send<Answer>, deadline: number): Promise<Reply<Answer> | undefined> {
    return this.askBeside<Answer>((done) => {
      const client = this.#client;
      if (!client) return CONNECTION_LOST;
      const refusal = send(client.native, (code, answer) => {
        // A client that goes says so of all that is under way.
        const told = code === CLOSING ? CONNECTION_LOST : code;
        this.#later(() => done(told, answer));
      });
      this.#look(client);
      return refusal;
    }, deadline);
  }

  /** As {@link ask}, of somebody else than the library. */
  askBeside<Answer>(send: (done: Done<Answer>) => number, deadline: number): Promise<Reply<Answer> | undefined> {
    return new Promise((resolve) => {
      if (this.#end !== undefined) {
        resolve(undefined);
        return;
      }
      const settle = (reply: Reply<Answer> | undefined): void => {
        clearTimeout(timer);
        this.#requests.delete(abandon);
        resolve(reply);
      };
      const abandon = (): void => settle(undefined);
      const timer = setTimeout(abandon, Math.max(1, Math.ceil(deadline - performance.now())));
      this.#requests.add(abandon);
      const refusal = send((code, answer) => settle({ code, answer }));
      if (refusal !== 0) settle({ code: refusal, answer: undefined });
    });
  }

  /** What {@link giveCredential} gives is given again by each new client. */
  remember(scheme: string, credential: string): void {
    this.#credentials.push({ scheme, credential });
  }

  /** One function for all watches of a kind: the library never lets go of one. */
  readonly fired = { node: this.#teller('node'), children: this.#teller('children') };

  /** Ends the session. Blocks the process for up to 1.5 s where the server does not answer. Safe to repeat. */
  async close(): Promise<void> {
    await nextTurn();
    const client = this.#client;
    if (this.#end !== undefined) return;
    this.#finish('closed');
    client?.removeAllListeners();
    client?.close();
  }

  #teller(kind: WatchKind) {
    return (type: number, _state: number, path: string): void => {
      if (type !== SESSION_EVENT) this.watches.fire(kind, path);
    };
  }

  #use(client: NativeClient): void {
    this.#client = client;
    client.on('connecting', () => this.#loseLater(client));
    client.on('close', (_client, code) => this.#finish(code === AUTH_FAILED ? 'auth-failed' : 'session-expired'));
  }

  /** A request that cannot be sent makes the library close its socket, and say nothing. */
  #look(client: NativeClient): void {
    if (client.native.state !== CONNECTED && this.#lose(client)) this.#replace(client);
  }

  /** Called inside one of the library's callbacks, where the client must not be closed. */
  #loseLater(client: NativeClient): void {
    if (this.#lose(client)) setImmediate(() => this.#replace(client));
  }

  /** False where that is known already. */
  #lose(client: NativeClient): boolean {
    if (client !== this.#client) return false;
    this.#client = undefined;
    client.removeAllListeners();
    this.#become('disconnected');
    return true;
  }

  /** To close one that is connected would end the session: none is here. The lost one goes before another socket is opened: it may get the number that is still in the event loop's books. */
  #replace(lost: NativeClient): void {
    lost.close();
    void this.#reopen(this.#pass, this.#over.signal).then((next) => {
      if (typeof next === 'string') this.#finish(next);
      else if (this.#end !== undefined) next.close();
      else this.#resume(next);
    });
  }

  /** Everything asked from now on is answered after what is asked here. */
  #resume(client: NativeClient): void {
    this.#use(client);
    const { native } = client;
    for (const { scheme, credential } of this.#credentials) native.add_auth(scheme, credential, () => undefined);
    this.#catchUp(client);
    for (const { kind, path } of this.watches.all()) this.#watchAgain(client, kind, path);
    this.#become('connected');
    this.#look(client);
  }

  /** Its server may be behind what the session has seen: a new client cannot tell it how far that was. */
  #catchUp(client: NativeClient): void {
    client.native.a_sync('/', (code) => {
      // Lost with the connection it is asked again on the next; only what was refused unseen is asked here.
      if (NOT_EXECUTED.includes(code) && client === this.#client) this.#later(() => this.#catchUp(client));
    });
  }

  #watchAgain({ native }: NativeClient, kind: WatchKind, path: string): void {
    const compare = (code: number, stat: Parameters<typeof watchedState>[1]): void => {
      if (code === 0) this.watches.compare(kind, path, watchedState(kind, stat));
      else if (code === NO_NODE) this.watches.compare(kind, path, watchedState(kind, null));
      // Whoever looks himself is told why; and a client that has been lost again has a successor.
      else if (code <= NO_NODE && code !== CLOSING) this.watches.fire(kind, path);
    };
    if (kind === 'node') native.aw_exists(path, this.fired.node, (code, _text, stat) => compare(code, stat));
    else native.aw_get_children2(path, this.fired.children, (code, _text, _names, stat) => compare(code, stat));
  }

  /**
   * Does it in the event loop's next phase, in the order of the calls. What is done inside the library's callbacks may open sockets and send
   * requests while the library is between two of its own.
   */
  #later(toDo: () => void): void {
    this.#toDo.push(toDo);
    if (this.#toDo.length > 1) return;
    setImmediate(() => {
      for (const each of this.#toDo.splice(0)) each();
    });
  }

  #wakeup(atMostMs: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.#wakeups.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, atMostMs);
      this.#wakeups.add(wake);
    });
  }

  #become(state: 'connected' | 'disconnected'): void {
    if (this.#end !== undefined) return;
    this.#state = state;
    this.watches.tellAll(state);
    this.#later(() => this.#wakeAll());
  }

  #finish(reason: EndReason): void {
    if (this.#end !== undefined) return;
    this.#end = reason;
    this.#client = undefined;
    this.#over.abort();
    this.#state = reason === 'session-expired' ? 'expired' : 'closed';
    this.watches.endAll((path) => sessionError(reason, { verb: 'watch', path }));
    const abandoned = [...this.#requests];
    this.#later(() => {
      for (const abandon of abandoned) abandon();
      this.#wakeAll();
    });
  }

  #wakeAll(): void {
    for (const wake of [...this.#wakeups]) wake();
  }
}
