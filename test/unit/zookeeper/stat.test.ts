import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { kindOf, toStat } from '../../../src/zookeeper/stat.js';

describe('the kind of a node', () => {
  it('is told by its owner', () => {
    expect(kindOf(0n)).toEqual({ kind: 'persistent', ephemeralOwner: null, ttlMs: null });
    expect(kindOf(0x8000000000000000n)).toEqual({ kind: 'container', ephemeralOwner: null, ttlMs: null });
    expect(kindOf(0xff0000000000ea60n)).toEqual({ kind: 'ttl', ephemeralOwner: null, ttlMs: 60_000 });
    expect(kindOf(0x30001c9529d0000n)).toEqual({ kind: 'ephemeral', ephemeralOwner: '0x30001c9529d0000', ttlMs: null });
  });

  it('keeps every time to live', () => {
    fc.assert(
      fc.property(fc.bigInt(1n, 2n ** 40n - 1n), (ttl) => {
        expect(kindOf((0xffn << 56n) | ttl).ttlMs).toBe(Number(ttl));
      }),
    );
  });

  it('takes every session for the owner of its ephemeral nodes', () => {
    fc.assert(
      fc.property(fc.bigInt(1n, 2n ** 64n - 1n), (id) => {
        fc.pre(id !== 2n ** 63n && id >> 56n !== 0xffn);
        expect(kindOf(id)).toEqual({ kind: 'ephemeral', ephemeralOwner: `0x${id.toString(16)}`, ttlMs: null });
      }),
    );
  });
});

describe('toStat', () => {
  it('translates numbers, times and ids', () => {
    const times = { ctime: new Date(0), mtime: new Date(1) };
    const counts = { version: 1, cversion: 2, aversion: 3, dataLength: 4, numChildren: 5 };
    expect(toStat({ czxid: 0x100000002, mzxid: 2 ** 53 - 1, pzxid: 10, ...times, ...counts, ephemeralOwner: '0' })).toEqual({
      czxid: '0x100000002',
      mzxid: '0x1fffffffffffff',
      pzxid: '0xa',
      ctime: '1970-01-01T00:00:00.000Z',
      mtime: '1970-01-01T00:00:00.001Z',
      ...counts,
      kind: 'persistent',
      ephemeralOwner: null,
      ttlMs: null,
    });
  });
});
