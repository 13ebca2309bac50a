/** Catching what is to be looked at as a whole. */
import { ZkdError } from '../../src/errors.js';

/** The ZkdError that the work rejects with or throws; anything else, or none, fails the test. */
export async function failureOf(work: Promise<unknown> | (() => unknown)): Promise<ZkdError> {
  try {
    await (typeof work === 'function' ? work() : work);
  } catch (error) {
    if (error instanceof ZkdError) return error;
    throw error;
  }
  throw new Error('Expected a ZkdError, but nothing was thrown');
}
