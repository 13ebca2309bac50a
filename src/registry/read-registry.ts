/** What is registered: the instances of all services or of one, as their records and znodes say. */
import { hasReason } from '../errors.js';
import { joinPath, type NodeData, type Stat, type ZooKeeperSession } from '../zookeeper/index.js';
import { parseRecord, type ServiceRecord } from './records.js';
import { decodeName, isServiceNode, servicePath } from './registry-paths.js';

export interface Instance {
  readonly service: string;
  readonly id: string;
  readonly path: string;
  readonly record: ServiceRecord;
  readonly stat: Stat;
}

export interface RegistryView {
  /** By service, then by id. */
  readonly instances: readonly Instance[];
  /** Services that may not be looked into, and instances that may not be read. */
  readonly denied: readonly string[];
  /** What is there and would trip up others. */
  readonly warnings: readonly string[];
}

/** Reads below `root`; of one service only where it is named. What goes meanwhile is left out; a root or a service that is not there is empty. */
export async function readRegistry(
  session: ZooKeeperSession,
  { root, service }: { readonly root: string; readonly service?: string | undefined },
): Promise<RegistryView> {
  const denied: string[] = [];
  const look = async <T>(path: string, read: (path: string) => Promise<T>): Promise<T | undefined> => {
    try {
      return await read(path);
    } catch (error) {
      if (hasReason(error, 'no-node')) return undefined;
      if (!hasReason(error, 'no-auth')) throw error;
      denied.push(path);
      return undefined;
    }
  };
  const names = async (path: string): Promise<readonly string[]> => (await look(path, (there) => session.children(there)))?.children ?? [];
  const readInstance = async (parent: string, node: string): Promise<Instance | undefined> => {
    const path = joinPath(parent, node);
    const found = await look(path, (there) => session.get(there));
    if (!found) return undefined;
    return instanceOf(path, found);
  };
  const readService = async (path: string): Promise<(Instance | undefined)[]> =>
    Promise.all((await names(path)).map((node) => readInstance(path, node)));
  const paths =
    service === undefined
      ? (await names(root)).filter((node) => isServiceNode(root, node)).map((node) => joinPath(root, node))
      : [servicePath(root, service)];
  const found = (await Promise.all(paths.map(readService))).flat().filter((instance) => instance !== undefined);
  return viewOf(found, denied);
}

/** What a node of an instance says. */
export function instanceOf(path: string, { data, stat }: NodeData): Instance {
  const [service = '', id = ''] = path.split('/').slice(-2).map(decodeName);
  return { service, id, path, record: parseRecord(path, data), stat };
}

/** In order, with what is to be said of the whole. */
export function viewOf(found: readonly Instance[], denied: readonly string[]): RegistryView {
  const instances = [...found].sort((a, b) => byText(a.service, b.service) || byText(a.id, b.id));
  return { instances, denied: [...denied].sort(), warnings: warningsOf(instances) };
}

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Curator readers take one class of payload: at the first record with another one they fail for the whole service. */
function warningsOf(instances: readonly Instance[]): string[] {
  const services = [...new Set(instances.map(({ service }) => service))];
  return services.flatMap((service) => {
    const formats = new Set(instances.filter((instance) => instance.service === service).map(({ record }) => record.format));
    if (!formats.has('curator') || !formats.has('spring')) return [];
    return [`Service "${service}" has records with and without the Spring payload: Curator readers of either kind fail at the other`];
  });
}
