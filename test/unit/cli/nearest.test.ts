import fc from 'fast-check';
import { expect, it } from 'vitest';
import { nearest, nearestCommands } from '../../../src/cli/nearest.js';

const COMMANDS = ['cluster up', 'cluster run', 'cluster ps', 'cluster rm', 'cluster down', 'cluster status', 'cluster env', 'cluster ls'];

it.each([
  ['cluster stauts', 'cluster status'],
  ['clutser down', 'cluster down'],
  ['cluster statu', 'cluster status'],
])('%s: %s may be meant', (typed, meant) => expect(nearest(typed, COMMANDS)[0]).toBe(meant));

it('offers what a long enough word begins, and nothing for a word far from all', () => {
  expect(nearest('obs', ['observers', 'size'])).toEqual(['observers']);
  expect(nearest('frobnicate', COMMANDS)).toEqual([]);
  expect(nearest('', ['size'])).toEqual([]);
});

it('offers no short word of which no letter is right', () => {
  expect(nearest('xx', ['ls', 'ps', 'rm'])).toEqual([]);
  expect(nearest('lx', ['ls', 'ps', 'rm'])).toEqual(['ls']);
});

it.each([
  ['cluster bogus', []],
  ['cluster stauts', ['cluster status']],
  ['cluster stauts zk', ['cluster status']],
  ['clutser down', ['cluster down']],
  ['cluster', []],
  ['frobnicate', []],
  ['hlep', ['help']],
])('%s: the words that differ decide', (typed, meant) => {
  expect(nearestCommands(typed, [...COMMANDS, 'help'])).toEqual(meant);
});

it.each([
  ['znode gett /app', ['znode get']],
  ['znodes ls /', ['znode ls']],
  ['znode alc get /app', ['znode acl get']],
  ['znode acl gett /app', ['znode acl get']],
  ['cluster stauts zk', ['cluster status']],
  ['cluster stauts zk extra words', ['cluster status']],
  ['clutser status zk', ['cluster status']],
  ['znode bogus /app', []],
])('%s: what may be arguments spoils no guess where topics are of different depth', (typed, meant) => {
  const znode = ['znode ls', 'znode get', 'znode stat', 'znode export', 'znode acl get', 'znode acl set'];
  expect(nearestCommands(typed, [...COMMANDS, ...znode, 'help']).slice(0, 1)).toEqual(meant);
});

it('offers at most three, known ones, each once, and itself first', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 20 }), (word) => {
      const found = nearest(word, COMMANDS);
      return found.length <= 3 && new Set(found).size === found.length && found.every((candidate) => COMMANDS.includes(candidate));
    }),
  );
  for (const command of COMMANDS) expect(nearest(command, COMMANDS)[0]).toBe(command);
});
