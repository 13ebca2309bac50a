/** Commands in a member's container as a child of zkd: exit codes, streams, signals, and a terminal of its own. */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { beforeAll, describe, expect, it } from 'vitest';
import { docker, IMAGE, up, useEnsembles } from '../../support/story.js';
import { startZkd, zkd } from '../../support/zkd.js';

const ensembles = useEnsembles();
const RUN = new URL('../../../bin/run.js', import.meta.url).pathname;
const ZKD = `${process.execPath} ${RUN}`;
let name = '';
let container = '';
let folder = '';

beforeAll(async () => {
  name = ensembles.name();
  container = `zkd-${name}-1`;
  await up(name, '--size', '1', '--client-port', 'auto', '--image', IMAGE, '--heap', '64m');
  folder = await mkdtemp(join(tmpdir(), 'zkd-exec.'));
  ensembles.later(() => rm(folder, { recursive: true, force: true }));
});

const argv = (...command: string[]): string[] => ['cluster', 'exec', name, '--member', '1', '--', ...command];
const bash = (line: string) => execa('bash', ['-c', line], { reject: false, stdin: 'ignore', encoding: 'buffer' });
/** How many processes inside have the word among their arguments; whoever counts has not. */
const inside = async (word: string): Promise<number> => {
  const script = 'for f in /proc/[0-9]*/cmdline; do tr "\\0" " " <$f; echo; done 2>/dev/null';
  const list = await docker('exec', container, 'sh', '-c', script);
  return list.split('\n').filter((line) => line.includes(word)).length;
};

describe('a command in a member', () => {
  it('ends with its own exit code, its streams apart', async () => {
    expect(await zkd(argv('sh', '-c', 'echo out; echo err >&2; exit 42'))).toEqual({ exitCode: 42, stdout: 'out', stderr: 'err' });
    expect(await zkd(argv('sh', '-c', 'kill -KILL $$'))).toMatchObject({ exitCode: 137 });
  });

  it('gets its arguments as they are, --json and -- among them', async () => {
    const odd = ['--json', '--', '-x', 'a b', '$HOME', '"', ''];
    const { stdout } = await zkd(argv('sh', '-c', 'printf "<%s>" "$@"', 'sh', ...odd));
    expect(stdout).toBe(odd.map((word) => `<${word}>`).join(''));
  });

  it('that is not there is 127, that cannot be run 126, each told on stderr', async () => {
    const missing = await zkd(argv('no-such-command'));
    expect(missing).toMatchObject({
      exitCode: 127,
      stdout: '',
      stderr: expect.stringMatching(/^Error: Cannot run "no-such-command"/) as string,
    });
    expect(await zkd(argv('/etc/passwd'))).toMatchObject({ exitCode: 126, stdout: '' });
  });

  it('is not run where it cannot be: zkd’s own code, moved and told', async () => {
    const args = ['cluster', 'exec', name, '--member', '9', '--own-exit-base', '100', '--', 'true'];
    const { exitCode, stdout, stderr } = await zkd(args);
    expect({ exitCode, stdout }).toEqual({ exitCode: 103, stdout: '' });
    expect(stderr.split('\n').at(-1)).toMatch(/^zkd: /);
  });

  it('is run as the member’s user, or as whom one says', async () => {
    expect((await zkd(argv('id', '-u'))).stdout).toBe('1000');
    expect((await zkd(['cluster', 'exec', name, '--member', '1', '--user', '0', '--', 'id', '-u'])).stdout).toBe('0');
  });
});

describe('its streams', () => {
  it('pass every byte on, both ways, and the end of input', async () => {
    const bytes = randomBytes(3 * 1024 * 1024);
    const file = join(folder, 'bytes');
    await writeFile(file, bytes);
    const { stdout, stderr } = await bash(`${ZKD} ${argv('cat').join(' ')} < ${file} | sha256sum; echo \${PIPESTATUS[0]} >&2`);
    expect(Buffer.from(stdout).toString().slice(0, 64)).toBe(createHash('sha256').update(bytes).digest('hex'));
    expect(Buffer.from(stderr).toString()).toBe('0');
    expect((await zkd(argv('cat'), { input: 'hi\n' })).stdout).toBe('hi');
    expect((await zkd(argv('cat'))).stdout).toBe('');
  });

  it('do not keep zkd alive when the command has ended', async () => {
    const child = spawn(process.execPath, [RUN, ...argv('sh', '-c', 'read line; exit 5')]);
    child.stdin.write('go\n');
    expect(await new Promise((resolve) => child.on('close', resolve))).toBe(5);
  });

  it('end the command where nobody reads any more', async () => {
    const { stdout } = await bash(`${ZKD} ${argv('yes', 'nobody-reads-this').join(' ')} | head -c 100000 | wc -c; echo \${PIPESTATUS[0]}`);
    expect(Buffer.from(stdout).toString().split(/\s+/)).toEqual(['100000', '141']);
    await expect.poll(() => inside('nobody-reads-this')).toBe(0);
  });

  it('fill no memory where they are read slowly', async () => {
    const child = startZkd(argv('cat', '/dev/zero'), { env: {} });
    child.stdout.pause();
    const resident = async (): Promise<number> =>
      Number(/^VmRSS:\s+(\d+)/m.exec(await readFile(`/proc/${child.pid}/status`, 'utf8'))?.[1] ?? 0);
    // Sixty looks in a row: at the speed of a pipe it would hold gigabytes by then.
    let looks = 0;
    await expect
      .poll(
        async () => {
          expect(await resident()).toBeLessThan(300_000);
          return ++looks;
        },
        { timeout: 20_000, interval: 50 },
      )
      .toBe(60);
    child.kill('SIGTERM');
    child.stdout.resume();
    expect((await child).exitCode).toBe(143);
  });
});

describe('a signal', () => {
  /** Starts a command that says when it is ready, and sends a signal then. */
  async function signalled(script: string, ...signals: NodeJS.Signals[]): Promise<number | undefined> {
    const child = startZkd(argv('sh', '-c', script));
    const ready = new Promise<void>((resolve) => child.stdout.once('data', () => resolve()));
    await ready;
    for (const signal of signals) child.kill(signal);
    return (await child).exitCode;
  }

  it('reaches the command, which ends as it likes', async () => {
    const wait = 'echo ready; while :; do sleep 0.1; done';
    expect(await signalled(`trap "exit 7" INT; ${wait}`, 'SIGINT')).toBe(7);
    expect(await signalled(`trap "exit 8" TERM; ${wait}`, 'SIGTERM')).toBe(8);
    expect(await signalled(`trap "exit 9" HUP; ${wait}`, 'SIGHUP')).toBe(9);
  });

  it('ends it where it does not listen, with what it started', async () => {
    expect(await signalled('echo ready; sleep 98765; true', 'SIGTERM')).toBe(143);
    expect(await inside('sleep 98765')).toBe(0);
  });

  it('that comes three times in vain ends zkd itself', async () => {
    const deaf = 'trap "" INT; echo ready; while :; do sleep 0.1; done';
    const child = startZkd(argv('sh', '-c', deaf, 'deaf-one'));
    await new Promise<void>((resolve) => child.stdout.once('data', () => resolve()));
    const timer = setInterval(() => child.kill('SIGINT'), 300);
    const { exitCode, stderr } = await child;
    clearInterval(timer);
    expect(exitCode).toBe(130);
    expect(stderr.split('\n').at(-1)).toMatch(/^zkd: /);
    await docker(
      'exec',
      container,
      'sh',
      '-c',
      'for f in /proc/[0-9]*; do grep -q "[d]eaf-one" $f/cmdline && kill -KILL ${f#/proc/}; done; true',
    );
  });
});

/** A terminal of the test's own, on which a line of a shell runs. */
function terminal(line: string) {
  const child: ChildProcessWithoutNullStreams = spawn('script', ['-qefc', line, '/dev/null'], {
    env: { ...process.env, TERM: 'xterm', CI: '', SHELL: '/bin/bash' },
  });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  return {
    type: (keys: string) => child.stdin.write(keys),
    sees: (words: RegExp) => expect.poll(() => text, { timeout: 20_000 }).toMatch(words),
    end: new Promise<number | null>((resolve) => child.on('close', resolve)),
    text: () => text,
    pid: child.pid,
  };
}

const SETTINGS = 'echo "settings: $(stty -a | tr -d ";" | grep -ow -- "-\\?icanon\\|-\\?echo" | tr "\\n" " ")"';

describe('a terminal', () => {
  it('is the command’s: its size, changes of it, every key; and is given back', async () => {
    const flag = join(folder, 'resize');
    const resize = `(until [ -e ${flag} ]; do sleep 0.05; done; stty cols 132 rows 43 </dev/tty) &`;
    const screen = terminal(`stty cols 91 rows 17; ${resize} ${ZKD} ${argv('sh').join(' ')}; code=$?; ${SETTINGS}; exit $code`);
    await screen.sees(/[$#] $/);
    screen.type('PS1="ready> "\n');
    await screen.sees(/ready> $/);
    screen.type('echo "size $(stty size), term $TERM"\n');
    await screen.sees(/size 17 91, term xterm/);
    await writeFile(flag, '');
    screen.type('until [ "$(stty size)" = "43 132" ]; do sleep 0.1; done; echo "now $(stty size)"\n');
    await screen.sees(/now 43 132/);
    screen.type('sleep 98766\n');
    await expect.poll(() => inside('sleep 98766'), { timeout: 20_000 }).toBeGreaterThan(0);
    screen.type('\u0003');
    screen.type('echo "after $?"\n');
    await screen.sees(/after 130/);
    screen.type('exit 9\n');
    expect(await screen.end).toBe(9);
    expect(screen.text()).toMatch(/settings: icanon echo/);
  });

  it('is given back where zkd is told to end', async () => {
    const pidFile = join(folder, 'pid');
    const zkdLine = `sh -c 'echo $$ > ${pidFile}; exec ${ZKD} ${argv('sh').join(' ')}'`;
    const screen = terminal(`${zkdLine}; echo "ended with $?"; ${SETTINGS}`);
    await screen.sees(/[$#] $/);
    process.kill(Number(await readFile(pidFile, 'utf8')), 'SIGTERM');
    await screen.end;
    expect(screen.text()).toMatch(/ended with 129/);
    expect(screen.text()).toMatch(/settings: icanon echo/);
  });
});

describe('the shell of ZooKeeper', () => {
  it('takes commands from a pipe', async () => {
    const { exitCode, stdout } = await zkd(['cluster', 'shell', name], { input: 'create /from-a-pipe x\nls /\n' });
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/\[from-a-pipe, zookeeper\]/);
  });

  it('is interactive at a terminal, and ends as zkCli.sh does', async () => {
    const screen = terminal(`stty cols 120 rows 40; ${ZKD} cluster shell ${name}; code=$?; ${SETTINGS}; exit $code`);
    await screen.sees(/\(CONNECTED\) \d+\] /);
    screen.type('create /from-a-terminal y\r');
    await screen.sees(/Created \/from-a-terminal/);
    screen.type('quit\r');
    expect(await screen.end).toBe(0);
    expect(screen.text()).toMatch(/settings: icanon echo/);
  });
});
