/** Progress of work on many znodes: how many, and how fast. */
import type { Progress } from './progress.js';

export const counted = (nodes: number): string => `${nodes} znode${nodes === 1 ? '' : 's'}`;

/** Work that is over before anybody would have looked up is not told of. */
const SILENT_MS = 1000;

/**
 * Tells a step with count and rate, once it takes longer than a second. `onProgress` takes how many nodes there are by now; `done` ends the
 * step, which else is left as one that stopped. `total` is what there will be, where that is known.
 */
export function trackNodes(progress: Progress, step: string, total?: number): { onProgress: (nodes: number) => void; done: () => void } {
  const startedAt = performance.now();
  let isShown = false;
  let nodes = 0;
  const note = (): string => {
    const seconds = (performance.now() - startedAt) / 1000;
    return `${nodes}${total === undefined ? '' : ` of ${total}`} znodes, ${Math.round(nodes / seconds)}/s`;
  };
  return {
    onProgress(count) {
      nodes = count;
      if (!isShown) {
        if (performance.now() - startedAt < SILENT_MS) return;
        isShown = true;
        progress.start(step);
      }
      progress.update(step, note());
    },
    done() {
      if (isShown) progress.end(step, 'done', note());
    },
  };
}
