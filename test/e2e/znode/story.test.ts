/** Znodes of a real ensemble from the command line. What other clients make of them: foreign-clients.test.ts. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectFailure, docker, IMAGE, succeed, up, useEnsembles, type Cluster } from '../../support/story.js';
import { startZkd, zkd, type ZkdOptions } from '../../support/zkd.js';

const ROOT = new URL('../../..', import.meta.url).pathname;
const ensembles = useEnsembles();
let cluster: Cluster;
let folder: string;
/** No engine is there to be asked: the connection string is all there is. */
let only: Required<Pick<ZkdOptions, 'env'>>;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'zkd-znodes-'));
  ({ cluster } = await up(ensembles.name(), '--image', IMAGE, '--size', '3', '--client-port', 'auto'));
  only = { env: { ZKD_CONNECT: cluster.connect, DOCKER_HOST: 'tcp://127.0.0.1:1' } };
});
afterAll(() => rm(folder, { recursive: true }));

const znode = (...args: string[]) => zkd(['znode', ...args], only);
/** What `zkCli.sh` in the first member says. */
const zkCli = async (...command: string[]): Promise<string> => {
  const [first] = cluster.members;
  if (!first) throw new Error('the ensemble has no member');
  return docker('exec', first.container, 'zkCli.sh', '-server', first.internalAddress, ...command);
};

describe('data', () => {
  it('is written and read byte for byte', async () => {
    const bytes = randomBytes(100_000);
    const file = join(folder, 'bytes');
    await writeFile(file, bytes);
    expect(await znode('create', '/story/data', '--parents', '--file', file)).toMatchObject({ exitCode: 0, stdout: '/story/data' });
    const { stdout } = await execa(process.execPath, [join(ROOT, 'bin/run.js'), 'znode', 'get', '/story/data'], {
      env: only.env,
      encoding: 'buffer',
    });
    expect(Buffer.from(stdout).equals(bytes)).toBe(true);
  });

  it('is not written over what somebody else wrote', async () => {
    await znode('create', '/story/config', 'blue');
    expect((await znode('set', '/story/config', 'green', '--version', '0')).exitCode).toBe(0);
    await expectFailure(
      ['znode', 'set', '/story/config', 'red', '--version', '0'],
      { exitCode: 4, code: 'conflict', says: ['/story/config'] },
      only,
    );
    expect((await znode('get', '/story/config')).stdout).toBe('green');
  });
});

describe('a tree', () => {
  it('is exported, removed and brought back', async () => {
    const file = join(folder, 'tree.jsonl');
    for (const path of ['/tree/a/b/c', '/tree/d e/ü']) await znode('create', path, path, '--parents');
    expect(await succeed(['znode', 'export', '/tree', file], only)).toMatchObject({ nodes: 6 });
    await expectFailure(['znode', 'rm', '/tree', '--recursive'], { exitCode: 2, code: 'usage', says: ['--yes'] }, only);
    expect(await succeed(['znode', 'rm', '/tree', '--recursive', '--yes'], only)).toMatchObject({ removed: 6 });
    await expectFailure(['znode', 'stat', '/tree'], { exitCode: 3, code: 'not-found', says: ['/tree'] }, only);
    expect(await succeed(['znode', 'import', file], only)).toMatchObject({ created: 6 });
    expect(await znode('diff', `file:${file}`, '/tree')).toMatchObject({ exitCode: 0, stdout: '' });
    expect(await zkCli('ls', '-R', '/tree')).toContain('/tree/d e/ü');
  });
});

describe('an ephemeral node', () => {
  it('lives as long as the command that made it', async () => {
    const holder = startZkd(['znode', 'create', '/held', 'me', '--ephemeral'], only);
    await new Promise<void>((resolve) => holder.stdout.once('data', () => resolve()));
    expect(await succeed(['znode', 'stat', '/held'], only)).toMatchObject({ stat: { kind: 'ephemeral' } });
    holder.kill('SIGINT');
    expect((await holder).exitCode).toBe(130);
    expect((await znode('stat', '/held')).exitCode).toBe(3);
  });
});

describe('a watch', () => {
  it('tells what others do, and what happened while its server was gone', async () => {
    await znode('create', '/watched', 'one');
    const watcher = startZkd(['znode', 'watch', '/watched', '--json', '--recursive'], only);
    let seen = '';
    watcher.stdout.on('data', (chunk: Buffer) => (seen += chunk.toString()));
    let talk = '';
    watcher.stderr.on('data', (chunk: Buffer) => (talk += chunk.toString()));
    await expect.poll(() => talk, { timeout: 20_000 }).toContain('Watching');
    await zkCli('set', '/watched', 'two');
    await expect.poll(() => seen, { timeout: 20_000 }).toMatch(/"changed","path":"\/watched"/);
    // Whichever server it is on goes away at some point of this.
    for (const { id, container } of cluster.members) {
      await docker('restart', '--time', '1', container);
      await zkd(['cluster', 'wait', cluster.name, '--timeout', '60s']);
      expect((await znode('create', `/watched/n${id}`)).exitCode).toBe(0);
    }
    for (const { id } of cluster.members) await expect.poll(() => seen, { timeout: 30_000 }).toContain(`"/watched/n${id}"`);
    expect(seen.match(/"created"/g)).toHaveLength(3);
    watcher.kill('SIGINT');
    expect((await watcher).exitCode).toBe(130);
  });
});

describe('where it goes wrong', () => {
  it.each([
    ['a port nobody listens on', '127.0.0.1:1'],
    ['a name that does not resolve', 'no-such-host.invalid:2181'],
  ])('%s is exit 6 within the time', async (_, connect) => {
    const startedAt = performance.now();
    const failure = { exitCode: 6, code: 'zookeeper-unavailable', says: [connect] };
    await expectFailure(['znode', 'get', '/', '--connect', connect, '--timeout', '2s'], failure, only);
    expect(performance.now() - startedAt).toBeLessThan(30_000);
  });

  it('what is refused to somebody without credentials is exit 11', async () => {
    const auth = { env: { ...only.env, ZKD_AUTH: 'digest:alice:secret' } };
    expect((await zkd(['znode', 'create', '/own', 'x', '--acl', 'auth::cdrwa'], auth)).exitCode).toBe(0);
    expect((await zkd(['znode', 'get', '/own'], auth)).stdout).toBe('x');
    await expectFailure(['znode', 'get', '/own'], { exitCode: 11, code: 'denied', says: ['/own'] }, only);
  });
});

it('znode get loads neither the engine nor tables where it is told how to connect', async () => {
  const preload = join(folder, 'loaded.cjs');
  await writeFile(preload, "process.on('exit', () => process.stderr.write(Object.keys(require.cache).join('\\n')));");
  const loaded = async (...args: string[]) =>
    (await execa(process.execPath, ['--require', preload, join(ROOT, 'bin/run.js'), 'znode', ...args], { env: only.env })).stderr;
  expect(await loaded('ls', '/story', '--long')).toContain('/cli-table3/');
  const modules = await loaded('get', '/story/config');
  expect(modules).toContain('/node_modules/zookeeper/');
  for (const library of ['dockerode', 'cli-table3', 'inquirer', 'zod', 'yaml']) expect(modules).not.toContain(`/node_modules/${library}/`);
});
