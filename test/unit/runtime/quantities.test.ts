import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  formatBytes,
  formatDurationMs,
  parseBytes,
  parseDecimal,
  parseDurationMs,
  parseMoment,
  parseWholeNumber,
} from '../../../src/runtime/quantities.js';
import { ZkdError } from '../../../src/errors.js';
import { failureOf } from '../../support/failure-of.js';

describe('durations', () => {
  it.each([
    ['500ms', 500],
    ['30s', 30_000],
    ['1.5m', 90_000],
    ['2h', 7_200_000],
    [' 1s ', 1000],
  ])('reads %s', (input, milliseconds) => expect(parseDurationMs(input)).toBe(milliseconds));

  it.each(['', '30', '0s', '-1s', '1d', '1 s', '1e3s', 's', '1s2', '600h', 'Infinitys', '0.1ms'])(
    'rejects %j, naming what is allowed',
    (input) =>
      expect(() => parseDurationMs(input, 'Timeout')).toThrow(`Timeout ${JSON.stringify(input)} is not valid: give a duration such as`),
  );

  it('never answers what a timer cannot wait for', () => {
    fc.assert(
      fc.property(fc.nat({ max: 10_000_000 }), fc.constantFrom('ms', 's', 'm', 'h'), (amount, unit) => {
        try {
          const milliseconds = parseDurationMs(`${amount}${unit}`);
          return Number.isInteger(milliseconds) && milliseconds >= 1 && milliseconds < 2 ** 31;
        } catch (error) {
          return error instanceof ZkdError && error.code === 'usage';
        }
      }),
    );
  });

  it.each([
    [0, '0 ms'],
    [849.6, '850 ms'],
    [3210, '3.2 s'],
    [125_000, '2 m 5 s'],
    [119_700, '2 m 0 s'],
  ])('writes %d for people', (milliseconds, text) => expect(formatDurationMs(milliseconds)).toBe(text));
});

describe('sizes', () => {
  it.each([
    ['256m', 256 * 1024 ** 2],
    ['1g', 1024 ** 3],
    ['512K', 512 * 1024],
    ['1.5GiB', 1.5 * 1024 ** 3],
    ['64mb', 64 * 1024 ** 2],
    ['4096', 4096],
  ])('reads %s', (input, bytes) => expect(parseBytes(input, 'Heap', 1, 1024 ** 4)).toBe(bytes));

  it.each(['', 'm', '-1m', '1t', '1 m', '0x10', '1,5g', 'NaN'])('rejects %j', async (input) => {
    expect((await failureOf(() => parseBytes(input, 'Heap', 1, 2 ** 40))).code).toBe('usage');
  });

  it('names the range it accepts', () => {
    expect(() => parseBytes('1m', 'Heap', 32 * 1024 ** 2, 1024 ** 3)).toThrow('Heap "1m" is not valid: give a size from 32m to 1g');
    expect(() => parseBytes('2g', 'Heap', 32 * 1024 ** 2, 1024 ** 3)).toThrow('from 32m to 1g');
  });

  it('reads back whatever it writes', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 2 ** 45 }), (bytes) => parseBytes(formatBytes(bytes), 'Size', 1, 2 ** 46) === bytes));
  });

  it('writes the largest unit that divides', () => {
    expect([1, 1024, 1536, 1024 ** 2, 3 * 1024 ** 3].map(formatBytes)).toEqual(['1b', '1k', '1536b', '1m', '3g']);
  });
});

describe('moments', () => {
  const NOW = Date.parse('2026-11-22T12:00:00.250Z');

  it.each([
    ['10m', '2026-11-22T11:50:00.250000000Z'],
    ['500ms', '2026-11-22T11:59:59.750000000Z'],
    ['2026-11-22', '2026-11-22T00:00:00.000000000Z'],
    ['2026-11-22T15:48:30Z', '2026-11-22T15:48:30.000000000Z'],
    ['2026-11-22T15:48Z', '2026-11-22T15:48:00.000000000Z'],
    ['2026-11-22 15:48:30.5+01:00', '2026-11-22T14:48:30.500000000Z'],
    ['2026-11-22T15:48:30.571546446Z', '2026-11-22T15:48:30.571546446Z'],
    ['2026-11-22T15:48:30.000000001-0230', '2026-11-22T18:18:30.000000001Z'],
  ])('reads %j', (input, time) => expect(parseMoment(input, 'Time', NOW)).toBe(time));

  it('reads a time without a zone as a local one', () => {
    const local = new Date(2026, 10, 22, 15, 48, 30);
    expect(Date.parse(parseMoment('2026-11-22T15:48:30', 'Time', NOW))).toBe(local.getTime());
  });

  it.each(['', 'yesterday', '10', '10 m', '-5m', '2026-13-01', '2026-11-22T25:00Z', '22.11.2026', '2026-11-22T15:48:30.Z', '0s'])(
    'rejects %j',
    (input) => expect(() => parseMoment(input, 'Time', NOW)).toThrow(ZkdError),
  );
});

describe('numbers', () => {
  it('reads whole numbers of the range and no other', () => {
    fc.assert(
      fc.property(fc.integer({ min: -20, max: 20 }), (value) => {
        const isAllowed = value >= 1 && value <= 9;
        try {
          return parseWholeNumber(String(value), 'Size', 1, 9) === value && isAllowed;
        } catch {
          return !isAllowed;
        }
      }),
    );
  });

  it.each(['1.5', '1e1', '01', '+3', '', ' ', '0x3', '३', '3a', '1000'])('rejects %j', (input) =>
    expect(() => parseWholeNumber(input, 'Size', 1, 9)).toThrow('give a whole number from 1 to 9'),
  );

  it('reads decimals of the range', () => {
    expect(parseDecimal('0.5', 'CPUs', 0.1, 256)).toBe(0.5);
    for (const input of ['0', '.5', '1.', '-1', '257', 'x', '1e2'])
      expect(() => parseDecimal(input, 'CPUs', 0.1, 256)).toThrow('from 0.1 to 256');
  });
});
