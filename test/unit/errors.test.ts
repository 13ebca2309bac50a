import { describe, expect, it } from 'vitest';
import { hasReason, messageOf, ZkdError } from '../../src/errors.js';
import { EXIT_CODES, exitNumber } from '../../src/exit-codes.js';

describe('exit codes', () => {
  it('keeps the numbers of the contract', () => {
    const table = Object.fromEntries(Object.entries(EXIT_CODES).map(([name, { number }]) => [name, number]));
    expect(table).toEqual({
      ok: 0,
      failure: 1,
      usage: 2,
      'not-found': 3,
      conflict: 4,
      'engine-unavailable': 5,
      'zookeeper-unavailable': 6,
      timeout: 7,
      lost: 8,
      partial: 9,
      negative: 10,
      denied: 11,
      refused: 12,
      interrupted: 130,
      terminated: 143,
    });
    expect(exitNumber('refused')).toBe(12);
  });

  it('says of every code what it means', () => {
    for (const { meaning } of Object.values(EXIT_CODES)) expect(meaning).not.toBe('');
  });
});

describe('ZkdError', () => {
  it('keeps code, cause, suggestions and details', () => {
    const cause = new Error('below');
    const error = new ZkdError('conflict', 'taken', { cause, suggestions: ['zkd x'], details: { reason: 'port-taken' } });
    expect(error).toMatchObject({ code: 'conflict', message: 'taken', cause, suggestions: ['zkd x'], details: { reason: 'port-taken' } });
    expect(error).toBeInstanceOf(Error);
  });

  it('has no cause of its own where none was given', () => {
    expect('cause' in new ZkdError('failure', 'x')).toBe(false);
    expect(new ZkdError('failure', 'x')).toMatchObject({ suggestions: [], details: {} });
  });

  it('is recognised by its reason, and by that only', () => {
    const error = new ZkdError('conflict', 'taken', { details: { reason: 'port-taken' } });
    expect(hasReason(error, 'port-taken')).toBe(true);
    expect(hasReason(error, 'name-taken')).toBe(false);
    expect(hasReason(Object.assign(new Error('x'), { details: { reason: 'port-taken' } }), 'port-taken')).toBe(false);
  });

  it('takes the words of whatever was thrown', () => {
    expect(messageOf(new Error('words'))).toBe('words');
    expect(messageOf('bare')).toBe('bare');
    expect(messageOf(undefined)).toBe('undefined');
  });
});
