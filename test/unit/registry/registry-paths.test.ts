import fc from 'fast-check';
import { expect, it } from 'vitest';
import { decodeName, encodeName, instancePath } from '../../../src/registry/registry-paths.js';
import { checkPath } from '../../../src/zookeeper/index.js';

it.each([
  ['web', 'web'],
  ['Web shop (ü, 日本)', 'Web shop (ü, 日本)'],
  ['10.0.0.1:8080', '10.0.0.1:8080'],
  ['a/b', 'a%2Fb'],
  ['100%', '100%25'],
  ['..', '%2E%2E'],
  ['line\nbreak', 'line%0Abreak'],
])('the name %j is the znode %j', (name, node) => {
  expect(encodeName(name)).toBe(node);
  expect(decodeName(node)).toBe(name);
});

it('any name is one a znode can have, and is found again', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1, unit: 'grapheme' }), (name) => {
      checkPath(instancePath('/docker', name, name));
      expect(decodeName(encodeName(name))).toBe(name);
    }),
  );
});

it('a node that nobody encoded is called as it is', () => {
  expect(decodeName('50%')).toBe('50%');
});

it('no name is none', () => {
  expect(() => encodeName('')).toThrow('want a name');
});
