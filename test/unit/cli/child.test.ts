import { describe, expect, it } from 'vitest';
import { attachment } from '../../../src/cli/attach.js';
import { ownExitBase } from '../../../src/cli/flags/child.js';
import { fakePorts } from '../../support/run-command.js';

describe('the base of zkd’s own exit codes', () => {
  it.each([
    [[], {}, 0],
    [['--own-exit-base', '100'], {}, 100],
    [['--own-exit-base=100', '--json'], {}, 100],
    [['--own-exit-base', '1', '--own-exit-base=2'], {}, 2],
    [[], { ZKD_OWN_EXIT_BASE: '50' }, 50],
    [['--own-exit-base', '100'], { ZKD_OWN_EXIT_BASE: '50' }, 100],
    [['--own-exit-base'], {}, 0],
    [['--own-exit-base', 'x'], {}, 0],
    [['--own-exit-base', '113'], {}, 0],
    [['--own-exit-base', '-1'], {}, 0],
    [['--own-exit-base', '1.5'], {}, 0],
  ])('of %j and %j is %i', (argv, env, base) => expect(ownExitBase(argv, env)).toBe(base));
});

describe('what a command is attached to', () => {
  const streams = (tty: boolean) => fakePorts(new Error('no engine'), { tty }).ports as Required<ReturnType<typeof fakePorts>['ports']>;

  it('is a terminal where stdin and stdout are one, and input where stdin is none', () => {
    const asked = { tty: undefined, input: false };
    expect(attachment(asked, streams(true))).toEqual({ isTerminal: true, hasInput: true });
    expect(attachment(asked, streams(false))).toEqual({ isTerminal: false, hasInput: true });
    const piped = { ...streams(true), stdout: streams(false).stdout };
    expect(attachment(asked, piped)).toEqual({ isTerminal: false, hasInput: false });
    expect(attachment({ ...asked, input: true }, piped)).toEqual({ isTerminal: false, hasInput: true });
  });
});
