/** Takes secrets out of what is shown or written for others: by the name they stand behind, and by themselves where they are known. Pure. */
import { SECRET_KEY } from './settings.js';

export const REDACTED = '<redacted>';

/** The digest allows guessing offline, so it counts as a secret. */
const isSecretKey = (key: string): boolean => SECRET_KEY.test(key) || /superDigest/i.test(key);

/** `name=value`, `name: value` in any text, such as flags of a Java machine; from the telling word on, what stands before it may be long. */
const ASSIGNMENT = new RegExp(`((?:${SECRET_KEY.source}|superDigest)[\\w.-]*["']?\\s*[=:]\\s*)("[^"]*"|'[^']*'|[^\\s,;]+)`, 'gi');

/** Shorter ones would be found everywhere. */
const SHORTEST_SECRET = 8;

/** Redacts with these secrets known, whatever stands before them: an ensemble's credential `user:password` and its digest `user:hash`. */
export class Redactor {
  readonly #secrets: readonly string[];

  constructor(known: readonly string[]) {
    const parts = known.flatMap((secret) => [secret, secret.slice(secret.indexOf(':') + 1)]).map((secret) => secret.trim());
    this.#secrets = [...new Set(parts)].filter(({ length }) => length >= SHORTEST_SECRET);
  }

  text(text: string): string {
    const known = this.#secrets.reduce((rest, secret) => rest.replaceAll(secret, REDACTED), text);
    // The pattern's own groups stand between the name and the value.
    return known.replace(ASSIGNMENT, (...found: string[]) => `${found[1] ?? ''}${REDACTED}`);
  }

  /** A value below a key. */
  value(key: string, value: string): string {
    return isSecretKey(key) ? REDACTED : this.text(value);
  }

  /** All strings in a document, however deep, by the key they stand below. */
  document(value: unknown, key = ''): unknown {
    if (typeof value === 'string') return this.value(key, value);
    if (Array.isArray(value)) return value.map((each) => this.document(each, key));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, this.document(each, name)]));
  }
}
