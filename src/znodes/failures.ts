/** What could not be done with single nodes while everything else was: collected, and reported once at the end. */
import { ZkdError } from '../errors.js';

export interface NodeFailure {
  readonly path: string;
  readonly message: string;
}

/** So many are listed; the others are counted. */
const LISTED = 1000;

/** True where only this node is concerned, so that the others are gone on with: everything but a session or a run that is over. */
export function concernsNodeOnly(error: unknown): error is ZkdError {
  return error instanceof ZkdError && typeof error.details['path'] === 'string' && !BEYOND_THE_NODE.has(String(error.details['reason']));
}

const BEYOND_THE_NODE = new Set(['connection-lost', 'timeout', 'session-expired', 'closed', 'auth-failed']);

/** `what` as in "Access control denies ..." of a node. */
export function deniedFailure(what: string, path: string): ZkdError {
  return new ZkdError('denied', `Access control denies ${what} of znode "${path}"`, { details: { reason: 'no-auth', path } });
}

export class Failures {
  readonly #listed: NodeFailure[] = [];
  #first: ZkdError | undefined;
  #count = 0;

  get count(): number {
    return this.#count;
  }

  add(path: string, error: ZkdError): void {
    if (this.#count === 0) this.#first = error;
    this.#count += 1;
    if (this.#listed.length < LISTED) this.#listed.push({ path, message: error.message });
  }

  /**
   * Throws `partial` (exit 9) where there were any; the failure itself where there was one and nothing else was `done`. `what` as in "3
   * znodes could not be ..."; `details` say what was done.
   */
  throwIfAny(what: string, done: number, details: Readonly<Record<string, unknown>>): void {
    if (this.#count === 0) return;
    if (this.#count === 1 && done === 0 && this.#first) throw this.#first;
    const [first] = this.#listed;
    const more = this.#count > 1 ? `, ${first?.path ?? ''} first` : `: ${first?.path ?? ''}`;
    throw new ZkdError('partial', `${this.#count} znode${this.#count === 1 ? '' : 's'} could not be ${what}${more}`, {
      cause: this.#first,
      details: { ...details, failedCount: this.#count, failed: this.#listed.map(({ path, message }) => ({ path, message })) },
    });
  }
}
