/**
 * One handle of the client library with its edges off: requests that always end, a state that is told, watches that are kept, an end that
 * is never inside a callback.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { sessionError } from './errors.js';
import type { NativeClient, NativeRequests } from './native-client.js';
import type { SessionState } from './port.js';
import { Watches } from './watches.js';

/** How a connection ended, as the reason of its requests' errors. */
export type EndReason = 'session-expired' | 'auth-failed' | 'closed';

export interface Reply<Answer> {
  /** 0 where it was done. */
  readonly code: number;
  readonly answer: Answer | undefined;
}

/** Hands one request to the library; the answer comes to `done`. Returns the library's refusal, or 0. */
export type Send<Answer> = (native: NativeRequests, done: (code: number, answer?: Answer) => void) => number;

/** What `state` of the library is while connected. */
const CONNECTED = 3;
const CLOSING = -116;
const [EXPIRED, AUTH_FAILED] = [-112, -113];

export class NativeConnection {
  readonly watches = new Watches();
  readonly #client: NativeClient;
  readonly #wakeups = new Set<() => void>();
  readonly #requests = new Set<(reply: Reply<never>) => void>();
  #state: SessionState = 'connected';
  #end: EndReason | undefined;

  /** Takes over a client that is connected at this moment. */
  constructor(client: NativeClient) {
    this.#client = client;
    client.on('connect', () => this.#become('connected'));
    client.on('connecting', () => this.#become('disconnected'));
    client.on('close', (_client, code) => {
      this.#finish(code === EXPIRED ? 'session-expired' : code === AUTH_FAILED ? 'auth-failed' : 'closed');
    });
  }

  get native(): NativeRequests {
    return this.#client.native;
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
      if (this.#state === 'connected' && this.native.state === CONNECTED) return true;
      const leftMs = Math.ceil(deadline - performance.now());
      if (leftMs <= 0) return false;
      await this.#wakeup(leftMs);
    }
  }

  /** The reply; undefined where none came in time, or where the connection ended first. */
  async ask<Answer>(send: Send<Answer>, deadline: number): Promise<Reply<Answer> | undefined> {
    const reply = await this.#send(send, deadline);
    // What the library calls back while it ends comes before it says how it ended.
    if (reply?.code === CLOSING) await nextTurn();
    return reply;
  }

  /** Ends the session. Blocks the process for up to 1.5 s where the server does not answer. Safe to repeat. */
  async close(): Promise<void> {
    // Never from inside one of the library's callbacks, which a continuation of a request is.
    await nextTurn();
    if (this.#end !== undefined) return;
    this.#client.close();
    this.#finish('closed');
  }

  #send<Answer>(send: Send<Answer>, deadline: number): Promise<Reply<Answer> | undefined> {
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
      const refusal = send(this.native, (code, answer) => settle({ code, answer }));
      if (refusal !== 0) settle({ code: refusal, answer: undefined });
    });
  }

  #wakeup(atMostMs: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.#wakeups.delete(wake);
        resolve();
      };
      // The library's own state is looked at now and then: it does not always say that it changed.
      const timer = setTimeout(wake, Math.min(atMostMs, 250));
      this.#wakeups.add(wake);
    });
  }

  #become(state: 'connected' | 'disconnected'): void {
    if (this.#end !== undefined || this.#state === state) return;
    this.#state = state;
    this.watches.tellAll(state);
    this.#wakeAll();
  }

  #finish(reason: EndReason): void {
    if (this.#end !== undefined) return;
    this.#end = reason;
    this.#state = reason === 'session-expired' ? 'expired' : 'closed';
    this.watches.endAll((path) => sessionError(reason, { verb: 'watch', path }));
    for (const abandon of [...this.#requests]) abandon({ code: CLOSING, answer: undefined });
    this.#wakeAll();
  }

  #wakeAll(): void {
    for (const wake of [...this.#wakeups]) wake();
  }
}
