import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runChild } from '../../../src/runtime/run-child.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'zkd-child-'));
});
afterAll(() => rm(folder, { recursive: true }));

const env = process.env;

it('hands the input over byte for byte, with the variables', async () => {
  const file = join(folder, 'out');
  const input = Buffer.from([0, 255, 10, 13]);
  const end = await runChild({ command: ['sh', '-c', 'cat >"$TARGET"'], input, env: { ...env, TARGET: file } });
  expect(end).toEqual({ exitCode: 0, startError: null });
  expect((await readFile(file)).equals(input)).toBe(true);
});

it.each([
  ['exit 7', 7],
  ['kill -TERM $$', 143],
  // Nobody reads what it is given.
  ['exec 0<&-; exit 0', 0],
])('ends as the command does: %s', async (script, exitCode) => {
  const end = await runChild({ command: ['sh', '-c', script], input: Buffer.alloc(1_000_000), env });
  expect(end).toEqual({ exitCode, startError: null });
});

it('says where there is no such command, and where it cannot be run', async () => {
  const file = join(folder, 'no-program');
  await writeFile(file, 'text', { mode: 0o600 });
  expect(await runChild({ command: ['no-such-command'], env })).toMatchObject({
    exitCode: 127,
    startError: expect.stringContaining('ENOENT') as string,
  });
  expect(await runChild({ command: [file], env })).toMatchObject({ exitCode: 126 });
});

it('is ended by the signal', async () => {
  const stop = new AbortController();
  const running = runChild({ command: ['sleep', '60'], input: Buffer.alloc(0), env, signal: stop.signal });
  setTimeout(() => stop.abort(), 50);
  expect(await running).toEqual({ exitCode: 143, startError: null });
});
