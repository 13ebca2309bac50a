/** Progress of work on many znodes: how many, and how fast. */
import { formatDurationMs } from '../runtime/quantities.js';
import type { Progress } from './progress.js';

export const counted = (nodes: number): string => `${nodes} znode${nodes === 1 ? '' : 's'}`;

/** Work that is over before anybody would have looked up is not told of. */
const SILENT_MS = 1000;
const STANDSTILL_MS = 2000;

/**
 * Tells a step with count and rate, once it takes longer than a second. `onProgress` takes how many nodes there are by now; `done` ends the
 * step, which else is left as one that stopped. `total` is what there will be, where that is known.
 */
export function trackNodes(progress: Progress, step: string, total?: number): { onProgress: (nodes: number) => void; done: () => void } {
  const startedAt = performance.now();
  let isShown = false;
  let nodes = 0;
  let movedAt = startedAt;
  const note = (): string => {
    const now = performance.now();
    const rate = `${Math.round(nodes / ((now - startedAt) / 1000))}/s`;
    const stands = now - movedAt < STANDSTILL_MS ? '' : `, none for ${formatDurationMs(now - movedAt)}`;
    return `${nodes}${total === undefined ? '' : ` of ${total}`} znodes, ${rate}${stands}`;
  };
  // Whoever looks while nothing moves is not told the rate of before.
  const timer = setInterval(() => {
    if (isShown) progress.update(step, note());
  }, 1000).unref();
  return {
    onProgress(count) {
      nodes = count;
      movedAt = performance.now();
      if (!isShown) {
        if (performance.now() - startedAt < SILENT_MS) return;
        isShown = true;
        progress.start(step);
      }
      progress.update(step, note());
    },
    done() {
      clearInterval(timer);
      if (isShown) progress.end(step, 'done', note());
    },
  };
}
