/**
 * `up` killed with SIGKILL at points of its way: another `up` goes on from there. All points: test/soak/killed-up.test.ts; all points on a
 * fake engine: test/unit/cluster/several-at-once.test.ts; more remains on a real one: engine-killed.test.ts.
 */
import { describe, expect, it } from 'vitest';
import { expectUpMakesWhole, killUp, nth } from '../../support/killed-up.js';
import { useEnsembles } from '../../support/story.js';

const ensembles = useEnsembles();

describe('up after an up that was killed', () => {
  it.each([
    ['all three are created, none is configured to the end', nth(3, /^POST \/containers\/create$/)],
    ['two members run, the third does not', nth(2, /^POST \/containers\/\w+\/start$/)],
  ])('makes one whole ensemble, killed when %s', async (_, isThePoint) => {
    const name = ensembles.name();
    expect(await killUp(name, isThePoint)).toBeDefined();
    await expectUpMakesWhole(name);
  });
});
