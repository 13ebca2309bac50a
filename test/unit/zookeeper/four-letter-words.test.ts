import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { epochOf, formatHex, parseMonitor, parseServerConfiguration, parseServerStatus } from '../../../src/zookeeper/four-letter-words.js';

const LEADER_3_9 = `Zookeeper version: 3.9.3-c26634f34490bb0ea7a09cc51e05ede3b4e320ee, built on 2024-10-17 23:21 UTC
Latency min/avg/max: 0/0.8571/14
Received: 8
Sent: 7
Connections: 2
Outstanding: 0
Zxid: 0x100000003
Mode: leader
Node count: 6
Proposal sizes last/min/max: 48/48/96
`;
const FOLLOWER_DEBIAN = `Zookeeper version: 3.9.3-\${mvngit.commit.id}, built on 2025-01-04 15:47 UTC
Latency min/avg/max: 0/0.0/0
Received: 3
Sent: 2
Connections: 1
Outstanding: 0
Zxid: 0x0
Mode: follower
Node count: 5
`;
const OBSERVER_3_8 = `Zookeeper version: 3.8.0-\${mvngit.commit.id}, built on 2023-03-02 14:05 UTC
Latency min/avg/max: 1/12.25/40
Received: 120
Sent: 119
Connections: 11
Outstanding: 3
Zxid: 0x2f0000ABCD
Mode: observer
Node count: 17
`;
const STANDALONE_3_5 = `Zookeeper version: 3.5.5-390fe37ea45dee01bf87dc1c042b5e3dcce88653, built on 05/03/2019 12:07 GMT
Latency min/avg/max: 0/0/0
Received: 1
Sent: 0
Connections: 1
Outstanding: 0
Zxid: 0x5
Mode: standalone
Node count: 5
`;

describe('the answer to srvr', () => {
  it('is read whole from a 3.9 leader', () => {
    expect(parseServerStatus(LEADER_3_9)).toEqual({
      version: '3.9.3',
      mode: 'leader',
      zxid: 0x100000003n,
      connections: 2,
      outstanding: 0,
      latencyMs: { min: 0, avg: 0.8571, max: 14 },
    });
  });

  it('is read from a build without a commit id', () => {
    expect(parseServerStatus(FOLLOWER_DEBIAN)).toMatchObject({ version: '3.9.3', mode: 'follower', zxid: 0n });
  });

  it('is read from a 3.8 observer and a 3.5 standalone server', () => {
    expect(parseServerStatus(OBSERVER_3_8)).toMatchObject({
      version: '3.8.0',
      mode: 'observer',
      zxid: 0x2f0000abcdn,
      connections: 11,
      outstanding: 3,
      latencyMs: { min: 1, avg: 12.25, max: 40 },
    });
    expect(parseServerStatus(STANDALONE_3_5)).toMatchObject({ version: '3.5.5', mode: 'standalone', zxid: 5n });
  });

  it('keeps every bit of a zxid above 2^53', () => {
    expect(parseServerStatus('Zxid: 0x7fffffffffffffff').zxid).toBe(0x7fffffffffffffffn);
  });

  it('is unknown where it is not there, and never an invented mode', () => {
    const unknown = { version: null, mode: null, zxid: null, connections: null, outstanding: null, latencyMs: null };
    expect(parseServerStatus('')).toEqual(unknown);
    expect(parseServerStatus('Mode: read-only')).toEqual(unknown);
  });

  it('survives any text and any cut', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void parseServerStatus(text)));
    fc.assert(
      fc.property(fc.nat({ max: LEADER_3_9.length }), (length) => {
        const { mode } = parseServerStatus(LEADER_3_9.slice(0, length));
        return mode === null || mode === 'leader';
      }),
    );
  });
});

describe('the answer to mntr', () => {
  it('is read as pairs, with blanks and further tabs in values', () => {
    const monitor = parseMonitor('zk_version\t3.9.3-abc, built on 2024\tx\nzk_synced_followers\t2\n\nnot a pair\nzk_quorum_size \t 3\n');
    expect([...monitor]).toEqual([
      ['zk_version', '3.9.3-abc, built on 2024\tx'],
      ['zk_synced_followers', '2'],
      ['zk_quorum_size', '3'],
    ]);
  });
});

describe('the answer to conf', () => {
  it('is read from a member of an ensemble', () => {
    const text = `clientPort=2181
secureClientPort=-1
dataDir=/data/version-2
serverId=2
initLimit=10
membership: 
server.1=zkd-zk-1:2888:3888:participant;zkd-zk-1:2181
server.2=zkd-zk-2:2888:3888:participant;zkd-zk-2:2182
server.10=zkd-zk-10:2888:3888:observer;zkd-zk-10:2190
version=100000000`;
    const configuration = parseServerConfiguration(text);
    expect(configuration.serverId).toBe(2);
    expect([...configuration.servers]).toEqual([
      [1, 'zkd-zk-1:2888:3888:participant;zkd-zk-1:2181'],
      [2, 'zkd-zk-2:2888:3888:participant;zkd-zk-2:2182'],
      [10, 'zkd-zk-10:2888:3888:observer;zkd-zk-10:2190'],
    ]);
  });

  it('lists no servers for a standalone one, and knows nothing from nothing', () => {
    expect(parseServerConfiguration('clientPort=2181\nserverId=0\n')).toEqual({ serverId: 0, servers: new Map() });
    expect(parseServerConfiguration('')).toEqual({ serverId: null, servers: new Map() });
  });
});

describe('zxids', () => {
  it('carry the epoch in their upper half', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2 ** 31 - 1 }),
        fc.integer({ min: 0, max: 2 ** 31 - 1 }),
        (epoch, counter) => epochOf((BigInt(epoch) << 32n) + BigInt(counter)) === epoch,
      ),
    );
  });

  it('are printed as lower-case hex that reads back', () => {
    expect(formatHex(0xabcn)).toBe('0xabc');
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }),
        (zxid) => BigInt(formatHex(zxid)) === zxid && !/[A-Z]/.test(formatHex(zxid)),
      ),
    );
  });
});
