import { beforeEach, describe, expect, it } from 'vitest';
import { configureMember, credentialFrom } from '../../../src/cluster/configure.js';
import { memberContainer } from '../../../src/cluster/container-spec.js';
import { formatZooCfg } from '../../../src/cluster/zoo-cfg.js';
import { FakeEngine } from '../../fakes/fake-engine.js';
import { failureOf } from '../../support/failure-of.js';
import { sampleMembers, sampleRecord } from '../../support/sample-ensemble.js';

const CREDENTIAL = 'super:secret';
let engine: FakeEngine;

beforeEach(() => {
  engine = new FakeEngine();
  engine.addImage('zookeeper:3.9', { files: { '/conf/.keep': '', '/data/.keep': '', '/datalog/.keep': '' } });
});

/** A container of member 1, and the configuring of it. */
async function memberOf(size: number) {
  const record = { ...sampleRecord({ size }), image: { wanted: 'zookeeper:3.9', used: 'zookeeper:3.9', id: 'zookeeper:3.9' } };
  const members = sampleMembers(record);
  const [member] = members;
  if (!member) throw new Error('no member');
  const containerId = await engine.createContainer(memberContainer(member, members, record, 'zkd-zk'));
  const { files } = engine.container(containerId);
  return {
    put: (path: string, content: string) => files.put({ path, content, mode: 0o644, uid: 1000, gid: 1000 }),
    read: (path: string) => files.get(path)?.content?.toString(),
    wanted: formatZooCfg(record.settings, members, CREDENTIAL),
    configure: (isNew = false) =>
      configureMember(engine, { containerId, member, members, record, credential: async () => CREDENTIAL, isNew }),
    writes: () => engine.calls.filter(({ method }) => method === 'writeFiles').length,
  };
}

describe('configuring a member', () => {
  it('writes everything a new one needs', async () => {
    const member = await memberOf(3);
    expect(await member.configure(true)).toEqual([]);
    expect(member.read('/conf/zoo.cfg')).toBe(member.wanted);
    expect(member.read('/data/myid')).toBe('1\n');
    expect(member.read('/conf/zkd-super')).toBe(`${CREDENTIAL}\n`);
  });

  it('writes nothing where all is there', async () => {
    const member = await memberOf(3);
    await member.configure(true);
    expect(await member.configure()).toEqual([]);
    expect(member.writes()).toBe(1);
  });

  it.each(['/conf/zoo.cfg', '/data/myid'])('finishes a member that lacks %s', async (path) => {
    const member = await memberOf(3);
    await member.configure(true);
    engine.container('zkd-zk-1').files.delete(path);
    expect(await member.configure()).toEqual([]);
    expect(member.read('/conf/zoo.cfg')).toBe(member.wanted);
    expect(member.read('/data/myid')).toBe('1\n');
  });

  it('finishes a member that never ran and has another zkd’s credential', async () => {
    const member = await memberOf(3);
    await member.configure(true);
    member.put('/conf/zoo.cfg', member.wanted.replace(/superDigest=.*/, 'superDigest=super:other'));
    expect(await member.configure()).toEqual([]);
    expect(member.read('/conf/zoo.cfg')).toBe(member.wanted);
  });

  it('leaves a member that ran as it is, and answers what was edited', async () => {
    const member = await memberOf(3);
    await member.configure(true);
    const booted = `${member.wanted.replace('initLimit=10', 'initLimit=20')}dynamicConfigFile=/conf/zoo.cfg.dynamic.100000000\n`;
    member.put('/conf/zoo.cfg', booted);
    expect(await member.configure()).toEqual(['initLimit']);
    expect(member.read('/conf/zoo.cfg')).toBe(booted);
  });

  it('leaves a single member as it is: a standalone server never says that it booted', async () => {
    const member = await memberOf(1);
    await member.configure(true);
    const edited = member.wanted.replace('initLimit=10', 'initLimit=20');
    member.put('/conf/zoo.cfg', edited);
    expect(await member.configure()).toEqual(['initLimit']);
    expect(member.read('/conf/zoo.cfg')).toBe(edited);
  });

  it('refuses the data of another member, whatever else is missing, and writes nothing', async () => {
    const member = await memberOf(3);
    member.put('/data/myid', '2\n');
    expect(await failureOf(member.configure())).toMatchObject({ code: 'refused', details: { member: 1, myid: '2' } });
    expect(member.writes()).toBe(0);
  });

  it('fails where what was written does not read back', async () => {
    const member = await memberOf(3);
    engine.writeFiles = async () => undefined;
    const failure = await failureOf(member.configure(true));
    expect(failure).toMatchObject({ code: 'failure', details: { member: 1 } });
    expect(failure.message).not.toContain('super');
  });
});

describe('the credential of an ensemble', () => {
  it('is the one that is there, in the order of the containers', async () => {
    const member = await memberOf(3);
    member.put('/conf/zkd-super', 'super:original\n');
    const credential = credentialFrom(engine, () => ['zkd-zk-1']);
    expect(await credential()).toBe('super:original');
  });

  it('is made once where there is none, and is no other’s', async () => {
    const credential = credentialFrom(engine, () => []);
    const [one, again] = await Promise.all([credential(), credential()]);
    expect(one).toMatch(/^super:[\w-]{32}$/);
    expect(again).toBe(one);
    expect(await credentialFrom(engine, () => [])()).not.toBe(one);
  });
});
