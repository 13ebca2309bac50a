import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { containerName, networkName, parseClusterName, volumeName, VOLUME_KINDS, volumeTarget } from '../../../src/cluster/names.js';
import { failureOf } from '../../support/failure-of.js';

describe('ensemble names', () => {
  it.each(['a', 'zk', '0', 'dev-1', 'a--b', 'x'.repeat(32)])('accepts %s', (name) => expect(parseClusterName(name)).toBe(name));

  it.each(['', '-', '-a', 'a-', 'A', 'a_b', 'a.b', 'a b', 'zk\n', 'ä', 'x'.repeat(33), '../zk', 'zk;rm', '--json'])(
    'refuses %j as usage',
    async (name) => {
      const failure = await failureOf(() => parseClusterName(name));
      expect(failure.code).toBe('usage');
      expect(failure.message).toContain(JSON.stringify(name));
      expect(failure.message).toContain('1-32');
    },
  );

  it('accepts only what is a DNS label of at most 32 characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', 'z', '0', '9', '-', '_', 'B', '.'), maxLength: 40 }), (name) => {
        const isLabel = name.length >= 1 && name.length <= 32 && /^[a-z0-9-]*$/.test(name) && !name.startsWith('-') && !name.endsWith('-');
        try {
          return parseClusterName(name) === name && isLabel;
        } catch {
          return !isLabel;
        }
      }),
    );
  });

  it('leaves room for the longest container name in a DNS label', () => {
    expect(containerName('x'.repeat(32), 18).length).toBeLessThanOrEqual(63);
  });
});

it('names things as the contract says', () => {
  expect([containerName('zk', 2), networkName('zk'), ...VOLUME_KINDS.map((kind) => volumeName('zk', 2, kind))]).toEqual([
    'zkd-zk-2',
    'zkd-zk',
    'zkd-zk-2-conf',
    'zkd-zk-2-data',
    'zkd-zk-2-datalog',
  ]);
  expect(VOLUME_KINDS.map(volumeTarget)).toEqual(['/conf', '/data', '/datalog']);
});
