import { describe, expect, it } from 'vitest';
import { describeTerminal, type Terminal, type TerminalFacts } from '../../../src/cli/terminal.js';

const TTY = { isTTY: true };
const terminal = (facts: Partial<TerminalFacts> = {}): Terminal =>
  describeTerminal({ env: {}, stdin: TTY, stdout: TTY, stderr: TTY, json: false, noColor: false, quiet: false, ...facts });

describe('a terminal', () => {
  it('has colour, animation and a person where all streams are TTYs', () => {
    expect(terminal()).toEqual({
      color: { stdout: true, stderr: true },
      animated: true,
      interactive: true,
    });
  });

  it('has nothing of it off a TTY', () => {
    expect(terminal({ stdin: {}, stdout: {}, stderr: {} })).toEqual({
      color: { stdout: false, stderr: false },
      animated: false,
      interactive: false,
    });
  });

  it('decides for each stream by itself', () => {
    expect(terminal({ stdout: {} })).toMatchObject({ color: { stdout: false, stderr: true }, animated: true, interactive: true });
    expect(terminal({ stderr: {} })).toMatchObject({ color: { stdout: true, stderr: false }, animated: false, interactive: false });
    expect(terminal({ stdin: {} })).toMatchObject({ animated: true, interactive: false });
  });

  it.each<[string, Partial<TerminalFacts>]>([
    ['NO_COLOR', { env: { NO_COLOR: '1' } }],
    ['NO_COLOR against FORCE_COLOR', { env: { NO_COLOR: '1', FORCE_COLOR: '1' } }],
    ['TERM=dumb', { env: { TERM: 'dumb' } }],
    ['--no-color', { noColor: true, env: { FORCE_COLOR: '1' } }],
    ['--json', { json: true, env: { FORCE_COLOR: '1' } }],
  ])('has neither colour nor animation under %s', (_, facts) => {
    expect(terminal(facts)).toMatchObject({ color: { stdout: false, stderr: false }, animated: false });
  });

  it('keeps colour with an empty NO_COLOR', () => expect(terminal({ env: { NO_COLOR: '' } }).color.stdout).toBe(true));

  it('has colour into a pipe with FORCE_COLOR, and none with FORCE_COLOR=0', () => {
    expect(terminal({ env: { FORCE_COLOR: '1' }, stdout: {}, stderr: {} })).toMatchObject({
      color: { stdout: true, stderr: true },
      animated: false,
    });
    for (const word of ['0', 'false', 'False']) {
      expect(terminal({ env: { FORCE_COLOR: word } }).color).toEqual({ stdout: false, stderr: false });
      expect(terminal({ env: { FORCE_COLOR: word }, stdout: {}, stderr: {} }).color).toEqual({ stdout: false, stderr: false });
    }
  });

  it('does not animate in CI, and does not ask a dumb terminal', () => {
    expect(terminal({ env: { CI: 'true' } })).toMatchObject({ animated: false, color: { stdout: true } });
    expect(terminal({ env: { TERM: 'dumb' } }).interactive).toBe(false);
  });

  it('asks nobody who wants silence or a document', () => {
    expect(terminal({ quiet: true })).toMatchObject({ interactive: false, animated: true });
    expect(terminal({ json: true }).interactive).toBe(false);
  });
});
