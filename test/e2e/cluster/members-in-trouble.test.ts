/** Members stopped, cut off or removed behind zkd's back: `status` says which and why, the others stay as they are, `up` repairs. */
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  belongingsOf,
  docker,
  IMAGE,
  keep,
  readFrom,
  look,
  up,
  useEnsembles,
  wholeEnsemble,
  type Cluster,
  type Member,
  type StatusDocument,
} from '../../support/story.js';
import { zkd } from '../../support/zkd.js';
import { retryUntil } from '../../../src/runtime/retry-until.js';

const ensembles = useEnsembles();
let name = '';
let cluster: Cluster;

/** When each container was started last: who is left alone keeps it. */
const starts = async (containers: readonly string[]): Promise<string[]> =>
  (await docker('inspect', '--format', '{{.Name}} {{.Id}} {{.State.StartedAt}}', ...containers)).split('\n');

/** The first status that satisfies; an election may be under way before. */
async function statusOnce(isWanted: (seen: StatusDocument) => boolean): Promise<StatusDocument> {
  let last: StatusDocument | undefined;
  const found = await retryUntil(
    async () => {
      last = await look(name);
      return isWanted(last) ? last : undefined;
    },
    { timeoutMs: 60_000, intervalMs: 200 },
  );
  if (!found) throw new Error(`status never became what it should: ${JSON.stringify(last?.causes)}`);
  return found;
}

const onlyOne = (id: number, cause: string | RegExp) => (seen: StatusDocument) =>
  seen.causes.length === 1 &&
  seen.causes[0]?.member === id &&
  (typeof cause === 'string' ? seen.causes[0].cause === cause : cause.test(seen.causes[0].cause));

const leaderOf = (seen: Cluster): Member => seen.members.find(({ mode }) => mode === 'leader') as Member;
const followerOf = (seen: Cluster): Member => seen.members.find(({ mode }) => mode === 'follower') as Member;

beforeAll(async () => {
  name = ensembles.name();
  // Short ticks: a silent member is noticed after syncLimit of them.
  await up(name, '--client-port', 'auto', '--image', IMAGE, '--heap', '64m', '--tick-time', '500ms');
});

afterEach(async () => {
  cluster = (await statusOnce(({ healthy }) => healthy)).cluster;
});

/** Breaks one member, sees `status` name it and only it, and `up` repair it without touching the others. */
async function story(member: Member, cause: string | RegExp, breakIt: () => Promise<unknown>, step: RegExp): Promise<void> {
  const others = cluster.members.filter(({ id }) => id !== member.id).map(({ container }) => container);
  const before = await starts(others);
  await breakIt();
  const seen = await statusOnce(onlyOne(member.id, cause));
  expect(seen.cluster.members[member.id - 1]).toMatchObject({ error: seen.causes[0]?.cause, mode: null });
  expect(seen.cluster.members.filter(({ id }) => id !== member.id).map(({ error, mode }) => [error, mode])).toEqual(
    expect.arrayContaining([
      [null, 'leader'],
      [null, 'follower'],
    ]),
  );
  const human = await zkd(['cluster', 'status', name]);
  expect(human).toMatchObject({ exitCode: 10, stderr: `next: zkd cluster up ${name}` });
  expect(human.stdout).toContain(`${name}: unhealthy`);
  expect(human.stdout).toMatch(new RegExp(`^✗ member ${member.id}: .+$`, 'm'));
  expect(human.stdout.match(/^✗/gm)).toHaveLength(1);
  const repaired = await up(name);
  expect(repaired.changed).toBe(true);
  expect(repaired.plan.join('\n')).toMatch(step);
  expect(await look(name)).toMatchObject({ healthy: true });
  expect(await starts(others)).toEqual(before);
  expect(await belongingsOf(name)).toEqual(wholeEnsemble(name, 3));
}

describe('a member', () => {
  beforeAll(async () => {
    cluster = (await look(name)).cluster;
  });

  it('that was killed', async () => {
    const member = followerOf(cluster);
    const cause = 'not running: exited with code 137 (killed)';
    await story(member, cause, () => docker('kill', member.container), new RegExp(`^start member ${member.id}: exited with code 137$`));
  });

  it('that was stopped', async () => {
    const member = followerOf(cluster);
    const cause = 'not running: exited with code 143';
    await story(member, cause, () => docker('stop', member.container), new RegExp(`^start member ${member.id}: exited with code 143$`));
  });

  it('that is paused, the leader', async () => {
    const member = leaderOf(cluster);
    await story(member, 'paused', () => docker('pause', member.container), new RegExp(`^unpause member ${member.id}$`));
  });

  it('whose network was cut, a follower', async () => {
    const member = followerOf(cluster);
    const cut = (): Promise<string> => docker('network', 'disconnect', `zkd-${name}`, member.container);
    await story(
      member,
      'its container is cut off: not attached to the network of the ensemble',
      cut,
      new RegExp(`^reconnect member ${member.id} to network`),
    );
    expect(await docker('inspect', '--format', '{{json .NetworkSettings.Ports}}', member.container)).toContain('127.0.0.1');
  });

  it('whose network was cut, the leader', async () => {
    const member = leaderOf(cluster);
    const cut = (): Promise<string> => docker('network', 'disconnect', `zkd-${name}`, member.container);
    await story(
      member,
      'its container is cut off: not attached to the network of the ensemble',
      cut,
      new RegExp(`^reconnect member ${member.id} to network`),
    );
  });

  it('whose container was removed', async () => {
    const member = leaderOf(cluster);
    await story(
      member,
      'its container is gone',
      () => docker('rm', '--force', member.container),
      new RegExp(`^create member ${member.id} .*: container is gone$`, 'm'),
    );
  });

  it('that the engine restarted more than once is healthy when it is back', async () => {
    const member = followerOf(cluster);
    for (let time = 1; time <= 3; time += 1) {
      const pid = await docker('inspect', '--format', '{{.State.Pid}}', member.container);
      process.kill(Number(pid), 'SIGKILL');
      const back = await statusOnce(({ healthy, cluster: seen }) => healthy && (seen.members[member.id - 1]?.restarts ?? 0) >= time);
      expect(back.cluster.members[member.id - 1]).toMatchObject({ restarts: time, error: null });
    }
    expect(await up(name)).toMatchObject({ changed: false });
  });
});

describe('all containers', () => {
  it('removed behind its back are made anew, with the data that was in them', async () => {
    await keep(cluster, '/kept', 'through-the-fire');
    await docker('rm', '--force', ...cluster.members.map(({ container }) => container));
    const seen = await look(name);
    expect(seen.causes).toEqual([1, 2, 3].map((member) => ({ member, cause: 'its container is gone' })));
    const risen = await up(name);
    expect(risen).toMatchObject({ changed: true, cluster: { connect: cluster.connect } });
    expect(await readFrom(cluster.members[2] as Member, '/kept')).toBe('through-the-fire');
    expect(await belongingsOf(name)).toEqual(wholeEnsemble(name, 3));
  });

  it('removed with their network are made anew too', async () => {
    await docker('rm', '--force', ...cluster.members.map(({ container }) => container));
    await docker('network', 'rm', `zkd-${name}`);
    await up(name);
    expect(await belongingsOf(name)).toEqual(wholeEnsemble(name, 3));
  });
});
