/** "Did you mean": the known words that are nearest to a mistyped one. Pure. */
import { distance } from 'fastest-levenshtein';

/** At most three candidates within a third of the word's length (at least two edits, never as many as there are letters), nearest first. */
export function nearest(word: string, candidates: readonly string[]): string[] {
  return ranked(candidates.map((candidate) => ({ word, candidate })));
}

interface Guess {
  /** What was typed in place of the candidate. */
  readonly word: string;
  readonly candidate: string;
}

function ranked(guesses: readonly Guess[]): string[] {
  return guesses
    .map(({ word, candidate }) => ({
      candidate,
      edits: candidate.startsWith(word) && word.length > 2 ? 0 : distance(word, candidate),
      limit: Math.min(Math.max(2, Math.floor(word.length / 3)), Math.max(word.length, candidate.length) - 1),
    }))
    .filter(({ edits, limit }) => edits <= limit)
    .sort((a, b) => a.edits - b.edits || a.candidate.localeCompare(b.candidate))
    .slice(0, 3)
    .map(({ candidate }) => candidate);
}

/**
 * The commands (words with spaces between) nearest to what was typed, which may have arguments after it. Words that are right tell nothing: only
 * those after the deepest topic that exists are compared, and of them as many as the command has.
 */
export function nearestCommands(typed: string, commands: readonly string[]): string[] {
  const words = typed.split(' ');
  const isTopic = (prefix: string): boolean => commands.some((command) => command.startsWith(prefix));
  const depth = words.findLastIndex((_, index) => isTopic(`${words.slice(0, index + 1).join(' ')} `)) + 1;
  const topic = words
    .slice(0, depth)
    .map((word) => `${word} `)
    .join('');
  const known = commands.filter((command) => command.startsWith(topic)).map((command) => command.slice(topic.length));
  const guesses = known.map((candidate) => ({ candidate, word: words.slice(depth, depth + candidate.split(' ').length).join(' ') }));
  return ranked(guesses).map((command) => `${topic}${command}`);
}
