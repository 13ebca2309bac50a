/** Watches of one session: who waits for which node, and what each of them was told. */
import { sessionError } from './errors.js';
import type { Watch, WatchSignal } from './port.js';
import type { RawStat } from './stat.js';

export type WatchKind = 'node' | 'children';

/** Signals are kept until they are asked for, in their order. */
class PendingWatch implements Watch {
  /** The state it was left at. */
  readonly seen: string;
  readonly #path: string;
  readonly #signals: WatchSignal[] = [];
  readonly #waiting: { resolve: (signal: WatchSignal) => void; reject: (error: Error) => void }[] = [];
  #end: Error | undefined;

  constructor(path: string, seen: string) {
    this.#path = path;
    this.seen = seen;
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

/** What a watch of a kind waits for to become another: of a node that is there, or of none. Text to compare. */
export function watchedState(kind: WatchKind, stat: RawStat | null | undefined): string {
  if (!stat) return 'absent';
  return `${stat.czxid} ${kind === 'node' ? stat.mzxid : stat.pzxid}`;
}

/** Watches by kind and path. A watch fires once and is gone then. */
export class Watches {
  readonly #byKind: Readonly<Record<WatchKind, Map<string, Set<PendingWatch>>>> = { node: new Map(), children: new Map() };
  readonly #later: (tell: () => void) => void;

  /** `later` says when watchers are told. Which of them are is settled before. */
  constructor(later: (tell: () => void) => void = (tell) => tell()) {
    this.#later = later;
  }

  /** `seen` is what {@link watchedState} says of the node when the watch was left. */
  add(kind: WatchKind, path: string, seen: string): Watch {
    const watch = new PendingWatch(path, seen);
    const paths = this.#byKind[kind];
    const others = paths.get(path);
    if (others) others.add(watch);
    else paths.set(path, new Set([watch]));
    return watch;
  }

  fire(kind: WatchKind, path: string): void {
    this.#fireThose(kind, path, () => true);
  }

  /** Fires those that were left at another state than this one. */
  compare(kind: WatchKind, path: string, now: string): void {
    this.#fireThose(kind, path, ({ seen }) => seen !== now);
  }

  /** What is watched, each once. */
  all(): { readonly kind: WatchKind; readonly path: string }[] {
    return (['node', 'children'] as const).flatMap((kind) => [...this.#byKind[kind].keys()].map((path) => ({ kind, path })));
  }

  /** The connection was lost, or is there again; every watch stays. */
  tellAll(signal: 'disconnected' | 'connected'): void {
    const all = [...this.#all()];
    this.#later(() => {
      for (const watch of all) watch.tell(signal);
    });
  }

  /** No signal can come any more. */
  endAll(errorFor: (path: string) => Error): void {
    const all = [...this.#byKind.node, ...this.#byKind.children];
    this.#byKind.node.clear();
    this.#byKind.children.clear();
    this.#later(() => {
      for (const [path, watches] of all) for (const watch of watches) watch.end(errorFor(path));
    });
  }

  #fireThose(kind: WatchKind, path: string, isMeant: (watch: PendingWatch) => boolean): void {
    const watches = this.#byKind[kind].get(path);
    const fired = [...(watches ?? [])].filter(isMeant);
    for (const watch of fired) watches?.delete(watch);
    if (watches?.size === 0) this.#byKind[kind].delete(path);
    this.#later(() => {
      for (const watch of fired) watch.tell('fired');
    });
  }

  *#all(): Iterable<PendingWatch> {
    for (const watches of [...this.#byKind.node.values(), ...this.#byKind.children.values()]) yield* watches;
  }
}
