/** An ensemble that is stopped and started again, whole and member by member: data, quorum, and what goes wrong. */
import { beforeAll, describe, expect, it } from 'vitest';
import { openCountingEngine } from '../../support/counting-engine.js';
import {
  belongingsOf,
  docker,
  expectFailure,
  expectHumanFailure,
  expectJsonFailure,
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
  type RemovalDocument,
} from '../../support/story.js';
import { endOf, startZkd, zkd } from '../../support/zkd.js';

const ensembles = useEnsembles();
const name = ensembles.name();
let cluster: Cluster;

beforeAll(async () => {
  ({ cluster } = await up(name, '--client-port', 'auto', '--image', IMAGE, '--heap', '64m', '--tick-time', '500ms'));
});

const container = (id: number): string => `zkd-${name}-${id}`;
const states = async (): Promise<string[]> =>
  (await docker('inspect', '--format', '{{.State.Status}}', container(1), container(2), container(3))).split('\n');
const actionsOf = ({ members }: RemovalDocument): string[] => members.map(({ action }) => action);

const readFromMember = (id: number, path: string): Promise<string> => readFrom(cluster.members[id - 1] as Member, path);

describe('a stopped ensemble', () => {
  it('is ended, not killed, keeps containers, identity and data, and is started again with them', async () => {
    await keep(cluster, '/kept', 'written-before-stop');
    const ids = await docker('inspect', '--format', '{{.Id}}', container(1), container(2), container(3));
    const { exitCode, stdout, stderr } = await zkd(['cluster', 'stop', name]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: `${name}: stopped ${[1, 2, 3].map(container).join(', ')}` });
    expect(stderr).toMatch(new RegExp(`next: zkd cluster start ${name}$`));
    expect(await states()).toEqual(['exited', 'exited', 'exited']);
    // Ended by the servers themselves, not killed; they stay down by their restart policy.
    const facts = '{{.State.ExitCode}} {{.HostConfig.RestartPolicy.Name}}';
    expect((await docker('inspect', '--format', facts, ...[1, 2, 3].map(container))).split('\n')).toEqual(
      Array(3).fill('143 unless-stopped'),
    );
    expect(await belongingsOf(name)).toEqual(wholeEnsemble(name, 3));
    const { clusters } = await succeed<{ clusters: { name: string; state: string }[] }>(['cluster', 'ls']);
    expect(clusters.find((entry) => entry.name === name)).toMatchObject({ state: 'stopped' });
    expect(await succeed<RemovalDocument>(['cluster', 'stop', name])).toMatchObject({ changed: false });

    const started = await succeed<RemovalDocument>(['cluster', 'start', name, '--timeout', '120s']);
    expect(started).toMatchObject({ cluster: name, changed: true, volumes: [] });
    expect(actionsOf(started)).toEqual(['started', 'started', 'started']);
    // It waited: nobody has to look twice.
    expect(await look(name)).toMatchObject({ healthy: true, cluster: { connect: cluster.connect } });
    expect(await docker('inspect', '--format', '{{.Id}}', container(1), container(2), container(3))).toBe(ids);
    expect(await readFromMember(2, '/kept')).toBe('written-before-stop');
    expect(await succeed<RemovalDocument>(['cluster', 'start', name])).toMatchObject({ changed: false });
  });

  it('can be paused too: stop ends it, start lets it go on', async () => {
    await docker('pause', container(2));
    expect(actionsOf(await succeed<RemovalDocument>(['cluster', 'start', name, '--timeout', '120s']))).toEqual([
      'unchanged',
      'started',
      'unchanged',
    ]);
    await docker('pause', container(2));
    expect(actionsOf(await succeed<RemovalDocument>(['cluster', 'stop', name, '--member', '2']))).toEqual(['stopped']);
    await succeed(['cluster', 'start', name, '--timeout', '120s']);
  });
});

describe('the quorum of three', () => {
  it('survives one member; the second is refused with 12, and --force takes it', async () => {
    await succeed(['cluster', 'stop', name, '--member', '1']);
    const failure = await expectFailure(['cluster', 'stop', name, '--member', '2'], {
      exitCode: 12,
      code: 'refused',
      says: ['would take the quorum', '2 of 3 voting members serve, 1 would be left, 2 are needed'],
    });
    expect(failure.details).toMatchObject({ members: [2], serving: [2, 3], override: '--force' });
    await expectFailure(['cluster', 'rm', name, '--member', '3'], { exitCode: 12, code: 'refused', says: ['would take the quorum'] });
    expect(await states()).toEqual(['exited', 'running', 'running']);

    await succeed(['cluster', 'stop', name, '--member', '2', '--force']);
    expect(await states()).toEqual(['exited', 'exited', 'running']);
    // There is no quorum to lose any more.
    await succeed(['cluster', 'stop', name, '--member', '3']);
  });

  it('comes back member by member: the first is not waited for, the second is in sync at the end', async () => {
    const first = await zkd(['cluster', 'start', name, '--member', '3']);
    expect(first).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('not waiting for a quorum') as string });
    const second = await zkd(['cluster', 'start', name, '--member', '1', '--timeout', '120s']);
    expect(second, second.stderr).toMatchObject({ exitCode: 0, stdout: `${name}: started ${container(1)}` });
    const seen = await look(name);
    expect(seen.causes).toEqual([{ member: 2, cause: 'not running: exited with code 143' }]);
    await succeed(['cluster', 'start', name, '--timeout', '120s']);
    expect(await look(name)).toMatchObject({ healthy: true });
  });
});

describe('start', () => {
  it('says what is wrong with a member that does not get in sync: exit 7, and leaves it running', async () => {
    await succeed(['cluster', 'stop', name]);
    const pid = async (): Promise<number> => Number(await docker('inspect', '--format', '{{.State.Pid}}', container(2)));
    await succeed(['cluster', 'start', name, '--no-wait']);
    const frozen = await pid();
    process.kill(frozen, 'SIGSTOP');
    try {
      const failure = expectJsonFailure(await zkd(['cluster', 'start', name, '--timeout', '3s', '--json']), {
        exitCode: 7,
        code: 'timeout',
        says: ['member 2:'],
      });
      expect(failure.details).toMatchObject({ causes: expect.arrayContaining([expect.objectContaining({ member: 2 })]) as unknown });
    } finally {
      process.kill(frozen, 'SIGCONT');
    }
    expect(await succeed<RemovalDocument>(['cluster', 'start', name, '--timeout', '120s'])).toMatchObject({ changed: false });
  });

  it('does not start a member that holds the data of another: exit 12 for it alone, 9 beside others', async () => {
    await succeed(['cluster', 'stop', name]);
    const put = (content: string): Promise<void> =>
      ensembles.engine.writeFiles(container(2), [{ path: '/data/myid', content, mode: 0o644, uid: 1000, gid: 1000 }]);
    await put('3\n');
    await expectFailure(['cluster', 'start', name, '--member', '2'], { exitCode: 12, code: 'refused', says: ['/data/myid says 3'] });
    const partial = expectJsonFailure(await zkd(['cluster', 'start', name, '--json']), {
      exitCode: 9,
      code: 'partial',
      says: [container(2)],
    });
    expect(partial.details['members']).toMatchObject([{ action: 'started' }, { action: 'unchanged' }, { action: 'started' }]);
    expect(await states()).toEqual(['running', 'exited', 'running']);
    await put('2\n');
    await succeed(['cluster', 'start', name, '--timeout', '120s']);
  });

  it('leaves a container that is gone to up: exit 3', async () => {
    await docker('rm', '--force', container(2));
    const failure = await expectFailure(['cluster', 'start', name], { exitCode: 3, code: 'not-found', says: ['member 2'] });
    expect(failure.suggestions).toEqual([`zkd cluster up ${name}`]);
    await up(name);
    await expectFailure(['cluster', 'start', 'zkdtest-none'], { exitCode: 3, code: 'not-found', says: ['zkdtest-none'] });
  });
});

describe('stop that is interrupted', () => {
  it('ends with 130 in the middle; what is stopped stays so, and another stop finishes', async () => {
    const engine = await openCountingEngine();
    try {
      const child = startZkd(['cluster', 'stop', name], { env: { DOCKER_HOST: engine.url } });
      let isSent = false;
      engine.onAnswer = async ({ what }) => {
        if (!/^POST \/containers\/\w+\/stop$/.test(what)) return;
        if (!isSent) child.kill('SIGINT');
        isSent = true;
        // The others never hear that their member has stopped.
        await child;
      };
      expectHumanFailure(endOf(await child), { exitCode: 130, says: ['Interrupted by SIGINT'] });
      expect(isSent).toBe(true);
    } finally {
      await engine.close();
    }
    expect(await states()).toContain('exited');
    await succeed(['cluster', 'stop', name]);
    expect(await states()).toEqual(['exited', 'exited', 'exited']);
    await succeed(['cluster', 'start', name, '--timeout', '120s']);
    expect(await readFromMember(3, '/kept')).toBe('written-before-stop');
  });
});
