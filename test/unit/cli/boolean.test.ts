import { expect, it } from 'vitest';
import { booleanOf, settleBooleanVariables } from '../../../src/cli/flags/boolean.js';

const FLAGS = {
  'dry-run': { type: 'boolean', env: 'ZKD_DRY_RUN' },
  force: { type: 'boolean' },
  context: { type: 'option', env: 'ZKD_CONTEXT' },
};

it.each(['1', 'true', 'YES', 'On'])('%s means true', (word) => expect(booleanOf(word)).toBe(true));
it.each(['0', 'False', 'no', 'OFF'])('%s means false', (word) => expect(booleanOf(word)).toBe(false));
it.each(['', 'y', 'maybe', 'constructor', ' 1'])('%j means neither', (word) => expect(booleanOf(word)).toBeUndefined());

it('makes variables of boolean flags say true or false, and leaves all others', () => {
  const env = { ZKD_DRY_RUN: 'On', ZKD_CONTEXT: 'on', ZKD_OTHER: 'on' };
  settleBooleanVariables(FLAGS, env);
  expect(env).toEqual({ ZKD_DRY_RUN: 'true', ZKD_CONTEXT: 'on', ZKD_OTHER: 'on' });
});

it('leaves out what is not there or empty', () => {
  const env = { ZKD_DRY_RUN: '' };
  settleBooleanVariables(FLAGS, env);
  expect(env).toEqual({ ZKD_DRY_RUN: '' });
});

it('refuses another word, naming the variable', () => {
  const settle = (): void => settleBooleanVariables(FLAGS, { ZKD_DRY_RUN: 'maybe' });
  expect(settle).toThrow(expect.objectContaining({ code: 'usage', message: expect.stringContaining('ZKD_DRY_RUN="maybe"') as string }));
});
