/**
 * Two `up` of one name at once. More rounds, and all points: test/soak/two-at-once.test.ts; all points on a fake engine:
 * test/unit/cluster/several-at-once.test.ts.
 */
import { describe, expect, it } from 'vitest';
import { expectSlowAndQuickUpMakeOne, expectTwoUpsMakeOne, nth } from '../../support/killed-up.js';
import { useEnsembles } from '../../support/story.js';

const ensembles = useEnsembles();

describe('two up of one name at once', () => {
  it.each(Array.from({ length: 2 }, (_, index) => index + 1))('make one ensemble, and each says 0 or 4 (round %d)', async () => {
    await expectTwoUpsMakeOne(ensembles.name());
  });

  it.each([
    ['the claim', nth(1, /^POST \/containers\/create$/)],
    ['one member has its configuration', nth(1, /^PUT \/containers\/\w+\/archive$/)],
  ])('make one ensemble where the first is slow, and the second takes over after %s', async (_, isThePoint) => {
    expect(await expectSlowAndQuickUpMakeOne(ensembles.name(), isThePoint)).toBeDefined();
  });
});
