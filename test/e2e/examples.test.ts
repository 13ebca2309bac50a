/** Every example in the help works as it stands: typed into a shell, in the order of a day's work, with names of the test's own. */
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openEngine, type Engine } from '../../src/engine/index.js';
import { removeTestEnsemble, testEnsembleName } from '../support/ensembles.js';

interface Manifest {
  readonly commands: Readonly<Record<string, { readonly id: string; readonly examples?: readonly { readonly command: string }[] }>>;
}

const root = new URL('../..', import.meta.url).pathname;
const manifest = JSON.parse(await readFile(join(root, 'oclif.manifest.json'), 'utf8')) as Manifest;
const examplesOf = (id: string): string[] =>
  (manifest.commands[id]?.examples ?? []).map(({ command }) => command.replaceAll('<%= config.bin %>', 'zkd'));

/** The names the examples use; `zk` is what a command means that names none. */
const NAMES = ['zk', 'dev', 'large', 'ci', 'big'];
const ORDER = [
  'cluster:up',
  'cluster:ps',
  'cluster:status',
  'cluster:env',
  'cluster:logs',
  'cluster:exec',
  'cluster:shell',
  'cluster:ls',
  'cluster:stop',
  'cluster:start',
  'cluster:wait',
  'cluster:run',
  'cluster:restart',
  'cluster:rm',
  'cluster:down',
  'completion',
  'completion:candidates',
  'help',
];

describe('the examples in the help', () => {
  const names = new Map(NAMES.map((name) => [name, testEnsembleName()]));
  const own = (name: string): string => names.get(name) ?? '';
  let engine: Engine;
  let folder: string;

  const type = (line: string) =>
    execa('bash', ['-c', line], {
      cwd: folder,
      reject: false,
      all: true,
      stdin: 'ignore',
      env: { PATH: `${folder}:${process.env['PATH'] ?? ''}`, ZKD_CLUSTER: own('zk') },
    });

  beforeAll(async () => {
    engine = await openEngine();
    folder = await mkdtemp(join(tmpdir(), 'zkd-examples-'));
    await writeFile(join(folder, 'zkd'), `#!/bin/sh\nexec ${process.execPath} ${join(root, 'bin/run.js')} "$@"\n`);
    await chmod(join(folder, 'zkd'), 0o755);
    await writeFile(join(folder, 'zkd.yaml'), 'heap: 512m\n');
  });

  afterAll(async () => {
    for (const name of names.values()) await removeTestEnsemble(engine, name);
    await engine.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('covers every command', () => {
    // Those about znodes, registered containers and balancers have tests of their own.
    const ids = Object.keys(manifest.commands).filter((id) => !/^(znode|containers|lb):/.test(id));
    expect(ids.sort()).toEqual([...ORDER].sort());
  });

  it.each(ORDER)('%s: work as they stand', async (id) => {
    if (id === 'cluster:rm') {
      const members = await engine.listContainers({ 'zkd.cluster': own('zk') });
      await Promise.all(members.map((member) => engine.stopContainer(member.id, { timeoutMs: 10_000 })));
    }
    expect(examplesOf(id).length).toBeGreaterThanOrEqual(2);
    for (const example of examplesOf(id)) {
      const line = example.replace(new RegExp(`\\b(${NAMES.join('|')})\\b(?!\\.)`, 'g'), (name) => own(name));
      const { exitCode, all } = await type(line);
      expect(exitCode, `${line}\n${all}`).toBe(0);
      // After the stopped ensemble was removed the next example wants it back.
      if (id === 'cluster:rm') await type('zkd cluster up');
    }
  });
});
