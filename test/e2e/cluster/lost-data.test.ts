/** A voter whose data volume is gone must not vote before the others have told it everything (decision 4). */
import { describe, expect, it } from 'vitest';
import {
  belongingsOf,
  docker,
  expectFailure,
  IMAGE,
  keep,
  readFrom,
  look,
  succeed,
  up,
  useEnsembles,
  wholeEnsemble,
  type Cluster,
  type Member,
} from '../../support/story.js';

const ensembles = useEnsembles();
const ARGS = ['--client-port', 'auto', '--image', IMAGE, '--heap', '64m'] as const;

describe('a lost data volume', () => {
  const name = ensembles.name();
  let cluster: Cluster;

  it('of one voter: up waits until the others are in sync, then makes it anew, and it gets all data back', async () => {
    ({ cluster } = await up(name, ...ARGS));
    await keep(cluster, '/kept', 'by-the-others');
    await succeed(['cluster', 'rm', name, '--member', '2', '--force']);
    await docker('volume', 'rm', `zkd-${name}-2-data`, `zkd-${name}-2-datalog`);
    const repaired = await up(name);
    expect(repaired.plan).toEqual([
      'wait until members 1, 3 are in sync, before member 2 is made anew without data',
      expect.stringMatching(/^create member 2 .*: its data is gone$/),
      'configure member 2',
      'start member 2: new container',
    ]);
    expect(await look(name)).toMatchObject({ healthy: true });
    expect(await readFrom(cluster.members[1] as Member, '/kept')).toBe('by-the-others');
    expect(await belongingsOf(name)).toEqual(wholeEnsemble(name, 3));
  });

  it('of one voter while the others are no quorum: up starts them first', async () => {
    await docker('rm', '--force', `zkd-${name}-2`);
    await docker('volume', 'rm', `zkd-${name}-2-data`);
    await docker('stop', `zkd-${name}-1`, `zkd-${name}-3`);
    const repaired = await up(name);
    // The transaction log that was left is of no use alone: ZooKeeper would not start with it.
    expect(repaired.plan[3]).toContain(`its data is gone; zkd-${name}-2-datalog is made anew too`);
    expect(repaired.plan.map((step) => step.split(':')[0])).toEqual([
      'start member 1',
      'start member 3',
      'wait until members 1, 3 are in sync, before member 2 is made anew without data',
      expect.stringMatching(/^create member 2 /),
      'configure member 2',
      'start member 2',
    ]);
    expect(await look(name)).toMatchObject({ healthy: true });
    expect(await readFrom(cluster.members[1] as Member, '/kept')).toBe('by-the-others');
  });

  it('of the majority: exit 12 names the members and the flag, nothing is created; with the flag it is made anew', async () => {
    await succeed(['cluster', 'down', name]);
    await docker('volume', 'rm', `zkd-${name}-1-data`, `zkd-${name}-3-data`);
    const before = await belongingsOf(name);
    const failure = await expectFailure(['cluster', 'up', name], {
      exitCode: 12,
      code: 'refused',
      says: ['The data of members 1, 3', 'may lose acknowledged writes'],
    });
    expect(failure.details).toMatchObject({ membersWithoutData: [1, 3], override: '--accept-data-loss' });
    expect(failure.suggestions.join('\n')).toContain(`zkd cluster up ${name} --accept-data-loss`);
    expect(await belongingsOf(name)).toEqual(before);

    const risen = await up(name, '--accept-data-loss');
    expect(risen.changed).toBe(true);
    expect(await look(name)).toMatchObject({ healthy: true });
    expect(await belongingsOf(name)).toEqual(wholeEnsemble(name, 3));
    await succeed(['cluster', 'down', name, '--volumes']);
  });

  it('of the only member: exit 12 as well', async () => {
    const single = ensembles.name();
    await up(single, '--size', '1', ...ARGS);
    await succeed(['cluster', 'down', single]);
    await docker('volume', 'rm', `zkd-${single}-1-datalog`);
    await expectFailure(['cluster', 'up', single], { exitCode: 12, code: 'refused', says: ['The data of member 1'] });
    await up(single, '--accept-data-loss');
    expect(await look(single)).toMatchObject({ healthy: true });
  });
});
