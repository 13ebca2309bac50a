import { describe, expect, it } from 'vitest';
import { expectUpMakesWhole, killUp } from '../support/killed-up.js';
import { useEnsembles } from '../support/story.js';

const ensembles = useEnsembles();

describe('up after an up that was killed', () => {
  it('makes one whole ensemble, after whichever engine call it was killed', async () => {
    const failures: string[] = [];
    let points = 0;
    for (let point = 1; ; point += 1) {
      const name = ensembles.name();
      const call = await killUp(name, ({ number }) => number === point);
      points = point - 1;
      try {
        await expectUpMakesWhole(name);
      } catch (error) {
        failures.push(`killed after call ${point} (${call?.what ?? 'none'}), ensemble ${name}: ${String(error)}`);
      }
      if (!call) break;
    }
    expect(failures).toEqual([]);
    // Fewer points than the shortest way has calls would mean that nothing was tried.
    expect(points).toBeGreaterThan(25);
  });
});
