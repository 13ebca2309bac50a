/** Refusing what the client library or the server would take wrongly. Pure. */
import { ZkdError } from '../errors.js';
import type { AclEntry, CreateOptions, TransactionStep } from './port.js';
import { sessionError, type Asked } from './errors.js';

/** `jute.maxbuffer` where nobody set it: a larger request makes the server drop the connection, and fails its neighbours too. */
const MAX_REQUEST = 1_048_575;
/** Room for what a request carries besides path and data. */
const MARGIN = 100;
/** The protocol's number is signed and of 32 bits in the client library; a larger one would wrap around. */
const MAX_INT32 = 2 ** 31 - 1;

/** Throws `usage` with reason `too-large` where the request would be larger than servers take by default. */
export function checkSize(asked: Asked, wholePath: string, data: Uint8Array): void {
  const room = MAX_REQUEST - MARGIN - Buffer.byteLength(wholePath);
  if (data.byteLength <= room) return;
  throw sessionError('too-large', asked, { why: `${data.byteLength} bytes are too many, at most ${room} fit`, outcome: 'not-applied' });
}

/** Room for what one step carries besides path, data and ACL, and one entry of an ACL besides its text. */
const STEP_MARGIN = 40;
const ENTRY_MARGIN = 12;

/** How many bytes of a request a step takes, or a little less. */
export function stepSize(step: TransactionStep, chroot = ''): number {
  const path = STEP_MARGIN + Buffer.byteLength(chroot) + Buffer.byteLength(step.path);
  if (step.kind === 'delete') return path;
  return step.acl.reduce(
    (size, { scheme, id }) => size + ENTRY_MARGIN + Buffer.byteLength(scheme) + Buffer.byteLength(id),
    path + step.data.length,
  );
}

/** Throws `usage` with reason `too-large` where a transaction would be larger than servers take by default. */
export function checkTransactionSize(first: TransactionStep, steps: readonly TransactionStep[], chroot: string): void {
  const size = steps.reduce((sum, step) => sum + stepSize(step, chroot), MARGIN);
  if (size <= MAX_REQUEST) return;
  const why = `${size} bytes are too many for a transaction, at most ${MAX_REQUEST} fit`;
  throw sessionError('too-large', { verb: first.kind, path: first.path }, { why, outcome: 'not-applied' });
}

/** Throws `usage` unless a TTL is given exactly where the mode wants one, and in its range. */
export function checkTtl({ mode = 'persistent', ttlMs }: CreateOptions): void {
  const wanted = mode === 'ttl' || mode === 'ttl-sequential';
  if (wanted !== (ttlMs !== undefined)) {
    throw new ZkdError(
      'usage',
      wanted ? `A znode of mode ${mode} wants a time to live` : `A znode of mode ${mode} can have no time to live`,
    );
  }
  if (ttlMs !== undefined && !(Number.isInteger(ttlMs) && ttlMs >= 1 && ttlMs <= MAX_INT32)) {
    throw new ZkdError('usage', `A time to live is 1 ms to ${MAX_INT32} ms, not ${ttlMs} ms`);
  }
}

/** The number to send: -1 for any version. Throws `usage` for what is none. */
export function versionNumber(version: number | undefined): number {
  if (version === undefined) return -1;
  if (Number.isInteger(version) && version >= 0 && version <= MAX_INT32) return version;
  throw new ZkdError('usage', `A version is a number from 0 to ${MAX_INT32}, not ${version}`);
}

/** Throws `usage` with reason `invalid-acl` for a list that is empty, or that the client library would cut off. */
export function checkAcl(asked: Asked, acl: readonly AclEntry[], hasCredentials: boolean): void {
  const why = complaintAbout(acl, hasCredentials);
  if (why !== undefined) throw sessionError('invalid-acl', asked, { why, outcome: 'not-applied' });
}

function complaintAbout(acl: readonly AclEntry[], hasCredentials: boolean): string | undefined {
  if (acl.length === 0) return 'the access control list is empty';
  for (const { scheme, id, permissions } of acl) {
    if (scheme === '' || `${scheme}${id}`.includes('\0')) return 'an entry of the access control list has no scheme, or a NUL in it';
    if (permissions.length === 0) return 'an entry of the access control list gives no permission';
    if (scheme === 'auth' && !hasCredentials) return 'an entry "auth" means whoever has authenticated, and no credentials are given';
  }
  return undefined;
}
