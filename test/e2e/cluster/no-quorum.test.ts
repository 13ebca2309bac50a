/** An ensemble that does not become ready: exit 7 with every member's cause and last log lines; what was made is removed, or kept when told to. */
import { describe, expect, it } from 'vitest';
import {
  belongingsOf,
  docker,
  expectFailure,
  expectHumanFailure,
  expectJsonFailure,
  expectNothingLeft,
  IMAGE,
  status,
  succeed,
  useEnsembles,
  wholeEnsemble,
} from '../../support/story.js';
import { zkd } from '../../support/zkd.js';

const ensembles = useEnsembles();
const ARGS = ['--client-port', 'auto', '--image', IMAGE, '--heap', '64m'] as const;

interface CauseWithLog {
  readonly member: number;
  readonly cause: string;
  readonly log: readonly string[];
}

describe('members that cannot reach one another', () => {
  // On such a network the host reaches every container, but no container another one.
  const mute = async (name: string): Promise<string> => {
    const network = `${name}-mute`;
    await docker('network', 'create', '--opt', 'com.docker.network.bridge.enable_icc=false', network);
    ensembles.later(() => docker('network', 'rm', network));
    return network;
  };

  it('exit 7 in time, each with its cause and its own last words, and everything is removed', async () => {
    const name = ensembles.name();
    const network = await mute(name);
    const result = await zkd(['cluster', 'up', name, ...ARGS, '--network', network, '--timeout', '6s']);
    const causes = [1, 2, 3].map(
      (id) => new RegExp(`^  member ${id}: looking for a leader: the election is not over\n(    \\| .+\n?){1,5}`, 'm'),
    );
    expectHumanFailure(result, { exitCode: 7, says: [`Ensemble "${name}" is not ready within 6 s`, ...causes, 'has been removed again'] });
    // The lines tell what the member did, not that it was asked.
    expect(result.stderr).toMatch(/ {4}\| .*(election|Notification|Cannot open channel|QuorumCnxManager|FastLeaderElection)/i);
    expect(result.stderr).not.toMatch(/\| .*Processing \w+ command/);
    await expectNothingLeft(name);
  });

  it('are kept with --keep-on-failure, and status tells the same', async () => {
    const name = ensembles.name();
    const network = await mute(name);
    const args = ['cluster', 'up', name, ...ARGS, '--network', network, '--timeout', '6s', '--keep-on-failure', '--json'];
    const failure = expectJsonFailure(await zkd(args), {
      exitCode: 7,
      code: 'timeout',
      says: ['not ready within 6 s', '--keep-on-failure'],
    });
    const causes = failure.details['causes'] as CauseWithLog[];
    expect(causes.map(({ member, cause }) => ({ member, cause }))).toEqual(
      [1, 2, 3].map((member) => ({ member, cause: 'looking for a leader: the election is not over' })),
    );
    for (const { log } of causes) expect(log.length).toBeGreaterThan(0);
    expect(await belongingsOf(name)).toEqual({ ...wholeEnsemble(name, 3), networks: [] });
    const seen = await status(name);
    expect(seen).toMatchObject({ healthy: false, cluster: { leader: null, epoch: null } });
    expect(seen.causes).toEqual(causes.map(({ member, cause }) => ({ member, cause })));
    await succeed(['cluster', 'down', name, '--volumes']);
    await expectNothingLeft(name);
  });
});

describe('members that crash', () => {
  it('end the wait at once, long before the time is up', async () => {
    const name = ensembles.name();
    const startedAt = performance.now();
    const result = await zkd(['cluster', 'up', name, ...ARGS, '--set', 'initLimit=abc', '--timeout', '5m']);
    expect(performance.now() - startedAt).toBeLessThan(60_000);
    // Whichever was restarted often enough ends the wait; the others may be between two attempts at that moment.
    const causes = [
      /member \d: crash loop: .*its configuration is not valid .*abc/,
      ...[1, 2, 3].map((id) => new RegExp(`member ${id}: .*abc`)),
    ];
    expectHumanFailure(result, { exitCode: 7, says: [`Ensemble "${name}" cannot become ready`, ...causes, 'has been removed again'] });
    expect(result.stderr).toMatch(/ {4}\| .*abc/);
    await expectNothingLeft(name);
  });

  it('end it at once too where the engine does not restart them', async () => {
    const name = ensembles.name();
    const args = ['cluster', 'up', name, ...ARGS, '--size', '1', '--restart', 'no', '--set', 'initLimit=abc', '--timeout', '5m'];
    const says = [`Ensemble "${name}" cannot become ready`, /member 1: not running: exited with code [1-9]\d*: .*abc/];
    const failure = await expectFailure(args, { exitCode: 7, code: 'timeout', says });
    const causes = failure.details['causes'] as CauseWithLog[];
    expect(causes.flatMap(({ log }) => log).join('\n')).toContain('abc');
    await expectNothingLeft(name);
  });
});
