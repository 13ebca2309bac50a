/** Colours by meaning, not by name. The only importer of chalk, and only where there is colour at all (it costs start-up time). */

export interface Style {
  good(text: string): string;
  bad(text: string): string;
  warning(text: string): string;
  faint(text: string): string;
  strong(text: string): string;
  /** The colour of the n-th of several things that are to be told apart. */
  tint(n: number, text: string): string;
}

const same = (text: string): string => text;
export const PLAIN_STYLE: Style = { good: same, bad: same, warning: same, faint: same, strong: same, tint: (_, text) => text };

/** The style for a stream; plain where `color` is false. chalk itself ignores NO_COLOR, so the level is given. */
export async function loadStyle(color: boolean): Promise<Style> {
  if (!color) return PLAIN_STYLE;
  const { Chalk } = await import('chalk');
  const chalk = new Chalk({ level: 1 });
  const tints = [
    chalk.cyan,
    chalk.yellow,
    chalk.green,
    chalk.magenta,
    chalk.blue,
    chalk.cyanBright,
    chalk.greenBright,
    chalk.magentaBright,
  ];
  return {
    good: chalk.green,
    bad: chalk.red,
    warning: chalk.yellow,
    faint: chalk.dim,
    strong: chalk.bold,
    tint: (n, text) => (tints[Math.abs(n) % tints.length] ?? chalk.cyan)(text),
  };
}
