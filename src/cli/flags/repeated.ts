/** Flags that can be given more than once. */

/** The values of such a flag. From a variable oclif hands over one bare value, whatever its types say. */
export function repeated<T>(values: readonly T[] | T | undefined): readonly T[] {
  if (values === undefined) return [];
  return Array.isArray(values) ? (values as readonly T[]) : [values as T];
}
