import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { useFakeHostPorts } from '../../fakes/fake-host-ports.js';
import { createWorld, type World } from '../../support/ensemble-world.js';
import { runCommand, runJson } from '../../support/run-command.js';
import { signalsFromNow, type SignalName } from '../../support/signals.js';

useFakeHostPorts();

let world: World;
let folder: string;
let deliver: (name: SignalName) => void;
beforeEach(async () => {
  deliver = signalsFromNow();
  folder = await mkdtemp(join(tmpdir(), 'zkd-logs-'));
  world = createWorld();
  await world.up({ given: { size: 2 } });
  world.engine.log('zkd-zk-2', 'first');
  world.engine.log('zkd-zk-1', 'second', 'stderr');
});
afterEach(() => rm(folder, { recursive: true }));

describe('cluster logs', () => {
  it('prints each line with its member, by time, and nothing on stderr', async () => {
    const { stdout, stderr, exitCode } = await runCommand('cluster:logs', [], world);
    expect({ stdout, stderr, exitCode }).toEqual({ stdout: 'member-2 | first\nmember-1 | second\n', stderr: '', exitCode: 0 });
    expect((await runCommand('cluster:logs', ['zk', '--member', '1'], world)).stdout).toBe('member-1 | second\n');
    expect((await runCommand('cluster:logs', ['zk', '--timestamps', '--tail', '1'], world)).stdout).toMatch(
      /^member-2 \| \d{4}-\d\d-\d\dT\S+Z first\nmember-1 \| \S+Z second\n$/,
    );
  });

  it('prints one document a line with --json, failures included', async () => {
    const { stdout, exitCode } = await runCommand('cluster:logs', ['--json'], world);
    const documents = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);
    const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/) as string;
    expect(exitCode).toBe(0);
    expect(documents).toEqual([
      { time, member: 2, stream: 'stdout', line: 'first' },
      { time, member: 1, stream: 'stderr', line: 'second' },
    ]);
    const failed = await runCommand('cluster:logs', ['other', '--json'], world);
    expect(failed.exitCode).toBe(3);
    expect(failed.stdout.trimEnd().split('\n')).toHaveLength(1);
    expect(JSON.parse(failed.stdout)).toMatchObject({ error: { code: 'not-found' } });
  });

  it('has a colour per member on a terminal, and none under --no-color or --json', async () => {
    const escape = String.fromCharCode(27);
    const { stdout } = await runCommand('cluster:logs', [], world, { tty: true });
    const [second = '', first = ''] = stdout.split('\n').map((line) => line.slice(0, line.indexOf('m') + 1));
    expect([first.startsWith(escape), first === second]).toEqual([true, false]);
    expect((await runCommand('cluster:logs', ['--no-color'], world, { tty: true })).stdout).not.toContain(escape);
    expect((await runCommand('cluster:logs', ['--json'], world, { tty: true })).stdout).not.toContain(escape);
  });

  it('says so where there is no container to read from', async () => {
    await world.down();
    const { stdout, stderr, exitCode } = await runCommand('cluster:logs', ['zk'], world);
    expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 0 });
    expect(stderr).toContain('has no container');
  });

  it('is exit 3 for an ensemble or a member that is not there', async () => {
    expect((await runCommand('cluster:logs', ['other'], world)).exitCode).toBe(3);
    const { exitCode, stderr } = await runCommand('cluster:logs', ['zk', '--member', '3'], world);
    expect(exitCode).toBe(3);
    expect(stderr).toContain('Ensemble "zk" has no member 3');
  });
});

describe('cluster logs --follow', () => {
  /** Follows until the words are out, then does something. */
  const following = (argv: readonly string[], when: number, act: () => void) => {
    let writes = 0;
    const onWrite = (): boolean => {
      writes += 1;
      if (writes === when) setImmediate(act);
      return true;
    };
    return runCommand('cluster:logs', ['zk', '--follow', ...argv], world, { onWrite });
  };

  it('goes on until Ctrl-C: exit 130, without a word', async () => {
    const run = await following([], 1, () => {
      world.engine.log('zkd-zk-1', 'third');
      setTimeout(() => deliver('SIGINT'), 400);
    });
    expect(run).toMatchObject({ exitCode: 130, stderr: '', stdout: 'member-2 | first\nmember-1 | second\nmember-1 | third\n' });
  });

  it('ends with its failure as the last document with --json', async () => {
    const run = await following(['--json'], 1, () => deliver('SIGTERM'));
    expect(run.exitCode).toBe(143);
    expect(JSON.parse(run.stdout.trimEnd().split('\n').at(-1) ?? '')).toMatchObject({ error: { code: 'terminated', exitCode: 143 } });
  });

  it('ends well when its reader goes away', async () => {
    const run = await runCommand('cluster:logs', ['zk', '--follow'], world, { onWrite: () => false });
    expect(run).toMatchObject({ exitCode: 0, stderr: '' });
  });
});

describe('cluster logs --export', () => {
  it('writes a folder and tells what is in it', async () => {
    const dir = join(folder, 'bundle');
    const { document, exitCode } = await runJson('cluster:logs', ['zk', '--export', dir], world);
    expect(exitCode).toBe(0);
    expect(Object.keys(document)).toEqual(['dir', 'files', 'missing']);
    expect(document).toMatchObject({ dir, missing: [], files: expect.arrayContaining(['member-1/log.txt', 'status.json']) as string[] });
    const human = await runCommand('cluster:logs', ['zk', '--export', dir], world);
    expect(human).toMatchObject({ exitCode: 0, stdout: `zk: 19 files in ${dir}\n` });
    expect(await readFile(join(dir, 'member-2', 'log.txt'), 'utf8')).toContain('first');
  });

  it('is a success of which the gaps are told where members are dead', async () => {
    await world.engine.killContainer('zkd-zk-1', 'KILL');
    const { exitCode, stderr } = await runCommand('cluster:logs', ['zk', '--export', join(folder, 'bundle')], world);
    expect(exitCode).toBe(0);
    expect(stderr).toContain('member-1/srvr.txt is missing: not asked: its container is exited');
  });

  it('is exit 4 for a folder of somebody else', async () => {
    await writeFile(join(folder, 'mine'), '');
    expect(await runJson('cluster:logs', ['zk', '--export', folder], world)).toMatchObject({
      exitCode: 4,
      document: { error: { code: 'conflict', details: { dir: folder } } },
    });
    expect(await readdir(folder)).toEqual(['mine']);
  });
});
