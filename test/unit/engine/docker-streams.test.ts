import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { frames, lines, logLines, sinceQuery } from '../../../src/engine/docker-streams.js';
import type { Frame } from '../../../src/engine/docker-streams.js';

const TIME = '2026-11-22T15:48:30.571546446Z';
const LATER = '2026-11-22T15:48:31.571546446Z';

function encode(stream: Frame['stream'] | 'error', data: Buffer | string): Buffer {
  const bytes = Buffer.from(data);
  const header = Buffer.alloc(8);
  header[0] = { stdout: 1, stderr: 2, error: 3 }[stream];
  header.writeUInt32BE(bytes.length, 4);
  return Buffer.concat([header, bytes]);
}

/** Cuts bytes at the given places, in a source that knows whether it was ended. */
function source(bytes: Buffer, cuts: readonly number[] = []): AsyncIterable<Buffer> & { ended: boolean } {
  const places = [...new Set([0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length])].sort((one, other) => one - other);
  return {
    ended: false,
    async *[Symbol.asyncIterator]() {
      try {
        for (const [index, place] of places.entries()) {
          await Promise.resolve();
          if (place < bytes.length) yield bytes.subarray(place, places[index + 1]);
        }
      } finally {
        this.ended = true;
      }
    },
  };
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

const cuts = fc.array(fc.nat(5000), { maxLength: 30 });
const stream = fc.constantFrom('stdout' as const, 'stderr' as const);

describe('a multiplexed stream', () => {
  it('comes out frame by frame wherever it is cut', async () => {
    const frame = fc.record({ stream, data: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)) });
    await fc.assert(
      fc.asyncProperty(fc.array(frame, { maxLength: 20 }), cuts, async (sent, places) => {
        const bytes = Buffer.concat(sent.map(({ stream, data }) => encode(stream, data)));
        expect(await collect(frames(source(bytes, places)))).toEqual(sent);
      }),
    );
  });

  it('rejects where it is cut short, and with an error frame of the engine', async () => {
    const whole = encode('stdout', 'abc');
    for (const size of [1, 7, 8, 10]) await expect(collect(frames(source(whole.subarray(0, size))))).rejects.toThrow('middle of a frame');
    await expect(collect(frames(source(encode('error', 'Error grabbing logs: broken\n'))))).rejects.toMatchObject({
      words: 'Error grabbing logs: broken',
    });
  });
});

describe('a log', () => {
  it('comes out line by line, streams apart, wherever it is cut', async () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 60 }).filter((line) => !/[\r\n]/.test(line));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.record({ stream, line: text }), { maxLength: 20 }), cuts, async (sent, places) => {
        const bytes = Buffer.concat(sent.map(({ stream, line }) => encode(stream, `${TIME} ${line}\n`)));
        expect(await collect(logLines(source(bytes, places)))).toEqual(sent.map((line) => ({ time: TIME, ...line })));
      }),
    );
  });

  it('comes out the same from a terminal, which is not multiplexed', async () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 60 }).filter((line) => !/[\r\n]/.test(line));
    await fc.assert(
      fc.asyncProperty(fc.array(text, { maxLength: 20 }), cuts, async (sent, places) => {
        const bytes = Buffer.from(sent.map((line) => `${TIME} ${line}\r\n`).join(''));
        expect(await collect(logLines(source(bytes, places)))).toEqual(sent.map((line) => ({ time: TIME, stream: 'stdout', line })));
      }),
    );
  });

  it('has a line whole that the engine stored in parts, also where a part ends inside a character or the other stream speaks between', async () => {
    const line = Buffer.from('x'.repeat(10) + 'ü' + 'y'.repeat(10));
    const bytes = Buffer.concat([
      encode('stdout', Buffer.concat([Buffer.from(`${TIME} `), line.subarray(0, 11)])),
      encode('stderr', `${LATER} between\n`),
      encode('stdout', Buffer.concat([Buffer.from(`${LATER} `), line.subarray(11), Buffer.from('\n')])),
    ]);
    expect(await collect(logLines(source(bytes)))).toEqual([
      { time: LATER, stream: 'stderr', line: 'between' },
      { time: TIME, stream: 'stdout', line: line.toString() },
    ]);
  });

  it('gives a last line without an end, empty lines, and nothing for nothing', async () => {
    const bytes = Buffer.concat([encode('stdout', `${TIME} \n`), encode('stdout', `${TIME} rest`)]);
    expect((await collect(logLines(source(bytes)))).map(({ line }) => line)).toEqual(['', 'rest']);
    expect(await collect(logLines(source(Buffer.alloc(0))))).toEqual([]);
  });

  it('cuts a line that never ends, so that following it does not fill the memory', async () => {
    const part = encode('stdout', `${TIME} ${'x'.repeat(16_384)}`);
    const cut = await collect(logLines(source(Buffer.concat(Array.from({ length: 200 }, () => part)))));
    expect(cut.length).toBeGreaterThan(2);
    expect(cut.map(({ line }) => line.length).reduce((one, other) => one + other)).toBe(200 * 16_384);
  });

  it('ends its source when nobody looks any more', async () => {
    for (const bytes of [encode('stdout', `${TIME} a\n`), Buffer.from(`${TIME} a\r\n`)]) {
      const many = source(
        Buffer.concat(Array.from({ length: 50 }, () => bytes)),
        Array.from({ length: 100 }, (_, index) => index * 20),
      );
      for await (const { line } of logLines(many)) if (line === 'a') break;
      expect(many.ended).toBe(true);
    }
  });
});

describe('lines', () => {
  it('come out wherever they are cut, empty ones left out', async () => {
    const documents = fc.array(fc.json(), { maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(documents, cuts, fc.constantFrom('\n', '\r\n', '\n\n'), async (sent, places, end) => {
        const bytes = Buffer.from(sent.map((line) => line + end).join(''));
        expect(await collect(lines(source(bytes, places)))).toEqual(sent);
      }),
    );
  });

  it('include a last one without an end', async () => {
    expect(await collect(lines(source(Buffer.from('{"a":1}\n{"b":2}'))))).toEqual(['{"a":1}', '{"b":2}']);
  });
});

describe('a time to read a log from', () => {
  it('keeps its nanoseconds', () => {
    expect(sinceQuery(LATER)).toBe(`${Date.parse(LATER.slice(0, 19) + 'Z') / 1000}.571546446`);
    expect(sinceQuery('2026-11-22T15:48:30.5Z')).toMatch(/^\d+\.500000000$/);
    expect(sinceQuery('2026-11-22T15:48:30Z')).toMatch(/^\d+\.000000000$/);
    expect(sinceQuery(1_700_000_000)).toBe('1700000000');
    expect(sinceQuery(undefined)).toBeUndefined();
  });
});
