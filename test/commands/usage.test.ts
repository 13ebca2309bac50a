/** What is typed wrong: exit 2 in both forms, one small document, and the engine is never asked. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { useFakeHostPorts } from '../fakes/fake-host-ports.js';
import { loadCommands } from '../support/commands.js';
import { createWorld, type World } from '../support/ensemble-world.js';
import { runCommand, runJson } from '../support/run-command.js';

useFakeHostPorts();

const ids = [...(await loadCommands()).keys()].filter((id) => id.startsWith('cluster:'));
let world: World;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'zkd-usage-'));
});
beforeEach(() => {
  world = createWorld();
});
afterAll(() => rm(folder, { recursive: true }));

/** Commands that run a child say last that the exit code is zkd's own. */
const CHILD_COMMANDS = ['cluster:exec', 'cluster:shell'];
const OWN_CODE = "zkd: exit code 2 is zkd's own, not the command's\n";
/** What a command cannot do without. */
const NEEDED: Readonly<Record<string, readonly string[]>> = { 'cluster:exec': ['--member', '1', '--', 'true'] };

/** Runs both forms; answers the words on stderr. The engine must not have been asked anything. */
async function refused(id: string, wrong: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> {
  const argv = [...wrong, ...(NEEDED[id] ?? [])];
  const last = CHILD_COMMANDS.includes(id) ? OWN_CODE : '';
  const human = await runCommand(id, argv, world, { env });
  expect({ exitCode: human.exitCode, stdout: human.stdout, openings: human.openings }).toEqual({ exitCode: 2, stdout: '', openings: [] });
  expect(human.stderr).toMatch(/^Error: /);
  expect(human.stderr.endsWith(last)).toBe(true);
  const json = await runJson(id, argv, world, { env });
  expect(json).toMatchObject({ exitCode: 2, stderr: last, openings: [] });
  expect(Object.keys(json.document)).toEqual(['error']);
  expect(json.document).toMatchObject({
    error: {
      code: 'usage',
      exitCode: 2,
      message: expect.any(String) as string,
      suggestions: expect.any(Array) as string[],
      details: expect.any(Object) as object,
    },
  });
  expect(Object.keys(json.document['error'] as object)).toEqual(['code', 'message', 'exitCode', 'suggestions', 'details']);
  expect(json.stdout.length).toBeLessThan(2000);
  expect(json.stdout + human.stderr).not.toContain(homedir());
  expect(human.stderr + json.stdout).not.toContain(String.fromCharCode(27));
  expect(world.engine.calls.filter(({ method }) => method !== 'close')).toEqual([]);
  return human.stderr;
}

describe.each(ids)('%s', (id) => {
  it('refuses an unknown flag and names the way to the help', async () => {
    const words = await refused(id, ['--frobnicate']);
    expect(words).toContain('--frobnicate');
    expect(words).toContain(`zkd ${id.replaceAll(':', ' ')} --help`);
  });

  it('refuses more arguments than it takes', async () => {
    await refused(id, ['one', 'two', 'three']);
  });

  it('refuses what stands after --, and takes --json before it only', async () => {
    if (id in NEEDED) return;
    expect(await refused(id, ['--', 'ls', '-la'])).toContain('Nothing may stand after "--"');
    const { stdout, stderr, exitCode } = await runCommand(id, ['--', '--json'], world);
    expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 2 });
    expect(stderr).toMatch(/^Error: /);
    const json = await runCommand(id, ['--json', '--'], world);
    expect(JSON.parse(json.stdout)).toHaveProperty('error.code', 'usage');
  });

  it('refuses two engines', async () => {
    await refused(id, ['--docker-host', 'tcp://x', '--context', 'y']);
  });

  it.each(['No', '-x', 'dash-', 'a_b', '', 'x'.repeat(33), '../zk', 'dot.dot', 'ä', 'a b'])('refuses %j for a name', async (name) => {
    if (id === 'cluster:ls') return;
    await refused(id, ['--cluster', name]);
    if (!name.startsWith('-')) await refused(id, [name]);
  });

  it('refuses an argument and a typed flag that differ', async () => {
    if (id !== 'cluster:ls') await refused(id, ['one', '--cluster', 'two']);
  });
});

describe.each(['cluster:up', 'cluster:run'])('%s', (id) => {
  it.each(['0', '-1', '1.5', '1000', '10', '', ' ', 'three', '03', '1e0', '0x3'])(
    'refuses size %j, by flag, variable and file',
    async (size) => {
      const file = join(folder, 'size.yaml');
      await writeFile(file, `name: zk\nsize: "${size}"\n`);
      await refused(id, [`--size=${size}`]);
      if (size !== '') await refused(id, [], { ZKD_SIZE: size });
      expect(await refused(id, ['--file', file])).toMatch(/line 2: "size": .*from 1 to 9/);
    },
  );

  it.each([
    ['--observers', '10'],
    ['--client-port', '80'],
    ['--bind', 'localhost'],
    ['--subnet', '10.0.0.0'],
    ['--subnet', '10.77.0.0/24/9'],
    ['--network', 'host'],
    ['--network', 'container:zkd-zk-1'],
    ['--heap', '1m'],
    ['--memory', 'much'],
    ['--cpus', '0'],
    ['--tick-time', '1ms'],
    ['--set', 'dataDir=/x'],
    ['--set', 'novalue'],
    ['--restart', 'always'],
    ['--image', 'not an image'],
    ['--pull', 'sometimes'],
    ['--timeout', 'soon'],
    ['--timeout', '0s'],
    ['--file', '/nowhere/zkd.yaml'],
    ['--file', ''],
  ])('refuses %s %s', async (flag, value) => {
    await refused(id, [flag, value]);
  });

  it.each(['ssl.keyStore.password=hunter2', 'ssl.keyStore.password hunter2'])('never repeats a secret: --set %s', async (pair) => {
    const file = join(folder, 'secret.yaml');
    await writeFile(file, 'set:\n  ssl.keyStore.password: hunter2\n');
    for (const [argv, env] of [
      [['--set', pair], {}],
      [[], { ZKD_SET: `a=1\n${pair}` }],
      [['--file', file], {}],
    ] as const) {
      expect(await refused(id, argv, env)).toContain('ssl.keyStore.password');
      const { stdout, stderr } = await runCommand(id, [...argv, '--json'], world, { env });
      expect(stdout + stderr + (await refused(id, argv, env))).not.toContain('hunter2');
    }
  });

  it('suggests the flag that may have been meant', async () => {
    expect(await refused(id, ['--obsrevers', '2'])).toContain('Did you mean --observers?');
    expect(await refused(id, ['--siz=2'])).toContain('Did you mean --size');
  });

  it('names every wrong field of a file with its line', async () => {
    const file = join(folder, 'wrong.yaml');
    await writeFile(file, 'sise: 3\nheap: 1\nset:\n  clientPort: 1\n');
    const words = await refused(id, ['--file', file]);
    expect(words).toMatch(/line 1: "sise" is not known/);
    expect(words).toMatch(/line 2: "heap"/);
    expect(words).toMatch(/line [34]: "set.*use --client-port/);
  });

  it('refuses a name that differs from the file’s', async () => {
    const file = join(folder, 'named.yaml');
    await writeFile(file, 'name: one\n');
    expect(await refused(id, ['two', '--file', file])).toContain('"one"');
  });

  it('refuses settings that contradict one another', async () => {
    const { exitCode } = await runCommand(id, ['--heap', '1g', '--memory', '1g'], world);
    expect(exitCode).toBe(2);
    expect(await world.inventory()).toEqual([]);
  });
});

it.each([
  ['cluster:ls', '--output', 'xml'],
  ['cluster:ps', '-o', 'csv'],
  ['cluster:env', '--format', 'fish'],
  ['cluster:rm', '--member', '0'],
  ['cluster:logs', '--member', '0'],
  ['cluster:logs', '--tail', '-1'],
  ['cluster:logs', '--tail', 'all'],
  ['cluster:logs', '--since', 'yesterday'],
  ['cluster:logs', '--since', '10 minutes'],
  ['cluster:logs', '--since', '2026-13-01'],
  ['cluster:logs', '--export', ''],
  ['cluster:exec', '--member', 'one'],
  ['cluster:exec', '--own-exit-base', '113'],
  ['cluster:exec', '--result', '/nowhere/result.json'],
  ['cluster:shell', '--member', '256'],
])('%s refuses %s %s', async (id, flag, value) => {
  await refused(id, [flag, value]);
});

it('cluster:logs refuses to export and to follow', async () => {
  await refused('cluster:logs', ['--export', 'x', '--follow']);
});

it.each([
  [['--member', '1'], 'after "--"'],
  [['--member', '1', '--'], 'after "--"'],
  [['--', 'ls'], '--member'],
])('cluster:exec %j is told what it lacks', async (argv, words) => {
  const { exitCode, stdout, stderr, openings } = await runCommand('cluster:exec', argv, world);
  expect({ exitCode, stdout, openings }).toEqual({ exitCode: 2, stdout: '', openings: [] });
  expect(stderr).toContain(words);
  expect(stderr.endsWith(OWN_CODE)).toBe(true);
});
