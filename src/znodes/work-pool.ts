/** Many small pieces of work, some of them at a time. */
import { CONCURRENCY } from './walk.js';

/** The first piece that rejects ends it: from then on everything rejects with its error. An abort does the same with the signal's reason. */
export class WorkPool {
  readonly #limit: number;
  readonly #signal: AbortSignal | undefined;
  #underWay = 0;
  #failure: { readonly error: unknown } | undefined;
  #wakers: (() => void)[] = [];

  constructor(signal?: AbortSignal, limit = CONCURRENCY) {
    this.#limit = limit;
    this.#signal = signal;
  }

  /** Begins the work as soon as there is room and answers then, not when it is done. */
  async add(work: () => Promise<void>): Promise<void> {
    this.#throwIfOver();
    while (this.#underWay >= this.#limit) {
      await this.#change();
      this.#throwIfOver();
    }
    this.#underWay += 1;
    work()
      .catch((error: unknown) => (this.#failure ??= { error }))
      .finally(() => {
        this.#underWay -= 1;
        for (const wake of this.#wakers.splice(0)) wake();
      });
  }

  /** Answers when all that was begun is done. */
  async drain(): Promise<void> {
    while (this.#underWay > 0) {
      await this.#change();
      this.#throwIfOver();
    }
    this.#throwIfOver();
  }

  /** Waits until nothing is under way, however it ended. */
  async settle(): Promise<void> {
    while (this.#underWay > 0) await this.#change();
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#wakers.push(resolve));
  }

  #throwIfOver(): void {
    this.#signal?.throwIfAborted();
    if (this.#failure) throw this.#failure.error;
  }
}
