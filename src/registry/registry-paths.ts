/** Where services and their instances are in the tree, and how their names become names of znodes. Pure. */
import { ZkdError } from '../errors.js';
import { joinPath } from '../zookeeper/index.js';

/** Each child is a service, each child of a service an instance: the layout of Curator's service discovery and of registrator. */
export const DEFAULT_ROOT = '/docker';

/** What a znode cannot be called, and the sign that says so. */
const UNSAFE = /[%/\p{Cc}\p{Co}\p{Cs}\uFFF0-\uFFFF\u{10000}-\u{10FFFF}]/gu;

/**
 * A service's or an instance's name as the name of a znode: as it is, but for slashes, percent signs and what ZooKeeper does not take, which
 * become percent-encoded, and the names `.` and `..`. Throws `usage` for an empty one.
 */
export function encodeName(name: string): string {
  if (name === '') throw new ZkdError('usage', 'A service and its instances want a name: give one that is not empty');
  if (/^\.\.?$/.test(name)) return name.replaceAll('.', '%2E');
  return name.replace(UNSAFE, (unit) =>
    Array.from(Buffer.from(unit, 'utf8'), (byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  );
}

/** The inverse of {@link encodeName}; what was not encoded by it stays as it is. */
export function decodeName(node: string): string {
  try {
    return decodeURIComponent(node);
  } catch {
    return node;
  }
}

/** Throws `usage` for a name under which something of ZooKeeper's or zkd's own is there. */
export function servicePath(root: string, service: string): string {
  const node = encodeName(service);
  if (isServiceNode(root, node)) return joinPath(root, node);
  throw new ZkdError('usage', `No service below "${root}" can be called "${service}": that is another's place`);
}

export const instancePath = (root: string, service: string, id: string): string => joinPath(servicePath(root, service), encodeName(id));

/** Whether a path is that of an instance, and of nothing higher or deeper. */
export function isInstancePath(root: string, path: string): boolean {
  const base = root === '/' ? '' : root;
  const [service, id, ...deeper] = path.slice(base.length + 1).split('/');
  return path.startsWith(`${base}/`) && isServiceNode(root, service ?? '') && id !== undefined && deeper.length === 0;
}

/** Whether a child of the root is a service: at the top of the tree there are nodes of ZooKeeper and of zkd besides. */
export const isServiceNode = (root: string, node: string): boolean => root !== '/' || (node !== 'zookeeper' && node !== 'zkd');
