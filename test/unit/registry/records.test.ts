import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { formatRecord, parseRecord, type OwnRecord } from '../../../src/registry/records.js';

const ID = 'a'.repeat(64);
const own: OwnRecord = {
  service: 'web',
  id: 'web-1',
  address: '172.18.0.5',
  port: 80,
  registeredAtMs: Date.UTC(2026, 0, 2, 3, 4, 5),
  payload: 'none',
  tags: ['blue'],
  metadata: { zone: 'a' },
  weight: 3,
  container: { id: ID, name: 'web-1', image: 'nginx:1' },
  engine: { id: 'ENGINE', name: 'host-1' },
};
const parse = (value: unknown, node = 'node') =>
  parseRecord(`/docker/web/${node}`, Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)));

describe('a record of ours', () => {
  it('is a ServiceInstance of Curator without payload', () => {
    const { zkd, ...instance } = JSON.parse(formatRecord(own)) as Record<string, unknown>;
    expect(instance).toEqual({
      name: 'web',
      id: 'web-1',
      address: '172.18.0.5',
      port: 80,
      sslPort: null,
      payload: null,
      registrationTimeUTC: Date.UTC(2026, 0, 2, 3, 4, 5),
      serviceType: 'DYNAMIC',
      uriSpec: null,
    });
    expect(zkd).toMatchObject({ container: { id: ID }, engine: { id: 'ENGINE' } });
  });

  it.each(['none', 'spring'] as const)('is read as it was written, with payload %s', (payload) => {
    expect(parse(formatRecord({ ...own, payload }))).toEqual({
      format: payload === 'none' ? 'curator' : 'spring',
      name: 'web-1',
      address: '172.18.0.5',
      port: 80,
      registeredAt: '2026-01-02T03:04:05.000Z',
      tags: ['blue'],
      metadata: { zone: 'a' },
      weight: 3,
      isOutOfService: false,
      containerId: ID,
      container: { name: 'web-1', image: 'nginx:1' },
      engineId: 'ENGINE',
      engineName: 'host-1',
      isAgents: false,
      problem: null,
    });
  });
});

describe('a record of somebody else', () => {
  it('may be a plain Java service', () => {
    const instance = {
      name: 'web',
      id: '1',
      address: 'h',
      port: null,
      sslPort: 443,
      payload: 'x',
      registrationTimeUTC: 0,
      serviceType: 'STATIC',
    };
    expect(parse(instance)).toMatchObject({ format: 'curator', name: 'web', address: 'h', port: 443, containerId: null, problem: null });
    expect(parse({ ...instance, enabled: false })).toMatchObject({ isOutOfService: true });
    expect(parse({ ...instance, registrationTimeUTC: 1e300 })).toMatchObject({ registeredAt: null });
  });

  it('may be one of Spring Cloud, in service or not', () => {
    const record = (status: string) => ({
      ...(JSON.parse(formatRecord({ ...own, payload: 'spring' })) as object),
      zkd: undefined,
      payload: {
        '@class': 'org.springframework.cloud.zookeeper.discovery.ZookeeperInstance',
        id: 'application-1',
        name: 'web',
        metadata: { instance_status: status, zone: 'b' },
      },
    });
    expect(parse(record('UP'))).toMatchObject({ format: 'spring', isOutOfService: false, metadata: { zone: 'b' } });
    expect(parse(record('OUT_OF_SERVICE'))).toMatchObject({ format: 'spring', isOutOfService: true });
  });

  it('may be one of registrator, by the beginning of the id where its host name is that', () => {
    const record = {
      Name: 'web',
      IP: '10.0.0.1',
      PublicPort: 8080,
      PrivatePort: 80,
      ContainerID: 'abcdef012345',
      Tags: null,
      Attrs: { region: 'x' },
    };
    expect(parse(record, '10.0.0.1:8080')).toMatchObject({
      format: 'registrator',
      name: 'web',
      address: '10.0.0.1',
      port: 8080,
      tags: [],
      metadata: { region: 'x' },
      containerId: 'abcdef012345',
    });
    expect(parse({ ...record, ContainerID: 'web.example' })).toMatchObject({ containerId: null });
  });

  it('may be one of nerve, in the data or in the name', () => {
    const record = { host: '10.0.0.2', port: 90, name: 'i-1', weight: 5, labels: { az: 'a' } };
    const read = { format: 'nerve', name: 'i-1', address: '10.0.0.2', port: 90, weight: 5, metadata: { az: 'a' } };
    expect(parse(record, 'i-1_0000000001')).toMatchObject(read);
    const text = JSON.stringify(record);
    const name = `base64_${text.length}_${Buffer.from(text).toString('base64url')}_0000000001`;
    expect(parse('', name)).toMatchObject(read);
  });
});

describe('junk', () => {
  it.each([
    ['', 'is empty'],
    ['hello', 'is not JSON'],
    ['[1]', 'is no JSON object'],
    ['null', 'is no JSON object'],
    ['{"a":1}', 'has the fields of no known format'],
    ['{"host":1,"port":"x"}', 'has no address and no port'],
    ['{"host":"h","port":70000}', 'has no port'],
    ['{"name":"web","serviceType":"DYNAMIC","port":1,"zkd":7}', 'has no address'],
  ])('%s %s', (data, problem) => {
    expect(parse(data)).toMatchObject({ problem });
  });

  it('is never more than a problem, whatever it is', () => {
    const junk = fc.oneof(
      fc.uint8Array().map((bytes) => Buffer.from(bytes)),
      fc.json().map((json) => Buffer.from(json)),
      fc
        .record(
          { host: fc.jsonValue(), port: fc.jsonValue(), IP: fc.jsonValue(), PublicPort: fc.jsonValue(), zkd: fc.jsonValue() },
          { requiredKeys: [] },
        )
        .map((value) => Buffer.from(JSON.stringify(value))),
    );
    fc.assert(
      fc.property(junk, fc.stringMatching(/^[A-Za-z0-9_=-]{1,30}$/), (data, node) => {
        const { problem, address, port } = parseRecord(`/docker/web/${node}`, data);
        expect(problem === null).toBe(address !== null && port !== null);
      }),
    );
  });
});
