/**
 * Lines on their way from several members to one reader: bounded, so that a slow reader slows the engine down and fills no memory.
 * What comes within one window is put in order of time; across windows the order is that of arrival.
 */
import type { Clock } from '../runtime/retry-until.js';
import { byTime, type MemberLine } from './log-merge.js';

export interface QueueOptions {
  readonly clock: Clock;
  readonly windowMs: number;
  /** Characters it holds before {@link LogQueue.put} waits. */
  readonly capacity: number;
}

export class LogQueue {
  readonly #options: QueueOptions;
  #lines: MemberLine[] = [];
  #length = 0;
  #isClosed = false;
  #onLine: () => void = () => undefined;
  #onRoom: (() => void)[] = [];
  #onFull: () => void = () => undefined;

  constructor(options: QueueOptions) {
    this.#options = options;
  }

  /** Takes a line; resolves when there is room for a next one, or at once when it is closed. */
  async put(line: MemberLine): Promise<void> {
    this.#lines.push(line);
    this.#length += line.line.length + 1;
    this.#onLine();
    if (this.#length < this.#options.capacity || this.#isClosed) return;
    this.#onFull();
    await new Promise<void>((resolve) => this.#onRoom.push(resolve));
  }

  /** No more lines will come; those that are here are still given out. */
  close(): void {
    this.#isClosed = true;
    this.#onLine();
    this.#onFull();
    for (const resolve of this.#onRoom.splice(0)) resolve();
  }

  /** The lines, a window at a time, until it is closed and empty. */
  async *windows(): AsyncGenerator<MemberLine[], void, undefined> {
    for (;;) {
      if (this.#lines.length === 0) {
        if (this.#isClosed) return;
        await new Promise<void>((resolve) => (this.#onLine = resolve));
        continue;
      }
      if (!this.#isClosed && this.#length < this.#options.capacity) await this.#window();
      const batch = this.#lines.sort(byTime);
      this.#lines = [];
      this.#length = 0;
      for (const resolve of this.#onRoom.splice(0)) resolve();
      yield batch;
    }
  }

  /** Ends early where no more can be taken. */
  async #window(): Promise<void> {
    const early = new AbortController();
    this.#onFull = () => early.abort();
    await this.#options.clock.sleep(this.#options.windowMs, early.signal).catch(() => undefined);
    this.#onFull = () => undefined;
  }
}
