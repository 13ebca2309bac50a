/** Paths as seen from the root of a tree ("/" is the root itself), their order in a walk, and which trees are ZooKeeper's own. Pure. */
import { joinPath } from '../zookeeper/index.js';

/** `/app/a` below `/app` is `/a`. The path has to be in the tree. */
export function relativePath(root: string, path: string): string {
  if (root === '/') return path;
  return path.slice(root.length) || '/';
}

/** The inverse of {@link relativePath}. */
export function absolutePath(root: string, relative: string): string {
  return joinPath(root, relative);
}

/** True for the node itself and all below it. */
export function isWithin(root: string, path: string): boolean {
  return path === root || root === '/' || path.startsWith(`${root}/`);
}

/**
 * ZooKeeper's own nodes, as a session with this chroot sees them: quotas and its configuration. They are no part of what is exported, copied or
 * compared.
 */
export function isReserved(path: string, chroot: string | null): boolean {
  return isWithin('/zookeeper', joinPath(chroot ?? '/', path));
}

/** Below zero where `one` comes first in a walk: parents before children, names by code point. */
export function comparePaths(one: string, other: string): number {
  const [a, b] = [one === '/' ? '' : one, other === '/' ? '' : other];
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at += 1) {
    const [left, right] = [a.charCodeAt(at), b.charCodeAt(at)];
    if (left !== right) return rank(left) - rank(right);
  }
  return a.length - b.length;
}

/** A separator comes before whatever a longer name goes on with. */
const rank = (unit: number): number => (unit === SEPARATOR ? -1 : unit);
const SEPARATOR = 0x2f;
