/**
 * Runs a plan's operations, at the same time where they do not depend on each other. What this run makes is remembered, so that it can
 * be taken away again. Operations can be repeated: what another zkd did meanwhile counts as done.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { hasReason, ZkdError } from '../errors.js';
import type { ContainerSpec, Engine } from '../engine/index.js';
import { claimed, createContainer, isTakenOver, replaceContainer, type ClaimContext } from './claim.js';
import { configureMember, credentialFrom, type Credential } from './configure.js';
import { memberContainer } from './container-spec.js';
import type { WantedMember } from './members.js';
import { byAge, type ObservedEnsemble, type ObservedMember } from './observe.js';
import { formatOperation, type Operation } from './operations.js';
import { isUnborn, type Plan } from './plan.js';
import { LABEL, settingsVolumeName } from './names.js';
import { isAnew, ReadAhead, type TurnOperation } from './read-ahead.js';
import { networkLabels, readRecord, settingsVolumeLabels } from './record.js';
import { reconfigureMember } from './reconfigure.js';
import { replaceMember, restartMember, type Outage, type RollContext } from './roll.js';
import { explainPortTaken } from './port-owner.js';

/** What running work tells its observer; the commands draw it. */
export interface Observer {
  start(step: string): void;
  end(step: string, outcome: 'done' | 'failed', note?: string): void;
  update(step: string, note: string): void;
  caution(text: string): void;
}

/** What a run made, in the order it was made. */
export interface Made {
  readonly containers: string[];
  readonly networks: string[];
  /** It stays, whatever happens. */
  isKept?: boolean;
}

/** What a plan that takes members down and up again needs to wait for them. */
export type Turns = Pick<RollContext, 'awaitAll' | 'serves' | 'notReady' | 'notStarted'> & { readonly outages: Outage[] };

export interface ApplyContext {
  readonly engine: Engine;
  readonly plan: Plan;
  readonly observed: ObservedEnsemble;
  readonly observer: Observer;
  readonly signal: AbortSignal;
  readonly made: Made;
  /** Waits until these members are in sync; rejects with `refused` where they do not get there. */
  awaitQuorum(ids: readonly number[]): Promise<void>;
  /** How a plan that takes members down and up again waits for them; `outages` is added to. Others need none. */
  readonly turns?: Turns;
  /** Waits until these members answer on their client ports, in a quorum or not; gives up after a while without a word. */
  awaitAnswer(members: readonly WantedMember[]): Promise<void>;
}

/**
 * Runs the plan. At the first failure nothing more is begun, what is under way is waited for, and the first error is thrown.
 * An abort of `signal` counts as a failure with its reason.
 */
export async function applyPlan(context: ApplyContext): Promise<void> {
  const { plan, observed, engine, signal } = context;
  const toReplace = new Set(plan.operations.flatMap((operation) => (operation.kind === 'replace-member' ? [operation.member.id] : [])));
  const kept = [...observed.members].filter(([id]) => !toReplace.has(id));
  const containers = new Map(kept.map(([id, { container }]) => [id, container.id]));
  const credential = credentialFrom(engine, () => [...containers].sort(([a], [b]) => a - b).map(([, id]) => id));
  const shared = { containers, credential, ahead: new ReadAhead(engine, plan, credential) };
  const done = new Map<string, Promise<void>>();
  let failed: { error: unknown } | undefined;
  const run = async (operation: Operation): Promise<void> => {
    await Promise.all(operation.after.flatMap((key) => done.get(key) ?? []));
    if (failed) return;
    const step = formatOperation(operation, plan.record.settings.bind);
    try {
      signal.throwIfAborted();
      context.observer.start(step);
      await runOperation(operation, context, shared);
      context.observer.end(step, 'done');
    } catch (error) {
      failed ??= { error };
      if (!signal.aborted) context.observer.end(step, 'failed');
    }
  };
  // Begun only when all are known: an operation may stand before one that it waits for.
  const begun = Promise.resolve();
  for (const operation of plan.operations)
    done.set(
      operation.key,
      begun.then(() => run(operation)),
    );
  await Promise.all(done.values());
  if (failed) throw await whyGone(failed.error, context);
}

/** Where a container of ours is gone: another zkd shut us out and goes on, or somebody removes the ensemble. */
async function whyGone(error: unknown, { engine, plan, observed, made }: ApplyContext): Promise<unknown> {
  if (!hasReason(error, 'no-such-container')) return error;
  return (await isTakenOver(engine, plan.record, { observed, made: made.containers }))
    ? claimed(plan.record.cluster, error)
    : takenAway(plan.record.cluster, error);
}

/** Exit 4: somebody removes what is being set up. */
export function takenAway(name: string, cause?: unknown): ZkdError {
  return new ZkdError('conflict', `Containers of ensemble "${name}" are being removed by somebody else, perhaps another zkd`, {
    cause,
    suggestions: [`zkd cluster ps ${name}`, `zkd cluster up ${name}`],
    details: { cluster: name },
  });
}

/** What the operations of one run know in common. */
interface Shared {
  /** The ids of the members' containers, by member. */
  readonly containers: Map<number, string>;
  readonly credential: Credential;
  readonly ahead: ReadAhead;
}

async function runOperation(operation: Operation, context: ApplyContext, shared: Shared): Promise<void> {
  const { engine, plan } = context;
  const { containers, credential } = shared;
  const idOf = (member: { id: number; container: string }): string => containers.get(member.id) ?? member.container;
  switch (operation.kind) {
    case 'create-network':
      return createNetwork(operation.name, context);
    case 'remove-network':
      return engine.removeNetwork(operation.id);
    case 'create-member': {
      const { member, discards = [] } = operation;
      for (const volume of discards) await engine.removeVolume(volume);
      containers.set(member.id, await createContainer(specOf(member, plan), claimOf(context)));
      return;
    }
    case 'replace-member': {
      const { member, old } = operation;
      containers.set(member.id, await replaceContainer(old, specOf(member, plan), claimOf(context)));
      return;
    }
    case 'remove-surplus':
      return engine.removeContainer(operation.id, { anonymousVolumes: true });
    case 'configure-member': {
      const { member } = operation;
      const isNew = plan.isBirth || isUnborn(context.observed) || plan.record.settings.ephemeral;
      await configure(idOf(member), member, isNew, context, credential);
      if (plan.record.settings.restart !== 'no') await engine.setRestartPolicy(idOf(member), plan.record.settings.restart);
      return;
    }
    case 'reconnect-member': {
      const { member } = operation;
      await engine.stopContainer(idOf(member), { timeoutMs: 10_000 });
      await engine.connectNetwork(operation.network, idOf(member), [member.container]);
      await configure(idOf(member), member, false, context, credential);
      return startMember(idOf(member), member, context);
    }
    case 'start-member': {
      const { member } = operation;
      const there = context.observed.members.get(member.id);
      if (there?.container.id === idOf(member)) {
        // Another zkd may have started it meanwhile: what runs is never configured.
        if ((await engine.findContainer(idOf(member)))?.state === 'running') return;
        await configure(idOf(member), member, false, context, credential);
        if (there.details?.restartPolicy !== plan.record.settings.restart)
          await engine.setRestartPolicy(idOf(member), plan.record.settings.restart);
      }
      return startMember(idOf(member), member, context);
    }
    case 'record-change':
      return recordChange(context);
    case 'roll-member':
    case 'restart-member':
      containers.set(operation.member.id, await roll(operation, context, shared));
      return;
    case 'unpause-member':
      return engine.unpauseContainer(idOf(operation.member));
    case 'await-answer':
      return context.awaitAnswer(operation.members);
    case 'await-quorum':
      return context.awaitQuorum(operation.members.map(({ id }) => id));
  }
}

/** Creating a volume is get-or-create: where another zkd remembers another change under this revision, it was first. */
async function recordChange({ engine, plan, observed }: ApplyContext): Promise<void> {
  const { record } = plan;
  const name = settingsVolumeName(record.cluster, record.revision);
  const labels = settingsVolumeLabels(record);
  const [left] = await engine.listVolumes({ names: [name] });
  // What an ephemeral ensemble of this name left when its containers were removed.
  if (left && left.labels[LABEL.ensemble] !== record.ensemble && readRecord(left.labels)?.settings.ephemeral)
    await engine.removeVolume(name);
  await engine.createVolume(name, labels);
  const [made] = await engine.listVolumes({ names: [name] });
  if (Object.entries(labels).some(([key, value]) => made?.labels[key] !== value)) throw claimed(record.cluster);
  await Promise.all(observed.settingsVolumes.filter((volume) => volume.name !== name).map((volume) => engine.removeVolume(volume.name)));
}

async function roll(operation: TurnOperation, context: ApplyContext, { containers, credential, ahead }: Shared): Promise<string> {
  const { engine, plan, signal, turns } = context;
  if (!turns) throw new Error('A plan that takes members down needs to know how to wait for them');
  const { member, old, isWell } = operation;
  const { record } = plan;
  // From here on the ensemble lives with what was made before: a roll that stops takes nothing away.
  context.made.isKept = true;
  // Read while the containers that have it are still there.
  const secret = await credential();
  let isReady = false;
  const request = {
    id: member.id,
    old,
    spec: specOf(member, plan),
    isWell,
    async lookAhead() {
      isReady = await ahead.isReady(operation);
    },
    prepare: () => announcePort(member, old, context, containers, secret),
    async settle(id: string) {
      await Promise.all([
        isReady || configure(id, member, isAnew(operation, record), context, credential),
        record.settings.restart === 'no' || engine.setRestartPolicy(id, record.settings.restart),
      ]);
    },
    async start(id: string) {
      await startMember(id, member, context);
      ahead.readNext(operation);
    },
  };
  const rolled =
    operation.kind === 'roll-member'
      ? await replaceMember(request, { engine, record, signal, ...turns })
      : await restartMember(request, { engine, record, signal, ...turns });
  if (rolled.outage) turns.outages.push(rolled.outage);
  return rolled.containerId;
}

/** Where a member moves to another port, the members agree on that first: asked of one that stays. */
async function announcePort(
  member: WantedMember,
  old: ObservedMember,
  { engine, plan, observed }: ApplyContext,
  containers: ReadonlyMap<number, string>,
  credential: string,
): Promise<void> {
  const [other] = plan.members.filter(({ id }) => id !== member.id && observed.members.has(id));
  if (!other || readRecord(old.container.labels)?.ports[member.id] === member.port) return;
  const container = containers.get(other.id) ?? other.container;
  const port = readRecord((await engine.findContainer(container))?.labels ?? {})?.ports[other.id] ?? other.port;
  await reconfigureMember(engine, { container, server: `${other.container}:${port}`, credential, member });
}

/** Engines let two networks have one name, and then every attach fails as ambiguous. So: create, list, and the earliest stays. */
async function createNetwork(name: string, { engine, plan, made }: ApplyContext): Promise<void> {
  const { subnet } = plan.record.settings;
  const id = await engine.createNetwork({ name, labels: networkLabels(plan.record), ...(subnet === null ? {} : { subnet }) });
  made.networks.push(id);
  const all = await engine.listNetworks({ labels: { [LABEL.cluster]: plan.record.cluster } });
  const [earliest] = [...all].sort(byAge);
  if (all.length < 2 || earliest?.id === id) return;
  await engine.removeNetwork(id);
  made.networks.splice(made.networks.indexOf(id), 1);
}

const specOf = (member: WantedMember, { members, record, network }: Plan): ContainerSpec =>
  memberContainer(member, members, record, network);

const claimOf = ({ engine, plan, made }: ApplyContext): ClaimContext => ({ engine, record: plan.record, made: made.containers });

async function configure(
  containerId: string,
  member: WantedMember,
  isNew: boolean,
  { engine, plan, observer }: ApplyContext,
  credential: Credential,
): Promise<void> {
  const { members, record } = plan;
  const edited = await configureMember(engine, { containerId, member, members, record, credential, isNew });
  if (edited.length > 0)
    observer.caution(`the configuration of member ${member.id} was edited (${edited.join(', ')}); it is left as it is`);
}

const AMBIGUOUS_RETRIES = 10;

async function startMember(id: string, { port, container }: WantedMember, { engine, plan }: ApplyContext): Promise<void> {
  let isReconnected = false;
  for (let attempt = 0; ; attempt += 1) {
    try {
      await engine.startContainer(id);
      return;
    } catch (error) {
      // Another zkd is about to take its surplus network away.
      if (hasReason(error, 'network-ambiguous') && attempt < AMBIGUOUS_RETRIES) await sleep(100);
      else if (hasReason(error, 'no-such-network') && !isReconnected) {
        // Its network was removed while it was stopped: the engine remembers the id of the old one.
        isReconnected = true;
        await engine.connectNetwork(plan.network, id, [container]);
      } else if (hasReason(error, 'port-taken')) throw await explainPortTaken(engine, plan.record.settings.bind, port, error);
      else throw error;
    }
  }
}
