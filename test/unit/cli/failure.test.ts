import { describe, expect, it } from 'vitest';
import { formatFailure, toFailure } from '../../../src/cli/failure.js';
import { PLAIN_STYLE } from '../../../src/cli/style.js';
import { ZkdError } from '../../../src/errors.js';

const FLAGS = ['size', 'observers', 'client-port', 'json'];
const parseError = (message: string, more: object = {}): Error => Object.assign(new Error(message), { oclif: { exit: 2 }, ...more });

describe('a failure', () => {
  it('is what a ZkdError says, with the number of its code', () => {
    const error = new ZkdError('refused', 'no', { suggestions: ['zkd x'], details: { override: '--force' } });
    expect(toFailure(error, 'cluster rm', FLAGS)).toEqual({
      code: 'refused',
      message: 'no',
      exitCode: 12,
      suggestions: ['zkd x'],
      details: { override: '--force' },
    });
  });

  it('is the ZkdError below where a flag’s parse function threw it', () => {
    const wrapped = parseError('Parsing --size \n\tSize "0" ...', { cause: new ZkdError('usage', 'Size "0" is not valid') });
    expect(toFailure(wrapped, 'cluster up', FLAGS)).toMatchObject({ code: 'usage', message: 'Size "0" is not valid' });
  });

  it('of an unknown flag suggests what may have been meant', () => {
    const error = parseError('Nonexistent flag: --obsrevers\nSee more help with --help', { flags: ['--obsrevers=2'] });
    expect(toFailure(error, 'cluster up', FLAGS)).toEqual({
      code: 'usage',
      message: 'Unknown flag: --obsrevers',
      exitCode: 2,
      suggestions: ['Did you mean --observers?', 'zkd cluster up --help'],
      details: {},
    });
  });

  it('of the parser is one line of plain words', () => {
    const escape = String.fromCharCode(27);
    const message = `The following errors occurred:\n  ${escape}[2mExpected --pull=x to be one of: a, b${escape}[22m\n  Nonexistent flag: --z\nSee more help with --help`;
    expect(toFailure(parseError(message), 'cluster up', FLAGS).message).toBe('Expected --pull=x to be one of: a, b; Nonexistent flag: --z');
  });

  it('of the parser names what is missing on the same line', () => {
    const message = 'Missing 1 required arg:\nshell  (bash|zsh) Which shell.\nSee more help with --help';
    expect(toFailure(parseError(message), 'completion', FLAGS).message).toBe('Missing 1 required arg: shell (bash|zsh) Which shell.');
  });

  it('of anything else is unexpected, and shows no stack', () => {
    const failure = toFailure(new TypeError('boom'), 'cluster up', FLAGS);
    expect(failure).toEqual({ code: 'failure', message: 'boom', exitCode: 1, suggestions: [], details: {} });
    expect(toFailure('just words', 'cluster up', FLAGS)).toMatchObject({ code: 'failure', message: 'just words' });
  });
});

describe('a failure in words', () => {
  const text = (error: ZkdError): string => formatFailure(toFailure(error, 'x', []), error, PLAIN_STYLE);

  it('has the message, the cause where it says something new, and what to try', () => {
    const cause = new Error('connect ENOENT');
    expect(text(new ZkdError('engine-unavailable', 'No engine', { cause, suggestions: ['start one', 'zkd x'] }))).toBe(
      'Error: No engine\nCaused by: connect ENOENT\nTry:   start one\n       zkd x',
    );
    expect(text(new ZkdError('engine-unavailable', 'No engine: connect ENOENT', { cause }))).toBe('Error: No engine: connect ENOENT');
    expect(text(new ZkdError('failure', 'x'))).toBe('Error: x');
  });

  it('does not repeat the cause for its status or its long ids', () => {
    const id = 'a'.repeat(64);
    const cause = new Error(`HTTP 409: container ${id} is paused`);
    const message = `Cannot stop container "x": container ${id.slice(0, 12)} is paused`;
    expect(text(new ZkdError('conflict', message, { cause }))).toBe(`Error: ${message}`);
    expect(text(new ZkdError('conflict', 'Cannot stop container "x"', { cause }))).toContain('Caused by: HTTP 409');
  });
});
