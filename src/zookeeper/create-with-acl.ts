/**
 * Creating a node that not everybody may read, over a client library that can give no ACL at creation: the node is made empty, closed to
 * all but this session, filled, and given its own ACL last. Nobody else can read the data at any moment in which the final ACL does not
 * let them. Others see an empty node first; its versions do not begin at 0. A process killed in between leaves an empty or a closed node.
 */
import { randomBytes } from 'node:crypto';
import { ZkdError } from '../errors.js';
import { digestId, OPEN_ACL } from './acl.js';
import type { AclEntry } from './port.js';

/** Requests on the node that is being made. */
export interface CreationSteps {
  /** Creates it empty and open; answers its path. */
  createEmpty(): Promise<string>;
  setAcl(path: string, acl: readonly AclEntry[], version: number): Promise<void>;
  set(path: string, version: number): Promise<unknown>;
  remove(path: string): Promise<void>;
}

/** An entry that means this session and nobody else. */
export type OnlyThisSession = () => Promise<AclEntry>;

/**
 * Answers the path. Where a step fails the node is removed again; where that fails too, `details.left` names it.
 */
export async function createWithAcl(
  steps: CreationSteps,
  options: { readonly acl: readonly AclEntry[]; readonly isEmpty: boolean; readonly onlyThisSession: OnlyThisSession },
): Promise<string> {
  const { acl, isEmpty, onlyThisSession } = options;
  const closed = isEmpty ? undefined : await onlyThisSession();
  const path = await steps.createEmpty();
  try {
    if (closed) {
      await steps.setAcl(path, [closed], 0);
      await steps.set(path, 0);
    }
    await steps.setAcl(path, acl, closed ? 1 : 0);
    return path;
  } catch (error) {
    throw await removed(steps, path, error);
  }
}

async function removed(steps: CreationSteps, path: string, error: unknown): Promise<unknown> {
  try {
    await steps.remove(path);
    return error;
  } catch {
    if (!(error instanceof ZkdError)) return error;
    return new ZkdError(error.code, `${error.message}; the znode "${path}" is left behind`, {
      cause: error,
      suggestions: [...error.suggestions, `zkd znode rm ${path}`],
      details: { ...error.details, left: path },
    });
  }
}

/** Everything, for whoever this session has authenticated as. */
export const AS_AUTHENTICATED: AclEntry = { scheme: 'auth', id: '', permissions: OPEN_ACL[0]?.permissions ?? [] };

/** A credential nobody else can know, and the entry it opens. */
export function makeIdentity(): { readonly credential: string; readonly entry: AclEntry } {
  const credential = `zkd-${randomBytes(8).toString('hex')}:${randomBytes(24).toString('hex')}`;
  return { credential, entry: { ...AS_AUTHENTICATED, scheme: 'digest', id: digestId(credential) } };
}
