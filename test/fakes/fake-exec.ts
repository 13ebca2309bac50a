/** A command that runs inside a fake container with its streams attached: one side for zkd, one for the test that plays the command. */
import type { AttachedExec, AttachedExecOptions, ExecEnd, OutputChunk, TerminalSize } from '../../src/engine/engine.js';

/** The command's side. */
export interface FakeProgram {
  readonly options: AttachedExecOptions;
  /** What comes in, until its end; without input it ends at once. */
  readonly input: AsyncIterable<Buffer>;
  /** Resolves once somebody has read it. */
  readonly write: (data: Buffer | string, stream?: OutputChunk['stream']) => Promise<void>;
  /** Called for each signal from now on; until then a signal ends the command. */
  readonly onSignal: (listener: (name: string) => void) => void;
  /** Resolves with the first signal. */
  readonly signalled: () => Promise<string>;
  /** The size of its terminal now. */
  readonly size: () => TerminalSize | undefined;
}

/** What a command does: answers its exit code, or the engine's words on why it cannot start. */
export type FakeCommand = (program: FakeProgram) => number | string | Promise<number | string>;

const NUMBERS: Readonly<Record<string, number>> = { HUP: 1, INT: 2, QUIT: 3, KILL: 9, PIPE: 13, TERM: 15 };

/** Items handed from one side to the other, each waited for. */
class Channel<T> {
  readonly #items: { readonly item: T; readonly taken: () => void }[] = [];
  readonly #waiting: (() => void)[] = [];
  #isClosed = false;
  #failure: Error | undefined;
  #wake: () => void = () => undefined;

  put(item: T): Promise<void> {
    if (this.#isClosed) return Promise.resolve();
    return new Promise((taken) => {
      this.#items.push({ item, taken });
      this.#wake();
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#wake();
  }

  /** Whoever takes from it gets the error. */
  fail(error: unknown): void {
    this.#failure = error instanceof Error ? error : new Error(String(error));
    this.close();
  }

  /** Whoever still waits for a taker waits no longer. */
  drop(): void {
    this.close();
    for (const { taken } of this.#items.splice(0)) taken();
    for (const emptied of this.#waiting.splice(0)) emptied();
  }

  /** Resolves when nothing is left to take. */
  async emptied(): Promise<void> {
    if (this.#items.length > 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for (;;) {
      const next = this.#items.shift();
      if (next) {
        next.taken();
        if (this.#items.length === 0) for (const emptied of this.#waiting.splice(0)) emptied();
        yield next.item;
      } else if (this.#failure !== undefined) throw this.#failure;
      else if (this.#isClosed) return;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}

/** See the head of the file. */
export class FakeExec implements AttachedExec {
  /** What was done to it, for tests: `signal INT`, `resize 80x24`, `end of input`, `close`. */
  readonly calls: string[] = [];
  readonly #output = new Channel<OutputChunk>();
  readonly #input = new Channel<Buffer>();
  readonly #listeners: ((name: string) => void)[] = [];
  readonly #ended: Promise<ExecEnd>;
  #kill: (exitCode: number) => void = () => undefined;
  #size: TerminalSize | undefined;
  #isOver = false;

  constructor(options: AttachedExecOptions, command: FakeCommand) {
    this.#size = options.terminal;
    if (!options.hasInput) this.#input.close();
    const killed = new Promise<number>((resolve) => (this.#kill = resolve));
    const program: FakeProgram = {
      options,
      input: this.#input,
      write: (data, stream = 'stdout') => this.#output.put({ stream, data: Buffer.from(data) }),
      onSignal: (listener) => void this.#listeners.push(listener),
      signalled: () => new Promise((resolve) => this.#listeners.push(resolve)),
      size: () => this.#size,
    };
    // Not before whoever starts it has it in hand.
    const run = async (): Promise<number | string> => {
      await new Promise((resolve) => setImmediate(resolve));
      return command(program);
    };
    this.#ended = Promise.race([killed, run()]).then((end) => {
      this.#isOver = true;
      this.#output.close();
      this.#input.drop();
      if (typeof end === 'number') return { exitCode: end, startError: null };
      return { exitCode: /not found/.test(end) ? 127 : 126, startError: end };
    });
    this.#ended.catch((error: unknown) => this.#output.fail(error));
  }

  get output(): AsyncIterable<OutputChunk> {
    return this.#output;
  }

  write(bytes: Uint8Array): Promise<void> {
    return this.#input.put(Buffer.from(bytes));
  }

  endInput(): void {
    this.calls.push('end of input');
    this.#input.close();
  }

  async resize(size: TerminalSize): Promise<void> {
    this.calls.push(`resize ${size.columns}x${size.rows}`);
    this.#size = size;
  }

  async signal(name: string): Promise<boolean> {
    this.calls.push(`signal ${name}`);
    if (this.#isOver) return false;
    if (this.#listeners.length === 0) this.#kill(128 + (NUMBERS[name] ?? 0));
    for (const listener of this.#listeners) listener(name);
    // As Docker: no command's end is told in a container while one that has ended there has output that nobody has read.
    await new Promise((resolve) => setImmediate(resolve));
    await this.#output.emptied();
    return true;
  }

  end(): Promise<ExecEnd> {
    return this.#ended;
  }

  close(): void {
    this.calls.push('close');
    this.#input.drop();
    this.#output.drop();
  }
}
