/** Names for ensembles that tests make, and taking them away whatever state they are in: by label, not by what a test remembers. */
import { randomBytes } from 'node:crypto';
import type { Engine } from '../../src/engine/index.js';

/** Test ensembles start with this; nothing else on a machine should. */
const PREFIX = 'zkdtest-';

export const testEnsembleName = (): string => `${PREFIX}${randomBytes(4).toString('hex')}`;

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

/** Removes all test ensembles there are. */
export async function sweepTestEnsembles(engine: Engine): Promise<void> {
  const things = [
    ...(await engine.listContainers({ [CLUSTER]: true })),
    ...(await engine.listNetworks({ labels: { [CLUSTER]: true } })),
    ...(await engine.listVolumes({ labels: { [CLUSTER]: true } })),
  ];
  const names = new Set(things.map(({ labels }) => labels[CLUSTER] ?? '').filter((name) => name.startsWith(PREFIX)));
  for (const name of names) await removeTestEnsemble(engine, name);
}
