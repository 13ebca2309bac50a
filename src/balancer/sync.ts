/** One balancer is made to have the servers that are registered: looked at, planned, changed. */
import type { Engine } from '../engine/index.js';
import { ZkdError } from '../errors.js';
import type { Reachable } from '../registry/index.js';
import { decideHold, formatMemory, readMemory, type Held } from './hold.js';
import { change, look, lookUpHosts, type Outcome, type Sight } from './inside.js';
import { makePlan, type Plan } from './plan.js';
import { areApplied, usedOf } from './running.js';
import { hostNamesOf, keyOf, serversOf } from './servers.js';
import { readLiveSettings, type LiveSettings } from './settings.js';

export interface SyncRequest {
  /** Name of the container, for messages. */
  readonly name: string;
  readonly containerId: string;
  /** Those of the service that may be used, as they are registered now. */
  readonly instances: readonly Reachable[];
  /** What it is to be from now on; as it is where absent. */
  readonly settings?: Partial<LiveSettings>;
  /** What vanishes within this time may have one cause: a session timeout. */
  readonly windowMs: number;
  /** Servers (`address:port`) whose containers are known to have ended, or to be ending. */
  readonly ended?: ReadonlySet<string>;
}

export interface Synced {
  readonly how: 'unchanged' | 'runtime' | 'reload';
  /** `address:port`, as in all of these. */
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly reweighted: readonly string[];
  /** Not registered any more, and kept for now. */
  readonly held: readonly string[];
  /** Registered, and of no use to HAProxy. */
  readonly leftOut: readonly string[];
  /** How many HAProxy has now. */
  readonly servers: number;
  /** Unix time in milliseconds at which what is held is to be looked at again; null where nothing is. */
  readonly againAtMs: number | null;
}

/** Another zkd may change it at the same time; it is looked at again then. */
const ATTEMPTS = 5;

/**
 * Changes HAProxy to what is registered: by its socket, where its shape changes by a reload. Safe to repeat, and for several at a time. Rejects
 * with `failure` where HAProxy does not answer or does not take it; it goes on as it was then.
 */
export async function syncBalancer(engine: Engine, request: SyncRequest): Promise<Synced> {
  const { name, containerId, instances } = request;
  const addresses = await lookUpHosts(engine, containerId, hostNamesOf(instances));
  const { servers, leftOut } = serversOf(instances, addresses);
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const sight = await look(engine, containerId);
    const { running } = sight;
    if (!running) throw noAnswer(name);
    const settings = { ...readLiveSettings(sight.configuration), ...request.settings };
    const held = decideHold({
      registered: servers,
      present: usedOf(running.slots),
      memory: readMemory(sight.memory),
      now: Date.now(),
      holdMs: settings.holdMs,
      windowMs: request.windowMs,
      ...(request.ended && { ended: request.ended }),
    });
    const plan = makePlan({ slots: running.slots, configuration: sight.configuration }, { servers: [...servers, ...held.kept], settings });
    const isDone = await apply(engine, request, { sight, held, plan });
    if (isDone) return { ...told(plan, held), leftOut };
  }
  throw new ZkdError('conflict', `Balancer "${name}" is changed by others all the time`, { details: { balancer: name } });
}

const told = (plan: Plan, { kept, untilMs }: Held): Omit<Synced, 'leftOut'> => ({
  how: plan.kind === 'reload' || plan.kind === 'runtime' ? plan.kind : 'unchanged',
  added: plan.added,
  removed: plan.removed,
  reweighted: plan.reweighted,
  held: kept.map(keyOf),
  servers: plan.slots.filter((server) => server !== null).length,
  againAtMs: untilMs,
});

interface Decided {
  readonly sight: Sight;
  readonly held: Held;
  readonly plan: Plan;
}

/** False where it was not as it was seen any more. */
async function apply(engine: Engine, { name, containerId }: SyncRequest, { sight, held, plan }: Decided): Promise<boolean> {
  const memory = formatMemory(held.memory);
  if (plan.kind === 'nothing' && memory === sight.memory) return true;
  const { commands, configuration } = plan;
  const kind = plan.kind === 'reload' ? 'reload' : 'runtime';
  const outcome = await change(engine, containerId, sight, { kind, commands, configuration, memory });
  if (outcome.kind === 'stale') return false;
  if (outcome.kind !== 'done') throw notTaken(name, outcome);
  if (areApplied(outcome.sight.running?.slots ?? [], plan.slots)) return true;
  throw new ZkdError('failure', `HAProxy of balancer "${name}" did not take all servers`, { details: { balancer: name } });
}

function noAnswer(name: string): ZkdError {
  return new ZkdError('failure', `HAProxy of balancer "${name}" does not answer`, {
    suggestions: [`docker logs ${name}`],
    details: { balancer: name, reason: 'no-answer' },
  });
}

function notTaken(name: string, { kind, words }: Extract<Outcome, { words: string }>): ZkdError {
  const what = {
    refused: 'does not take its new configuration, and goes on with the one it has',
    failed: 'did not start with its new configuration, and goes on with the one from before',
    unproven: 'did not start with its new configuration, nor could it be seen to go on with the one from before',
  }[kind];
  const [first = ''] = words
    .split('\n')
    .filter((line) => line.includes('ALERT'))
    .concat(words.split('\n'));
  return new ZkdError('failure', `HAProxy of balancer "${name}" ${what}: ${first.trim()}`, {
    suggestions: [`docker logs ${name}`],
    details: { balancer: name, reason: kind, words },
  });
}
