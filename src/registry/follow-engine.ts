/** Keeps an observer up to date for as long as it is wanted: through engines that restart, and through streams of events that break. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Engine } from '../engine/index.js';
import { messageOf, ZkdError } from '../errors.js';
import type { ContainerObserver } from './container-observer.js';

/** Before an engine that is gone is asked again. */
const AGAIN_MS = 500;

export interface FollowEngineOptions {
  readonly resyncMs: number;
  readonly signal: AbortSignal;
  /** Called when the engine was looked at whole, each time. */
  readonly onLook: () => void;
  /** Told why the engine cannot be asked, once, and undefined when it can be again. */
  readonly onEngine: (problem: string | undefined) => void;
}

/**
 * Follows until the signal aborts, which resolves it. What is to be known at the start is known when `onLook` is first called. Rejects with what is no
 * lack of the engine, and where the very first look fails.
 */
export async function followEngine(engine: Engine, observer: ContainerObserver, options: FollowEngineOptions): Promise<void> {
  const { signal, onEngine } = options;
  const engineWas: { seen: boolean; away: boolean } = { seen: false, away: false };
  const onThere = (): void => {
    if (engineWas.away) onEngine(undefined);
    Object.assign(engineWas, { seen: true, away: false });
  };
  while (!signal.aborted) {
    try {
      await followStream(engine, observer, options, onThere);
    } catch (error) {
      if (isOver(signal)) return;
      if (!engineWas.seen || !(error instanceof ZkdError) || error.code !== 'engine-unavailable') throw error;
      if (!engineWas.away) onEngine(messageOf(error));
      engineWas.away = true;
    }
    await pause(AGAIN_MS, signal);
  }
}

/** As long as one stream of events lasts. */
async function followStream(
  engine: Engine,
  observer: ContainerObserver,
  { signal: whole, resyncMs, onLook }: FollowEngineOptions,
  onThere: () => void,
): Promise<void> {
  const over = new AbortController();
  const signal = AbortSignal.any([whole, over.signal]);
  // What happens after the look is among the events.
  const events = engine.events({ labels: {}, signal });
  const look = async (): Promise<void> => {
    await observer.look();
    onLook();
  };
  const lookAgain = async (): Promise<void> => {
    for (;;) {
      await pause(resyncMs, signal);
      if (isOver(signal)) return;
      await look();
    }
  };
  const hear = async (): Promise<void> => {
    const heard = new Set<Promise<void>>();
    for await (const event of events) {
      // Not one after the other: containers have nothing to do with each other.
      const hearing = observer.hear(event).finally(() => heard.delete(hearing));
      hearing.catch((error: unknown) => over.abort(error));
      heard.add(hearing);
    }
    over.signal.throwIfAborted();
  };
  const hearing = hear();
  hearing.catch(() => undefined);
  try {
    await look();
    onThere();
    await Promise.race([hearing, lookAgain()]);
    if (!whole.aborted) over.signal.throwIfAborted();
  } finally {
    over.abort();
  }
}

/** Asked anew each time: between two questions others have run. */
const isOver = (signal: AbortSignal): boolean => signal.aborted;
const pause = (ms: number, signal: AbortSignal): Promise<void> => sleep(ms, undefined, { signal }).catch(() => undefined);
