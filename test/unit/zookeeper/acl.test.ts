import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isOpenAcl, permissionBits, permissionsOf } from '../../../src/zookeeper/acl.js';
import { digestId, formatAclEntry, OPEN_ACL, parseAcl, parseAclEntry } from '../../../src/zookeeper/index.js';
import { failureOf } from '../../support/failure-of.js';

const permissions = fc.subarray(['read', 'write', 'create', 'delete', 'admin'] as const, { minLength: 1 });

describe('entries of an access control list', () => {
  it('are read and written as zkCli.sh has them', () => {
    const alice = digestId('alice:wonder');
    for (const text of [
      'world:anyone:cdrwa',
      `digest:${alice}:cdrwa`,
      'ip:10.0.0.0/8:r',
      'ip:::1:r',
      'auth::cdrwa',
      'sasl:user@REALM:rw',
      'x509:CN=a,OU=b:r',
    ]) {
      expect(formatAclEntry(parseAclEntry(text))).toBe(text);
    }
    expect(parseAclEntry('world:anyone:rr').permissions).toEqual(['read']);
    expect(parseAclEntry('ip:::1:r')).toEqual({ scheme: 'ip', id: '::1', permissions: ['read'] });
    expect(parseAcl('world:anyone:r, ip:127.0.0.1:cdrwa')).toHaveLength(2);
  });

  it('come back from their bits', () => {
    fc.assert(
      fc.property(permissions, (some) => {
        expect(permissionsOf(permissionBits(some))).toEqual(some);
      }),
    );
    expect(permissionBits(permissionsOf(31))).toBe(31);
    expect(permissionsOf(32)).toEqual([]);
  });

  it('are refused where they are none', async () => {
    for (const text of ['', 'world', 'world:anyone', ':anyone:r', 'world:anyone:x', 'world:anyone:', 'world:me:r', 'digest:alice:r']) {
      expect(await failureOf(() => parseAclEntry(text))).toMatchObject({ code: 'usage', details: { reason: 'invalid-acl' } });
    }
  });

  it('never repeat what may be a password', async () => {
    const failure = await failureOf(() => parseAclEntry('digest:alice:wonder:cdrwa'));
    expect(`${failure.message}${JSON.stringify(failure.details)}`).not.toContain('wonder');
  });

  it('have the digest that ZooKeeper makes', () => {
    // DigestAuthenticationProvider.generateDigest("super:test"), as in ZooKeeper's documentation of the super user.
    expect(digestId('super:test')).toBe('super:D/InIHSb7yEEbrWz8b9l71RjZJU=');
  });

  it('are open only where everybody may do everything and nothing else is said', () => {
    expect(isOpenAcl(OPEN_ACL)).toBe(true);
    for (const acl of [[], parseAcl('world:anyone:r'), parseAcl('world:anyone:cdrwa,ip:::1:r'), parseAcl('auth::cdrwa')]) {
      expect(isOpenAcl(acl)).toBe(false);
    }
  });
});
