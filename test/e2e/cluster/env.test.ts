/** What `cluster env` prints, read by those it is printed for: shells, node, docker, GitHub's runner. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { beforeAll, expect, it } from 'vitest';
import { docker, IMAGE, succeed, up, useEnsembles } from '../../support/story.js';
import { zkd } from '../../support/zkd.js';

const ensembles = useEnsembles();
let name = '';
let folder = '';
let wanted: Record<string, string> = {};

beforeAll(async () => {
  name = ensembles.name();
  await up(name, '--size', '2', '--client-port', 'auto', '--image', IMAGE, '--heap', '64m', '--no-wait');
  folder = await mkdtemp(join(tmpdir(), 'zkd-env.'));
  ensembles.later(() => rm(folder, { recursive: true, force: true }));
  wanted = await succeed<Record<string, string>>(['cluster', 'env', name]);
  expect(Object.keys(wanted)).toEqual(['ZKD_CONNECT', 'ZKD_CLUSTER', 'ZOOKEEPER_INTERNAL_CONNECT', 'HOSTS_ENTRY']);
});

const written = async (format: string): Promise<string> => {
  const file = join(folder, format);
  await writeFile(file, `${(await zkd(['cluster', 'env', name, '--format', format])).stdout}\n`);
  return file;
};
/** Of an environment as `env` prints it, what was wanted. */
const among = (text: string): Record<string, string> =>
  Object.fromEntries(
    text
      .split('\n')
      .map((line) => [line.split('=')[0] ?? '', line.slice(line.indexOf('=') + 1)] as const)
      .filter(([key]) => key in wanted),
  );

it.each(['dash', 'bash'])('is what %s can eval', async (shell) => {
  const { stdout } = await execa(shell, ['-euc', `eval "$(cat ${await written('shell')})"; env`]);
  expect(among(stdout)).toEqual(wanted);
});

it('is what node and docker read from a file', async () => {
  const file = await written('dotenv');
  const { stdout } = await execa(process.execPath, [`--env-file=${file}`, '-p', 'JSON.stringify(process.env)']);
  expect(JSON.parse(stdout)).toMatchObject(wanted);
  expect(among(await docker('run', '--rm', '--entrypoint', 'env', '--env-file', file, IMAGE))).toEqual(wanted);
});

it('is JSON', async () => {
  expect(JSON.parse(await readFile(await written('json'), 'utf8'))).toEqual(wanted);
});

it('is appended to the file GITHUB_ENV names, a line each', async () => {
  const file = join(folder, 'github-env');
  await writeFile(file, 'BEFORE=1\n');
  const { stdout, exitCode } = await zkd(['cluster', 'env', name, '--format', 'github'], { env: { GITHUB_ENV: file } });
  expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 0 });
  const text = await readFile(file, 'utf8');
  expect(text.startsWith('BEFORE=1\n')).toBe(true);
  expect(among(text)).toEqual(wanted);
});
