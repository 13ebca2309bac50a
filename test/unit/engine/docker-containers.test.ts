import { describe, expect, it } from 'vitest';
import { createBody, details, engineEvent, summary, utc } from '../../../src/engine/docker-containers.js';
import type { InspectedContainer, ListedContainer } from '../../../src/engine/docker-containers.js';
import { filters, imageSummary, networkBody, pullQuery } from '../../../src/engine/docker-resources.js';

const NETWORK_ID = '3fd3bbd242e58f2969c3b2dfac89876efd9532282ef65c955f580b24faad0769';

const LISTED: ListedContainer = {
  Id: 'c1',
  Names: ['/other/alias', '/zkd-dev-1'],
  Image: 'zookeeper:3.9',
  ImageID: 'sha256:i',
  State: 'running',
  Created: 1_700_000_000,
  Ports: [
    { IP: '0.0.0.0', PrivatePort: 2181, PublicPort: 21811, Type: 'tcp' },
    { IP: '::', PrivatePort: 2181, PublicPort: 21811, Type: 'tcp' },
    { PrivatePort: 2888, Type: 'tcp' },
    { IP: '0.0.0.0', PrivatePort: 53, PublicPort: 53, Type: 'udp' },
  ],
  Mounts: [
    { Type: 'volume', Name: 'v', Destination: '/data' },
    { Type: 'bind', Destination: '/etc/hosts' },
  ],
};

const INSPECTED: InspectedContainer = {
  Id: 'c1',
  Name: '/zkd-dev-1',
  Image: 'sha256:i',
  Created: '2026-11-22T15:48:29.938519327Z',
  State: { Status: 'created', ExitCode: 0, StartedAt: '0001-01-01T00:00:00Z', FinishedAt: '0001-01-01T00:00:00Z' },
  Config: { Image: 'zookeeper:3.9', Env: ['A=b=c', 'EMPTY=', 'BARE'] },
  HostConfig: { PortBindings: { '2181/tcp': [{ HostIp: '', HostPort: '2181' }] } },
  NetworkSettings: { Ports: { '2181/tcp': null } },
};

describe('a listed container', () => {
  it('tells what is published, once, and its own name', () => {
    expect(summary(LISTED)).toEqual({
      id: 'c1',
      name: 'zkd-dev-1',
      image: 'zookeeper:3.9',
      imageId: 'sha256:i',
      labels: {},
      state: 'running',
      createdAt: '2023-11-14T22:13:20.000Z',
      ports: [{ containerPort: 2181, hostAddress: '0.0.0.0', hostPort: 21811 }],
      exposedPorts: [
        { port: 53, protocol: 'udp', bindings: [{ hostAddress: '0.0.0.0', hostPort: 53 }] },
        { port: 2181, protocol: 'tcp', bindings: [{ hostAddress: '0.0.0.0', hostPort: 21811 }] },
        { port: 2888, protocol: 'tcp', bindings: [] },
      ],
      networks: [],
      networkMode: '',
      volumes: { '/data': 'v' },
      health: null,
    });
  });

  it('tells how it is, as its check says, in the words for people', () => {
    const status = [
      'Up 2 minutes (healthy)',
      'Up 1 second (health: starting)',
      'Up 5 days (unhealthy)',
      'Up 2 hours',
      'Up 2 hours (Paused)',
    ];
    expect(status.map((Status) => summary({ ...LISTED, Status }).health)).toEqual(['healthy', 'starting', 'unhealthy', null, null]);
    expect(summary(LISTED).health).toBeNull();
  });

  it('may lack what engines leave out', () => {
    expect(summary({ ...LISTED, Names: null, Labels: null, Ports: null, Mounts: null, NetworkSettings: null })).toMatchObject({
      name: '',
      labels: {},
      ports: [],
    });
  });
});

describe('an inspected container', () => {
  it('tells where its networks meet the host', () => {
    const Networks = {
      zk: { NetworkID: 'n', IPAddress: '172.20.0.2', Gateway: '172.20.0.1' },
      inner: { NetworkID: 'm', IPAddress: '172.21.0.2', Gateway: '' },
    };
    const seen = details({ ...INSPECTED, NetworkSettings: { Networks } });
    expect(seen.networks).toEqual([
      { name: 'zk', id: 'n', address: '172.20.0.2', gateway: '172.20.0.1' },
      { name: 'inner', id: 'm', address: '172.21.0.2' },
    ]);
    expect(summary({ ...LISTED, NetworkSettings: { Networks } }).networks).toEqual(seen.networks);
  });

  it('that never ran has no exit code and no times', () => {
    expect(details(INSPECTED)).toMatchObject({
      exitCode: null,
      startedAt: null,
      finishedAt: null,
      restarts: 0,
      restartPolicy: 'no',
      health: null,
      env: { A: 'b=c', EMPTY: '', BARE: '' },
      ports: [],
      wantedPorts: [{ containerPort: 2181, hostAddress: '0.0.0.0', hostPort: 2181 }],
    });
  });

  it('tells the ports of its image and those that are published, and how it is stopped', () => {
    const seen = details({
      ...INSPECTED,
      Config: { ...INSPECTED.Config, ExposedPorts: { '80/tcp': {}, '53/udp': {}, '9/sctp': {} }, StopSignal: 'SIGQUIT' },
      HostConfig: { NetworkMode: 'host' },
      NetworkSettings: { Ports: { '80/tcp': [{ HostIp: '', HostPort: '8080' }], '53/udp': null } },
    });
    expect(seen).toMatchObject({
      exposedPorts: [
        { port: 53, protocol: 'udp', bindings: [] },
        { port: 80, protocol: 'tcp', bindings: [{ hostAddress: '0.0.0.0', hostPort: 8080 }] },
      ],
      declaredPorts: [{ port: 53 }, { port: 80, bindings: [] }],
      networkMode: 'host',
      stopSignal: 'SIGQUIT',
    });
    expect(details(INSPECTED).stopSignal).toBe('SIGTERM');
  });

  it('keeps the exit code of the last run while it waits to be restarted', () => {
    const state = (Status: string): InspectedContainer => ({ ...INSPECTED, State: { ...INSPECTED.State, Status, ExitCode: 3 } });
    expect(['created', 'running', 'paused', 'restarting', 'exited', 'dead'].map((status) => details(state(status)).exitCode)).toEqual([
      null,
      null,
      null,
      3,
      3,
      3,
    ]);
  });

  it('has the health its check says, if there is a check and it runs', () => {
    const health = (Status: string, state = 'running'): unknown =>
      details({ ...INSPECTED, State: { ...INSPECTED.State, Status: state, Health: { Status } } }).health;
    expect(['healthy', 'unhealthy', 'starting', 'none'].map((word) => health(word))).toEqual(['healthy', 'unhealthy', 'starting', null]);
    expect(health('unhealthy', 'exited')).toBeNull();
  });
});

describe('the body that creates a container', () => {
  it('says nothing that was not specified', () => {
    expect(createBody({ name: 'n', image: 'i' })).toEqual({
      Image: 'i',
      ExposedPorts: {},
      HostConfig: { RestartPolicy: { Name: 'no' }, PortBindings: {} },
    });
  });

  it('names a network that was given by id twice, so that its name cannot be ambiguous', () => {
    const endpoint = (network: string): unknown =>
      createBody({ name: 'n', image: 'i', network, networkAliases: ['a'] })['NetworkingConfig'];
    expect(endpoint(NETWORK_ID)).toEqual({ EndpointsConfig: { [NETWORK_ID]: { Aliases: ['a'], NetworkID: NETWORK_ID } } });
    expect(endpoint('zkd-dev')).toEqual({ EndpointsConfig: { 'zkd-dev': { Aliases: ['a'] } } });
  });
});

describe('times of an engine', () => {
  it('are UTC with all their digits', () => {
    expect(utc('2026-11-22T15:48:29.938519327Z')).toBe('2026-11-22T15:48:29.938519327Z');
    expect(utc('2026-11-22T01:48:29.938519327+02:00')).toBe('2026-11-21T23:48:29.938519327Z');
    expect(utc('2026-11-22T15:48:29-01:30')).toBe('2026-11-22T17:18:29Z');
    expect(utc('')).toBe('');
  });

  it('keep their nanoseconds in events, where a JSON number loses them', () => {
    const line =
      '{"Type":"container","Action":"die","Actor":{"ID":"c1","Attributes":{"x":"\\"timeNano\\":1}"}},"time":1700000000,"timeNano":1700000000123456789}';
    expect(engineEvent(JSON.parse(line) as Parameters<typeof engineEvent>[0], line)).toEqual({
      time: '2023-11-14T22:13:20.123456789Z',
      type: 'container',
      action: 'die',
      id: 'c1',
      attributes: { x: '"timeNano":1}' },
    });
  });
});

describe('other resources', () => {
  it.each([
    ['zookeeper', 'zookeeper', 'latest'],
    ['zookeeper:3.9', 'zookeeper', '3.9'],
    ['localhost:5000/a/b', 'localhost:5000/a/b', 'latest'],
    ['localhost:5000/a/b:1', 'localhost:5000/a/b', '1'],
    ['a/b@sha256:abc', 'a/b', 'sha256:abc'],
    ['a/b:1@sha256:abc', 'a/b', 'sha256:abc'],
  ])('a pull of %s asks for one image', (reference, fromImage, tag) => {
    expect(pullQuery(reference)).toEqual({ fromImage, tag });
  });

  it('filters say labels by key or by value, or nothing', () => {
    expect(filters({ a: true, b: 'c' }, { name: ['n'] })).toEqual({ label: ['a', 'b=c'], name: ['n'] });
    expect(filters({})).toBeUndefined();
  });

  it('an image without a name has no references', () => {
    expect(imageSummary({ Id: 'i', RepoTags: ['<none>:<none>'], RepoDigests: null, Created: 0 })).toMatchObject({
      references: [],
      labels: {},
    });
  });

  it('a network has the subnet it was given', () => {
    expect(networkBody({ name: 'n', subnet: '10.0.0.0/24' })).toMatchObject({
      Driver: 'bridge',
      IPAM: { Config: [{ Subnet: '10.0.0.0/24' }] },
    });
    expect(networkBody({ name: 'n' })).not.toHaveProperty('IPAM');
  });
});
