/** Paths of znodes: what ZooKeeper accepts (`PathUtils.validatePath` of 3.5-3.9), and taking them apart. Pure. */
import { ZkdError } from '../errors.js';

/** What the server refuses in a name: control characters, surrogates and private use, specials. A NUL would silently cut the path off. */
const FORBIDDEN = /[\u0000-\u001f\u007f-\u009f\ud800-\uf8ff\ufff0-\uffff]/;

/** The path itself where it names a znode; otherwise throws `usage` with reason `invalid-path` that says what is wrong. */
export function checkPath(path: string): string {
  const complaint = complaintAbout(path);
  if (complaint === undefined) return path;
  throw new ZkdError('usage', `${JSON.stringify(path)} is no path of a znode: ${complaint}`, {
    details: { reason: 'invalid-path', path },
    suggestions: complaint === ABSOLUTE && path !== '' && complaintAbout(`/${path}`) === undefined ? [`Did you mean "/${path}"?`] : [],
  });
}

const ABSOLUTE = 'it does not begin with "/"';

function complaintAbout(path: string): string | undefined {
  if (!path.startsWith('/')) return ABSOLUTE;
  if (path === '/') return undefined;
  if (path.endsWith('/')) return 'it ends with "/"';
  const bad = FORBIDDEN.exec(path)?.[0];
  if (bad !== undefined) return `it contains the character ${codePointName(bad)}, which ZooKeeper does not allow`;
  for (const name of path.slice(1).split('/')) {
    if (name === '') return 'it contains "//"';
    if (name === '.' || name === '..') return `"${name}" is not allowed as a name`;
  }
  return undefined;
}

const codePointName = (character: string): string => `U+${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`;

/** The path of a child. `name` may have several parts; a leading "/" in it does no harm, and with none of its own the parent is meant. */
export function joinPath(parent: string, name: string): string {
  const rest = name.replace(/^\/+/, '');
  if (rest === '') return parent;
  return parent === '/' ? `/${rest}` : `${parent}/${rest}`;
}

/** The parent's path; null for the root. */
export function parentPath(path: string): string | null {
  if (path === '/') return null;
  return path.slice(0, path.lastIndexOf('/')) || '/';
}

/** The last part; empty for the root. */
export function nodeName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
