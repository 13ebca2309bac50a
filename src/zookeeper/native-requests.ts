/**
 * Single requests of one session over the client library: each ends within its time, is sent again after a reconnect where that does no
 * harm, and is looked up where it might.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { ZkdError } from '../errors.js';
import { codeError, sessionError, timeoutError, type Asked, type Outcome } from './errors.js';
import { NOT_EXECUTED, type NativeConnection, type Send } from './native-connection.js';
import type { SessionReason } from './port.js';
import type { RawStat } from './stat.js';

/** What became of a write whose reply was lost: done, with this answer; not done; or nobody can tell. */
export type Found<Answer> = { readonly answer: Answer } | 'not-applied' | 'unknown';

export interface Request<Answer> extends Asked {
  readonly deadline: number;
  readonly send: Send<Answer>;
  readonly isWrite?: boolean;
  /** Asked after a lost reply, connected again and level with the leader; without one the request is simply sent again. */
  readonly lookUp?: (() => Promise<Found<Answer>>) | undefined;
}

/** What the server said in the end. `wasRepeated`: an earlier try may have been applied. */
export interface Said<Answer> {
  readonly code: number;
  readonly answer: Answer | undefined;
  readonly wasRepeated: boolean;
}

/**
 * The connection went while the request was under way: connection loss, no answer in two thirds of the session's time; and what the library
 * says of all requests where it takes an answer for one to none of them and hangs up.
 */
const LOST: readonly number[] = [-4, -7, -2];
/** The session is over, or was before: invalid state, expired, closing. */
const OVER: readonly number[] = [-9, -112, -116];
const NOT_SENT = -9;
/** Before asking again, so that nothing spins. */
const PAUSE_MS = 20;

export class NativeRequests {
  readonly #connection: NativeConnection;
  readonly #timeoutMs: number;
  #knownZxid = 0;
  #writes = 0;

  constructor(connection: NativeConnection, timeoutMs: number) {
    this.#connection = connection;
    this.#timeoutMs = timeoutMs;
  }

  /** The youngest change this session has seen: what has a younger zxid happened later. */
  get knownZxid(): bigint {
    return BigInt(this.#knownZxid);
  }

  /** How many writes have been answered. */
  get writes(): number {
    return this.#writes;
  }

  /** When an operation that begins now has to end. */
  deadline(): number {
    return performance.now() + this.#timeoutMs;
  }

  /** The answer of a request that has to succeed. */
  async demand<Answer>(request: Request<Answer>): Promise<Answer> {
    const { code, answer } = await this.say(request);
    if (code !== 0 || answer === undefined) throw codeError(code, request);
    return answer;
  }

  /** Answers whatever the server says; rejects where it says nothing. */
  async say<Answer>(request: Request<Answer>): Promise<Said<Answer>> {
    const { deadline, send, isWrite, lookUp } = request;
    let mayBeDone = false;
    let wasRepeated = false;
    for (;;) {
      if (!(await this.#connection.connected(deadline))) throw this.#unconnected(request, mayBeDone);
      if (mayBeDone && lookUp) {
        const found = await this.#lookUp(request, lookUp);
        if (found !== 'not-applied') {
          this.#writes++;
          return { code: 0, answer: found.answer, wasRepeated };
        }
        mayBeDone = false;
      }
      const reply = await this.#connection.ask(send, deadline);
      if (reply === undefined || OVER.includes(reply.code)) throw this.#unanswered(request, reply?.code === NOT_SENT && !mayBeDone);
      if (!LOST.includes(reply.code) && !NOT_EXECUTED.includes(reply.code)) {
        this.#note(reply.answer);
        if (isWrite) this.#writes++;
        return { ...reply, wasRepeated };
      }
      if (LOST.includes(reply.code)) {
        mayBeDone = isWrite ?? false;
        wasRepeated = true;
      }
      await sleep(PAUSE_MS);
    }
  }

  /** Waits until the server has caught up with the leader; what it answers besides is of no interest. */
  async catchUp(asked: Asked, deadline: number): Promise<void> {
    const { verb, path } = asked;
    await this.say({ verb, path, deadline, send: (native, done) => native.a_sync(path, (code) => done(code)) });
  }

  async #lookUp<Answer>(request: Request<Answer>, lookUp: () => Promise<Found<Answer>>): Promise<{ answer: Answer } | 'not-applied'> {
    let found: Found<Answer>;
    try {
      await this.catchUp(request, request.deadline);
      found = await lookUp();
    } catch (error) {
      if (!(error instanceof ZkdError)) throw error;
      throw sessionError(error.details['reason'] as SessionReason, request, { outcome: 'unknown' });
    }
    if (found === 'unknown') throw sessionError('connection-lost', request, { outcome: 'unknown' });
    return found;
  }

  #unconnected(request: Request<unknown>, mayBeDone: boolean): ZkdError {
    const outcome = outcomeOf(request, !mayBeDone);
    return sessionError(this.#connection.endReason ?? 'connection-lost', request, outcome);
  }

  #unanswered(request: Request<unknown>, isNotSent: boolean): ZkdError {
    const outcome = outcomeOf(request, isNotSent);
    const { endReason } = this.#connection;
    return endReason === undefined ? timeoutError(request, this.#timeoutMs, outcome.outcome) : sessionError(endReason, request, outcome);
  }

  #note(answer: unknown): void {
    const stat = (answer as { readonly stat?: RawStat } | undefined)?.stat;
    if (stat) this.#knownZxid = Math.max(this.#knownZxid, stat.czxid, stat.mzxid, stat.pzxid);
  }
}

function outcomeOf({ isWrite }: Request<unknown>, isNotApplied: boolean): { outcome?: Outcome } {
  return isWrite ? { outcome: isNotApplied ? 'not-applied' : 'unknown' } : {};
}
