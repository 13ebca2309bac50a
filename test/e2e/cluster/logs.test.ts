/** The logs of real members: interleaved, followed through all that happens to them, and exported with everything else. */
import { mkdir, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { beforeAll, describe, expect, it } from 'vitest';
import { openDoor, toEngine } from '../../support/engine-proxy.js';
import { docker, IMAGE, run, look, succeed, up, useEnsembles } from '../../support/story.js';
import { startZkd, zkd } from '../../support/zkd.js';

const ensembles = useEnsembles();
const ZKD = `${process.execPath} ${new URL('../../../bin/run.js', import.meta.url).pathname}`;
let name = '';
let folder = '';

interface Line {
  readonly time: string;
  readonly member: number;
  readonly stream: string;
  readonly line: string;
}

const start = (): Promise<unknown> => up(name, '--size', '2', '--client-port', 'auto', '--image', IMAGE, '--heap', '64m');

beforeAll(async () => {
  name = ensembles.name();
  await start();
  folder = await mkdtemp(join(tmpdir(), 'zkd-logs.'));
  ensembles.later(() => rm(folder, { recursive: true, force: true }));
});

const container = (member: number): string => `zkd-${name}-${member}`;
const parse = (text: string): Line[] =>
  text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Line);

/** What the engine itself has of a member's log, by time. */
async function known(member: number): Promise<string[]> {
  const { all } = await execa('docker', ['logs', '--timestamps', container(member)], { all: true });
  return all.split('\n').filter(Boolean).sort();
}
const of = (lines: readonly Line[], member: number): string[] =>
  lines
    .filter((line) => line.member === member)
    .map(({ time, line }) => `${time} ${line}`.trimEnd())
    .sort();
const trimmed = (lines: readonly string[]): string[] => lines.map((line) => line.trimEnd());

/** Follows as a child process. */
function follow(args: readonly string[] = [], env: Readonly<Record<string, string>> = {}) {
  const child = startZkd(['cluster', 'logs', name, '--follow', '--json', ...args], { env });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  let talk = '';
  child.stderr.on('data', (chunk: Buffer) => (talk += chunk.toString()));
  const lines = (): Line[] => parse(text.slice(0, text.lastIndexOf('\n') + 1));
  return {
    child,
    lines,
    talk: () => talk,
    sees: (what: (lines: readonly Line[]) => boolean) => expect.poll(() => what(lines()), { timeout: 60_000, interval: 100 }).toBe(true),
  };
}

/** Lets a member log something: it notes every four-letter word it is asked. */
const makeNoise = (): Promise<unknown> => look(name);

describe('the logs of an ensemble', () => {
  it('are all there, in order of time, with their members', async () => {
    const { stdout, exitCode } = await zkd(['cluster', 'logs', name, '--json']);
    expect(exitCode).toBe(0);
    const lines = parse(stdout);
    const times = lines.map(({ time }) => time);
    expect(times.filter((time, index) => index > 0 && time < (times[index - 1] ?? '')).length).toBeLessThan(times.length / 50);
    for (const member of [1, 2]) {
      const own = trimmed(await known(member));
      expect(own.length).toBeGreaterThan(50);
      expect(own.slice(0, of(lines, member).length)).toEqual(of(lines, member));
    }
    const switches = lines.filter(({ member }, index) => index > 0 && lines[index - 1]?.member !== member).length;
    expect(switches).toBeGreaterThan(5);
    const human = await zkd(['cluster', 'logs', name, '--tail', '2']);
    expect(
      human.stdout
        .split('\n')
        .map((line) => line.slice(0, 11))
        .sort(),
    ).toEqual([...['member-1 | ', 'member-1 | '], ...['member-2 | ', 'member-2 | ']]);
  });

  it('are those since a time, to the nanosecond', async () => {
    const { stdout } = await zkd(['cluster', 'logs', name, '--json', '--member', '1']);
    const lines = parse(stdout);
    const middle = lines[Math.floor(lines.length / 2)]?.time ?? '';
    const rest = parse((await zkd(['cluster', 'logs', name, '--json', '--member', '1', '--since', middle])).stdout);
    expect(rest.slice(0, 5)).toEqual(lines.filter(({ time }) => time >= middle).slice(0, 5));
    expect((await zkd(['cluster', 'logs', name, '--since', '2100-01-01'])).stdout).toBe('');
  });

  it('end well where nobody reads to the end', async () => {
    const { stdout } = await execa('bash', ['-c', `${ZKD} cluster logs ${name} | head -1 >/dev/null; echo \${PIPESTATUS[0]}`]);
    expect(stdout).toBe('0');
    const following = execa('bash', ['-c', `${ZKD} cluster logs ${name} -f | head -1 >/dev/null; echo \${PIPESTATUS[0]}`]);
    let isOver = false;
    void following.then(() => (isOver = true));
    await expect
      .poll(
        async () => {
          await makeNoise();
          return isOver;
        },
        { timeout: 30_000 },
      )
      .toBe(true);
    expect((await following).stdout).toBe('0');
  });
});

describe('following', () => {
  it('goes through a restart of a member without a line lost or doubled, until Ctrl-C', async () => {
    const { child, lines, sees } = follow(['--member', '1']);
    await sees((all) => all.length > 50);
    await docker('restart', '--time', '5', container(1));
    await sees((all) => all.filter(({ line }) => /binding to port/.test(line)).length >= 2);
    await docker('stop', container(1));
    const whole = trimmed(await known(1));
    await sees((all) => all.length >= whole.length);
    expect(of(lines(), 1)).toEqual(whole);
    child.kill('SIGINT');
    expect((await child).exitCode).toBe(130);
    await start();
  });

  it('goes through the replacement of all containers, and ends when the ensemble is taken down', async () => {
    const { child, lines, sees } = follow();
    await sees((all) => all.some(({ member }) => member === 2));
    const before = lines().length;
    await docker('rm', '--force', container(1));
    await start();
    await sees((all) => all.slice(before).some(({ member, line }) => member === 1 && /binding to port/.test(line)));
    await succeed(['cluster', 'down', name]);
    await start();
    const newest = async (): Promise<string[]> => trimmed([...(await known(1)), ...(await known(2))].sort());
    await docker('stop', container(1), container(2));
    const wanted = await newest();
    const have = (): Set<string> => new Set(lines().map(({ time, line }) => `${time} ${line}`.trimEnd()));
    await expect.poll(() => wanted.filter((line) => !have().has(line)), { timeout: 30_000 }).toEqual([]);
    const all = lines().map(({ time, member, line }) => `${member} ${time} ${line}`);
    expect(new Set(all).size).toBe(all.length);
    await succeed(['cluster', 'down', name]);
    expect((await child).exitCode).toBe(0);
    await start();
  });

  it('goes through an engine that is away', async () => {
    let isAway = false;
    const door = await openDoor((socket) => (isAway ? socket.destroy() : toEngine(socket)));
    ensembles.later(async () => door.close());
    const { child, lines, talk, sees } = follow(['--member', '1'], { DOCKER_HOST: `tcp://127.0.0.1:${door.port}` });
    await sees((all) => all.length > 20);
    isAway = true;
    for (const socket of door.sockets) socket.destroy();
    await expect.poll(talk, { timeout: 30_000 }).toContain('The engine is away');
    await makeNoise();
    isAway = false;
    await expect.poll(talk, { timeout: 30_000 }).toContain('The engine is back');
    await docker('stop', container(1));
    const whole = trimmed(await known(1));
    await sees((all) => all.length >= whole.length);
    expect(of(lines(), 1)).toEqual(whole);
    child.kill('SIGTERM');
    expect((await child).exitCode).toBe(143);
    await start();
  });
});

describe('an export', () => {
  const filesBelow = async (path: string): Promise<string[]> => {
    const entries = await readdir(path, { recursive: true, withFileTypes: true });
    return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  };

  it('of an ensemble with a dead member has the rest, notes the gaps, and holds no secret', async () => {
    const credential = await docker('exec', container(1), 'cat', '/conf/zkd-super');
    const digest = /superDigest=(\S+)/.exec(await docker('exec', container(1), 'cat', '/conf/zoo.cfg'))?.[1] ?? '';
    expect(credential.length).toBeGreaterThan(20);
    expect(digest.length).toBeGreaterThan(20);
    await docker('kill', container(2));
    const dir = join(folder, 'bundle');
    const document = await succeed<{ dir: string; files: string[]; missing: { file: string; error: string }[] }>([
      ...['cluster', 'logs', name, '--export', dir],
    ]);
    expect(document.dir).toBe(dir);
    expect((await filesBelow(dir)).sort()).toEqual(document.files.map((file) => join(dir, file)));
    expect(document.files).toEqual(
      expect.arrayContaining(['engine.json', 'export.json', 'member-2/log.txt', 'member-2/configuration.json']),
    );
    expect(document.missing.map(({ file }) => file)).toEqual(expect.arrayContaining(['member-2/srvr.txt', 'member-2/mntr.txt']));
    const everything = await Promise.all((await filesBelow(dir)).map((file) => readFile(file, 'utf8')));
    const secrets = [credential, credential.split(':')[1] ?? '?', digest, digest.slice(digest.indexOf(':') + 1)];
    for (const secret of secrets) expect(everything.join('\n')).not.toContain(secret);
    expect(JSON.parse(await readFile(join(dir, 'status.json'), 'utf8'))).toMatchObject({ healthy: false });
    expect((await stat(dir)).mode & 0o777).toBe(0o700);
    expect(await readFile(join(dir, 'member-2', 'log.txt'), 'utf8')).toMatch(/ stdout .*binding to port/);
    await start();
    expect((await zkd(['cluster', 'logs', name, '--export', dir])).exitCode).toBe(0);
    expect(await readFile(join(dir, 'member-2', 'mntr.txt'), 'utf8')).toContain('zk_server_state');
  });

  it('for which there is no room is exit 1, says so, and leaves nothing', async () => {
    const small = join(folder, 'small');
    await mkdir(small);
    await execa('mount', ['-t', 'tmpfs', '-o', 'size=16k', 'tmpfs', small]);
    ensembles.later(() => execa('umount', [small]));
    const { exitCode, document } = await run(['cluster', 'logs', name, '--export', join(small, 'bundle')]);
    expect(exitCode).toBe(1);
    expect(document).toMatchObject({ error: { code: 'failure', message: expect.stringMatching(/^Cannot write .*ENOSPC/) as string } });
    expect(await readdir(small)).toEqual([]);
  });
});
