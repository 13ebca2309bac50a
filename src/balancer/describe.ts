/** Balancers for people and scripts. */
import type { ContainerState, Engine } from '../engine/index.js';
import { messageOf } from '../errors.js';
import { readMemory } from './hold.js';
import { look } from './inside.js';
import { findBalancers, readSettings, type Balancer } from './observe.js';
import { usedOf } from './running.js';
import { keyOf } from './servers.js';
import { formatPublication, type Mode } from './settings.js';

export interface BalancerSummary {
  readonly name: string;
  readonly service: string;
  readonly containerId: string;
  /** The engine's word. */
  readonly state: ContainerState;
  readonly mode: Mode;
  /** Null where it is reached from its network only. */
  readonly publish: string | null;
  readonly network: string;
  readonly image: string;
  readonly checkPath: string | null;
  readonly holdMs: number;
  readonly slots: number;
  /** Servers whose check succeeds; null where HAProxy does not tell. */
  readonly up: number | null;
  readonly total: number | null;
  /** Of these, servers that are not registered any more and are kept for now. */
  readonly held: number;
  /** The ensemble's name, or else the connection string. */
  readonly registry: string | null;
  readonly root: string;
  /** Why HAProxy does not tell; null where it does. */
  readonly problem: string | null;
}

/** All of an engine, by name. Works where HAProxy is dead, and says so. */
export async function listBalancers(engine: Engine): Promise<BalancerSummary[]> {
  return Promise.all((await findBalancers(engine)).map((balancer) => describeBalancer(engine, balancer)));
}

export async function describeBalancer(engine: Engine, balancer: Balancer): Promise<BalancerSummary> {
  const { name, container, birth } = balancer;
  const [settings, { used, held, problem }] = await Promise.all([readSettings(engine, balancer), askHaproxy(engine, balancer)]);
  return {
    name,
    service: birth.service,
    containerId: container.id,
    state: container.state,
    mode: settings.mode,
    publish: birth.publish && formatPublication(birth.publish),
    network: birth.network,
    image: birth.image,
    checkPath: settings.checkPath,
    holdMs: settings.holdMs,
    slots: settings.slots,
    up: used?.filter(({ isUp }) => isUp).length ?? null,
    total: used?.length ?? null,
    held,
    registry: birth.registry.cluster ?? birth.registry.connect,
    root: birth.registry.root,
    problem,
  };
}

interface Told {
  readonly used: ReturnType<typeof usedOf> | undefined;
  readonly held: number;
  readonly problem: string | null;
}

async function askHaproxy(engine: Engine, { container }: Balancer): Promise<Told> {
  if (container.state !== 'running') return { used: undefined, held: 0, problem: `the container is ${container.state}` };
  try {
    const { running, memory } = await look(engine, container.id);
    if (!running) return { used: undefined, held: 0, problem: 'HAProxy does not answer' };
    const kept = new Set(readMemory(memory).flatMap(({ key, isHeld }) => (isHeld ? [key] : [])));
    const used = usedOf(running.slots);
    return { used, held: used.filter((slot) => kept.has(keyOf(slot))).length, problem: null };
  } catch (error) {
    return { used: undefined, held: 0, problem: messageOf(error) };
  }
}
