/**
 * Quantities as people write them: durations (`500ms`, `30s`, `2m`), sizes (`256m`, `1g`), ports, whole numbers.
 * Pure. Every parser rejects with a ZkdError `usage` that names the accepted range.
 */
import { ZkdError } from '../errors.js';

const DURATION_UNITS_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;
const SIZE_UNITS = { b: 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 } as const;
const MAX_TIMER_MS = 2 ** 31 - 1;

function wrong(what: string, input: unknown, allowed: string): ZkdError {
  return new ZkdError('usage', `${what} ${JSON.stringify(input)} is not valid: give ${allowed}`);
}

/** Milliseconds of a duration such as `500ms`, `30s`, `1.5m`, `1h`; between 1 ms and about 24 days. */
export function parseDurationMs(input: string, what = 'Duration'): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(input.trim());
  const unit = match?.[2] as keyof typeof DURATION_UNITS_MS | undefined;
  const milliseconds = match && unit ? Math.round(Number(match[1]) * DURATION_UNITS_MS[unit]) : 0;
  if (milliseconds < 1 || milliseconds > MAX_TIMER_MS) throw wrong(what, input, 'a duration such as 500ms, 30s or 2m');
  return milliseconds;
}

const MOMENT = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?)?$/;

/**
 * A time as ISO-8601 UTC with nanoseconds, out of an ISO-8601 one (a date alone is its midnight UTC, a time without a zone is local), or
 * out of a duration such as `10m`: that long before `now` (milliseconds since 1970).
 */
export function parseMoment(input: string, what: string, now: number): string {
  const match = MOMENT.exec(input.trim());
  const isDuration = /^[\d.]+[a-z]+$/.test(input.trim());
  if (isDuration) return withNanoseconds(now - parseDurationMs(input, what), '');
  const time = match
    ? Date.parse(
        input
          .trim()
          .replace(match[1] ?? '', '')
          .replace(' ', 'T'),
      )
    : Number.NaN;
  if (!Number.isFinite(time)) throw wrong(what, input, 'a duration such as 10m, or a time such as 2026-11-22T15:48:30Z');
  return withNanoseconds(time, match?.[1] ?? '');
}

function withNanoseconds(time: number, fraction: string): string {
  const [seconds = '', milliseconds = ''] = new Date(time).toISOString().slice(0, -1).split('.');
  return `${seconds}.${(fraction.slice(1) || milliseconds).padEnd(9, '0')}Z`;
}

/** Bytes of a size such as `256m`, `1g`, `512k`; a bare number counts bytes. */
export function parseBytes(input: string, what: string, minimum: number, maximum: number): number {
  const match = /^(\d+(?:\.\d+)?)([bkmg]?)(?:i?b)?$/i.exec(input.trim());
  const unit = (match?.[2]?.toLowerCase() || 'b') as keyof typeof SIZE_UNITS;
  const bytes = match ? Math.round(Number(match[1]) * SIZE_UNITS[unit]) : Number.NaN;
  if (!(bytes >= minimum && bytes <= maximum)) {
    throw wrong(what, input, `a size from ${formatBytes(minimum)} to ${formatBytes(maximum)} such as 256m or 1g`);
  }
  return bytes;
}

/** A size in the largest unit that divides it: `256m`, `1g`. */
export function formatBytes(bytes: number): string {
  for (const [unit, factor] of Object.entries(SIZE_UNITS).reverse()) {
    if (bytes >= factor && bytes % factor === 0) return `${bytes / factor}${unit}`;
  }
  return `${bytes}b`;
}

/** A whole number in a range; `01`, `1.5`, `1e1` and the like are rejected. */
export function parseWholeNumber(input: string, what: string, minimum: number, maximum: number): number {
  const value = /^-?(0|[1-9]\d*)$/.test(input.trim()) ? Number(input) : Number.NaN;
  if (!(value >= minimum && value <= maximum)) throw wrong(what, input, `a whole number from ${minimum} to ${maximum}`);
  return value;
}

/** A decimal number in a range. */
export function parseDecimal(input: string, what: string, minimum: number, maximum: number): number {
  const value = /^\d+(\.\d+)?$/.test(input.trim()) ? Number(input) : Number.NaN;
  if (!(value >= minimum && value <= maximum)) throw wrong(what, input, `a number from ${minimum} to ${maximum}`);
  return value;
}

/** A duration for people: `850 ms`, `3.2 s`, `2 m 5 s`. */
export function formatDurationMs(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < 60_000) return `${Number((milliseconds / 1000).toFixed(1))} s`;
  const seconds = Math.round(milliseconds / 1000);
  return `${Math.floor(seconds / 60)} m ${seconds % 60} s`;
}
