/** Completion in real shells: keys sent to their line editors, with the built zkd and a real engine behind them. */
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Shell, type ShellName } from '../support/shell.js';
import { docker, IMAGE, succeed, useEnsembles } from '../support/story.js';
import { zkd } from '../support/zkd.js';

const root = new URL('../..', import.meta.url).pathname;
const ensembles = useEnsembles();
const SHELLS = ['bash', 'zsh'] as const satisfies readonly ShellName[];

const RUN = `#!/bin/sh\nexec ${process.execPath} ${join(root, 'bin/run.js')} "$@"\n`;

let folder: string;
let path: string;
/** The folder the shells are in. */
let cwd: string;

/** Puts a `zkd` of its own in front of the search path; answers that path. */
async function command(name: string, script: string): Promise<string> {
  const bin = join(folder, name);
  await mkdir(bin);
  await writeFile(join(bin, 'zkd'), script);
  await chmod(join(bin, 'zkd'), 0o755);
  return `${bin}:${process.env['PATH'] ?? ''}`;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'zkd-completion-'));
  path = await command('bin', RUN);
  cwd = join(folder, 'here');
  await mkdir(cwd);
  await writeFile(join(cwd, "odd $(touch ran) 'file.yaml"), '');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe.each(SHELLS)('%s', (name) => {
  let shell: Shell;
  const start = async (search: string) => (shell = await Shell.start(name, { path: search, cwd }));
  afterEach(() => shell.close());

  it('completes commands, flags, values and paths', async () => {
    await start(path);
    expect(await shell.completed('zkd clu')).toBe('zkd cluster ');
    expect(await shell.completed('zkd cluster st')).toMatch(/^zkd cluster st/);
    expect(await shell.completed('zkd cluster down --vol')).toBe('zkd cluster down --volumes ');
    expect(await shell.completed('zkd cluster up --pull al')).toBe('zkd cluster up --pull always ');
    expect(await shell.completed('zkd cluster up --pull=al')).toBe('zkd cluster up --pull=always ');
    expect(await shell.completed('zkd help cluster dow')).toBe('zkd help cluster down ');
    expect(await shell.candidates('zkd cluster up --no-')).toEqual(['--no-color', '--no-ephemeral', '--no-growable', '--no-wait']);
    for (const flag of ['--file ', '--file=']) {
      expect(await shell.completed(`zkd cluster up ${flag}od`)).toBe(`zkd cluster up ${flag}odd\\ \\$\\(touch\\ ran\\)\\ \\'file.yaml `);
    }
    expect(await readdir(cwd), 'a file name was run').not.toContain('ran');
  });

  it('completes names of ensembles and ids of members', async () => {
    const [one, other] = [ensembles.name(), ensembles.name()];
    const size = ['--client-port', 'auto', '--image', IMAGE, '--no-wait'];
    await succeed(['cluster', 'up', one, '--size', '1', '--observers', '1', ...size]);
    await succeed(['cluster', 'up', other, '--size', '1', ...size]);
    await start(path);
    const own = async (typed: string) => (await shell.candidates(typed)).filter((word) => word === one || word === other);
    expect(await own('zkd cluster status zkdtest-')).toEqual([one, other].sort());
    expect(await shell.completed(`zkd cluster down ${one.slice(0, -1)}`)).toBe(`zkd cluster down ${one} `);
    expect(await shell.completed(`zkd cluster down --cluster=${one.slice(0, -1)}`)).toBe(`zkd cluster down --cluster=${one} `);
    expect(await shell.candidates(`zkd cluster rm ${one} --member `)).toEqual(['1', '2']);
    expect(await shell.completed(`zkd cluster rm ${one} --member 1 --member=`)).toBe(`zkd cluster rm ${one} --member 1 --member=2 `);
    expect(await shell.completed(`zkd cluster rm --cluster ${other} --member `)).toBe(`zkd cluster rm --cluster ${other} --member 1 `);
  });

  it('never runs what an engine’s labels say', async () => {
    const real = ensembles.name();
    await succeed(['cluster', 'up', real, '--size', '1', '--client-port', 'auto', '--image', IMAGE, '--no-wait']);
    const labels = JSON.parse(await docker('inspect', '--format', '{{json .Config.Labels}}', `zkd-${real}-1`)) as Record<string, string>;
    for (const evil of ['$(touch ran)', '`touch ran`', '; touch ran #', 'a b']) {
      const all = Object.entries({ ...labels, 'zkd.cluster': evil }).flatMap(([key, value]) => ['--label', `${key}=${value}`]);
      const volume = await docker('volume', 'create', ...all);
      ensembles.later(() => docker('volume', 'rm', volume));
    }
    await start(path);
    expect(await shell.completed(`zkd cluster status ${real.slice(0, -1)}`)).toBe(`zkd cluster status ${real} `);
    expect((await shell.candidates('zkd cluster status ')).filter((word) => !/^[a-z0-9-]+$/.test(word))).toEqual([]);
    expect(await readdir(cwd)).not.toContain('ran');
  });

  it('never runs what it is answered, whatever that is', async () => {
    const answer = String.raw`words
x$(touch ran)${'\t'}$(touch ran)
x${'`'}touch ran${'`'}${'\t'}%d:\e[31m
x; touch ran${'\t'}a:b:c
x"$(touch ran)'`;
    await writeFile(join(folder, `${name}.answer`), `${answer}\n`);
    const script = RUN.replace('\n', `\n[ "$2" = candidates ] && exec cat '${join(folder, `${name}.answer`)}'\n`);
    await start(await command(`evil-${name}`, script));
    expect(await shell.completed('zkd cluster status x')).toMatch(/^zkd cluster status x/);
    expect((await shell.candidates('zkd cluster status x')).join(' ')).toContain('touch');
    expect(await readdir(cwd)).not.toContain('ran');
  });

  it('hands on what was typed without running it', async () => {
    await start(path);
    await shell.completed('zkd cluster status $(touch ran) `touch ran` --cluster=');
    await shell.completed('zkd cluster status "$(touch ran)');
    expect(await readdir(cwd)).not.toContain('ran');
  });

  it('is silent without an engine, and where zkd is gone', async () => {
    await start(path);
    const typed = 'zkd cluster status -H unix:///nowhere/docker.sock ';
    expect(await shell.completed(typed)).toBe(typed);
    expect(await shell.completed('zkd cluster status --vers')).toBe('zkd cluster status --vers');
    expect(shell.screen).not.toMatch(/error|not found/i);
    await shell.close();
    await start(await command(`gone-${name}`, RUN));
    await rm(join(folder, `gone-${name}`), { recursive: true });
    expect(await shell.completed('zkd cluster st')).toBe('zkd cluster st');
    expect(shell.screen).not.toMatch(/error|not found|no such file/i);
  });
});

describe('an engine that takes a connection and never answers', () => {
  let server: Server;
  beforeAll(async () => {
    // It reads what it is asked.
    server = createServer((socket) => socket.resume().on('error', () => undefined));
    await new Promise<void>((resolve) => server.listen(join(folder, 'silent.sock'), resolve));
  });
  afterAll(() => new Promise((resolve) => server.close(resolve)));

  it('keeps nobody waiting: the process ends, with what is known', async () => {
    const began = performance.now();
    const host = `unix://${join(folder, 'silent.sock')}`;
    const result = await zkd(['completion', 'candidates', '--', 'cluster', 'status', ''], { env: { DOCKER_HOST: host } });
    expect(result).toEqual({ exitCode: 0, stdout: 'words', stderr: '' });
    expect(performance.now() - began).toBeLessThan(5000);
  });
});
