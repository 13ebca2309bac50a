/** Which of the agents of an engine registers: the one that came first. The others stand by. */
import { hostname } from 'node:os';
import { hasReason } from '../errors.js';
import { unlessAborted } from '../runtime/interruption.js';
import { makeNode } from '../znodes/index.js';
import { joinPath, nodeName, parentPath, type ZooKeeperSession } from '../zookeeper/index.js';
import { encodeName } from './registry-paths.js';

/** Below it each agent has an ephemeral node, numbered in the order they came. */
export const leadPath = (engineId: string, root: string): string =>
  joinPath(joinPath('/zkd/agents', encodeName(engineId)), encodeName(root));

/** Who an agent is, for the one that waits for it. */
const self = (): Buffer => Buffer.from(JSON.stringify({ host: hostname(), pid: process.pid }));

export interface Lead {
  /** The node that stands for it. */
  readonly path: string;
}

/**
 * Resolves when this session's agent leads. `onStandBy` is told once who does while it has to wait. Rejects with the signal's reason, and when the
 * session is over.
 */
export async function takeLead(
  session: ZooKeeperSession,
  base: string,
  signal: AbortSignal,
  onStandBy: (leader: string) => void,
): Promise<Lead> {
  const path = await makeNode(session, { path: joinPath(base, 'agent-'), data: self(), parents: true, mode: 'ephemeral-sequential' });
  for (let isTold = false; ; isTold = true) {
    const before = await predecessor(session, path);
    if (before === undefined) return { path };
    if (!isTold) onStandBy(await describe(session, before));
    await unlessAborted(isGone(session, before), signal);
  }
}

/** Takes the lead only where nobody has it; answers who does otherwise. */
export async function tryLead(session: ZooKeeperSession, base: string): Promise<Lead | string> {
  const path = await makeNode(session, { path: joinPath(base, 'agent-'), data: self(), parents: true, mode: 'ephemeral-sequential' });
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
  const number = (name: string): number => Number(name.slice('agent-'.length));
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
