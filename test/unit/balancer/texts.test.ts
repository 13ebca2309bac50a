import { describe, expect, it } from 'vitest';
import { formatConfiguration, shapeOf } from '../../../src/balancer/configuration.js';
import { containerNameOf, parseContainerName } from '../../../src/balancer/names.js';
import { areApplied, parseMaster, parseSlots } from '../../../src/balancer/running.js';
import { hostNamesOf, serversOf } from '../../../src/balancer/servers.js';
import {
  balancerLabels,
  DEFAULTS,
  formatPublication,
  parseCheckPath,
  parsePublication,
  readBirthSettings,
  readLiveSettings,
  type BirthSettings,
} from '../../../src/balancer/settings.js';
import type { Reachable } from '../../../src/registry/index.js';

const lines = (text: string): string[] => text.split('\n').map((line) => line.trim());

describe("HAProxy's configuration", () => {
  const slots = [{ address: '10.0.0.1', port: 80, weight: 2 }, null, null, { address: '2001:db8::1', port: 81, weight: 1 }, null];

  it('has a server in each slot that is used, and templates between them', () => {
    expect(lines(formatConfiguration(DEFAULTS, slots)).filter((line) => /^server/.test(line))).toEqual([
      'server s1 10.0.0.1:80 weight 2',
      'server-template s 2-3 127.0.0.1:9 disabled',
      'server s4 [2001:db8::1]:81 weight 1',
      'server-template s 5-5 127.0.0.1:9 disabled',
    ]);
  });

  it('cuts nobody off in a reload, and repeats only what may be repeated', () => {
    const text = lines(formatConfiguration(DEFAULTS, slots));
    for (const line of [
      'hard-stop-after 5m',
      'option idle-close-on-response',
      'option redispatch 1',
      'retry-on conn-failure empty-response',
      'http-request disable-l7-retry unless METH_GET',
    ]) {
      expect(text).toContain(line);
    }
  });

  it('balances connections without what is for requests', () => {
    const text = formatConfiguration({ ...DEFAULTS, mode: 'tcp' }, slots);
    expect(text).toContain('mode tcp');
    expect(text).not.toMatch(/http-|retry-on|idle-close/);
  });

  it('checks by a path where one is given', () => {
    expect(formatConfiguration({ ...DEFAULTS, checkPath: '/health' }, slots)).toContain('http-check send meth GET uri /health ');
    expect(formatConfiguration(DEFAULTS, slots)).not.toContain('httpchk');
  });

  it('remembers the settings', () => {
    const settings = { mode: 'tcp', checkPath: '/a?b=c', holdMs: 5, slots: 5 } as const;
    expect(readLiveSettings(formatConfiguration(settings, slots))).toEqual(settings);
    expect(readLiveSettings('')).toEqual(DEFAULTS);
    expect(readLiveSettings('# zkd {"mode":1,"slots":-1,"holdMs":"x","checkPath":5}')).toEqual(DEFAULTS);
    expect(readLiveSettings('# zkd [')).toEqual(DEFAULTS);
  });

  it('has one shape whatever the servers are', () => {
    const shape = shapeOf(formatConfiguration(DEFAULTS, slots));
    expect(shapeOf(formatConfiguration({ ...DEFAULTS, holdMs: 1 }, [null]))).toBe(shape);
    expect(shapeOf(formatConfiguration({ ...DEFAULTS, mode: 'tcp' }, slots))).not.toBe(shape);
  });
});

describe('what HAProxy tells', () => {
  const ROW = (name: string, address: string, state: number, admin: number, weight: number, port: number): string =>
    `3 servers 1 ${name} ${address} ${state} ${admin} ${weight} 1 43 7 0 0 7 0 0 0 - ${port} - 0 0 - - 0`;
  const HEAD =
    '1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight srv_time_since_last_change\n';

  it('is read: its slots in their order', () => {
    // As 2.6.12 answers: one that was disabled by its configuration and is ready now has 4.
    const text = `${HEAD}${ROW('s10', '127.0.0.1', 0, 5, 1, 9)}\n${[2, 3, 4, 5, 6, 7, 8, 9].map((n) => ROW(`s${n}`, '127.0.0.1', 0, 5, 1, 9)).join('\n')}\n${ROW('s1', '10.1.2.3', 2, 4, 7, 81)}\n\n`;
    const slots = parseSlots(text) ?? [];
    expect(slots.map(({ name }) => name)).toEqual(['s1', 's2', 's3', 's4', 's5', 's6', 's7', 's8', 's9', 's10']);
    expect(slots[0]).toEqual({ name: 's1', address: '10.1.2.3', port: 81, weight: 7, isUsed: true, isUp: true });
    expect(slots[1]).toMatchObject({ isUsed: false, isUp: false });
    expect(areApplied(slots, [{ address: '10.1.2.3', port: 81, weight: 7 }, ...Array.from({ length: 9 }, () => null)])).toBe(true);
    expect(areApplied(slots, [{ address: '10.1.2.3', port: 81, weight: 8 }, ...Array.from({ length: 9 }, () => null)])).toBe(false);
  });

  it('is nothing where the backend is not ours', () => {
    expect(parseSlots("Can't find backend.\n\n")).toBeUndefined();
    expect(parseSlots('')).toBeUndefined();
    expect(parseSlots(`${HEAD}${ROW('s2', '10.1.2.3', 2, 0, 1, 80)}\n`)).toBeUndefined();
  });

  it('is read: which generation its master is in, and whose worker takes connections', () => {
    const head = '#<PID>          <type>          <reloads>       <uptime>        <version>      \n';
    const fresh = `${head}1               master          3 [failed: 0]   0d00h00m46s     2.6.12\n# workers\n127             worker          0               0d00h00m00s     2.6.12\n# old workers\n86              worker          1               0d00h00m09s     2.6.12\n# programs\n\n`;
    expect(parseMaster(fresh)).toEqual({ reloads: 3, failed: 0, worker: 127, isFresh: true });
    const failed = `${head}1               master          4 [failed: 1]   0d00h01m07s     2.6.12\n# workers\n127             worker          1               0d00h00m21s     2.6.12\n# programs\n\n`;
    expect(parseMaster(failed)).toEqual({ reloads: 4, failed: 1, worker: 127, isFresh: false });
    const none = `${head}1               master          4 [failed: 1]   0d00h01m07s     2.6.12\n# workers\n# old workers\n86              worker          1               0d00h00m09s     2.6.12\n# programs\n\n`;
    expect(parseMaster(none)).toMatchObject({ worker: null });
    expect(parseMaster('')).toBeUndefined();
  });
});

describe('servers', () => {
  const instance = (address: string, port = 80, weight = 1) => ({ address, port, weight }) as Reachable;

  it('are the instances by address and port, each once', () => {
    expect(serversOf([instance('10.0.0.2', 80, 3), instance('10.0.0.1'), instance('10.0.0.2', 80, 5)]).servers).toEqual([
      { address: '10.0.0.1', port: 80, weight: 1 },
      { address: '10.0.0.2', port: 80, weight: 3 },
    ]);
    expect(serversOf([])).toEqual({ servers: [], leftOut: [] });
  });

  it('are not those that would lead back to HAProxy itself, or nowhere', () => {
    const wrong = [
      instance('127.0.0.1', 8080),
      instance('::1'),
      instance('0.0.0.0'),
      instance('::'),
      instance('db.local'),
      instance('10.0.0.1', 0),
    ];
    expect(serversOf(wrong)).toEqual({
      servers: [],
      leftOut: ['127.0.0.1:8080', '::1:80', '0.0.0.0:80', ':::80', 'db.local:80', '10.0.0.1:0'],
    });
  });

  it('are found by host names that somebody has looked up', () => {
    const instances = [instance('db.local'), instance('10.0.0.1')];
    expect(hostNamesOf(instances)).toEqual(['db.local']);
    expect(serversOf(instances, new Map([['db.local', '10.0.0.9']])).servers.map(({ address }) => address)).toEqual([
      '10.0.0.1',
      '10.0.0.9',
    ]);
  });

  it('have their IPv6 addresses as HAProxy prints them', () => {
    expect(serversOf([instance('2001:DB8:0::1')]).servers).toEqual([{ address: '2001:db8::1', port: 80, weight: 1 }]);
  });

  it('have weights HAProxy can have: as they are, else in proportion', () => {
    const weights = (...given: number[]) =>
      serversOf(given.map((weight, index) => instance(`10.0.0.${index}`, 80, weight))).servers.map(({ weight }) => weight);
    expect(weights(1, 2, 256)).toEqual([1, 2, 256]);
    expect(weights(0.5, 1)).toEqual([128, 256]);
    expect(weights(1000, 10)).toEqual([256, 3]);
    expect(weights(1e-9, 1)).toEqual([1, 256]);
    expect(weights(1e308, 1e308, 1)).toEqual([256, 256, 1]);
  });
});

describe('settings of a balancer', () => {
  it.each([
    ['8080', '127.0.0.1:8080'],
    ['0.0.0.0:80', '0.0.0.0:80'],
    ['[::1]:80', '[::1]:80'],
  ])('publish %s as %s', (input, published) => {
    expect(formatPublication(parsePublication(input))).toBe(published);
  });

  it.each(['', '0', '70000', 'localhost:80', '::1:80', '1.2.3:80', '127.0.0.1:', '127.0.0.1', '[127.0.0.1]:80', '80:80'])(
    'do not publish %j',
    (input) => {
      expect(() => parsePublication(input)).toThrow(/cannot be published/);
    },
  );

  it('check by a path that is one, and nothing that would be more of a configuration', () => {
    expect(parseCheckPath('/health?full=1')).toBe('/health?full=1');
    for (const input of ['health', '/a b', '/a\nb', '/"', "/'", '/#a', '/\\a', ''])
      expect(() => parseCheckPath(input)).toThrow(/cannot be asked for/);
  });

  it('are remembered in labels, and of another layout not read', () => {
    const birth: BirthSettings = {
      service: 'web',
      registry: { id: 'a', cluster: 'zk', connect: null, root: '/docker' },
      publish: { address: '127.0.0.1', port: 80 },
      network: 'zkd-zk',
      image: 'haproxy:2.6',
    };
    const labels = balancerLabels(birth);
    expect(Object.keys(labels).sort()).toEqual(['zkd.balancer', 'zkd.role', 'zkd.schema']);
    expect(readBirthSettings({ labels })).toEqual(birth);
    for (const other of [
      { 'zkd.schema': '2' },
      { 'zkd.role': 'participant' },
      { 'zkd.balancer': '{}' },
      { 'zkd.balancer': 'x' },
      { 'zkd.balancer': 'null' },
    ]) {
      expect(readBirthSettings({ labels: { ...labels, ...other } })).toBeUndefined();
    }
  });

  it('name the container after the service, whatever that is called', () => {
    expect(containerNameOf('web')).toBe('zkd-lb-web');
    const odd = ['a/b', 'a b', 'ä', 'x'.repeat(200), '..'];
    for (const service of odd) expect(parseContainerName(containerNameOf(service))).toMatch(/^zkd-lb-/);
    expect(new Set(['a/b', 'a b', 'a-b'].map(containerNameOf)).size).toBe(3);
    expect(() => parseContainerName('a b')).toThrow(/is none for a container/);
  });
});
