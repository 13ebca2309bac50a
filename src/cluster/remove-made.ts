/** Cleaning up after a failed `up`: only what that run made itself. */
import type { VolumeSummary } from '../engine/index.js';
import { messageOf } from '../errors.js';
import type { ApplyContext } from './apply.js';
import { isTakenOver } from './claim.js';
import { LABEL } from './names.js';
import { SETTINGS_VOLUME } from './record.js';

type Cleaning = Pick<ApplyContext, 'engine' | 'made' | 'observed' | 'plan'>;

/** The ensemble's volumes that were not there before. Engines leave those of a container that they could not create to the end. */
export async function volumesMade({ engine, observed, plan }: Omit<Cleaning, 'made'>): Promise<VolumeSummary[]> {
  const before = new Set([...observed.volumes.values()].map(({ name }) => name));
  const kept = new Set([...observed.members.values()].flatMap(({ container }) => Object.values(container.volumes)));
  const now = await engine.listVolumes({ labels: { [LABEL.ensemble]: plan.record.ensemble } });
  // What remembers a change is no part of what was made by it: the members it has reached need it.
  return now.filter(({ name, labels }) => !before.has(name) && !kept.has(name) && labels[LABEL.volume] !== SETTINGS_VOLUME);
}

/**
 * Takes away what this run made: containers with their anonymous volumes, their named volumes as far as they were not there before,
 * and the network. Keeps going at failures; answers what is left, by name. What another zkd has taken over is left whole.
 */
export async function removeMade({ engine, made, observed, plan }: Cleaning): Promise<string[]> {
  const left: string[] = [];
  if (await isTakenOver(engine, plan.record, { observed, made: made.containers }).catch(() => false)) {
    return ['everything (another zkd goes on with it)'];
  }
  const attempt = async (name: string, work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      left.push(`${name} (${messageOf(error)})`);
    }
  };
  await Promise.all(
    made.containers.map((id) =>
      attempt(`container ${id.slice(0, 12)}`, () => engine.removeContainer(id, { force: true, anonymousVolumes: true })),
    ),
  );
  await attempt('volumes', async () => {
    const volumes = await volumesMade({ engine, observed, plan });
    await Promise.all(volumes.map(({ name }) => attempt(`volume ${name}`, () => engine.removeVolume(name))));
  });
  await Promise.all(made.networks.map((id) => attempt(`network ${plan.network}`, () => engine.removeNetwork(id))));
  return left;
}
