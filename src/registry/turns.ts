/** Who of several zkd does what only one is to do: the one that came first. The others wait, or are told who it is. */
import { hostname } from 'node:os';
import { hasReason } from '../errors.js';
import { unlessAborted } from '../runtime/interruption.js';
import { makeNode } from '../znodes/index.js';
import { joinPath, nodeName, parentPath, type ZooKeeperSession } from '../zookeeper/index.js';
import { encodeName } from './registry-paths.js';

const PREFIX = 'turn-';

/** Where the agents of an engine line up. */
export const leadPath = (engineId: string, root: string): string =>
  joinPath(joinPath('/zkd/agents', encodeName(engineId)), encodeName(root));

/** Who this is, for those that wait. */
const self = (): Buffer => Buffer.from(JSON.stringify({ host: hostname(), pid: process.pid }));

export interface Turn {
  /** The node that stands for it. */
  readonly path: string;
}

/**
 * Resolves when it is this session's turn below `base`: each has an ephemeral node there, numbered in the order they came, and ends its turn by
 * removing it. `onWait` is told once whose turn it is while it has to wait. Rejects with the signal's reason, and when the session is over.
 */
export async function takeTurn(
  session: ZooKeeperSession,
  base: string,
  signal: AbortSignal,
  onWait: (leader: string) => void,
): Promise<Turn> {
  const path = await makeNode(session, { path: joinPath(base, PREFIX), data: self(), parents: true, mode: 'ephemeral-sequential' });
  for (let isTold = false; ; isTold = true) {
    const before = await predecessor(session, path);
    if (before === undefined) return { path };
    if (!isTold) onWait(await describe(session, before));
    await unlessAborted(isGone(session, before), signal);
  }
}

/** Takes the turn only where it is nobody's; answers whose it is otherwise. */
export async function tryTurn(session: ZooKeeperSession, base: string): Promise<Turn | string> {
  const path = await makeNode(session, { path: joinPath(base, PREFIX), data: self(), parents: true, mode: 'ephemeral-sequential' });
  const before = await predecessor(session, path);
  if (before === undefined) return { path };
  const leader = await describe(session, before);
  await session.delete(path).catch(() => undefined);
  return leader;
}

/** The one that came right before; undefined for the first. */
async function predecessor(session: ZooKeeperSession, path: string): Promise<string | undefined> {
  const base = parentPath(path) ?? '/';
  const { children } = await session.children(base);
  const number = (name: string): number => Number(name.slice(PREFIX.length));
  const before = children.filter((name) => number(name) < number(nodeName(path))).sort((a, b) => number(b) - number(a))[0];
  return before === undefined ? undefined : joinPath(base, before);
}

async function isGone(session: ZooKeeperSession, path: string): Promise<void> {
  const { node, watch } = await session.watchNode(path);
  if (!node) return;
  while ((await watch.next()) !== 'fired');
}

async function describe(session: ZooKeeperSession, path: string): Promise<string> {
  try {
    const { host, pid } = JSON.parse((await session.get(path)).data.toString()) as { readonly host: string; readonly pid: number };
    return `process ${pid} on ${host}`;
  } catch (error) {
    if (error instanceof SyntaxError || hasReason(error, 'no-node')) return 'another one';
    throw error;
  }
}
