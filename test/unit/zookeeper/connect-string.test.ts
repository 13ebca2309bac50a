import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatServer, parseConnectString } from '../../../src/zookeeper/index.js';
import { failureOf } from '../../support/failure-of.js';

describe('parseConnectString', () => {
  it('reads hosts, ports, IPv6 and a chroot', () => {
    expect(parseConnectString('a:1, b.example ,[::1]:3,[fe80::1%eth0]/x/y')).toEqual({
      servers: [
        { host: 'a', port: 1 },
        { host: 'b.example', port: 2181 },
        { host: '::1', port: 3 },
        { host: 'fe80::1%eth0', port: 2181 },
      ],
      chroot: '/x/y',
    });
    expect(parseConnectString('a/').chroot).toBeNull();
    expect(parseConnectString('a').chroot).toBeNull();
  });

  it('reads what it writes', () => {
    const host = fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6());
    fc.assert(
      fc.property(fc.array(fc.record({ host, port: fc.integer({ min: 1, max: 65_535 }) }), { minLength: 1 }), (servers) => {
        expect(parseConnectString(servers.map(formatServer).join()).servers).toEqual(servers);
      }),
    );
  });

  it('refuses nonsense and says which part it is', async () => {
    for (const [text, says] of [
      ['', 'it is empty'],
      [' ', 'it is empty'],
      ['a,,b', 'a host is missing'],
      ['a:', 'the port is a number from 1 to 65535'],
      ['a:0', 'the port is a number'],
      ['a:65536', 'the port is a number'],
      ['a:2181x', 'the port is a number'],
      ['::1', 'an IPv6 address wants brackets'],
      ['[::1:2181', 'it is not host:port'],
      ['user@a:1', 'it is not host:port'],
      ['zk://a:1', '"zk:"'],
      ['a:1/x/', 'it ends with "/"'],
      ['a:1//x', 'a URL is not wanted'],
    ] as const) {
      const failure = await failureOf(() => parseConnectString(text));
      expect(failure.code).toBe('usage');
      expect(failure.message, text).toContain(text === 'zk://a:1' ? 'a URL is not wanted' : says);
    }
  });
});
