/** Which registry this is among registries: ensembles are called differently by different people, and none has an id of its own. */
import { randomUUID } from 'node:crypto';
import { hasReason, ZkdError } from '../errors.js';
import { makeNode } from '../znodes/index.js';
import type { ZooKeeperSession } from '../zookeeper/index.js';

const PATH = '/zkd/registry';
const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;

/**
 * The id of the registry below the session's chroot: made once, by whoever asks first, and never changed. Rejects with `conflict` where something
 * else stands in its place.
 */
export async function identifyRegistry(session: ZooKeeperSession): Promise<string> {
  return (await read(session)) ?? (await make(session)) ?? (await readAgain(session));
}

async function read(session: ZooKeeperSession): Promise<string | undefined> {
  try {
    const id = (await session.get(PATH)).data.toString();
    if (UUID.test(id)) return id;
  } catch (error) {
    if (hasReason(error, 'no-node')) return undefined;
    throw error;
  }
  throw new ZkdError('conflict', `"${PATH}" does not hold the id of a registry`, {
    suggestions: [`zkd znode get ${PATH}`],
    details: { path: PATH },
  });
}

/** Undefined where another one was first. */
async function make(session: ZooKeeperSession): Promise<string | undefined> {
  const id = randomUUID();
  try {
    await makeNode(session, { path: PATH, data: Buffer.from(id), parents: true });
    return id;
  } catch (error) {
    if (hasReason(error, 'node-exists')) return undefined;
    throw error;
  }
}

/** Who was first may have been told by another server. */
async function readAgain(session: ZooKeeperSession): Promise<string> {
  await session.sync(PATH);
  const id = await read(session);
  if (id !== undefined) return id;
  throw new ZkdError('conflict', `"${PATH}" comes and goes`, { details: { path: PATH } });
}
