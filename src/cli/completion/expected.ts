/** What may stand at the cursor of a command line, as far as that is known without asking an engine. Pure. */
import { commandOf, flagOf, readLine, type Surface, type SurfaceCommand, type SurfaceFlag, type TypedLine } from './line.js';

/** One word that may stand there, and what it means. */
export interface Candidate {
  readonly value: string;
  readonly description: string;
}

/**
 * `words`: one of these. `ensemble`, `member`: a name or an id the engine knows. `file`, `folder`: a path, which the shell completes best.
 * `before` is the part of the word that is settled (`--cluster=`), `typed` what follows it up to the cursor.
 */
export type Expected = { readonly before: string; readonly typed: string; readonly line: TypedLine } & (
  { readonly what: 'words'; readonly words: readonly Candidate[] } | { readonly what: 'ensemble' | 'member' | 'file' | 'folder' }
);

type Kind = Exclude<Expected['what'], 'words'> | readonly Candidate[];

const EMPTY_LINE: TypedLine = { args: [], flags: new Map(), pending: undefined, isChild: false };
/** Their NAME is one that does not exist yet. */
const MAKES_NEW_NAME = ['cluster:run'];
const HELP: Candidate = { value: '--help', description: 'Show the help.' };
const VERSION: Candidate = { value: '--version', description: 'Print the version.' };

/** What may stand as the last of these words, which is what was typed of it so far. */
export function expectedAt(surface: Surface, words: readonly string[]): Expected {
  const before = words.slice(0, -1);
  const typed = words.at(-1) ?? '';
  const found = commandOf(surface, before);
  if (!found) return place(typed.startsWith('-') ? outsideCommands(before) : nextWords(surface, before), '', typed, EMPTY_LINE);
  const { command, rest } = found;
  const line = readLine(command, rest);
  if (line.isChild) return place(command.takesChild ? 'file' : [], '', typed, line);
  if (line.pending) return place(valuesOf(line.pending, line), '', typed, line);
  const cut = typed.startsWith('--') ? typed.indexOf('=') : -1;
  if (cut !== -1) {
    const { flag } = flagOf(command, typed);
    const kind = flag?.type === 'option' ? valuesOf(flag, line) : [];
    return place(kind, typed.slice(0, cut + 1), typed.slice(cut + 1), line);
  }
  return place(typed.startsWith('-') ? flagsOf(command, line) : argumentOf(surface, command, line), '', typed, line);
}

function place(kind: Kind, before: string, typed: string, line: TypedLine): Expected {
  return typeof kind === 'string' ? { what: kind, before, typed, line } : { what: 'words', words: kind, before, typed, line };
}

const outsideCommands = (before: readonly string[]): readonly Candidate[] => (before.length === 0 ? [HELP, VERSION] : [HELP]);

/** The words that may follow these on the way to a command. */
function nextWords(surface: Surface, before: readonly string[]): readonly Candidate[] {
  const topic = before.map((word) => `${word}:`).join('');
  const next = new Map<string, string>();
  for (const { id, hidden, summary = '' } of surface.commands) {
    if (hidden || !id.startsWith(topic)) continue;
    const [word = '', ...deeper] = id.slice(topic.length).split(':');
    const told = deeper.length === 0 ? summary : surface.topics.find(({ name }) => name === `${topic}${word}`)?.description;
    if (!next.has(word) || deeper.length === 0) next.set(word, told ?? '');
  }
  return [...next].map(([value, description]) => ({ value, description }));
}

/** Long names only; those that were given and cannot be repeated are left out. */
function flagsOf(command: SurfaceCommand, line: TypedLine): readonly Candidate[] {
  const open = Object.values(command.flags).filter(({ name, hidden, multiple }) => !hidden && (multiple || !line.flags.has(name)));
  const words = open.flatMap(({ name, allowNo, summary, description }) => {
    const told = summary ?? description ?? '';
    const own = { value: `--${name}`, description: told };
    return allowNo ? [own, { value: `--no-${name}`, description: `Not: ${told}` }] : [own];
  });
  return [...words, HELP];
}

/**
 * What values a flag takes, told by its name or its help value. The words of a help value that stand for themselves are those in
 * lower case (`PORT|auto`).
 */
function valuesOf({ name, options, helpValue }: SurfaceFlag, line: TypedLine): Kind {
  if (name === 'cluster') return 'ensemble';
  if (name === 'member') return 'member';
  const help = (typeof helpValue === 'string' ? helpValue : '').split('|');
  if (name === 'file' || help.includes('FILE')) return 'file';
  if (help.includes('DIR')) return 'folder';
  const given = line.flags.get(name) ?? [];
  return wordsOf(options ?? help.filter((word) => /^[a-z][a-z-]*$/.test(word))).filter(({ value }) => !given.includes(value));
}

const wordsOf = (values: readonly string[]): readonly Candidate[] => values.map((value) => ({ value, description: '' }));

function argumentOf(surface: Surface, command: SurfaceCommand, line: TypedLine): Kind {
  if (command.id === 'help') return commandOf(surface, line.args) ? [] : nextWords(surface, line.args);
  const argument = Object.values(command.args)[line.args.length];
  if (argument?.options) return wordsOf(argument.options);
  const isEnsemble = argument?.name === 'name' && command.id.startsWith('cluster:');
  return isEnsemble && !MAKES_NEW_NAME.includes(command.id) ? 'ensemble' : [];
}
