/**
 * Whatever was thrown -> one failure -> its text or its JSON document and its exit code. Used by every command and by the
 * hook for unknown commands, so that errors look the same everywhere.
 */
import { ZkdError, messageOf } from '../errors.js';
import { exitNumber, type ExitCodeName } from '../exit-codes.js';
import { nearest, nearestCommands } from './nearest.js';
import type { Style } from './style.js';

/** The document printed under `error` with `--json`. */
export interface Failure {
  readonly code: ExitCodeName;
  readonly message: string;
  readonly exitCode: number;
  readonly suggestions: readonly string[];
  readonly details: Readonly<Record<string, unknown>>;
}

/** What oclif's parser throws, as far as it is looked at. */
interface ParseError extends Error {
  readonly oclif?: { readonly exit?: number };
  readonly flags?: readonly string[];
}

const isParseError = (error: unknown): error is ParseError =>
  error instanceof Error && ('parse' in error || (error as ParseError).oclif?.exit === 2);

/** oclif's parser changes the message of what a flag's parse function throws. */
const withoutParserWords = (message: string): string =>
  message.replace(/^Parsing --\S+ \n\t/, '').replace(/\nSee more help with --help$/, '');

/** The words of a parse error without oclif's trailers, and its colour codes taken off. */
function parseMessage(error: Error): string {
  const plain = error.message.replace(new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, 'g'), '');
  const lines = withoutParserWords(plain)
    .replace(/^The following errors? occurred:\s*/, '')
    .replace(/^Nonexistent flag/, 'Unknown flag')
    .split('\n')
    .map((line) => line.trim().replace(/\s+/g, ' '));
  // What a line ends with a colon for stands on the next one.
  return lines.filter(Boolean).join('; ').replaceAll(':; ', ': ');
}

/**
 * Turns anything thrown into a failure. `command` (its words, e.g. `cluster up`) and `flags` (the long names it has) serve the suggestions.
 * An error that is not ours becomes `failure` with its message only: no stack, no path of this machine.
 */
export function toFailure(error: unknown, command: string, flags: readonly string[]): Failure {
  const build = (code: ExitCodeName, message: string, suggestions: readonly string[], details: Failure['details']): Failure => ({
    code,
    message,
    exitCode: exitNumber(code),
    suggestions,
    details,
  });
  if (error instanceof ZkdError) {
    // What a flag's parse function throws comes back with oclif's words around it.
    const suggestions = error.code === 'usage' && error.suggestions.length === 0 ? [`zkd ${command} --help`] : error.suggestions;
    return build(error.code, withoutParserWords(error.message), suggestions, error.details);
  }
  // A value rejected inside a flag's parse function arrives wrapped or bare, depending on the flag.
  if (error instanceof Error && error.cause instanceof ZkdError) return toFailure(error.cause, command, flags);
  if (isParseError(error)) {
    const unknown = (error.flags ?? []).filter((flag): flag is string => typeof flag === 'string' && flag.startsWith('--'));
    const meant = unknown.flatMap((flag) => nearest(flag.slice(2).split('=')[0] ?? '', flags)).map((flag) => `--${flag}`);
    const didYouMean = meant.length > 0 ? [`Did you mean ${meant.join(' or ')}?`] : [];
    return build('usage', parseMessage(error), [...didYouMean, `zkd ${command} --help`], {});
  }
  return build('failure', messageOf(error), [], {});
}

/** The part of oclif's configuration that says what there is. */
interface KnownCommands {
  readonly commands: readonly { readonly id: string; readonly hidden?: boolean | undefined }[];
  readonly topics: readonly { readonly name: string }[];
}

/** The failure of a command that does not exist, with those that may have been meant. `typed` is its words. */
export function unknownCommand(typed: string, { commands, topics }: KnownCommands): ZkdError {
  const words = (id: string): string => id.replaceAll(':', ' ');
  const known = commands.filter(({ hidden }) => !hidden).map(({ id }) => words(id));
  const meant = nearestCommands(typed, known).map((command) => `zkd ${command}`);
  const topic = topics.find(({ name }) => typed.startsWith(`${words(name)} `))?.name;
  return new ZkdError('usage', `Unknown command: zkd ${typed}`, {
    suggestions: [...meant, topic ? `zkd ${words(topic)} --help` : 'zkd --help'],
  });
}

/** What a cause says, without what an engine's answer adds to it: its status, and ids at full length. */
const bareWords = (text: string): string => text.replace(/^HTTP \d+: /, '').replace(/\b([0-9a-f]{12})[0-9a-f]{52}\b/g, '$1');

/** The lines for a person: the message, why, and what to try. */
export function formatFailure(failure: Failure, error: unknown, style: Style): string {
  const cause = error instanceof Error && error.cause !== undefined ? messageOf(error.cause) : '';
  const lines = [`${style.bad('Error:')} ${failure.message}`];
  if (cause && !bareWords(failure.message).includes(bareWords(cause))) lines.push(`${style.faint('Caused by:')} ${cause}`);
  lines.push(...failure.suggestions.map((suggestion, index) => `${index === 0 ? style.strong('Try:  ') : '      '} ${suggestion}`));
  return lines.join('\n');
}
