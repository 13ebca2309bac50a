/** Names for ensembles that tests make, and taking them away whatever state they are in: by label, not by what a test remembers. */
import { randomBytes } from 'node:crypto';
import type { Engine } from '../../src/engine/index.js';

/** Test ensembles start with this; nothing else on a machine should. */
const PREFIX = 'zkdtest-';

/** The name says which process made it, so that a run sweeps away what dead ones left and leaves those of others at work alone. */
export const testEnsembleName = (): string => `${PREFIX}${process.pid}-${randomBytes(4).toString('hex')}`;

function isAbandoned(name: string): boolean {
  const pid = name.startsWith(PREFIX) ? /^(\d+)-[0-9a-f]{8}$/.exec(name.slice(PREFIX.length))?.[1] : undefined;
  if (pid === undefined) return false;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

const CLUSTER = 'zkd.cluster';

/** Removes everything that belongs to a test ensemble: containers, networks, volumes. */
export async function removeTestEnsemble(engine: Engine, name: string): Promise<void> {
  const containers = await engine.listContainers({ [CLUSTER]: name });
  await Promise.all(containers.map(({ id }) => engine.removeContainer(id, { force: true, anonymousVolumes: true })));
  const [networks, volumes] = await Promise.all([
    engine.listNetworks({ labels: { [CLUSTER]: name } }),
    engine.listVolumes({ labels: { [CLUSTER]: name } }),
  ]);
  for (const { id } of networks) {
    for (const { containerId } of await engine.listAttachments(id)) await engine.disconnectNetwork(id, containerId);
    await engine.removeNetwork(id);
  }
  await Promise.all(volumes.map((volume) => engine.removeVolume(volume.name)));
}

/** Removes all test ensembles whose process is gone. */
export async function sweepTestEnsembles(engine: Engine): Promise<void> {
  const things = [
    ...(await engine.listContainers({ [CLUSTER]: true })),
    ...(await engine.listNetworks({ labels: { [CLUSTER]: true } })),
    ...(await engine.listVolumes({ labels: { [CLUSTER]: true } })),
  ];
  const names = new Set(things.map(({ labels }) => labels[CLUSTER] ?? '').filter(isAbandoned));
  for (const name of names) await removeTestEnsemble(engine, name);
}
