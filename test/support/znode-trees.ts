/** Trees of znodes for property tests: names, data, ACLs and kinds as ZooKeeper allows them. */
import fc from 'fast-check';
import type { AclEntry } from '../../src/zookeeper/index.js';
import type { TreeRecord } from '../../src/znodes/record-format.js';
import { comparePaths } from '../../src/znodes/tree-path.js';

const name = fc.oneof(
  fc.constantFrom('a', 'b', 'ab', 'a b', 'a-b', 'a.b', 'é', '日本', '%2F', 'n0000000001'),
  fc.string({ minLength: 1, maxLength: 6 }).filter((text) => /^[\u0020-\u002e\u0030-\u007e]+$/.test(text) && text !== '.' && text !== '..'),
);

const everything = ['read', 'write', 'create', 'delete', 'admin'] as const;
const entry: fc.Arbitrary<AclEntry> = fc.record({
  scheme: fc.constant('digest'),
  id: fc.constantFrom('bob:kqgWEEsdFnWf3LD7a9fc6uQgOUM=', 'eve:AAAAAAsdFnWf3LD7a9fc6uQgOUM='),
  permissions: fc.subarray([...everything], { minLength: 1 }),
});
const open: AclEntry = { scheme: 'world', id: 'anyone', permissions: everything };
/** One that lets everybody go on writing below. */
const acl = fc.array(entry, { maxLength: 2 }).map((entries) => [open, ...entries]);

const data = fc.oneof(
  fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
  fc.string({ maxLength: 20, unit: 'grapheme' }).map((text) => Buffer.from(text)),
);
const kind = fc.oneof(
  fc.constantFrom({ kind: 'persistent' as const, ttlMs: null }, { kind: 'container' as const, ttlMs: null }),
  fc.integer({ min: 1, max: 2 ** 31 - 1 }).map((ttlMs) => ({ kind: 'ttl' as const, ttlMs })),
);
const zxid = fc.integer({ min: 1, max: 2 ** 40 }).map((value) => `0x${value.toString(16)}`);
const stat = fc.record({
  czxid: zxid,
  mzxid: zxid,
  version: fc.nat(9),
  aversion: fc.nat(9),
  mtime: fc.constant('2026-01-02T03:04:05.678Z'),
  ephemeralOwner: fc.constant(null),
});
const content = fc.record({ data, acl, kind, stat });

/** Whole trees, parents included, in the order of a walk. Every node may be read and written by everybody. */
export const records: fc.Arbitrary<TreeRecord[]> = fc
  .array(fc.array(name, { minLength: 1, maxLength: 4 }), { maxLength: 12 })
  .map((paths) => {
    const prefixes = paths.flatMap((names) => names.map((_, index) => `/${names.slice(0, index + 1).join('/')}`));
    return [...new Set(['/', ...prefixes])].sort(comparePaths);
  })
  .chain((paths) => fc.tuple(fc.constant(paths), fc.array(content, { minLength: paths.length, maxLength: paths.length })))
  .map(([paths, contents]) =>
    contents.map((each, index) => ({ path: paths[index] ?? '/', data: each.data, acl: each.acl, ...each.kind, stat: each.stat })),
  );
