/** Every example about balancers in the help works as it stands, but for the ports: typed into a shell, on a real ensemble. */
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { freePort, useBalancedServices } from '../../support/balanced-services.js';
import { docker } from '../../support/story.js';

interface Manifest {
  readonly commands: Readonly<Record<string, { readonly examples?: readonly { readonly command: string }[] }>>;
}

const ROOT = new URL('../../..', import.meta.url).pathname;
const manifest = JSON.parse(await readFile(join(ROOT, 'oclif.manifest.json'), 'utf8')) as Manifest;
const examples = ['up', 'ls', 'sync', 'rm'].flatMap((id) =>
  (manifest.commands[`lb:${id}`]?.examples ?? []).map(({ command }) => command.replaceAll('<%= config.bin %>', 'zkd')),
);

const here = useBalancedServices();
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'zkd-lb-examples-'));
  await writeFile(join(folder, 'zkd'), `#!/bin/sh\nexec ${process.execPath} ${join(ROOT, 'bin/run.js')} "$@"\n`);
  await chmod(join(folder, 'zkd'), 0o755);
  for (const name of ['zkd-lb-web', 'zkd-lb-db']) here.ensembles.later(() => docker('rm', '--force', '--volumes', name));
  await here.serve('web', 1);
  await here.serve('db', 1);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const type = (line: string) =>
  execa('bash', ['-c', line], {
    cwd: folder,
    reject: false,
    all: true,
    stdin: 'ignore',
    env: { PATH: `${folder}:${process.env['PATH'] ?? ''}`, ZKD_CLUSTER: here.cluster.name },
  });

it('has examples for every command', () => {
  expect(examples.length).toBeGreaterThanOrEqual(8);
});

it('each of them works', async () => {
  for (const example of examples) {
    const line = example.replace(/8080|5432/, String(await freePort()));
    if (line.includes(' rm ')) await type('zkd lb up web');
    const isEndless = line.includes('--watch');
    const { exitCode, all } = await type(isEndless ? `timeout --signal INT 5 ${line}` : line);
    // 124: timeout had to end it.
    expect(exitCode, `${line}\n${all}`).toBe(isEndless ? 124 : 0);
  }
});
