/** A living ensemble is changed: members are replaced one at a time, and a program that writes all the while loses nothing. */
import { afterEach, describe, expect, it } from 'vitest';
import { expectRollGoesOn, nth } from '../../support/killed-up.js';
import { until, useWriters } from '../../support/curator-writer.js';
import {
  belongingsOf,
  docker,
  expectFailure,
  expectHumanFailure,
  expectJsonFailure,
  IMAGE,
  run,
  look,
  succeed,
  up,
  useEnsembles,
  wholeEnsemble,
  type UpDocument,
} from '../../support/story.js';
import { zkd } from '../../support/zkd.js';

const ensembles = useEnsembles();
const writers = useWriters(ensembles);
const BORN = ['--client-port', 'auto', '--heap', '64m', '--tick-time', '500ms'] as const;

interface RollDocument extends UpDocument {
  readonly outages: readonly { readonly member: number; readonly ms: number }[];
}

/** A running ensemble takes the CPU that the next test needs. */
afterEach(() => ensembles.removeAll());

const roll = (name: string, ...args: string[]): Promise<RollDocument> => succeed<RollDocument>(['cluster', 'up', name, ...args]);
const inspect = (name: string, format: string): Promise<string[]> =>
  docker('inspect', '--format', format, ...[1, 2, 3].map((id) => `zkd-${name}-${id}`)).then((text) => text.split('\n'));
const withSettings = (name: string, size: number, revision: number) => {
  const whole = wholeEnsemble(name, size);
  return { ...whole, volumes: [...whole.volumes, `zkd-${name}-settings-${revision}`].sort() };
};

describe('an ensemble of three with a program that writes', () => {
  it('gets another heap, setting and bind member by member, and no acknowledged write is lost', async () => {
    const name = ensembles.name();
    const { cluster } = await up(name, ...BORN, '--image', IMAGE);
    const writer = writers.start({ connect: cluster.connect, tracker: 'no-tracker', root: '/roll' });
    await until('it writes', () => writer.acknowledged() >= 20);
    const myids = await Promise.all([1, 2, 3].map((id) => docker('exec', `zkd-${name}-${id}`, 'cat', '/data/myid', '/conf/zkd-super')));
    const dynamic = await docker('exec', `zkd-${name}-1`, 'sh', '-c', 'cat /conf/zoo.cfg.dynamic.*');

    const changed = await roll(name, '--heap', '80m', '--set', 'snapCount=5000');
    const order = [1, 2, 3].filter((id) => id !== cluster.leader);
    const change = 'heap 64m -> 80m, snapCount none -> 5000';
    expect(changed.plan).toEqual([
      'remember the new settings (revision 2)',
      ...order.map((id) => `replace member ${id} (follower): ${change}`),
      `replace member ${cluster.leader} (leader): ${change}`,
    ]);
    expect(changed.outages.map(({ member }) => member)).toEqual([...order, cluster.leader]);
    for (const { ms } of changed.outages) expect(ms).toBeGreaterThan(100);
    await until('it writes on', () => writer.acknowledged() >= 60);
    await writer.end();

    expect(changed.cluster?.connect).toBe(cluster.connect);
    expect(await inspect(name, '{{.State.Status}} {{.HostConfig.RestartPolicy.Name}} {{.HostConfig.Memory}}')).toEqual(
      Array(3).fill(`running unless-stopped ${(80 + 256) * 1024 ** 2}`),
    );
    expect(await docker('exec', `zkd-${name}-2`, 'cat', '/conf/zoo.cfg')).toContain('snapCount=5000');
    expect(await Promise.all([1, 2, 3].map((id) => docker('exec', `zkd-${name}-${id}`, 'cat', '/data/myid', '/conf/zkd-super')))).toEqual(
      myids,
    );
    expect(await docker('exec', `zkd-${name}-1`, 'sh', '-c', 'cat /conf/zoo.cfg.dynamic.*')).toBe(dynamic);
    expect(await belongingsOf(name)).toEqual(withSettings(name, 3, 2));
    expect((await roll(name)).changed).toBe(false);

    await succeed(['cluster', 'down', name]);
    await roll(name);
    expect(await inspect(name, '{{.HostConfig.Memory}}')).toEqual(Array(3).fill(String((80 + 256) * 1024 ** 2)));
  });

  it('goes from 3.8 to 3.9 when told --yes, and not back', async () => {
    const name = ensembles.name();
    const { cluster } = await up(name, ...BORN, '--image', 'zkd/zookeeper:3.8');
    const writer = writers.start({ connect: cluster.connect, tracker: 'no-tracker', root: '/upgrade' });
    await until('it writes', () => writer.acknowledged() >= 20);
    const refused = await expectFailure(['cluster', 'up', name, '--image', IMAGE], {
      exitCode: 2,
      code: 'usage',
      says: [/an upgrade from ZooKeeper 3\.8\.\d+ to 3\.9\.\d+/, '--yes'],
    });
    expect(refused.suggestions).toEqual(['The same command with --yes']);
    const { cluster: upgraded } = await roll(name, '--image', IMAGE, '--yes');
    expect(upgraded?.members.map(({ version }) => version?.slice(0, 3))).toEqual(['3.9', '3.9', '3.9']);
    await until('it writes on', () => writer.acknowledged() >= 60);
    await writer.end();
    await expectFailure(['cluster', 'up', name, '--image', 'zkd/zookeeper:3.8', '--yes'], {
      exitCode: 12,
      code: 'refused',
      says: ['older'],
    });
    expect(await look(name)).toMatchObject({ healthy: true });
  });

  it('moves to other ports, which the members agree on', async () => {
    const name = ensembles.name();
    const { cluster } = await up(name, ...BORN, '--image', IMAGE);
    const first = Number(cluster.members[0]?.address.split(':')[1]) + 10;
    const moved = await roll(name, '--client-port', String(first));
    expect(moved.cluster?.connect).toBe([0, 1, 2].map((index) => `127.0.0.1:${first + index}`).join(','));
    expect(await docker('exec', `zkd-${name}-3`, 'sh', '-c', 'cat /conf/zoo.cfg.dynamic.*')).toContain(
      `server.1=zkd-${name}-1:2888:3888:participant;zkd-${name}-1:${first}`,
    );
    await succeed(['cluster', 'down', name]);
    expect((await roll(name)).cluster?.connect).toBe(moved.cluster?.connect);
  });
});

describe('a roll that goes wrong', () => {
  it('stops with the quorum whole where the new setting is not valid, and goes back', async () => {
    const name = ensembles.name();
    const { cluster } = await up(name, ...BORN, '--image', IMAGE);
    const [first = 0, second = 0] = [1, 2, 3].filter((id) => id !== cluster.leader);
    const asked = ['cluster', 'up', name, '--set', 'initLimit=abc', '--timeout', '30s'];
    const failure = expectJsonFailure(await run(asked), {
      exitCode: 7,
      code: 'timeout',
      says: [`Member ${first} is not in sync after it was replaced: the roll stopped`, 'abc'],
    });
    expect(failure.details).toMatchObject({ replaced: [], failed: first, remaining: [second, cluster.leader] });
    expect(failure.suggestions).toContain(`zkd cluster up ${name} --set initLimit=`);
    // Going on without having mended it touches nobody else.
    expectHumanFailure(await zkd(asked), { exitCode: 7, says: [`Member ${second} is not replaced: the roll stopped`, 'abc'] });
    const seen = await look(name);
    expect(seen.causes.map(({ member }) => member)).toEqual([first]);
    expect(seen.cluster.leader).toBe(cluster.leader);
    const back = await roll(name, '--set', 'initLimit=');
    expect(back.plan).toEqual(['remember the new settings (revision 3)', `replace member ${first} (not well): initLimit abc -> none`]);
    expect(await look(name)).toMatchObject({ healthy: true });
    expect(await belongingsOf(name)).toEqual(withSettings(name, 3, 3));
  });

  // More points: test/soak/roll.test.ts; all of them on a fake engine: test/unit/cluster/roll.test.ts.
  it('is finished by the same command, killed when the old container of a member is removed', async () => {
    await expectRollGoesOn(ensembles.name(), nth(1, /^DELETE \/containers\/\w+$/));
  });

  it('asks before the only member is away', async () => {
    const name = ensembles.name();
    await up(name, ...BORN, '--image', IMAGE, '--size', '1');
    await expectFailure(['cluster', 'up', name, '--heap', '80m'], { exitCode: 2, code: 'usage', says: ['outage', '--yes'] });
    expect((await roll(name, '--heap', '80m', '--yes')).outages).toHaveLength(1);
  });
});
