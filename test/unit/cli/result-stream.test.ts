import { expect, it } from 'vitest';
import { openResultStream } from '../../../src/cli/result-stream.js';
import type { Output } from '../../../src/cli/ports.js';

/** A stream that a reader may leave: writes fail from then on. */
function leavable() {
  const parts: string[] = [];
  let isLeft = false;
  const write = (chunk: string, done: (error?: Error) => void): boolean => {
    if (!isLeft) parts.push(chunk);
    done(isLeft ? Object.assign(new Error('EPIPE'), { code: 'EPIPE' }) : undefined);
    return true;
  };
  return { output: { write } as unknown as Output, parts, leave: () => (isLeft = true) };
}

it('writes what it is given', () => {
  const { output, parts } = leavable();
  const stream = openResultStream(output);
  stream.write('a\n');
  stream.idle();
  stream.write('b\n');
  expect(parts).toEqual(['a\n', 'b\n']);
  expect(stream.closed.aborted).toBe(false);
});

it('notices a reader that has gone at the first look that brings nothing, and writes no more', () => {
  const { output, parts, leave } = leavable();
  const stream = openResultStream(output, ' ');
  stream.write('a\n');
  leave();
  expect(stream.closed.aborted).toBe(false);
  stream.idle();
  expect(stream.closed.aborted).toBe(true);
  stream.write('b\n');
  expect(parts).toEqual(['a\n']);
});

it('writes ever fewer blanks while there is nothing to say, and the next document is one all the same', () => {
  const { output, parts } = leavable();
  const stream = openResultStream(output, ' ');
  stream.write('{"a":1}\n');
  for (let look = 1; look <= 1000; look += 1) stream.idle();
  stream.write('{"a":2}\n');
  stream.idle();
  const lines = parts.join('').split('\n');
  expect(lines.slice(0, 2).map((line) => JSON.parse(line) as unknown)).toEqual([{ a: 1 }, { a: 2 }]);
  expect(lines[1]).toHaveLength('{"a":2}'.length + 10);
  expect(lines[2]).toBe(' ');
});
