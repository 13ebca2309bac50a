/** The registry as it is, and as it is again after each change, for as long as somebody wants to know. */
import { setTimeout as sleep } from 'node:timers/promises';
import { watchTree, type WatchContext } from '../znodes/index.js';
import type { RegistryQuery } from './list-registrations.js';
import { instanceOf, viewOf, type Instance, type RegistryView } from './read-registry.js';
import { isInstancePath, servicePath } from './registry-paths.js';

/** Changes of one moment are one. */
const MOMENT_MS = 5;

/**
 * Yields all that is registered below the root, or of one service, at once and again whenever it has changed. Without an end: rejects as
 * {@link watchTree} does, and lives through lost connections and sessions as that does; what happened meanwhile is in the next view. Every
 * view is a whole one.
 */
export async function* followRegistry(
  { root, service }: RegistryQuery,
  context: WatchContext,
): AsyncGenerator<RegistryView, never, undefined> {
  const base = service === undefined ? root : servicePath(root, service);
  const over = new AbortController();
  const signal = AbortSignal.any([context.signal, over.signal]);
  const followed = new Followed(root);
  const watching = followed.watch(base, { ...context, signal });
  try {
    for (;;) {
      await Promise.race([followed.news(), watching]);
      await sleep(MOMENT_MS);
      yield followed.view();
    }
  } finally {
    over.abort();
    await watching.catch(() => undefined);
  }
}

class Followed {
  readonly #root: string;
  readonly #instances = new Map<string, Instance>();
  readonly #denied = new Set<string>();
  #isWhole = false;
  #hasNews = false;
  #wake: () => void = () => undefined;

  constructor(root: string) {
    this.#root = root;
  }

  async watch(path: string, context: WatchContext): Promise<never> {
    const events = watchTree(
      { path, recursive: true, fromStart: true },
      {
        ...context,
        onStart: (isThere) => {
          this.#isWhole = true;
          context.onStart?.(isThere);
          this.#changed();
        },
        onDenied: (denied) => {
          this.#denied.add(denied);
          context.onDenied?.(denied);
        },
      },
    );
    for await (const event of events) {
      // Others may have something below an instance.
      if (!isInstancePath(this.#root, event.path)) continue;
      if (event.node) this.#instances.set(event.path, instanceOf(event.path, event.node));
      else this.#instances.delete(event.path);
      this.#changed();
    }
    throw new Error('watching a tree has no end');
  }

  /** Resolves when there is something that no view has shown. */
  async news(): Promise<void> {
    if (!this.#hasNews || !this.#isWhole) await new Promise<void>((resolve) => (this.#wake = resolve));
  }

  view(): RegistryView {
    this.#hasNews = false;
    return viewOf([...this.#instances.values()], [...this.#denied]);
  }

  #changed(): void {
    this.#hasNews = true;
    if (this.#isWhole) this.#wake();
  }
}
