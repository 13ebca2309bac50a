/**
 * Access control lists in text: `scheme:id:permissions` as `zkCli.sh` writes them, for example `world:anyone:cdrwa`,
 * `digest:alice:<base64 of a sha1>:crdwa`, `ip:10.0.0.0/8:r`, `auth::cdrwa`. Pure.
 */
import { createHash } from 'node:crypto';
import { ZkdError } from '../errors.js';
import type { AclEntry, Permission } from './port.js';

/** With the bits of the protocol. */
const PERMISSIONS: readonly { readonly name: Permission; readonly letter: string; readonly bit: number }[] = [
  { name: 'read', letter: 'r', bit: 1 },
  { name: 'write', letter: 'w', bit: 2 },
  { name: 'create', letter: 'c', bit: 4 },
  { name: 'delete', letter: 'd', bit: 8 },
  { name: 'admin', letter: 'a', bit: 16 },
];
/** The order the letters are written in. */
const LETTERS = 'cdrwa';

/** Everybody may do everything: what a node has where nobody says otherwise. */
export const OPEN_ACL: readonly AclEntry[] = [{ scheme: 'world', id: 'anyone', permissions: PERMISSIONS.map(({ name }) => name) }];

/** The protocol's number for permissions. */
export function permissionBits(permissions: readonly Permission[]): number {
  return PERMISSIONS.filter(({ name }) => permissions.includes(name)).reduce((bits, { bit }) => bits | bit, 0);
}

/** The permissions behind the protocol's number; bits nobody knows are left out. */
export function permissionsOf(bits: number): Permission[] {
  return PERMISSIONS.filter(({ bit }) => (bits & bit) !== 0).map(({ name }) => name);
}

/** Parses entries separated by commas. Throws `usage` with reason `invalid-acl`. */
export function parseAcl(text: string): AclEntry[] {
  return text.split(',').map((entry) => parseAclEntry(entry.trim()));
}

/** Parses one entry: the scheme ends at the first colon, the permissions begin after the last. */
export function parseAclEntry(text: string): AclEntry {
  const first = text.indexOf(':');
  const last = text.lastIndexOf(':');
  if (first < 1 || first === last) throw invalid(text, 'it has not the form scheme:id:permissions');
  const letters = text.slice(last + 1);
  const unknown = Array.from(letters).find((given) => !PERMISSIONS.some(({ letter }) => letter === given));
  if (unknown !== undefined) throw invalid(text, `"${unknown}" is no permission; they are c, d, r, w and a`);
  if (letters === '') throw invalid(text, 'it gives no permission; they are c, d, r, w and a');
  const entry = {
    scheme: text.slice(0, first),
    id: text.slice(first + 1, last),
    permissions: PERMISSIONS.filter(({ letter }) => letters.includes(letter)).map(({ name }) => name),
  };
  if (entry.scheme === 'world' && entry.id !== 'anyone') throw invalid(text, 'the scheme world has one id, anyone');
  if (entry.scheme === 'digest' && !/^[^:]+:[A-Za-z0-9+/]{27}=$/.test(entry.id)) {
    throw invalid(text, 'the id of a digest is user:hash, the hash being the base64 of the sha1 of user:password');
  }
  return entry;
}

function invalid(text: string, why: string): ZkdError {
  // A password in place of the hash is a mistake that happens: nothing of a digest's id is repeated.
  const shown = text.startsWith('digest:') ? 'digest:...' : text;
  return new ZkdError('usage', `"${shown}" is no entry of an access control list: ${why}`, { details: { reason: 'invalid-acl' } });
}

/** The text of one entry; {@link parseAclEntry} reads it. */
export function formatAclEntry({ scheme, id, permissions }: AclEntry): string {
  const letters = PERMISSIONS.filter(({ name }) => permissions.includes(name)).map(({ letter }) => letter);
  const inOrder = letters.sort((one, other) => LETTERS.indexOf(one) - LETTERS.indexOf(other));
  return `${scheme}:${id}:${inOrder.join('')}`;
}

/** The id an entry of the scheme `digest` has for someone who gives `user:password` as credential. */
export function digestId(credential: string): string {
  const user = credential.slice(0, Math.max(credential.indexOf(':'), 0));
  return `${user}:${createHash('sha1').update(credential, 'utf8').digest('base64')}`;
}

/** Whether everybody may do everything, and nothing else is said. */
export function isOpenAcl(acl: readonly AclEntry[]): boolean {
  const [only, ...others] = acl;
  return others.length === 0 && only?.scheme === 'world' && only.id === 'anyone' && permissionBits(only.permissions) === 31;
}
