import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  BIRTH_SETTINGS,
  checkSettings,
  formatSetting,
  parseZooSetting,
  SETTING_KEYS,
  SETTINGS,
  type Settings,
} from '../../../src/cluster/settings.js';
import { failureOf } from '../../support/failure-of.js';

const MEBIBYTE = 1024 ** 2;

describe('settings at birth', () => {
  it('are those of the contract', () => {
    expect(BIRTH_SETTINGS).toEqual({
      size: 3,
      observers: 0,
      image: 'zookeeper:3.9',
      clientPort: 'auto',
      bind: '127.0.0.1',
      network: null,
      subnet: null,
      heapBytes: 256 * MEBIBYTE,
      memoryBytes: null,
      cpus: null,
      tickTimeMs: 2000,
      set: {},
      restart: 'unless-stopped',
      growable: false,
      ephemeral: false,
    });
    expect(() => checkSettings(BIRTH_SETTINGS)).not.toThrow();
  });
});

describe('reading a value', () => {
  const good: readonly (readonly [keyof Settings, string, unknown])[] = [
    ['size', '9', 9],
    ['observers', '0', 0],
    ['image', 'registry.example:5000/team/zookeeper:3.9@sha256:ab', 'registry.example:5000/team/zookeeper:3.9@sha256:ab'],
    ['clientPort', 'auto', 'auto'],
    ['clientPort', '1024', 1024],
    ['bind', '0.0.0.0', '0.0.0.0'],
    ['network', 'my_net.1', 'my_net.1'],
    ['subnet', '172.30.0.0/24', '172.30.0.0/24'],
    ['heapBytes', '1g', 1024 * MEBIBYTE],
    ['memoryBytes', '512m', 512 * MEBIBYTE],
    ['cpus', '1.5', 1.5],
    ['tickTimeMs', '500', 500],
    ['tickTimeMs', '2s', 2000],
    ['set', 'maxSessionTimeout=60000', { maxSessionTimeout: '60000' }],
    ['restart', 'no', 'no'],
    ['growable', 'true', true],
    ['growable', 'True', true],
    ['ephemeral', 'false', false],
  ];
  it.each(good)('takes %s %s', (key, input, value) => expect(SETTINGS[key].parse(input)).toEqual(value));

  const bad: readonly (readonly [keyof Settings, string])[] = [
    ...['0', '-1', '1.5', '1000', '', 'three'].map((input) => ['size', input] as const),
    ...['-1', '10'].map((input) => ['observers', input] as const),
    ...['', '-x', 'a b', '$(x)', 'a;b'].map((input) => ['image', input] as const),
    ...['0', '80', '65536', 'AUTO', '2181-2183'].map((input) => ['clientPort', input] as const),
    ...['localhost', '::1', '256.1.1.1', '127.1'].map((input) => ['bind', input] as const),
    ...['', '-net', 'a/b', 'host', 'none', 'bridge', 'default', 'container:zkd-zk-1'].map((input) => ['network', input] as const),
    ...['172.30.0.0', '172.30.0.0/7', '172.30.0.0/29', 'fd00::/64', 'x/24'].map((input) => ['subnet', input] as const),
    ...['10.77.0.0/24/9', '10.77.0.0/24/', '10.77.0.0/024', '10.77.0.1/24', '10.77.0.128/24'].map((input) => ['subnet', input] as const),
    ...['31m', '65g', 'big'].map((input) => ['heapBytes', input] as const),
    ...['63m', '257g'].map((input) => ['memoryBytes', input] as const),
    ...['0', '0.01', '257', '-1'].map((input) => ['cpus', input] as const),
    ...['99', '99ms', '61s', '2d', '0'].map((input) => ['tickTimeMs', input] as const),
    ...['always', '', 'No'].map((input) => ['restart', input] as const),
    ...['yes', '1', ''].map((input) => ['growable', input] as const),
  ];
  it.each(bad)('refuses %s %j as usage, saying what to give', async (key, input) => {
    const failure = await failureOf(() => SETTINGS[key].parse(input));
    expect(failure.code).toBe('usage');
    expect(failure.message).toContain(input);
    expect(failure.message).toMatch(/".*" is not valid: give /);
  });

  it('says why a network must be user-defined, and what is wrong with an address in a network', async () => {
    for (const input of ['host', 'none', 'bridge', 'default', 'container:x'])
      expect((await failureOf(() => SETTINGS.network.parse(input))).message).toContain(
        'user-defined network (members find one another by name',
      );
    expect(SETTINGS.network.parse('bridge2')).toBe('bridge2');
    expect((await failureOf(() => SETTINGS.subnet.parse('10.77.0.1/24'))).message).toContain('nothing set behind the prefix');
    expect(SETTINGS.subnet.parse('10.77.0.16/28')).toBe('10.77.0.16/28');
  });

  it('gives every setting a file key, a flag and words for what is allowed', () => {
    for (const key of SETTING_KEYS) {
      expect(SETTINGS[key].fileKey).toMatch(/^[a-z][A-Za-z]+$/);
      expect(SETTINGS[key].flag).toMatch(/^[a-z][a-z-]+$/);
      expect(SETTINGS[key].allowed).not.toBe('');
    }
    expect([...SETTING_KEYS].sort()).toEqual(Object.keys(BIRTH_SETTINGS).sort());
  });

  it('reads back what it writes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 32, max: 60_000 }), fc.integer({ min: 100, max: 60_000 }), (mebibytes, tick) => {
        const heap = SETTINGS.heapBytes.parse(formatSetting('heapBytes', mebibytes * MEBIBYTE));
        return heap === mebibytes * MEBIBYTE && SETTINGS.tickTimeMs.parse(formatSetting('tickTimeMs', tick)) === tick;
      }),
    );
  });
});

describe('a zoo.cfg setting', () => {
  it('keeps what stands behind the first equals sign', () => {
    expect(parseZooSetting('quorum.auth.kerberos.servicePrincipal=a=b')).toEqual(['quorum.auth.kerberos.servicePrincipal', 'a=b']);
    expect(parseZooSetting('globalOutstandingLimit=')).toEqual(['globalOutstandingLimit', '']);
  });

  it.each(['', '=x', 'novalue', 'a b=c', 'a=b\nserver.9=evil', 'a=b\rc', '-a=b', '#a=b', 'a=b\0'])('refuses %j', async (input) => {
    expect((await failureOf(() => parseZooSetting(input))).code).toBe('usage');
  });

  it.each([
    'dataDir',
    'DATADIR',
    'dataLogDir',
    'dynamicConfigFile',
    'reconfigEnabled',
    'skipACL',
    '4lw.commands.whitelist',
    'clientPort',
    'clientPortAddress',
    'tickTime',
    'standaloneEnabled',
    'server.1',
    'group.1',
    'weight.1',
    'DigestAuthenticationProvider.superDigest',
    'zookeeper.DigestAuthenticationProvider.superDigest',
    'peerType',
  ])('refuses %s, which is not the user’s', async (key) => {
    expect((await failureOf(() => parseZooSetting(`${key}=x`))).message).toContain(`Setting "${key}" cannot be given`);
  });

  it.each(['ssl.keyStore.password', 'ssl.quorum.trustStore.PASSWORD', 'my.passwd', 'jaas.clientSecret', 'credentials', 'apiToken'])(
    'refuses %s, whose value would be readable in labels',
    async (key) => {
      const failure = await failureOf(() => parseZooSetting(`${key}=hunter2`));
      expect(failure).toMatchObject({ code: 'usage', message: expect.stringContaining(`Setting "${key}" cannot be given`) as string });
      expect(failure.message).toContain('no secret may be');
      expect(failure.message).not.toContain('hunter2');
    },
  );

  it('takes the path of a file that holds a password', () => {
    expect(parseZooSetting('my.credentialsPath=/run/c')).toEqual(['my.credentialsPath', '/run/c']);
    expect(parseZooSetting('ssl.keyStore.passwordPath=/run/p')).toEqual(['ssl.keyStore.passwordPath', '/run/p']);
  });

  it.each(['password=hunter2\nx', 'pass word=hunter2', 'password hunter2', 'password:hunter2', '-password=hunter2', '=hunter2'])(
    'never repeats the value of what it cannot read: %j',
    async (input) => {
      const failure = await failureOf(() => parseZooSetting(input));
      expect(failure).toMatchObject({ code: 'usage', message: expect.stringContaining('give key=value') as string });
      expect(JSON.stringify([failure.message, failure.details, failure.suggestions])).not.toContain('hunter2');
    },
  );

  it('never lets a value start a line of its own', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (value) => {
        try {
          return !/[\r\n]/.test(parseZooSetting(`a=${value}`)[1]);
        } catch {
          return true;
        }
      }),
    );
  });
});

describe('settings against one another', () => {
  it('wants memory above the heap', async () => {
    const failure = await failureOf(() => checkSettings({ ...BIRTH_SETTINGS, memoryBytes: 300 * MEBIBYTE }));
    expect(failure).toMatchObject({ code: 'usage', message: expect.stringContaining('at least 320m') as string });
    expect(() => checkSettings({ ...BIRTH_SETTINGS, memoryBytes: 320 * MEBIBYTE })).not.toThrow();
  });

  it('wants no subnet for a network that exists', async () => {
    expect((await failureOf(() => checkSettings({ ...BIRTH_SETTINGS, network: 'n', subnet: '10.0.0.0/24' }))).code).toBe('usage');
  });

  it('wants all ports below 65536', async () => {
    expect((await failureOf(() => checkSettings({ ...BIRTH_SETTINGS, clientPort: 65_534 }))).message).toContain('65536');
    expect(() => checkSettings({ ...BIRTH_SETTINGS, clientPort: 65_533 })).not.toThrow();
  });
});
