import { describe, expect, it } from 'vitest';
import { judgeCreate, judgeDelete, judgeSet, sequentialCandidates } from '../../../src/zookeeper/lost-replies.js';
import type { Stat } from '../../../src/zookeeper/index.js';

const stat = (changes: Partial<Stat> = {}): Stat => ({
  czxid: '0x20',
  mzxid: '0x20',
  pzxid: '0x20',
  ctime: '1970-01-01T00:00:00.000Z',
  mtime: '1970-01-01T00:00:00.000Z',
  version: 0,
  cversion: 0,
  aversion: 0,
  ephemeralOwner: null,
  kind: 'persistent',
  ttlMs: null,
  dataLength: 1,
  numChildren: 0,
  ...changes,
});
const seen = (data: string | null, changes: Partial<Stat> = {}) => ({
  stat: stat(changes),
  data: data === null ? null : Buffer.from(data),
});

describe('a set on condition whose reply was lost', () => {
  const asked = { version: 3, data: Buffer.from('x') };
  it.each([
    ['applied', seen('x', { version: 4 })],
    ['not-applied', seen('a', { version: 3 })],
    ['not-applied', seen('y', { version: 4 })],
    ['unknown', seen('x', { version: 5 })],
    ['unknown', seen('x', { version: 0 })],
    ['unknown', seen(null, { version: 4 })],
    ['unknown', null],
  ] as const)('is %s', (judgement, now) => expect(judgeSet(asked, now)).toBe(judgement));
});

describe('a delete on condition whose reply was lost', () => {
  const asked = { version: 3, knownZxid: 0x10n };
  it.each([
    ['unknown', null],
    ['not-applied', stat({ version: 3 })],
    ['not-applied', stat({ version: 4, czxid: '0x10' })],
    ['unknown', stat({ version: 4, czxid: '0x11' })],
  ] as const)('is %s', (judgement, now) => expect(judgeDelete(asked, now)).toBe(judgement));
});

describe('a create whose reply was lost', () => {
  const asked = { isEphemeral: false, data: Buffer.from('x'), sessionId: '0xa', knownZxid: 0x10n };
  it.each([
    ['not-applied', null],
    ['applied', seen('x')],
    ['not-applied', seen('y')],
    ['not-applied', seen('x', { czxid: '0x10' })],
    ['unknown', seen('x', { version: 1 })],
    ['not-applied', seen('x', { ephemeralOwner: '0xa' })],
    ['not-applied', seen(null)],
    ['unknown', seen(null, { aversion: 1 })],
  ] as const)('is %s', (judgement, now) => expect(judgeCreate(asked, now)).toBe(judgement));

  it.each([
    ['applied', seen('y', { ephemeralOwner: '0xa', version: 7 })],
    ['not-applied', seen('x', { ephemeralOwner: '0xb' })],
    ['not-applied', seen('x')],
    ['not-applied', seen('x', { ephemeralOwner: '0xa', czxid: '0x9' })],
  ] as const)('of an ephemeral node is %s', (judgement, now) => expect(judgeCreate({ ...asked, isEphemeral: true }, now)).toBe(judgement));
});

describe('sequentialCandidates', () => {
  it('are the names with ten digits after the asked one, youngest first', () => {
    const children = ['n-0000000001', 'n-0000000003', 'n-x', 'm-0000000009', 'n-00000000010', 'n-0000000002', 'n-'];
    expect(sequentialCandidates('n-', children)).toEqual(['n-0000000003', 'n-0000000002', 'n-0000000001']);
    expect(sequentialCandidates('', ['0000000001', 'a'])).toEqual(['0000000001']);
  });
});
