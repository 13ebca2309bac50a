import { describe, expect, it } from 'vitest';
import type { ContainerDetails, ExposedPort } from '../../../src/engine/index.js';
import { wantedRecords, type RegistrationRules } from '../../../src/registry/wanted-records.js';

const port = (number: number, ...at: [string, number][]): ExposedPort => ({
  port: number,
  protocol: 'tcp',
  bindings: at.map(([hostAddress, hostPort]) => ({ hostAddress, hostPort })),
});
const container = {
  id: 'a'.repeat(64),
  name: 'web-1',
  image: 'web:1',
  labels: { 'zkd.service': 'web' },
  env: {},
  state: 'running',
  health: null,
  networks: [{ name: 'app', id: 'n', address: '172.18.0.5' }],
  networkMode: 'app',
  exposedPorts: [],
  declaredPorts: [port(80)],
} as unknown as ContainerDetails;
const RULES: RegistrationRules = { root: '/docker', how: 'network', isExplicit: false, tags: [], payload: 'none' };
const identity = { id: 'ENGINE', name: 'host-1' };

function wanted(given: Partial<ContainerDetails>, rules: Partial<RegistrationRules> = {}, ...others: Partial<ContainerDetails>[]) {
  const known = others.map((other) => ({ ...container, ...other }));
  const { records, problems } = wantedRecords(
    { ...container, ...given },
    { ...RULES, ...rules },
    { identity, find: (id) => known.find((one) => one.id === id) },
  );
  return { at: records.map(({ path, record }) => `${path} ${record.address}:${record.port}`), problems };
}

describe('what is to be registered', () => {
  it('is where it can be reached', () => {
    expect(wanted({})).toEqual({ at: ['/docker/web/aaaaaaaaaaaa-80 172.18.0.5:80'], problems: [] });
    const exposedPorts = [port(80, ['10.0.0.5', 8080])];
    expect(wanted({ exposedPorts }, { how: 'published' }).at).toEqual(['/docker/web/aaaaaaaaaaaa-80 10.0.0.5:8080']);
    expect(wanted({}, { how: 'host', hostAddress: 'box' }).at).toEqual(['/docker/web/aaaaaaaaaaaa-80 box:80']);
    expect(wanted({ labels: { ...container.labels, 'zkd.id': 'a/b' } }).at).toEqual(['/docker/web/a%2Fb 172.18.0.5:80']);
  });

  it('is nothing while it does not serve', () => {
    for (const given of [{ state: 'paused' }, { state: 'exited' }, { health: 'starting' }, { health: 'unhealthy' }] as const)
      expect(wanted(given)).toEqual({ at: [], problems: [] });
    expect(wanted({ health: 'healthy' }).at).toHaveLength(1);
    expect(wanted({ health: 'starting', labels: { ...container.labels, 'zkd.health': 'ignore' } }).at).toHaveLength(1);
  });

  it('is nothing where it cannot be reached, and why is told', () => {
    const networks = [...container.networks, { name: 'back', id: 'm', address: '172.19.0.5' }];
    expect(wanted({ networks })).toEqual({ at: [], problems: [expect.stringContaining('is on several networks') as string] });
    expect(wanted({ networks }, { network: 'back' }).at).toEqual(['/docker/web/aaaaaaaaaaaa-80 172.19.0.5:80']);
    expect(wanted({ networks, labels: { ...container.labels, 'zkd.network': 'app' } }, { network: 'back' }).at).toEqual([
      '/docker/web/aaaaaaaaaaaa-80 172.18.0.5:80',
    ]);
    expect(wanted({ networks: [{ name: 'none', id: 'x', address: '' }], networkMode: 'none' }).problems).toEqual([
      expect.stringContaining('has no address on a network of its own') as string,
    ]);
    const exposedPorts = [port(80, ['127.0.0.1', 8080])];
    expect(wanted({ exposedPorts }, { how: 'published' })).toEqual({
      at: [],
      problems: [expect.stringContaining('127.0.0.1 only') as string],
    });
    expect(wanted({ exposedPorts }, { how: 'published', hostAddress: '127.0.0.1' }).at).toHaveLength(1);
  });

  it('is at the host where it is on the host’s network', () => {
    const host = { networkMode: 'host', networks: [{ name: 'host', id: 'h', address: '' }] };
    expect(wanted(host).problems).toEqual([expect.stringContaining('--host-address') as string]);
    for (const how of ['network', 'published', 'host'] as const)
      expect(wanted(host, { how, hostAddress: 'box' }).at).toEqual(['/docker/web/aaaaaaaaaaaa-80 box:80']);
    expect(wanted({ ...host, declaredPorts: [] }, { hostAddress: 'box' }).problems).toEqual([
      expect.stringContaining('no exposed port') as string,
    ]);
  });

  it('is where another container is whose network it shares', () => {
    const holder = {
      id: 'b'.repeat(64),
      networks: [{ name: 'app', id: 'n', address: '172.18.0.9' }],
      exposedPorts: [port(80, ['10.0.0.5', 8080]), port(443, ['10.0.0.5', 8443])],
    };
    const guest = { networkMode: `container:${holder.id}`, networks: [] };
    expect(wanted(guest, {}, holder).at).toEqual(['/docker/web/aaaaaaaaaaaa-80 172.18.0.9:80']);
    expect(wanted(guest, { how: 'published' }, holder).at).toEqual(['/docker/web/aaaaaaaaaaaa-80 10.0.0.5:8080']);
    expect(wanted(guest, {}).problems).toHaveLength(1);
  });

  it('is each port that counts by itself', () => {
    const exposedPorts = [
      port(80, ['10.0.0.5', 8080]),
      port(81, ['10.0.0.5', 8081]),
      { ...port(80, ['10.0.0.5', 8053]), protocol: 'udp' as const },
    ];
    expect(wanted({ labels: {}, exposedPorts }, { how: 'published' }).at).toEqual([
      '/docker/web-80/aaaaaaaaaaaa-80 10.0.0.5:8080',
      '/docker/web-80/aaaaaaaaaaaa-80-udp 10.0.0.5:8053',
      '/docker/web-81/aaaaaaaaaaaa-81 10.0.0.5:8081',
    ]);
  });
});
