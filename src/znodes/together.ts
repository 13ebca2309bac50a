/** Writing many nodes in one transaction, which costs the servers little more than writing one. What is refused is written one by one. */
import { hasReason, ZkdError } from '../errors.js';

/** So many nodes: more gain nothing, and others wait behind a transaction. */
export const AT_ONCE = 20;
/** So many bytes of data at most, below what servers take in a request. */
export const BYTES_AT_ONCE = 128 * 1024;

/** True where writing one by one would fail just so. */
export function isSessionOver(error: unknown): boolean {
  return !(error instanceof ZkdError) || ['session-expired', 'closed', 'auth-failed'].some((reason) => hasReason(error, reason));
}

/** True where nobody knows whether the transaction was done. */
export function mayBeDone(error: unknown): boolean {
  return error instanceof ZkdError && error.details['outcome'] === 'unknown';
}
