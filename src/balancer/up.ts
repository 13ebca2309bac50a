/** `lb up`: a balancer is made, or converged to what is asked: by HAProxy's socket, by a reload, by another container, whatever is needed and no more. */
import type { Engine } from '../engine/index.js';
import { ZkdError } from '../errors.js';
import { awaitAnswer } from './await-answer.js';
import { serversIn } from './configuration.js';
import { balancerFiles, type BalancerFiles } from './container-spec.js';
import { createBalancer, isUp, replaceBalancer, settleReplacement, startBalancer, type Wanted } from './containers.js';
import { describeBalancer } from './describe.js';
import { containerNameOf, DEFAULT_IMAGE } from './names.js';
import { decideHold, formatMemory, readMemory } from './hold.js';
import { asBalancer, readFiles, readSettings, type Balancer } from './observe.js';
import { makePlan } from './plan.js';
import { serversOf } from './servers.js';
import { DEFAULTS, type BirthSettings, type LiveSettings } from './settings.js';
import { syncBalancer, type Synced } from './sync.js';
import type { UpContext, UpRequest, UpResult } from './up-request.js';

/**
 * Safe to repeat, and to be killed at any moment: the next one goes on from there. Rejects with `conflict` where the name or the port is another's,
 * or the balancer another service's; what this call has made is gone again then.
 */
export async function bringUpBalancer(request: UpRequest, context: UpContext): Promise<UpResult> {
  const { engine, signal } = context;
  const name = request.name ?? containerNameOf(request.service);
  await settleReplacement(engine, name, request.service);
  const existing = await findOwn(engine, name, request);
  const before = existing ? await readSettings(engine, existing) : DEFAULTS;
  const settings = { ...before, ...liveOf(request.given) };
  const first = await firstFiles({ settings, existing, windowMs: request.windowMs }, context);
  const wanted = { name, birth: birthOf(request, existing), ...first };
  const plan: string[] = [];
  const id = await converge(existing, wanted, request, context, plan);
  signal.throwIfAborted();
  const servers = await syncBalancer(engine, {
    name,
    containerId: id,
    instances: await context.instances(),
    settings,
    windowMs: request.windowMs,
  });
  const lines = [...plan, ...linesOf(servers), ...(plan.length === 0 && existing ? noteOf(before, settings, servers) : [])];
  const container = await engine.findContainer(id);
  const balancer = container && asBalancer(container);
  if (!balancer) throw new ZkdError('not-found', `Balancer "${name}" was taken away meanwhile`, { details: { balancer: name } });
  return { balancer: await describeBalancer(engine, balancer), changed: lines.length > 0, plan: lines, servers };
}

const liveOf = ({ mode, checkPath, holdMs, slots }: UpRequest['given']): Partial<LiveSettings> => ({
  ...(mode !== undefined && { mode }),
  ...(checkPath !== undefined && { checkPath }),
  ...(holdMs !== undefined && { holdMs }),
  ...(slots !== undefined && { slots }),
});

async function findOwn(engine: Engine, name: string, { service, registry }: UpRequest): Promise<Balancer | undefined> {
  const container = await engine.findContainer(name);
  if (!container) return undefined;
  const balancer = asBalancer(container);
  const other = (what: string, suggestions: readonly string[]): ZkdError =>
    new ZkdError('conflict', `Container "${name}" is ${what}`, { suggestions, details: { reason: 'name-taken', container: name } });
  if (!balancer) throw other('no balancer of zkd', ['zkd lb up SERVICE --name NAME']);
  const { birth } = balancer;
  const ways = [`zkd lb rm ${name} --force`, `zkd lb up SERVICE --name NAME`];
  if (birth.service !== service) throw other(`the balancer of service "${birth.service}"`, ways);
  if (birth.registry.id !== registry.id || birth.registry.root !== registry.root) {
    throw other(`a balancer of service "${service}" in another registry (${whereOf(birth)})`, ways);
  }
  return balancer;
}

const whereOf = ({ registry: { cluster, connect, root } }: BirthSettings): string => `${cluster ?? connect ?? 'not known'}, ${root}`;

function birthOf({ service, registry, given, network }: UpRequest, existing: Balancer | undefined): BirthSettings {
  const old = existing?.birth;
  const wantedNetwork = given.network ?? old?.network ?? network;
  if (wantedNetwork === undefined) {
    throw new ZkdError('usage', 'With --connect the network has to be said on which HAProxy is to find the servers: --network', {
      suggestions: ['--network NAME'],
    });
  }
  return {
    service,
    registry: old?.registry ?? registry,
    publish: given.publish ?? old?.publish ?? null,
    network: wantedNetwork,
    image: given.image ?? old?.image ?? DEFAULT_IMAGE,
  };
}

interface First {
  readonly settings: LiveSettings;
  readonly existing: Balancer | undefined;
  readonly windowMs: number;
}

/**
 * It starts with what is registered now, and with what is held of what it had before: nobody is told that there is nothing. Host names come
 * later, by its socket.
 */
async function firstFiles({ settings, existing, windowMs }: First, { engine, instances }: UpContext): Promise<BalancerFiles> {
  const { servers } = serversOf(await instances());
  const [configuration, memory] = existing ? await readFiles(engine, existing) : ['', ''];
  const held = decideHold({
    registered: servers,
    present: serversIn(configuration),
    memory: readMemory(memory),
    now: Date.now(),
    holdMs: settings.holdMs,
    windowMs,
  });
  const plan = makePlan({ slots: [], configuration: '' }, { servers: [...servers, ...held.kept], settings });
  return { configuration: plan.configuration, memory: formatMemory(held.memory) };
}

/** Makes sure that a container with these settings runs, and answers its id. */
async function converge(
  existing: Balancer | undefined,
  wanted: Wanted,
  request: UpRequest,
  context: UpContext,
  plan: string[],
): Promise<string> {
  const { name, birth } = wanted;
  const { engine, observer, signal } = context;
  const step = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
    observer.start(what);
    try {
      const done = await work();
      observer.end(what, 'done');
      plan.push(what);
      return done;
    } catch (error) {
      observer.end(what, 'failed');
      throw error;
    }
  };
  if (!existing) return step(`create container ${name}`, () => createBalancer(wanted, request, context));
  const { id, state } = existing.container;
  const differences = differencesOf(existing.birth, birth);
  if (differences.length > 0) {
    return step(`replace container ${name} (${differences.join(', ')})`, () => replaceBalancer(existing, wanted, request, context));
  }
  const start = async (): Promise<void> => {
    if (state === 'paused') await engine.unpauseContainer(id);
    // What made it end may be in there.
    else await engine.writeFiles(id, balancerFiles(wanted));
    if (!isUp(state)) await startBalancer(engine, id, birth.publish);
    await awaitAnswer(engine, name, id, { timeoutMs: request.timeoutMs, signal });
  };
  if (state === 'running') await awaitAnswer(engine, name, id, { timeoutMs: request.timeoutMs, signal });
  else await step(`start container ${name}`, start);
  return id;
}

function differencesOf(old: BirthSettings, wanted: BirthSettings): string[] {
  const keys = ['publish', 'network', 'image'] as const;
  return keys.filter((key) => JSON.stringify(old[key]) !== JSON.stringify(wanted[key]));
}

function linesOf({ how, added, removed, reweighted }: Synced): string[] {
  return [
    ...(how === 'reload' ? ['reload HAProxy'] : []),
    ...added.map((server) => `add server ${server}`),
    ...removed.map((server) => `remove server ${server}`),
    ...reweighted.map((server) => `weight server ${server}`),
  ];
}

/** What only the file knows. */
const noteOf = (before: LiveSettings, after: LiveSettings, { how }: Synced): string[] =>
  how !== 'reload' && JSON.stringify(before) !== JSON.stringify(after) ? ['note settings'] : [];
