/** What a zkd of another version made (an unknown `zkd.schema`): every command that would touch it refuses, and touches nothing. */
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { docker, expectFailure, IMAGE, useEnsembles } from '../../support/story.js';
import { zkd } from '../../support/zkd.js';

const ensembles = useEnsembles();

/** What a command needs beside the name. */
const REST: Readonly<Record<string, readonly string[]>> = {
  down: ['--volumes', '--force'],
  rm: ['--volumes', '--force'],
  up: ['--image', IMAGE, '--client-port', 'auto'],
  run: ['--image', IMAGE, '--client-port', 'auto'],
  wait: ['--for', 'ready'],
  exec: ['--member', '1', '--', 'true'],
};

/** All commands of the topic, so that none that comes later is forgotten. */
const manifest = JSON.parse(await readFile(new URL('../../../oclif.manifest.json', import.meta.url), 'utf8')) as { commands: object };
const COMMANDS = Object.keys(manifest.commands)
  .filter((id) => id.startsWith('cluster:') && id !== 'cluster:ls')
  .map((id) => id.replace('cluster:', ''));

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

describe.each([
  [
    'a running container and its volume',
    async (name: string) => {
      await docker('volume', 'create', ...labelsOf(name), `zkd-${name}-1-data`);
      const mount = ['--volume', `zkd-${name}-1-data:/data`];
      await docker('run', '--detach', '--name', `zkd-${name}-1`, ...labelsOf(name), ...mount, '--entrypoint', 'sleep', IMAGE, '600');
    },
  ],
  ['a volume that was kept', (name: string) => docker('volume', 'create', ...labelsOf(name), `zkd-${name}-1-data`)],
  ['a network', (name: string) => docker('network', 'create', ...labelsOf(name), `zkd-${name}`)],
] as const)('%s of another version', (_, make) => {
  it(`is refused with 12 by ${COMMANDS.join(', ')}, and nothing is touched`, async () => {
    const name = ensembles.name();
    await make(name);
    const before = await everythingOf(name);
    for (const command of COMMANDS) {
      const [args, child] = cutAtChild(REST[command] ?? []);
      const failed = await zkd(['cluster', command, name, ...args, '--json', ...child]);
      expect(failed, command).toMatchObject({ exitCode: 12 });
      expect(JSON.parse(failed.stdout), command).toMatchObject({ error: { code: 'refused', details: { schema: '2', known: '1' } } });
    }
    const says = [`Ensemble "${name}" carries labels of layout 2; this zkd knows layout 1`];
    await expectFailure(['cluster', 'up', name], { exitCode: 12, code: 'refused', says });
    expect(await everythingOf(name)).toEqual(before);
  });
});

/** `--json` counts before `--` only. */
function cutAtChild(words: readonly string[]): [readonly string[], readonly string[]] {
  const cut = words.indexOf('--');
  return cut === -1 ? [words, []] : [words.slice(0, cut), words.slice(cut)];
}

it('does not keep ls from listing, which says what it left out', async () => {
  const name = ensembles.name();
  await docker('volume', 'create', ...labelsOf(name), `zkd-${name}-1-data`);
  const { exitCode, stdout, stderr } = await zkd(['cluster', 'ls']);
  expect(exitCode, stderr).toBe(0);
  expect(stdout).not.toContain(name);
  expect(stderr).toContain(name);
});
