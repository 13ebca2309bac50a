import { describe, expect, it } from 'vitest';
import { expectSlowAndQuickUpMakeOne, expectTwoUpsMakeOne } from '../support/killed-up.js';
import { useEnsembles } from '../support/story.js';

const ensembles = useEnsembles();

describe('two up of one name at once', () => {
  it.each(Array.from({ length: 20 }, (_, index) => index + 1))('make one ensemble, and each says 0 or 4 (round %d)', async () => {
    await expectTwoUpsMakeOne(ensembles.name());
  });

  it('make one ensemble where the first is slow, after whichever engine call the second takes over', async () => {
    const failures: string[] = [];
    let points = 0;
    for (let point = 1; ; point += 1) {
      const name = ensembles.name();
      try {
        if (!(await expectSlowAndQuickUpMakeOne(name, ({ number }) => number === point))) break;
        points = point;
      } catch (error) {
        failures.push(`slow after call ${point}, ensemble ${name}: ${String(error)}`);
      }
    }
    expect(failures).toEqual([]);
    expect(points).toBeGreaterThan(25);
  });
});
