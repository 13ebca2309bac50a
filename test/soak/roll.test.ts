import { afterEach, describe, it } from 'vitest';
import { expectRollGoesOn, nth } from '../support/killed-up.js';
import { useEnsembles } from '../support/story.js';

const ensembles = useEnsembles();
afterEach(() => ensembles.removeAll());

describe('a roll that was killed', () => {
  it.each([
    ['the second container is made', nth(2, /^POST \/containers\/create$/)],
    ['the first member is stopped', nth(1, /^POST \/containers\/\w+\/stop$/)],
    ['its old container is removed', nth(1, /^DELETE \/containers\/\w+$/)],
    ['its new container has the name', nth(1, /^POST \/containers\/\w+\/rename$/)],
  ])('is finished by the same command, killed when %s', async (_, isThePoint) => {
    await expectRollGoesOn(ensembles.name(), isThePoint);
  });
});
