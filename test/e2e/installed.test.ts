/** zkd packed, and installed from the archive with each release of Node it is for, and one it is not. */
import { mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Home, nodePrefix, pack, type Packed } from '../support/installation.js';

const root = new URL('../..', import.meta.url).pathname;
/** Dependencies that bring an install script; npm with strict settings wants each said, ours by the archive it comes from. */
const SCRIPTS = ['zookeeper', 'protobufjs', 'ssh2', 'cpu-features'];

let folder: string;
let packed: Packed;
let home: Home | undefined;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'zkd-installed-'));
  packed = await pack(folder);
});
afterAll(() => rm(folder, { recursive: true, force: true }));
afterEach(() => home?.remove());

const version = async (): Promise<string> =>
  (JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string }).version;

/** What an installed zkd can do wherever it is. */
async function expectWorking({ run }: { run: Home['run'] }, release: number): Promise<void> {
  const first = await run('zkd', '--version');
  expect(first).toMatchObject({ exitCode: 0, stderr: '' });
  expect(first.stdout).toMatch(new RegExp(`^zkd/${await version()} linux-x64 node-v${release}\\.`));
  const help = await run('zkd', 'cluster', '--help');
  expect(help).toMatchObject({ exitCode: 0, stderr: '' });
  expect(help.stdout).toContain('cluster up');
  const list = await run('zkd', 'cluster', 'ls', '--json');
  expect(list).toMatchObject({ exitCode: 0, stderr: '' });
  expect(JSON.parse(list.stdout)).toEqual({ clusters: expect.any(Array) as unknown[] });
  expect((await run('zkd', 'completion', 'bash')).stdout).toContain('complete -F _zkd zkd');
}

describe('the archive', () => {
  it('holds what runs and what is read, and nothing else', async () => {
    const sources = (await readdir(join(root, 'src'), { recursive: true })).filter((file) => file.endsWith('.ts'));
    const docs = (await readdir(join(root, 'docs'), { recursive: true })).filter((file) => file.endsWith('.md'));
    const wanted = [
      ...['CHANGELOG.md', 'LICENSE', 'README.md', 'oclif.manifest.json', 'package.json'],
      ...['bin/run.js', 'bin/preinstall.js', 'bin/completion/zkd.bash', 'bin/completion/zkd.zsh'],
      ...sources.map((file) => `dist/${file.replace(/\.ts$/, '.js')}`),
      ...docs.map((file) => `docs/${file}`),
    ];
    expect(packed.files).toEqual(wanted.sort());
  });

  it('stays small', () => {
    // 263 kB and 1.02 MB with two topics: what does not belong in it (sources, tests, dependencies) is ten times that.
    expect(packed.sizeBytes).toBeLessThan(500_000);
    expect(packed.unpackedBytes).toBeLessThan(2_000_000);
  });
});

describe.each([
  { release: 20, flags: [] },
  { release: 22, flags: [] },
  { release: 24, flags: ['--strict-allow-scripts'] },
])('on Node $release, installed with $flags', ({ release, flags }) => {
  it('works, its native client included', async () => {
    home = await Home.create(release);
    const allowed = flags.length > 0 ? [`--allow-scripts=${[packed.archive, ...SCRIPTS].join(',')}`] : [];
    const { exitCode, stderr } = await home.install(packed.archive, ...flags, ...allowed);
    expect(exitCode, stderr).toBe(0);
    await expectWorking({ run: home.run.bind(home) }, release);
    const load = `require('node:module').createRequire(${JSON.stringify(`${home.package}/`)})('zookeeper')`;
    expect(await home.run('node', '--eval', load)).toEqual({ exitCode: 0, stdout: '', stderr: '' });
  });
});

describe('on Node 26, for which the native client does not compile', () => {
  it('is refused in a paragraph before anything is compiled, and leaves nothing behind', async () => {
    home = await Home.create(26);
    const { exitCode, stderr } = await home.install(packed.archive);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/zkd is not installed: .*does not compile for Node 26 and newer\. This is Node 26\./);
    expect(stderr).toContain('Use Node 20, 22 or 24, and install zkd again.');
    expect(stderr).toContain("required: { node: '>=20 <26' }");
    expect(stderr).not.toMatch(/gyp|make\[/);
    expect(stderr.split('\n').length).toBeLessThan(25);
    expect((await home.run('zkd', '--version')).exitCode).toBe(127);
  });

  it('is installed without it where scripts are left out, and the cluster commands work', async () => {
    home = await Home.create(26);
    const { exitCode, stderr } = await home.install(packed.archive, '--ignore-scripts');
    expect(exitCode, stderr).toBe(0);
    await expectWorking({ run: home.run.bind(home) }, 26);
  });
});

describe('what npm runs first', () => {
  const script = join(root, 'bin/preinstall.js');
  const env = { PYTHON: undefined, npm_config_python: undefined, MAKE: undefined, CXX: undefined };
  /** A search path with these commands and nothing else. */
  const tools = async (...names: string[]): Promise<string> => {
    const path = await mkdtemp(join(folder, 'tools-'));
    for (const name of names) await symlink('/bin/true', join(path, name));
    return path;
  };

  it('names the tools that are missing for compiling, and the package of each', async () => {
    const { exitCode, stderr } = await execa(process.execPath, [script], { env: { ...env, PATH: await tools('make') }, reject: false });
    expect(exitCode).toBe(1);
    expect(stderr).toContain('and this machine lacks python3, g++.');
    expect(stderr).toContain('apt-get install --yes python3 g++');
    expect(stderr).toContain('--ignore-scripts');
  });

  it('is silent where all is there, under whatever name', async () => {
    for (const PATH of [await tools('make', 'python3', 'g++'), await tools('gmake', 'python', 'c++')]) {
      expect(await execa(process.execPath, [script], { env: { ...env, PATH } })).toMatchObject({ stdout: '', stderr: '' });
    }
    const given = { PYTHON: '/opt/python', MAKE: '/opt/make', CXX: '/opt/cxx', PATH: await tools() };
    expect(await execa(process.execPath, [script], { env: given })).toMatchObject({ stdout: '', stderr: '' });
  });

  it('refuses what engines refuses', async () => {
    const { engines } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { engines: { node: string } };
    expect(engines.node).toBe('>=20 <26');
    const refused = await execa(join(nodePrefix(26), 'bin/node'), [script, '--node-only'], { reject: false });
    expect(refused).toMatchObject({ exitCode: 1, stdout: '' });
    const taken = await execa(join(nodePrefix(24), 'bin/node'), [script, '--node-only']);
    expect(taken).toMatchObject({ exitCode: 0, stdout: '', stderr: '' });
  });
});
