import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { GivenSettings } from '../../../src/cluster/settings.js';
import {
  checkConfiguration,
  formatZooCfg,
  memberFiles,
  parseProperties,
  staticSettings,
  superCredential,
  superDigest,
} from '../../../src/cluster/zoo-cfg.js';
import { sampleMembers, sampleRecord } from '../../support/sample-ensemble.js';

const CREDENTIAL = 'super:secret';

const zooCfg = (given: GivenSettings = {}): string => {
  const record = sampleRecord(given);
  return formatZooCfg(record.settings, sampleMembers(record), CREDENTIAL);
};

describe('zoo.cfg', () => {
  it('of three members and an observer is this text', () => {
    expect(zooCfg({ observers: 1, tickTimeMs: 500, set: { maxSessionTimeout: '60000' } })).toBe(`dataDir=/data
dataLogDir=/datalog
tickTime=500
initLimit=10
syncLimit=5
autopurge.snapRetainCount=3
autopurge.purgeInterval=1
maxClientCnxns=0
standaloneEnabled=false
reconfigEnabled=true
admin.enableServer=false
4lw.commands.whitelist=srvr,mntr,conf,cons,dump
DigestAuthenticationProvider.superDigest=super:lK75jTNcA+U9vtVEw5vB51mj/w4=
maxSessionTimeout=60000
server.1=zkd-zk-1:2888:3888:participant;zkd-zk-1:2181
server.2=zkd-zk-2:2888:3888:participant;zkd-zk-2:2182
server.3=zkd-zk-3:2888:3888:participant;zkd-zk-3:2183
server.4=zkd-zk-4:2888:3888:observer;zkd-zk-4:2184
`);
  });

  it.each([
    [{ size: 1 }, 'true'],
    [{ size: 1, growable: true }, 'false'],
    [{ size: 1, observers: 1 }, 'false'],
    [{ size: 2 }, 'false'],
    [{ size: 3, growable: true }, 'false'],
  ])('of %j has standaloneEnabled=%s', (given, value) => {
    expect(parseProperties(zooCfg(given)).get('standaloneEnabled')).toBe(value);
  });

  it('lets a given setting replace one of its own', () => {
    const text = zooCfg({ set: { initLimit: '20', 'admin.enableServer': 'true' } });
    expect(text.match(/^initLimit=.*$/gm)).toEqual(['initLimit=20']);
    expect(text.match(/^admin\.enableServer=.*$/gm)).toEqual(['admin.enableServer=true']);
  });

  it('does not let a value that ends in a backslash swallow the next line', () => {
    expect(zooCfg({ size: 1, set: { a: 'C:\\x\\' } })).toContain('\na=C:\\\\x\\\\\nserver.1=');
  });

  it('never skips ACLs and never listens everywhere', () => {
    expect(zooCfg()).not.toMatch(/skipACL|0\.0\.0\.0/);
  });
});

describe('the super-user credential', () => {
  it('is digested as ZooKeeper’s DigestAuthenticationProvider does', () => {
    // DigestAuthenticationProvider.generateDigest("super:test") and ("super:admin"), as many a tutorial prints them.
    expect(superDigest('super:test')).toBe('super:D/InIHSb7yEEbrWz8b9l71RjZJU=');
    expect(superDigest('super:admin')).toBe('super:xQJmxLMiHGwaqBvst5y6rkB6HQs=');
  });

  it('is made of all the random bytes it is given', () => {
    expect(superCredential(Buffer.alloc(24, 0xff))).toBe(`super:${'_'.repeat(32)}`);
    expect(superCredential(Buffer.alloc(24))).not.toBe(superCredential(Buffer.alloc(24, 1)));
  });
});

describe('parsing properties', () => {
  it('reads what ZooKeeper makes of the file: escapes, blanks, comments, CRLF', () => {
    const text = '#Mon Jan 01\r\n! also\r\n\r\n  tickTime = 2000 \r\ndataDir:/data\nsuper=super\\:x\\=y\nempty=\nnothing\n';
    expect([...parseProperties(text)]).toEqual([
      ['tickTime', '2000'],
      ['dataDir', '/data'],
      ['super', 'super:x=y'],
      ['empty', ''],
    ]);
  });

  it('reads back what was written, for any given settings', () => {
    const set = fc.dictionary(fc.stringMatching(/^[A-Za-z][\w.-]{0,12}$/), fc.stringMatching(/^([\w:,./=\\-]( ?[\w:,./=\\-]){0,10})?$/));
    fc.assert(
      fc.property(set, (given) => {
        const { settings } = sampleRecord({ set: given });
        const parsed = parseProperties(formatZooCfg(settings, [], CREDENTIAL));
        expect(Object.fromEntries(parsed)).toEqual(Object.fromEntries(staticSettings(settings, CREDENTIAL)));
      }),
    );
  });

  it('survives any text', () => fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void parseProperties(text))));
});

describe('checking what a member has', () => {
  const { settings } = sampleRecord({ set: { snapCount: '1000' } });
  const wanted = { id: 2, settings, credential: CREDENTIAL };
  const asWritten = zooCfg({ set: { snapCount: '1000' } });
  /** As ZooKeeper leaves it after its first boot: no server lines, another order, escapes. */
  const asBooted = `${asWritten
    .split('\n')
    .filter((line) => !line.startsWith('server.'))
    .reverse()
    .join('\n')}\ndynamicConfigFile=/conf/zoo.cfg.dynamic.100000000\n`;

  it.each([
    ['as it was written', asWritten],
    ['as ZooKeeper rewrote it', asBooted],
  ])('finds nothing wrong %s', (_, text) => {
    expect(checkConfiguration({ zooCfg: text, myid: '2\n' }, wanted)).toEqual({ missing: false, wrongMyid: null, edited: [] });
  });

  it('finds what is missing', () => {
    expect(checkConfiguration({ zooCfg: undefined, myid: '2' }, wanted)).toEqual({ missing: true, wrongMyid: null, edited: [] });
    expect(checkConfiguration({ zooCfg: asWritten, myid: undefined }, wanted)).toMatchObject({ missing: true, wrongMyid: null });
  });

  it('finds the data of another member', () => {
    expect(checkConfiguration({ zooCfg: asWritten, myid: '3\n' }, wanted)).toMatchObject({ wrongMyid: '3' });
    expect(checkConfiguration({ zooCfg: asWritten, myid: '' }, wanted)).toMatchObject({ wrongMyid: '' });
  });

  it('names the keys somebody edited, given ones included', () => {
    const text = asBooted.replace('tickTime=2000', 'tickTime=3000').replace('snapCount=1000\n', '').concat('added=by hand\n');
    expect(checkConfiguration({ zooCfg: text, myid: '2' }, wanted).edited).toEqual(['tickTime', 'snapCount']);
  });
});

describe('the files of a member', () => {
  const record = sampleRecord();
  const members = sampleMembers(record);
  const [member] = members;
  const files = member ? memberFiles(member, members, record.settings, CREDENTIAL) : [];

  it('end with zoo.cfg, so that where it is, the others are', () => {
    expect(files.map(({ path }) => path)).toEqual([
      '/conf',
      '/data',
      '/datalog',
      '/data/myid',
      '/conf/zkd-super',
      '/conf/logback.xml',
      '/conf/log4j.properties',
      '/conf/zoo.cfg.zkd',
      '/conf/zoo.cfg',
    ]);
  });

  it('belong to ZooKeeper’s user, and what is secret is his alone', () => {
    expect(files.every(({ uid, gid }) => uid === 1000 && gid === 1000)).toBe(true);
    const secret = files.filter(({ content }) => String(content).includes('secret') || String(content).includes('superDigest'));
    expect(secret.map(({ path, mode }) => [path, mode])).toEqual([
      ['/conf/zkd-super', 0o600],
      ['/conf/zoo.cfg.zkd', 0o600],
      ['/conf/zoo.cfg', 0o600],
    ]);
  });
});
