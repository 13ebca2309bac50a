/** Who has a host port, where it can be known: a container of this engine, or a process of this machine. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Engine } from '../engine/index.js';
import { ZkdError } from '../errors.js';
import { findListeningProcess } from '../runtime/listening-process.js';
import { sharesHostNetwork } from './reach.js';

const ENGINE_PROXY = 'docker-proxy';
const PROXY_LOOKS = 5;
const NO_CONTAINER = 'for a container this engine does not have';

/** `container "x"`, `process 123 (nginx)`, or undefined. */
export async function findPortOwner(engine: Engine, address: string, port: number): Promise<string | undefined> {
  const overlaps = (other: string): boolean => other === address || other === '0.0.0.0' || address === '0.0.0.0';
  for (let attempt = 1; ; attempt += 1) {
    const containers = await engine.listContainers({}).catch(() => []);
    const holder = containers.find(({ ports }) => ports.some((binding) => binding.hostPort === port && overlaps(binding.hostAddress)));
    if (holder) return `container "${holder.name}"`;
    const isHere = sharesHostNetwork({ endpoint: engine.endpoint, ownContainer: await engine.findOwnContainer().catch(() => undefined) });
    const listening = isHere ? await findListeningProcess(port) : undefined;
    // The engine's own proxy listens a moment before the container it serves is listed with its ports.
    if (listening?.command !== ENGINE_PROXY) return listening && `process ${listening.pid} (${listening.command})`;
    // Left by a start that was cut short when the engine was killed: seen with 20.10, gone when the engine is started once more.
    if (attempt === PROXY_LOOKS) return `process ${listening.pid} (${ENGINE_PROXY}) ${NO_CONTAINER}`;
    await sleep(200);
  }
}

/** The conflict a taken port is, naming who has it. */
export async function explainPortTaken(engine: Engine, address: string, port: number, cause?: unknown): Promise<ZkdError> {
  const owner = await findPortOwner(engine, address, port);
  return new ZkdError('conflict', `Port ${address}:${port} is taken${owner ? ` by ${owner}` : ''}`, {
    cause,
    suggestions: owner?.endsWith(NO_CONTAINER) ? ['sudo systemctl restart docker'] : ['The same command with --client-port auto'],
    details: { reason: 'port-taken', address, port, owner: owner ?? null },
  });
}
