/** The engine -> its balancers, as labels and files tell of them. Decides nothing. */
import type { ContainerSummary, Engine } from '../engine/index.js';
import { CONFIGURATION, LABEL, MEMORY, ROLE } from './names.js';
import { readBirthSettings, readLiveSettings, type BirthSettings, type LiveSettings } from './settings.js';

export interface Balancer {
  readonly name: string;
  readonly container: ContainerSummary;
  readonly birth: BirthSettings;
}

/** By name. Those of a layout this zkd cannot read are left out. */
export async function findBalancers(engine: Engine): Promise<Balancer[]> {
  const containers = await engine.listContainers({ [LABEL.role]: ROLE });
  return containers.flatMap((container) => asBalancer(container) ?? []).sort((a, b) => (a.name < b.name ? -1 : 1));
}

export function asBalancer(container: ContainerSummary): Balancer | undefined {
  const birth = readBirthSettings(container);
  return birth && { name: container.name, container, birth };
}

/** Its configuration and its memory, empty where there is none: the container need not run. */
export async function readFiles(engine: Engine, { container }: Balancer): Promise<[configuration: string, memory: string]> {
  const [configuration, memory] = await Promise.all([CONFIGURATION, MEMORY].map((path) => engine.readFile(container.id, path)));
  return [configuration?.toString() ?? '', memory?.toString() ?? ''];
}

/** Read out of the container's files: it need not run. */
export async function readSettings(engine: Engine, { container }: Balancer): Promise<LiveSettings> {
  return readLiveSettings((await engine.readFile(container.id, CONFIGURATION))?.toString() ?? '');
}
