/**
 * Byte streams of a Docker engine into things: multiplexed frames, log lines, NDJSON.
 * Pure transformations of async iterables: they open nothing, and ending one ends its source.
 * Formats: "Stream format" of the container attach call, `docker logs --timestamps`, one JSON document a line.
 */
import type { LogLine, OutputChunk } from './engine.js';
import { EngineRefusal } from './docker-errors.js';

export type Frame = OutputChunk;

const HEADER = 8;
const NEWLINE = 0x0a;
/** A log without line ends is cut here, so that following one does not fill the memory. */
const LONGEST_LINE = 1024 * 1024;

/** Splits a multiplexed stream into frames, wherever its chunks are cut. An error frame of the engine rejects. */
export async function* frames(source: AsyncIterable<Buffer>): AsyncGenerator<Frame, void, undefined> {
  let pending: Buffer = Buffer.alloc(0);
  for await (const chunk of source) {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
    for (;;) {
      const size = pending.length < HEADER ? undefined : pending.readUInt32BE(4);
      if (size === undefined || pending.length < HEADER + size) break;
      const kind = pending[0];
      const data = pending.subarray(HEADER, HEADER + size);
      pending = pending.subarray(HEADER + size);
      if (kind === 3) throw new EngineRefusal(500, data.toString('utf8').trim());
      yield { stream: kind === 2 ? 'stderr' : 'stdout', data };
    }
  }
  if (pending.length > 0) throw new Error('the stream ended in the middle of a frame');
}

/**
 * Log lines out of the body of a log call made with timestamps, of a container with or without a terminal.
 * A line the engine stored in parts (it cuts at 16 KiB) comes out whole, with the time of its first part.
 */
export async function* logLines(source: AsyncIterable<Buffer>): AsyncGenerator<LogLine, void, undefined> {
  const open = new Map<Frame['stream'], { time: string; parts: Buffer[]; size: number }>();
  for await (const { stream, data } of logFrames(source)) {
    for (const part of splitAfterNewlines(data)) {
      const { time, text } = splitTimestamp(part);
      const line = open.get(stream) ?? { time, parts: [], size: 0 };
      line.parts.push(text);
      line.size += text.length;
      if (text.at(-1) === NEWLINE || line.size >= LONGEST_LINE) {
        open.delete(stream);
        yield logLine(stream, line);
      } else {
        open.set(stream, line);
      }
    }
  }
  for (const [stream, line] of open) yield logLine(stream, line);
}

/** A time as the log call takes it, `seconds.nanoseconds`: as a number it would lose the nanoseconds. */
export function sinceQuery(since: number | string | undefined): string | undefined {
  if (since === undefined) return undefined;
  if (typeof since === 'number') return String(since);
  const fraction = /\.(\d{1,9})/.exec(since)?.[1] ?? '';
  return `${Math.floor(Date.parse(since) / 1000)}.${fraction.padEnd(9, '0')}`;
}

/** The lines of a stream, without their ends; empty ones are left out. */
export async function* lines(source: AsyncIterable<Buffer>): AsyncGenerator<string, void, undefined> {
  let parts: Buffer[] = [];
  for await (const chunk of source) {
    for (const part of splitAfterNewlines(chunk)) {
      parts.push(part);
      if (part.at(-1) !== NEWLINE) continue;
      const line = textOf(parts);
      parts = [];
      if (line !== '') yield line;
    }
  }
  const rest = textOf(parts);
  if (rest !== '') yield rest;
}

/**
 * Frames of a log. A terminal's log is not multiplexed: the first byte tells, since a frame begins with 0 to 3 and a plain line with the
 * first digit of its timestamp. That spares an inspection, and no API version before 1.42 says it in a header.
 */
async function* logFrames(source: AsyncIterable<Buffer>): AsyncGenerator<Frame, void, undefined> {
  const iterator = source[Symbol.asyncIterator]();
  try {
    const first = await iterator.next();
    if (first.done === true) return;
    const whole = prepend(first.value, iterator);
    if ((first.value[0] ?? 0) <= 3) yield* frames(whole);
    else for await (const line of lines(whole)) yield { stream: 'stdout', data: Buffer.from(`${line}\n`) };
  } finally {
    await iterator.return?.();
  }
}

async function* prepend(first: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  yield first;
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
}

function* splitAfterNewlines(data: Buffer): Generator<Buffer, void, undefined> {
  for (let start = 0; start < data.length;) {
    const newline = data.indexOf(NEWLINE, start);
    const end = newline === -1 ? data.length : newline + 1;
    yield data.subarray(start, end);
    start = end;
  }
}

function splitTimestamp(part: Buffer): { time: string; text: Buffer } {
  const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z(?= |\n|$)/.exec(part.toString('latin1', 0, 40))?.[0] ?? '';
  const skipped = time.length + (time !== '' && part[time.length] === 0x20 ? 1 : 0);
  return { time, text: part.subarray(skipped) };
}

function logLine(stream: Frame['stream'], { time, parts }: { time: string; parts: readonly Buffer[] }): LogLine {
  return { time, stream, line: textOf(parts) };
}

/** Decoded only when whole: a cut may fall into the middle of a character. */
function textOf(parts: readonly Buffer[]): string {
  return Buffer.concat(parts)
    .toString('utf8')
    .replace(/\r?\n$/, '');
}
