import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readExport } from '../../../src/znodes/read-export.js';
import { formatEnd, formatHeader, formatRecord, parseLine, type TreeRecord } from '../../../src/znodes/record-format.js';
import { comparePaths } from '../../../src/znodes/tree-path.js';
import { failureOf } from '../../support/failure-of.js';
import { records } from '../../support/znode-trees.js';

const HEADER = { root: '/app', exportedAt: '2026-01-02T03:04:05.000Z', firstZxid: '0x10', ephemerals: false };
const END = { nodes: 0, denied: 0, newestZxid: '0xff', lastZxid: null };

async function read(text: string | readonly (string | Uint8Array)[]): Promise<TreeRecord[]> {
  const chunks = typeof text === 'string' ? [text] : text;
  const found: TreeRecord[] = [];
  for await (const record of (await readExport(streamOf(chunks))).records) found.push(record);
  return found;
}

async function* streamOf(chunks: readonly (string | Uint8Array)[]): AsyncGenerator<string | Uint8Array> {
  for (const chunk of chunks) yield await Promise.resolve(chunk);
}

const fileOf = (all: readonly TreeRecord[], end: Partial<typeof END> = {}): string =>
  [formatHeader(HEADER), ...all.map(formatRecord), formatEnd({ ...END, nodes: all.length, ...end }), ''].join('\n');

describe('the format of an export', () => {
  test('is as documented', () => {
    const stat = { czxid: '0x1', mzxid: '0x2', version: 3, aversion: 0, mtime: HEADER.exportedAt, ephemeralOwner: null };
    const record: TreeRecord = { path: '/a', data: Buffer.from('text'), acl: null, kind: 'ttl', ttlMs: 5, stat };
    expect(formatHeader(HEADER)).toBe(
      '{"format":"zkd-znodes","version":1,"root":"/app","exportedAt":"2026-01-02T03:04:05.000Z","firstZxid":"0x10","ephemerals":false}',
    );
    expect(formatRecord(record)).toBe(
      '{"path":"/a","data":"text","acl":null,"kind":"ttl","ttlMs":5,"stat":{"czxid":"0x1","mzxid":"0x2","version":3,"aversion":0,"mtime":"2026-01-02T03:04:05.000Z","ephemeralOwner":null}}',
    );
    expect(formatRecord({ ...record, data: Buffer.from([0xff, 0]) })).toContain('"base64":"/wA="');
    expect(formatEnd(END)).toBe('{"end":true,"nodes":0,"denied":0,"newestZxid":"0xff","lastZxid":null}');
  });

  test('gives back every node that was put into it', () => {
    fc.assert(
      fc.property(records, (all) => {
        for (const record of all) expect(parseLine(formatRecord(record), 2)).toEqual({ type: 'node', record });
      }),
    );
    const unseen: TreeRecord = { path: '/a', data: null, acl: null, kind: null, ttlMs: null, stat: null };
    expect(parseLine(formatRecord(unseen), 2)).toEqual({ type: 'node', record: unseen });
    expect(parseLine(formatHeader(HEADER), 1)).toEqual({ type: 'header', ...HEADER });
    expect(parseLine(formatEnd(END), 9)).toEqual({ type: 'end', ...END });
  });

  test('is read the same wherever the bytes are cut', async () => {
    await fc.assert(
      fc.asyncProperty(records, fc.integer({ min: 1, max: 40 }), async (all, size) => {
        const bytes = Buffer.from(fileOf(all));
        const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
          bytes.subarray(index * size, (index + 1) * size),
        );
        expect(await read(chunks)).toEqual(all);
      }),
    );
  });

  test('has no line feeds inside a line, and separators of other kinds do no harm', async () => {
    const stat = { czxid: '0x1', mzxid: '0x2', version: 3, aversion: 0, mtime: HEADER.exportedAt, ephemeralOwner: null };
    const all: TreeRecord[] = [{ path: '/', data: Buffer.from('a\r\nb\u2028c\u0085d'), acl: null, kind: 'persistent', ttlMs: null, stat }];
    expect(fileOf(all).split('\n')).toHaveLength(4);
    expect(await read(fileOf(all))).toEqual(all);
  });
});

describe('a file that is not whole', () => {
  const stat = { czxid: '0x1', mzxid: '0x2', version: 3, aversion: 0, mtime: HEADER.exportedAt, ephemeralOwner: null };
  const record = (path: string): TreeRecord => ({ path, data: Buffer.alloc(0), acl: null, kind: 'persistent', ttlMs: null, stat });
  const lines = fileOf([record('/'), record('/a')]).split('\n');

  test.each([
    ['cut off after a line', lines.slice(0, 3).join('\n'), /cut off: its last line is missing \(2 nodes read\)/],
    ['cut off in a line', fileOf([record('/'), record('/a')]).slice(0, -60), /is not JSON/],
    ['without a node', [lines[0], lines[1], lines[3]].join('\n'), /has 1 nodes, not 2/],
    ['out of order', fileOf([record('/b'), record('/a')]), /Line 3 of the export is out of order: \/a/],
    ['with a node twice', fileOf([record('/b'), record('/b')]), /out of order/],
    ['empty', '', /Line 1 of the export is not JSON/],
    ['of something else', '{"name":"x"}\n', /is no header of an export by zkd/],
    ['of a later version', lines[0]?.replace('"version":1', '"version":2') ?? '', /format version 2; this zkd reads 1/],
    ['with two headers', `${lines[0] ?? ''}\n${lines[0] ?? ''}\n`, /has no/],
  ])('is refused: one %s', async (_, text, message) => {
    const failure = await failureOf(read(text));
    expect(failure.code).toBe('usage');
    expect(failure.message).toMatch(message);
    expect(failure.details).toMatchObject({ reason: 'invalid-export' });
  });

  test.each([
    ['"path":"/a"', '"path":"/a/../b"', /path that is none/],
    ['"path":"/a"', '"path":"/a\\u0000b"', /path that is none/],
    ['"data":""', '"data":1', /has no data/],
    ['"data":""', '"base64":"@@"', /"base64" that is none/],
    ['"kind":"persistent"', '"kind":"odd"', /no kind of node/],
    ['"ttlMs":null', '"ttlMs":5', /"ttlMs"/],
    ['"acl":null', '"acl":[]', /no "acl"/],
    ['"acl":null', '"acl":[{"scheme":"world","id":"anyone","permissions":["fly"]}]', /"acl" that is none/],
    ['"czxid":"0x1"', '"czxid":1', /"stat" that is not whole/],
  ])('is refused with %s made %s', async (was, is, message) => {
    const failure = await failureOf(read(lines.map((line, index) => (index === 2 ? line.replace(was, is) : line)).join('\n')));
    expect([failure.code, failure.details['line']]).toEqual(['usage', 3]);
    expect(failure.message).toMatch(message);
  });

  test('is refused where it is not UTF-8', async () => {
    expect((await failureOf(read([Buffer.from([0x7b, 0xff, 0xfe])]))).message).toMatch(/not UTF-8/);
  });
});

test('paths are in the order of a walk', () => {
  const sorted = ['/', '/B', '/a', '/b', '/b/1', '/b/1/x', '/b/2', '/b c', '/b-c', '/b-c/x', '/b.d', '/é'];
  fc.assert(
    fc.property(fc.shuffledSubarray(sorted), (some) => {
      expect([...some].sort(comparePaths)).toEqual(sorted.filter((path) => some.includes(path)));
    }),
  );
});
