import { describe, expect, it } from 'vitest';
import { memberContainer } from '../../../src/cluster/container-spec.js';
import { memberLabels, volumeLabels } from '../../../src/cluster/record.js';
import type { GivenSettings } from '../../../src/cluster/settings.js';
import type { ContainerSpec } from '../../../src/engine/index.js';
import { IMAGE_ID, sampleMembers, sampleRecord } from '../../support/sample-ensemble.js';

const MEBIBYTE = 1024 ** 2;

function specOf(given: GivenSettings, index = 0): ContainerSpec {
  const record = sampleRecord(given);
  const members = sampleMembers(record);
  const member = members[index];
  if (!member) throw new Error('no such member');
  return memberContainer(member, members, record, 'zkd-zk');
}

describe('the container of a member', () => {
  it('is closed by default, pinned, and mounts three labelled volumes', () => {
    const record = sampleRecord();
    const members = sampleMembers(record);
    const [, member] = members;
    if (!member) throw new Error('no member');
    expect(memberContainer(member, members, record, 'zkd-zk')).toEqual({
      name: 'zkd-zk-2',
      hostname: 'zkd-zk-2',
      image: IMAGE_ID,
      user: '1000:1000',
      env: {
        ZOO_MY_ID: '2',
        ZOO_SERVERS:
          'server.1=zkd-zk-1:2888:3888:participant;zkd-zk-1:2181 server.2=zkd-zk-2:2888:3888:participant;zkd-zk-2:2182 server.3=zkd-zk-3:2888:3888:participant;zkd-zk-3:2183',
        ZK_SERVER_HEAP: '256',
        SERVER_JVMFLAGS: '-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:CompileThresholdScaling=5 -Xms64m -XX:MetaspaceSize=64m',
        JMXDISABLE: 'true',
      },
      labels: memberLabels(record, member),
      network: 'zkd-zk',
      networkAliases: ['zkd-zk-2'],
      ports: [{ containerPort: 2182, hostAddress: '127.0.0.1', hostPort: 2182 }],
      mounts: [
        { volume: 'zkd-zk-2-conf', target: '/conf', labels: volumeLabels(record, member, 'conf'), noCopy: true },
        { volume: 'zkd-zk-2-data', target: '/data', labels: volumeLabels(record, member, 'data'), noCopy: false },
        { volume: 'zkd-zk-2-datalog', target: '/datalog', labels: volumeLabels(record, member, 'datalog'), noCopy: false },
      ],
      tmpfs: { '/logs': 'uid=1000,gid=1000,mode=0755,size=64m' },
      restart: 'no',
      memoryBytes: 512 * MEBIBYTE,
      pidsLimit: 1024,
      dropAllCapabilities: true,
      noNewPrivileges: true,
      logRotation: { maxSizeBytes: 10 * MEBIBYTE, maxFiles: 3 },
    });
  });

  it('gets no restart policy before its configuration was read back, whatever was asked for', () => {
    expect(specOf({ restart: 'unless-stopped' }).restart).toBe('no');
    expect(specOf({ restart: 'no' }).restart).toBe('no');
  });

  it('has the limits that were asked for, and memory above the heap where none was', () => {
    expect(specOf({ heapBytes: 1024 * MEBIBYTE }).memoryBytes).toBe(1280 * MEBIBYTE);
    expect(specOf({ memoryBytes: 700 * MEBIBYTE, cpus: 1.5 })).toMatchObject({ memoryBytes: 700 * MEBIBYTE, cpus: 1.5 });
    expect('cpus' in specOf({})).toBe(false);
  });

  it('starts quickly up to a heap of 1g, and has the JVM choose above', () => {
    expect(specOf({ heapBytes: 1024 * MEBIBYTE }).env).toHaveProperty('SERVER_JVMFLAGS');
    expect(specOf({ heapBytes: 1025 * MEBIBYTE }).env).toMatchObject({ ZK_SERVER_HEAP: '1025' });
    expect(specOf({ heapBytes: 1025 * MEBIBYTE }).env).not.toHaveProperty('SERVER_JVMFLAGS');
  });

  it('keeps data in anonymous volumes where it is ephemeral', () => {
    const { mounts = [] } = specOf({ ephemeral: true });
    expect(mounts.map(({ target }) => target)).toEqual(['/conf', '/data', '/datalog']);
    expect(mounts.some((mount) => 'volume' in mount)).toBe(false);
  });

  it('tells an observer by its line and its label', () => {
    const spec = specOf({ observers: 1 }, 3);
    expect(spec.labels).toMatchObject({ 'zkd.member': '4', 'zkd.role': 'observer' });
    expect(spec.env?.['ZOO_SERVERS']).toContain('server.4=zkd-zk-4:2888:3888:observer;zkd-zk-4:2184');
  });

  it('is published where it was asked to be', () => {
    expect(specOf({ bind: '0.0.0.0' }).ports).toEqual([{ containerPort: 2181, hostAddress: '0.0.0.0', hostPort: 2181 }]);
  });

  it('holds no secret', () => {
    expect(JSON.stringify(specOf({}))).not.toMatch(/super|digest|password/i);
  });
});
