import { describe, expect, it } from 'vitest';
import type { ContainerSummary, ExposedPort } from '../../../src/engine/index.js';
import { placeOf, type Advertisement } from '../../../src/registry/advertise.js';
import { failureOf } from '../../support/failure-of.js';

const published = (port: number, ...at: [string, number][]): ExposedPort => ({
  port,
  protocol: 'tcp',
  bindings: at.map(([hostAddress, hostPort]) => ({ hostAddress, hostPort })),
});
const container = {
  name: 'web-1',
  networks: [
    { name: 'app', id: 'n1', address: '172.18.0.5' },
    { name: 'back', id: 'n2', address: '172.19.0.5' },
  ],
  exposedPorts: [
    published(80, ['127.0.0.1', 8080]),
    published(81, ['0.0.0.0', 8081]),
    published(82, ['127.0.0.1', 8082], ['10.0.0.7', 9082]),
    published(83),
    { ...published(80, ['10.0.0.7', 53]), protocol: 'udp' },
  ],
} as unknown as ContainerSummary;
const place = (given: Partial<Advertisement>, of: Partial<ContainerSummary> = {}) =>
  placeOf({ ...container, ...of }, { how: 'network', port: 80, ...given });
const refusal = async (given: Partial<Advertisement>, of: Partial<ContainerSummary> = {}) =>
  failureOf(Promise.resolve().then(() => place(given, of)));

describe('the address on a network', () => {
  it('is that of the only one, or of the one that is named', async () => {
    expect(place({ network: 'back' })).toEqual({ address: '172.19.0.5', port: 80 });
    expect(place({}, { networks: container.networks.slice(0, 1) })).toEqual({ address: '172.18.0.5', port: 80 });
    expect(await refusal({})).toMatchObject({ code: 'usage', suggestions: ['--network app', '--network back'] });
    expect(await refusal({ network: 'none' })).toMatchObject({
      code: 'conflict',
      message: 'Container "web-1" has no address on network "none"',
    });
  });

  it('is none on the host’s network', async () => {
    const host = { networks: [{ name: 'host', id: 'h', address: '' }] };
    expect(await refusal({}, host)).toMatchObject({ code: 'conflict', suggestions: ['--advertise host --host-address ADDRESS'] });
  });
});

describe('the published address', () => {
  it('is where others reach it', async () => {
    expect(place({ how: 'published', port: 82 })).toEqual({ address: '10.0.0.7', port: 9082 });
    expect(place({ how: 'published', port: 81, hostAddress: 'box' })).toEqual({ address: 'box', port: 8081 });
    expect(await refusal({ how: 'published', port: 81 })).toMatchObject({ code: 'usage' });
    expect(place({ how: 'published', port: 80, protocol: 'udp' })).toEqual({ address: '10.0.0.7', port: 53 });
    expect(await refusal({ how: 'published', port: 90 })).toMatchObject({ code: 'conflict', details: { published: [80, 81, 82, 80] } });
  });

  it('is refused on the loopback unless somebody says that it is meant', async () => {
    expect(await refusal({ how: 'published' })).toMatchObject({ code: 'refused', details: { override: '--host-address' } });
    expect(place({ how: 'published', hostAddress: '127.0.0.1' })).toEqual({ address: '127.0.0.1', port: 8080 });
  });
});

it('the host’s address has to be said', async () => {
  expect(place({ how: 'host', hostAddress: 'box' })).toEqual({ address: 'box', port: 80 });
  expect(await refusal({ how: 'host' })).toMatchObject({ code: 'usage' });
});
