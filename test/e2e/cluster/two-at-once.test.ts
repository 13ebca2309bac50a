/** Two `up` of one name at once. More rounds: test/soak/two-at-once.test.ts. */
import { describe, it } from 'vitest';
import { expectTwoUpsMakeOne } from '../../support/killed-up.js';
import { useEnsembles } from '../../support/story.js';

const ensembles = useEnsembles();

describe('two up of one name at once', () => {
  it.each(Array.from({ length: 6 }, (_, index) => index + 1))('make one ensemble, and each says 0 or 4 (round %d)', async () => {
    await expectTwoUpsMakeOne(ensembles.name());
  });
});
