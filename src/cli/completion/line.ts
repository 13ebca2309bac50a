/** A command line that is being typed, read against the commands there are: which command, what was given to it, what is open. Pure. */

/** A flag as the manifest describes it, as far as completion looks at it. */
export interface SurfaceFlag {
  readonly name: string;
  readonly type: 'boolean' | 'option';
  readonly char?: string | undefined;
  readonly summary?: string | undefined;
  readonly description?: string | undefined;
  readonly hidden?: boolean | undefined;
  readonly allowNo?: boolean | undefined;
  readonly multiple?: boolean | undefined;
  readonly options?: readonly string[] | undefined;
  readonly helpValue?: string | readonly string[] | undefined;
}

export interface SurfaceArgument {
  readonly name: string;
  readonly options?: readonly string[] | undefined;
  readonly multiple?: boolean | undefined;
}

export interface SurfaceCommand {
  /** Words joined by colons. */
  readonly id: string;
  readonly summary?: string | undefined;
  readonly hidden?: boolean | undefined;
  readonly args: Readonly<Record<string, SurfaceArgument>>;
  readonly flags: Readonly<Record<string, SurfaceFlag>>;
  /** It runs what stands behind `--`. */
  readonly takesChild?: boolean | undefined;
}

/** All there is to type; oclif's configuration has this form. */
export interface Surface {
  readonly commands: readonly SurfaceCommand[];
  readonly topics: readonly { readonly name: string; readonly description?: string | undefined }[];
}

/** What was given to a command by the words before the cursor. */
export interface TypedLine {
  readonly args: readonly string[];
  /** Values by flag name; a boolean flag that is there has none. */
  readonly flags: ReadonlyMap<string, readonly string[]>;
  /** The flag whose value is the next word. */
  readonly pending: SurfaceFlag | undefined;
  /** A `--` stands before the cursor. */
  readonly isChild: boolean;
}

/** The command the first words name, and the words behind it; the longest one where several fit. Undefined where none does. */
export function commandOf(surface: Surface, words: readonly string[]): { command: SurfaceCommand; rest: readonly string[] } | undefined {
  for (let count = words.length; count > 0; count -= 1) {
    const id = words.slice(0, count).join(':');
    const command = surface.commands.find((known) => known.id === id);
    if (command) return { command, rest: words.slice(count) };
  }
  return undefined;
}

/** Reads the words behind a command as its parser would. Unknown flags count as flags without a value. */
export function readLine(command: SurfaceCommand, words: readonly string[]): TypedLine {
  const args: string[] = [];
  const flags = new Map<string, string[]>();
  const give = (name: string, ...values: string[]): void => void flags.set(name, [...(flags.get(name) ?? []), ...values]);
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? '';
    if (word === '--') return { args, flags, pending: undefined, isChild: true };
    if (!word.startsWith('-') || word === '-') {
      args.push(word);
      continue;
    }
    const { flag, value } = flagOf(command, word);
    if (!flag) continue;
    if (flag.type === 'boolean') give(flag.name);
    else if (value !== undefined) give(flag.name, value);
    else if (index + 1 < words.length) give(flag.name, words[(index += 1)] ?? '');
    else return { args, flags, pending: flag, isChild: false };
  }
  return { args, flags, pending: undefined, isChild: false };
}

/** The flag a word names (`--name`, `--no-name`, `--name=value`, `-n`, `-nvalue`), and the value that stands in the same word. */
export function flagOf(command: SurfaceCommand, word: string): { flag: SurfaceFlag | undefined; value: string | undefined } {
  if (!word.startsWith('--')) {
    const flag = Object.values(command.flags).find(({ char }) => char === word[1]);
    return { flag, value: word.length > 2 ? word.slice(2).replace(/^=/, '') : undefined };
  }
  const cut = word.indexOf('=');
  const name = word.slice(2, cut === -1 ? undefined : cut);
  const negated = name.startsWith('no-') ? command.flags[name.slice(3)] : undefined;
  return {
    flag: command.flags[name] ?? (negated?.allowNo ? negated : undefined),
    value: cut === -1 ? undefined : word.slice(cut + 1),
  };
}
