/** What variables of boolean flags may say. */
import { ZkdError } from '../../errors.js';

/** The part of a flag's definition that is looked at. */
interface Flag {
  readonly type: string;
  readonly env?: string;
}

const WORDS: Readonly<Record<string, boolean>> = {
  '1': true,
  true: true,
  yes: true,
  on: true,
  '0': false,
  false: false,
  no: false,
  off: false,
};

/** What the word means, in any case; undefined where it means neither. */
export function booleanOf(word: string): boolean | undefined {
  const known = word.toLowerCase();
  return Object.hasOwn(WORDS, known) ? WORDS[known] : undefined;
}

/**
 * Makes the variables of all boolean flags say `true` or `false`; one that says something else is a `usage` error. In place, since
 * oclif's parser reads `process.env` itself, knows fewer words, and takes every other one for false.
 */
export function settleBooleanVariables(flags: Readonly<Record<string, Flag>>, env: NodeJS.ProcessEnv): void {
  for (const { type, env: variable } of Object.values(flags)) {
    const text = variable === undefined ? undefined : env[variable];
    // An empty variable counts as none, for oclif too.
    if (type !== 'boolean' || variable === undefined || !text) continue;
    const value = booleanOf(text);
    if (value === undefined)
      throw new ZkdError('usage', `${variable}="${text}" is not valid: give 1 or 0, true or false, yes or no, on or off`);
    env[variable] = String(value);
  }
}
