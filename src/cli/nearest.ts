/** "Did you mean": the known words that are nearest to a mistyped one. Pure. */
import { distance } from 'fastest-levenshtein';

/** At most three candidates within a third of the word's length (at least two edits, never as many as there are letters), nearest first. */
export function nearest(word: string, candidates: readonly string[]): string[] {
  const limit = Math.max(2, Math.floor(word.length / 3));
  return candidates
    .map((candidate) => ({ candidate, edits: candidate.startsWith(word) && word.length > 2 ? 0 : distance(word, candidate) }))
    .filter(({ candidate, edits }) => edits <= limit && edits < Math.max(word.length, candidate.length))
    .sort((a, b) => a.edits - b.edits || a.candidate.localeCompare(b.candidate))
    .slice(0, 3)
    .map(({ candidate }) => candidate);
}

/**
 * The commands (words with spaces between) nearest to what was typed. Words that are right tell nothing: only those after the deepest
 * topic that exists are compared, and arguments behind the command are left out.
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
  const longest = Math.max(0, ...known.map((command) => command.split(' ').length));
  const rest = words.slice(depth, depth + longest).join(' ');
  return nearest(rest, known).map((command) => `${topic}${command}`);
}
