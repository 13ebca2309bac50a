import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, describe, expect, it } from 'vitest';

const root = new URL('../..', import.meta.url).pathname;

describe('bin/dev.js', () => {
  let folder = '';
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('runs what stands in the sources, not what an old build left', async () => {
    folder = await mkdtemp(join(tmpdir(), 'zkd-dev-'));
    for (const part of [
      'bin',
      'src',
      'dist',
      'test/support/generate.js',
      'package.json',
      'tsconfig.json',
      'oclif.manifest.json',
      'README.md',
      'docs',
    ]) {
      await cp(join(root, part), join(folder, part), { recursive: true });
    }
    await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
    const source = join(folder, 'src/commands/cluster/ls.ts');
    const text = await readFile(source, 'utf8');
    await writeFile(source, text.replace(/summary = '[^']*'/, "summary = 'Say what was written a moment ago.'"));
    const { stdout } = await execa(process.execPath, [join(folder, 'bin/dev.js'), 'cluster', 'ls', '--help']);
    expect(stdout).toContain('Say what was written a moment ago.');
  });
});
