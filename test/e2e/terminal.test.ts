/** What only a real process shows: streams that nobody reads or that are full, and keys pressed at a real terminal. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openEngine, type Engine } from '../../src/engine/index.js';
import { removeTestEnsemble, testEnsembleName } from '../support/ensembles.js';

const ZKD = `${process.execPath} ${join(new URL('../..', import.meta.url).pathname, 'bin/run.js')}`;
const NO_ENGINE = '--docker-host unix:///nowhere/docker.sock';
const bash = (line: string) => execa('bash', ['-c', line], { reject: false, stdin: 'ignore' });

let engine: Engine;
const made: string[] = [];
const newName = (): string => {
  const name = testEnsembleName();
  made.push(name);
  return name;
};
beforeAll(async () => {
  engine = await openEngine();
});
afterAll(async () => {
  for (const name of made) await removeTestEnsemble(engine, name);
  await engine.close();
});

describe('a result nobody reads', () => {
  it.each([
    [`cluster ls --json ${NO_ENGINE}`, 5],
    ['cluster bogus --json', 2],
    ['help', 0],
    ['--version', 0],
    ['--version --json', 0],
  ])('%s ends with %i all the same, without a word', async (argv, code) => {
    const { stdout, stderr } = await bash(`${ZKD} ${argv} | true; echo \${PIPESTATUS[0]}`);
    expect({ stdout, stderr }).toEqual({ stdout: String(code), stderr: '' });
  });
});

describe('a result for which there is no room', () => {
  it.each([`cluster ls --json ${NO_ENGINE}`, 'cluster ls --quiet', 'help', 'cluster --help', '--version', '--version --json'])(
    '%s is exit 1 and one line',
    async (argv) => {
      const { exitCode, stderr } = await bash(`${ZKD} ${argv} > /dev/full`);
      expect({ exitCode, stderr }).toEqual({
        exitCode: 1,
        stderr: expect.stringMatching(/^Error: Cannot write to stdout: ENOSPC.*$/) as string,
      });
    },
  );
});

describe('talk nobody reads', () => {
  it('does not change how a failure ends', async () => {
    const { stdout } = await bash(`${ZKD} cluster bogus 2>&1 >/dev/null | true; echo \${PIPESTATUS[0]}`);
    expect(stdout).toBe('2');
  });

  it('does not stop the work', async () => {
    const name = newName();
    const up = `${ZKD} cluster up ${name} --size 1 --client-port auto`;
    expect((await bash(`${up} 2>&1 >/dev/null | head -1 >/dev/null; echo \${PIPESTATUS[0]}`)).stdout).toBe('0');
    expect((await bash(`${ZKD} cluster status ${name}`)).exitCode).toBe(0);
    await removeTestEnsemble(engine, name);
  });
});

it('prints its version as one document with --json', async () => {
  const { stdout } = await bash(`${ZKD} --version --json`);
  expect(JSON.parse(stdout)).toEqual({
    version: expect.stringMatching(/^\d+\.\d+\.\d+/) as string,
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
  });
});

it.each([
  ['cluster --json', '$ zkd cluster COMMAND'],
  ['cluster up --help --json', '$ zkd cluster up [NAME]'],
  ['help --json', '$ zkd [COMMAND]'],
])('%s prints help as one document', async (argv, usage) => {
  const { stdout, exitCode } = await bash(`${ZKD} ${argv}`);
  expect(exitCode).toBe(0);
  expect(JSON.parse(stdout)).toEqual({ help: expect.stringContaining(usage) as string });
});

/** Presses a key once the question stands on a terminal of its own; answers with the exit code and all that was to be read. */
async function answerWith(key: string): Promise<{ exitCode: number | null; text: string }> {
  const child = spawn('script', ['-qec', `${ZKD} cluster status --no-color`, '/dev/null'], {
    env: { ...process.env, TERM: 'xterm', CI: '' },
  });
  let text = '';
  let isPressed = false;
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString();
    if (isPressed || !text.includes('Which ensemble?')) return;
    isPressed = true;
    child.stdin.write(key);
  });
  const exitCode = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { exitCode, text };
}

describe('a question', () => {
  beforeAll(async () => {
    // Volumes make an ensemble that is asked about; nothing runs.
    for (const name of [newName(), newName()]) {
      const flags = `--size 1 --client-port auto --no-wait`;
      expect((await bash(`${ZKD} cluster up ${name} ${flags} && ${ZKD} cluster down ${name}`)).exitCode).toBe(0);
    }
  });

  it.each([
    ['Ctrl-C', '\u0003'],
    ['Ctrl-D', '\u0004'],
  ])('that is answered with %s is exit 130', async (_, key) => {
    const { exitCode, text } = await answerWith(key);
    expect(exitCode, text).toBe(130);
    expect(text).toContain('Error: Interrupted');
    expect(text).not.toContain('force closed');
  });
});
