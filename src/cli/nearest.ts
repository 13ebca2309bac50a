/** "Did you mean": the known words that are nearest to a mistyped one. Pure. */
import { distance } from 'fastest-levenshtein';

/** At most three candidates within a third of the word's length (at least two edits), nearest first. */
export function nearest(word: string, candidates: readonly string[]): string[] {
  const limit = Math.max(2, Math.floor(word.length / 3));
  return candidates
    .map((candidate) => ({ candidate, edits: candidate.startsWith(word) && word.length > 2 ? 0 : distance(word, candidate) }))
    .filter(({ edits }) => edits <= limit)
    .sort((a, b) => a.edits - b.edits || a.candidate.localeCompare(b.candidate))
    .slice(0, 3)
    .map(({ candidate }) => candidate);
}
