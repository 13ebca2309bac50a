/** Every example about znodes in the help works as it stands: typed into a shell, on a real ensemble. */
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openSession, parseConnectString, type ZooKeeperSession } from '../../../src/zookeeper/index.js';
import { removeTree } from '../../../src/znodes/index.js';
import { IMAGE, up, useEnsembles } from '../../support/story.js';

interface Manifest {
  readonly commands: Readonly<Record<string, { readonly examples?: readonly { readonly command: string }[] }>>;
}

const ROOT = new URL('../../..', import.meta.url).pathname;
const manifest = JSON.parse(await readFile(join(ROOT, 'oclif.manifest.json'), 'utf8')) as Manifest;
const ids = Object.keys(manifest.commands).filter((id) => id.startsWith('znode:'));

const ensembles = useEnsembles();
let folder: string;
let connect: string;
let session: ZooKeeperSession;
beforeAll(async () => {
  ({
    cluster: { connect },
  } = await up(ensembles.name(), '--image', IMAGE, '--size', '1', '--client-port', 'auto'));
  folder = await mkdtemp(join(tmpdir(), 'zkd-znode-examples-'));
  await writeFile(join(folder, 'zkd'), `#!/bin/sh\nexec ${process.execPath} ${join(ROOT, 'bin/run.js')} "$@"\n`);
  await chmod(join(folder, 'zkd'), 0o755);
  await writeFile(join(folder, 'logo.png'), Buffer.from([0x89, 0x50]));
  session = await openSession({ servers: parseConnectString(connect).servers });
  await refresh();
  expect((await type('zkd znode export /app app.jsonl')).exitCode).toBe(0);
});
afterAll(async () => {
  await session.close();
  await rm(folder, { recursive: true, force: true });
});

const type = (line: string) =>
  execa('bash', ['-c', line], {
    cwd: folder,
    reject: false,
    all: true,
    stdin: 'ignore',
    env: { PATH: `${folder}:${process.env['PATH'] ?? ''}`, ZKD_CONNECT: connect, DOCKER_HOST: 'tcp://127.0.0.1:1' },
  });

/** What the examples start from, made in this process since a child a node would take longer than the examples. */
async function refresh(): Promise<void> {
  for (const path of ['/app', '/copy']) if (await session.exists(path)) await removeTree(session, path);
  await session.create('/app', Buffer.alloc(0));
  await session.create('/app/config', Buffer.from('{"color":"blue"}'));
  await session.create('/app/logo', Buffer.from('logo'));
}

it.each(ids)('%s: work as they stand', async (id) => {
  const examples = (manifest.commands[id]?.examples ?? []).map(({ command }) => command.replaceAll('<%= config.bin %>', 'zkd'));
  expect(examples.length).toBeGreaterThanOrEqual(2);
  for (const example of examples) {
    await refresh();
    const here = example.replace(/127\.0\.0\.1:\d+/g, connect).replace('VISUAL=nano', 'VISUAL=true');
    const isWatch = id === 'znode:watch';
    const line = isWatch ? `{ sleep 2; zkd znode set /app/config changed; } & timeout --preserve-status -s INT 4 ${here}` : here;
    const { exitCode, all } = await type(line);
    expect(exitCode, `${line}\n${all}`).toBe(isWatch && !here.endsWith('| head -1') ? 130 : 0);
  }
});
