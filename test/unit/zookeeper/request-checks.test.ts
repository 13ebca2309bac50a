import { describe, expect, it } from 'vitest';
import { checkAcl, checkSize, checkTtl, versionNumber } from '../../../src/zookeeper/request-checks.js';
import { parseAcl } from '../../../src/zookeeper/index.js';
import { failureOf } from '../../support/failure-of.js';

const ASKED = { verb: 'create', path: '/a' };

describe('what is refused before it is sent', () => {
  it('is data that is too large with the path', async () => {
    const room = 1_048_575 - 100 - 4;
    expect(() => checkSize(ASKED, '/ü/', Buffer.alloc(room))).not.toThrow();
    const failure = await failureOf(() => checkSize(ASKED, '/ü/', Buffer.alloc(room + 1)));
    expect(failure).toMatchObject({ code: 'usage', details: { reason: 'too-large', outcome: 'not-applied' } });
    expect(failure.message).toContain(`${room + 1} bytes are too many, at most ${room} fit`);
  });

  it('is a time to live that is missing, in the wrong place, or out of range', async () => {
    expect(() => checkTtl({})).not.toThrow();
    expect(() => checkTtl({ mode: 'ttl', ttlMs: 1 })).not.toThrow();
    expect(() => checkTtl({ mode: 'ttl-sequential', ttlMs: 2 ** 31 - 1 })).not.toThrow();
    for (const options of [
      { mode: 'ttl' },
      { ttlMs: 5 },
      { mode: 'ephemeral', ttlMs: 5 },
      ...[0, -1, 1.5, 2 ** 31, 2 ** 32 + 60_000, NaN].map((ttlMs) => ({ mode: 'ttl', ttlMs }) as const),
    ] as const) {
      expect((await failureOf(() => checkTtl(options))).code).toBe('usage');
    }
  });

  it('is a version that is none; no version is any version', async () => {
    expect([versionNumber(undefined), versionNumber(0), versionNumber(7)]).toEqual([-1, 0, 7]);
    for (const version of [-1, 1.5, NaN, 2 ** 31]) expect((await failureOf(() => versionNumber(version))).code).toBe('usage');
  });

  it('is an access control list that would mean something else', async () => {
    expect(() => checkAcl(ASKED, parseAcl('world:anyone:r,auth::cdrwa'), true)).not.toThrow();
    for (const [acl, hasCredentials] of [
      [[], true],
      [parseAcl('auth::cdrwa'), false],
      [[{ scheme: 'ip', id: 'a\0b', permissions: ['read'] }], true],
      [[{ scheme: '', id: 'a', permissions: ['read'] }], true],
      [[{ scheme: 'ip', id: '::1', permissions: [] }], true],
    ] as const) {
      const failure = await failureOf(() => checkAcl(ASKED, acl, hasCredentials));
      expect(failure).toMatchObject({ code: 'usage', details: { reason: 'invalid-acl', path: '/a' } });
    }
  });
});
