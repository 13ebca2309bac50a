import { describe, expect, it } from 'vitest';
import type { ContainerSummary } from '../../../src/engine/index.js';
import { joinContainers, type EngineView } from '../../../src/registry/join-containers.js';
import type { Instance } from '../../../src/registry/read-registry.js';
import { formatRecord, parseRecord } from '../../../src/registry/records.js';
import type { Stat } from '../../../src/zookeeper/index.js';

const ID = 'a'.repeat(64);
const stat = { ephemeralOwner: '0x1', ctime: '2026-01-01T00:00:00.000Z' } as Stat;
const container: ContainerSummary = {
  id: ID,
  name: 'web-1',
  image: 'nginx:1',
  imageId: 'sha256:1',
  labels: {},
  state: 'running',
  createdAt: '2026-01-01T00:00:00.000Z',
  ports: [{ containerPort: 80, hostAddress: '10.9.9.9', hostPort: 8080 }],
  networks: [{ name: 'app', id: 'n1', address: '172.18.0.5' }],
  exposedPorts: [],
  networkMode: 'app',
  volumes: {},
  health: null,
};
const engine = { id: 'ENGINE', name: 'host-1' };
const viewOf = (...containers: Partial<ContainerSummary>[]): EngineView => ({
  engine,
  containers: containers.map((given) => ({ ...container, ...given })),
});

const instance = (data: string): Instance => ({
  service: 'web',
  id: '1',
  path: '/docker/web/1',
  record: parseRecord('/docker/web/1', Buffer.from(data)),
  stat,
});
const own = (given: object = {}) =>
  instance(
    formatRecord({
      service: 'web',
      id: '1',
      address: '172.18.0.5',
      port: 80,
      registeredAtMs: 0,
      payload: 'none',
      tags: [],
      metadata: {},
      weight: 1,
      container: { id: ID, name: 'web-1', image: 'nginx:1' },
      engine,
      ...given,
    }),
  );
const nerve = (host: string, port: number) => instance(JSON.stringify({ host, port, name: 'x' }));
const joined = (one: Instance, view: EngineView | undefined) => joinContainers([one], view)[0];

describe('a registered instance', () => {
  it('is that container whose id its record carries', () => {
    expect(joined(own(), viewOf({ id: 'b'.repeat(64) }, { health: 'healthy' }))).toMatchObject({
      container: { id: ID, name: 'web-1', image: 'nginx:1', state: 'running', health: 'healthy', host: 'host-1' },
      usable: true,
      stale: false,
      session: '0x1',
      registeredAt: '1970-01-01T00:00:00.000Z',
    });
  });

  it.each([
    ['is gone', viewOf(), null],
    ['has ended', viewOf({ state: 'exited' }), { state: 'exited' }],
    ['is paused', viewOf({ state: 'paused' }), { state: 'paused' }],
  ])('is stale where its container %s', (_, view, known) => {
    const found = joined(own(), view);
    expect(found).toMatchObject({ stale: true, usable: false });
    if (known) expect(found?.container).toMatchObject(known);
  });

  it.each(['unhealthy', 'starting'] as const)('is there and not to be used while its container is %s', (health) => {
    expect(joined(own(), viewOf({ health }))).toMatchObject({ stale: false, usable: false });
  });

  it('of another engine is told as its record tells it, and never stale', () => {
    expect(joined(own({ engine: { id: 'OTHER', name: 'host-2' } }), viewOf())).toMatchObject({
      container: { id: ID, name: 'web-1', image: 'nginx:1', state: null, health: null, host: 'host-2' },
      stale: false,
      usable: true,
    });
  });

  it('is what its record says where no engine was asked', () => {
    expect(joined(own(), undefined)).toMatchObject({ container: { name: 'web-1', state: null }, stale: false, usable: true });
  });

  it('without an id is that running container which has its address, or publishes exactly it', () => {
    expect(joined(nerve('172.18.0.5', 1234), viewOf({}))?.container?.name).toBe('web-1');
    expect(joined(nerve('10.9.9.9', 8080), viewOf({}))?.container?.name).toBe('web-1');
    for (const [host, port] of [
      ['10.9.9.9', 80],
      ['172.18.0.9', 80],
    ] as const)
      expect(joined(nerve(host, port), viewOf({}))?.container).toBeNull();
    expect(joined(nerve('172.18.0.5', 80), viewOf({ state: 'exited' }))).toMatchObject({ container: null, stale: false });
  });

  it('is of no use where its record says so, or nothing', () => {
    expect(joined(own({ weight: 0 }), viewOf({}))?.usable).toBe(false);
    expect(joined(instance('junk'), viewOf({}))).toMatchObject({ usable: false, stale: false, problem: 'is not JSON', name: '1' });
  });
});
