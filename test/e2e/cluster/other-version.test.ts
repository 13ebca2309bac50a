/**
 * What a zkd of another version made (an unknown `zkd.schema`): commands that would touch it refuse, and touch nothing. Every command, with less
 * of it left: test/commands/cluster/other-version.test.ts.
 */
import { expect, it } from 'vitest';
import { docker, expectFailure, IMAGE, useEnsembles } from '../../support/story.js';
import { zkd } from '../../support/zkd.js';

const ensembles = useEnsembles();

const COMMANDS = [
  ['up', '--image', IMAGE, '--client-port', 'auto'],
  ['down', '--volumes', '--force'],
  ['rm', '--volumes', '--force'],
  ['stop', '--force'],
  ['status'],
] as const;

const labelsOf = (name: string): string[] =>
  Object.entries({ schema: '2', cluster: name, ensemble: '0123456789abcdef', member: '1', role: 'participant' }).flatMap(([key, value]) => [
    '--label',
    `zkd.${key}=${value}`,
  ]);

/** Everything of that name, in all the engine's words but in one order: the engine tells a container's mounts as they fall. */
async function everythingOf(name: string): Promise<unknown[]> {
  const label = `label=zkd.cluster=${name}`;
  const ids = async (...args: string[]): Promise<string[]> => (await docker(...args, '--filter', label)).split('\n').filter(Boolean);
  const [containers, volumes, networks] = await Promise.all([
    ids('ps', '--all', '--no-trunc', '--quiet'),
    ids('volume', 'ls', '--quiet'),
    ids('network', 'ls', '--no-trunc', '--quiet'),
  ]);
  const told = JSON.parse(await docker('inspect', ...containers, ...volumes, ...networks)) as { Mounts?: { Destination: string }[] }[];
  return told.map(({ Mounts: mounts, ...rest }) => ({
    ...rest,
    mounts: mounts?.toSorted((a, b) => a.Destination.localeCompare(b.Destination)),
  }));
}

it('is refused with 12 where a container of it runs, and nothing is touched', async () => {
  const name = ensembles.name();
  await docker('volume', 'create', ...labelsOf(name), `zkd-${name}-1-data`);
  await docker('network', 'create', ...labelsOf(name), `zkd-${name}`);
  const options = [...labelsOf(name), '--volume', `zkd-${name}-1-data:/data`, '--network', `zkd-${name}`];
  await docker('run', '--detach', '--name', `zkd-${name}-1`, ...options, '--entrypoint', 'sleep', IMAGE, '600');
  const before = await everythingOf(name);
  for (const [command, ...flags] of COMMANDS) {
    const failed = await zkd(['cluster', command, name, ...flags, '--json']);
    expect(failed, command).toMatchObject({ exitCode: 12 });
    expect(JSON.parse(failed.stdout), command).toMatchObject({ error: { code: 'refused', details: { schema: '2', known: '1' } } });
  }
  const child = await zkd(['cluster', 'exec', name, '--member', '1', '--', 'touch', '/tmp/touched']);
  expect(child).toMatchObject({ exitCode: 12, stdout: '' });
  expect(await docker('exec', `zkd-${name}-1`, 'ls', '/tmp')).not.toContain('touched');
  const says = [`Ensemble "${name}" carries labels of layout 2; this zkd knows layout 1`];
  await expectFailure(['cluster', 'up', name], { exitCode: 12, code: 'refused', says });
  expect(await everythingOf(name)).toEqual(before);
});

it('does not keep ls from listing, which says what it left out', async () => {
  const name = ensembles.name();
  await docker('volume', 'create', ...labelsOf(name), `zkd-${name}-1-data`);
  const { exitCode, stdout, stderr } = await zkd(['cluster', 'ls']);
  expect(exitCode, stderr).toBe(0);
  expect(stdout).not.toContain(name);
  expect(stderr).toContain(name);
});
