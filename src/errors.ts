/**
 * The one error class of zkd. Adapters translate vendor errors into it at the edge, rooms throw it,
 * the base command turns it into text or JSON and an exit code. Imports nothing but the exit-code table.
 */
import type { ExitCodeName } from './exit-codes.js';

/** What can be said about an error besides its message. */
export interface ZkdErrorOptions {
  /** The error that led to this one; printed as "Caused by" only where it says something new. */
  readonly cause?: unknown;
  /** What to do next: commands to paste, or one short sentence. */
  readonly suggestions?: readonly string[];
  /** Machine-readable facts, shown under `error.details` with `--json`. Never a secret. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/**
 * An error a user can act on: what could not be done, and to which named thing, in the present tense.
 * `code` decides the exit code (see `exit-codes.ts`).
 */
export class ZkdError extends Error {
  override readonly name = 'ZkdError';
  readonly code: ExitCodeName;
  readonly suggestions: readonly string[];
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ExitCodeName, message: string, options: ZkdErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.suggestions = options.suggestions ?? [];
    this.details = options.details ?? {};
  }
}

/** True where the error is a ZkdError whose details carry this `reason` (adapters set one; see `engine/engine.ts`). */
export function hasReason(error: unknown, reason: string): boolean {
  return error instanceof ZkdError && error.details['reason'] === reason;
}

/** The message of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
