/** Which instance of a service to use. Balancing between processes that know nothing of each other takes what they share: ZooKeeper. */
import { createHash } from 'node:crypto';
import { hasReason, ZkdError } from '../errors.js';
import { makeNode } from '../znodes/index.js';
import { joinPath, type ZooKeeperSession } from '../zookeeper/index.js';
import type { Registration } from './join-containers.js';
import { encodeName, servicePath } from './registry-paths.js';

export const STRATEGIES = ['round-robin', 'random', 'hash'] as const;
export type Strategy = (typeof STRATEGIES)[number];

/** An instance that can be reached. */
export type Reachable = Registration & { readonly address: string; readonly port: number };

export interface Choice {
  readonly strategy: Strategy;
  /** What `hash` goes by: one key leads to one instance for as long as that is there. */
  readonly key?: string | undefined;
}

/** Those that may be used, by id. */
export function usableOf(registrations: readonly Registration[]): Reachable[] {
  return registrations.filter((one): one is Reachable => one.usable && one.address !== null && one.port !== null);
}

/**
 * Chooses one, by weight: twice the weight, twice as often (with `hash`, for twice as many keys). Rejects with `not-found` where there is
 * none to choose from.
 */
export async function choose(
  service: string,
  registrations: readonly Registration[],
  { strategy, key }: Choice,
  { session, root, random = Math.random }: { readonly session: ZooKeeperSession; readonly root: string; readonly random?: () => number },
): Promise<Reachable> {
  const usable = usableOf(registrations);
  if (usable.length === 0) throw noneToChoose(service, registrations.length);
  switch (strategy) {
    case 'random':
      return atShare(usable, random());
    case 'hash':
      return byHash(usable, key ?? '');
    case 'round-robin':
      return atTurn(usable, await nextTurn(session, root, service));
  }
}

/** Weights count as whole turns, one at least. They are anybody's to write: nothing is made of their size. */
function atTurn(usable: readonly Reachable[], turn: number): Reachable {
  const turns = usable.map(({ weight }) => Math.max(1, Math.round(weight)));
  let left = turn % turns.reduce((sum, count) => sum + count, 0);
  const chosen = usable.find((_, index) => {
    left -= turns[index] ?? 0;
    return left < 0;
  });
  return chosen ?? (usable.at(-1) as Reachable);
}

function noneToChoose(service: string, count: number): ZkdError {
  const why = count === 0 ? 'nothing is registered' : `none of ${count} registered is healthy`;
  return new ZkdError('not-found', `Service "${service}" has no instance to use: ${why}`, {
    details: { service, registered: count },
    suggestions: ['zkd containers ls'],
  });
}

/** The one whose share of all weights `share` (0 to 1, without 1) falls into. */
function atShare(usable: readonly Reachable[], share: number): Reachable {
  let left = share * usable.reduce((sum, { weight }) => sum + weight, 0);
  for (const one of usable) {
    left -= one.weight;
    if (left < 0) return one;
  }
  return usable.at(-1) as Reachable;
}

/**
 * Rendezvous hashing: each instance draws a number for the key, and the best draw has it. One that goes gives up its own keys only; one that
 * comes takes from all alike. Weighted as in Schindelhauer and Schomaker's logarithmic method.
 */
function byHash(usable: readonly Reachable[], key: string): Reachable {
  const draw = ({ id, weight }: Reachable): number => {
    const hash = createHash('sha256').update(`${id}\0${key}`).digest();
    return -weight / Math.log((hash.readUIntBE(0, 6) + 0.5) / 2 ** 48);
  };
  return usable.reduce((best, one) => (draw(one) > draw(best) ? one : best));
}

/** Counts below `/zkd`: the version of a node that is written each time, so that one request both counts and tells. */
async function nextTurn(session: ZooKeeperSession, root: string, service: string): Promise<number> {
  const path = joinPath('/zkd/round-robin', encodeName(servicePath(root, service)));
  const nothing = Buffer.alloc(0);
  try {
    return (await session.set(path, nothing)).version >>> 0;
  } catch (error) {
    if (!hasReason(error, 'no-node')) throw error;
  }
  await makeNode(session, { path, data: nothing, parents: true }).catch((error: unknown) => {
    if (!hasReason(error, 'node-exists')) throw error;
  });
  return (await session.set(path, nothing)).version >>> 0;
}
