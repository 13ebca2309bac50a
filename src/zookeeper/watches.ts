/** Watches of one session: who waits for which node, and what each of them was told. */
import { sessionError } from './errors.js';
import type { Watch, WatchSignal } from './port.js';

export type WatchKind = 'node' | 'children';

/** Signals are kept until they are asked for, in their order. */
class PendingWatch implements Watch {
  readonly #path: string;
  readonly #signals: WatchSignal[] = [];
  readonly #waiting: { resolve: (signal: WatchSignal) => void; reject: (error: Error) => void }[] = [];
  #end: Error | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  next(): Promise<WatchSignal> {
    const signal = this.#signals.shift();
    if (signal !== undefined) return Promise.resolve(signal);
    if (this.#end !== undefined) return Promise.reject(this.#end);
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  tell(signal: WatchSignal): void {
    const first = this.#waiting.shift();
    if (first) first.resolve(signal);
    else this.#signals.push(signal);
    if (signal === 'fired') this.end(sessionError('closed', { verb: 'watch', path: this.#path }, { why: 'the watch has fired' }));
  }

  end(error: Error): void {
    this.#end ??= error;
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }
}

/** Watches by kind and path. A watch fires once and is gone then. */
export class Watches {
  readonly #byKind: Readonly<Record<WatchKind, Map<string, Set<PendingWatch>>>> = { node: new Map(), children: new Map() };

  add(kind: WatchKind, path: string): Watch {
    const watch = new PendingWatch(path);
    const paths = this.#byKind[kind];
    const others = paths.get(path);
    if (others) others.add(watch);
    else paths.set(path, new Set([watch]));
    return watch;
  }

  fire(kind: WatchKind, path: string): void {
    const fired = this.#byKind[kind].get(path);
    this.#byKind[kind].delete(path);
    for (const watch of fired ?? []) watch.tell('fired');
  }

  /** The connection was lost, or is there again; every watch stays. */
  tellAll(signal: 'disconnected' | 'connected'): void {
    for (const watch of this.#all()) watch.tell(signal);
  }

  /** No signal can come any more. */
  endAll(errorFor: (path: string) => Error): void {
    for (const [path, watches] of [...this.#byKind.node, ...this.#byKind.children]) {
      for (const watch of watches) watch.end(errorFor(path));
    }
    this.#byKind.node.clear();
    this.#byKind.children.clear();
  }

  *#all(): Iterable<PendingWatch> {
    for (const watches of [...this.#byKind.node.values(), ...this.#byKind.children.values()]) yield* watches;
  }
}
