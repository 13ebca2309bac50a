/**
 * A container zkd runs in, as a CI job does: the engine's socket mounted, and the built zkd with this machine's node. It is an image that is
 * there, with this machine's programs and libraries laid over its own.
 */
import { randomBytes } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { execa } from 'execa';
import { docker, IMAGE, type Ensembles } from './story.js';
import type { ZkdResult } from './zkd.js';

const ROOT = new URL('../..', import.meta.url).pathname.replace(/\/$/, '');
const NODE = '/zkd-node';

export interface ZkdContainer {
  readonly name: string;
  /** Runs zkd in it to its end. */
  zkd(...args: string[]): Promise<ZkdResult>;
}

/** Starts one with these options of `docker run`, for instance `--network host`; it is removed after the file. */
export async function startZkdContainer(ensembles: Ensembles, ...options: string[]): Promise<ZkdContainer> {
  const name = `zkdtest-${process.pid}-${randomBytes(4).toString('hex')}-job`;
  ensembles.later(() => docker('rm', '--force', '--volumes', name));
  const mounts = [
    '/var/run/docker.sock:/var/run/docker.sock',
    '/usr:/usr:ro',
    `${process.execPath}:${NODE}:ro`,
    `${ROOT}:${ROOT}:ro`,
    // Where the dependencies are a link, what it leads to.
    `${realpathSync(`${ROOT}/node_modules`)}:${realpathSync(`${ROOT}/node_modules`)}:ro`,
  ];
  const volumes = [...new Set(mounts)].flatMap((mount) => ['--volume', mount]);
  const command = ['--entrypoint', '/bin/sleep', IMAGE, 'infinity'];
  await docker('run', '--detach', '--user', '0:0', '--name', name, ...options, ...volumes, ...command);
  return {
    name,
    async zkd(...args) {
      const { exitCode, stdout, stderr } = await execa('docker', ['exec', name, NODE, `${ROOT}/bin/run.js`, ...args], { reject: false });
      return { exitCode: exitCode ?? -1, stdout, stderr };
    },
  };
}
