/**
 * The only place that asks what the terminal is: TTY or not, colour or not, is a person there.
 * Pure: streams and environment come in as arguments.
 */

export interface Terminal {
  /** Colour on stdout / stderr. */
  readonly color: { readonly stdout: boolean; readonly stderr: boolean };
  /** Live, redrawn output on stderr. */
  readonly animated: boolean;
  /** A person can be asked: stdin and stderr are TTYs, and neither `--quiet` nor `--json` was said. */
  readonly interactive: boolean;
}

export interface TerminalFacts {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: { readonly isTTY?: boolean };
  readonly stdout: { readonly isTTY?: boolean };
  readonly stderr: { readonly isTTY?: boolean };
  readonly json: boolean;
  readonly noColor: boolean;
  readonly quiet: boolean;
}

/** What the streams, the environment and the flags allow. `NO_COLOR` and friends: see https://no-color.org */
export function describeTerminal({ env, stdin, stdout, stderr, json, noColor, quiet }: TerminalFacts): Terminal {
  const dumb = env['TERM'] === 'dumb';
  const never = json || noColor || dumb || Boolean(env['NO_COLOR']);
  const force = env['FORCE_COLOR'];
  const isForcedOff = force !== undefined && /^(0|false)$/i.test(force);
  const color = (tty: boolean | undefined): boolean => !never && !isForcedOff && (force !== undefined || tty === true);
  return {
    color: { stdout: color(stdout.isTTY), stderr: color(stderr.isTTY) },
    animated: stderr.isTTY === true && !never && !env['CI'],
    interactive: stdin.isTTY === true && stderr.isTTY === true && !dumb && !json && !quiet,
  };
}
