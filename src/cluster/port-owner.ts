/** Who has a host port, where it can be known: a container of this engine, or a process of this machine. */
import type { Engine } from '../engine/index.js';
import { ZkdError } from '../errors.js';
import { findListeningProcess } from '../runtime/listening-process.js';

/** `container "x"`, `process 123 (nginx)`, or undefined. */
export async function findPortOwner(engine: Engine, address: string, port: number): Promise<string | undefined> {
  const containers = await engine.listContainers({}).catch(() => []);
  const overlaps = (other: string): boolean => other === address || other === '0.0.0.0' || address === '0.0.0.0';
  const holder = containers.find(({ ports }) => ports.some((binding) => binding.hostPort === port && overlaps(binding.hostAddress)));
  if (holder) return `container "${holder.name}"`;
  const listening = engine.endpoint.remoteHost === null ? await findListeningProcess(port) : undefined;
  return listening && `process ${listening.pid} (${listening.command})`;
}

/** The conflict a taken port is, naming who has it. */
export async function explainPortTaken(engine: Engine, address: string, port: number, cause?: unknown): Promise<ZkdError> {
  const owner = await findPortOwner(engine, address, port);
  return new ZkdError('conflict', `Port ${address}:${port} is taken${owner ? ` by ${owner}` : ''}`, {
    cause,
    suggestions: ['zkd cluster up --client-port auto'],
    details: { reason: 'port-taken', address, port, owner: owner ?? null },
  });
}
