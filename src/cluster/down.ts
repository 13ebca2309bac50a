/** `down` and `rm`: takes containers, network and, when told to, data volumes away. Data is never removed without being told to. */
import type { Engine } from '../engine/index.js';
import { messageOf, ZkdError } from '../errors.js';
import type { FourLetterProbe } from '../zookeeper/index.js';
import type { Observer } from './apply.js';
import { chooseMembers } from './choose-members.js';
import { noSuchEnsemble, observe, type ObservedEnsemble, type ObservedMember } from './observe.js';
import { findQuorumLoss } from './quorum-guard.js';
import { endContainer, isUp } from './stop-container.js';
import { viewMembers } from './view.js';

export interface MemberAction {
  readonly id: number;
  readonly container: string;
  readonly action: 'started' | 'stopped' | 'restarted' | 'removed' | 'unchanged';
  readonly error: string | null;
}

export interface RemovalResult {
  readonly cluster: string;
  readonly changed: boolean;
  readonly members: readonly MemberAction[];
  /** Volumes removed, by name. */
  readonly volumes: readonly string[];
  /** Data volumes that stay, by name. */
  readonly kept: readonly string[];
  readonly tookMs: number;
}

export interface RemovalContext {
  readonly engine: Engine;
  readonly observer: Observer;
  readonly signal: AbortSignal;
}

export interface DownRequest {
  readonly name: string;
  readonly volumes: boolean;
  /** Disconnects foreign containers from the ensemble's network. */
  readonly force: boolean;
}

const PROBE_TIMEOUT_MS = 2000;
const NO_VOLUMES = { removed: [], failed: [] };

/** Without being told to, only what was never meant to last is removed. */
const leftoversOf = (observed: ObservedEnsemble): ObservedEnsemble => ({ ...observed, volumes: new Map(), settingsVolumes: [] });

/** Stops and removes the whole ensemble. One that is not there is a success that changed nothing. Partial failure: exit 9. */
export async function takeDown(request: DownRequest, context: RemovalContext): Promise<RemovalResult> {
  const startedAt = performance.now();
  const { engine } = context;
  const observed = await observe(engine, request.name);
  const strangers = await foreignContainers(engine, observed);
  if (strangers.length > 0 && !request.force) throw foreignOnNetwork(request.name, strangers);
  const removal = removeMembers([...observed.members.values(), ...observed.surplus], observed.networks, context);
  const networksGone = removal.allDetached.then((allDetached) =>
    allDetached && !context.signal.aborted ? removeNetworks(observed, strangers, context) : NO_NETWORKS,
  );
  const [members, networks] = await Promise.all([removal.members, networksGone]);
  context.signal.throwIfAborted();
  const failures = members.filter(({ error }) => error !== null);
  const volumes =
    failures.length > 0 ? NO_VOLUMES : await removeVolumes(request.volumes ? observed : leftoversOf(observed), undefined, engine);
  return finish({ observed, members, volumes, networks, startedAt });
}

export interface RemoveRequest {
  readonly name: string;
  /** Only these members; all when empty. */
  readonly members: readonly number[];
  readonly force: boolean;
  readonly volumes: boolean;
}

/** What `rm` works with: it asks the servers where it says no. */
export interface RemoveContext extends RemovalContext {
  readonly ask: FourLetterProbe;
}

/** Removes stopped containers, running ones only with `force`; the network goes with the last container. */
export async function removeContainers(request: RemoveRequest, context: RemoveContext): Promise<RemovalResult> {
  const startedAt = performance.now();
  const { engine } = context;
  const observed = await observe(engine, request.name);
  if (!observed.record) throw noSuchEnsemble(request.name);
  const chosen = withSurplus(chooseMembers(observed, request.members), observed);
  const running = chosen.filter(({ container }) => isUp(container));
  if (running.length > 0 && !request.force) throw await whyNot(request, running, observed, context);
  const members = await removeMembers(chosen, [], context).members;
  const failed = members.some(({ error }) => error !== null);
  const isWhole = chosen.length === observed.members.size + observed.surplus.length && !failed;
  const strangers = isWhole ? await foreignContainers(engine, observed) : [];
  const isEmptied = isWhole && strangers.length === 0;
  const networks = isEmptied ? await removeNetworks(observed, [], context) : NO_NETWORKS;
  const ids = request.members.length > 0 ? request.members : undefined;
  const volumes = request.volumes && !failed ? await removeVolumes(observed, ids, engine) : NO_VOLUMES;
  return finish({ observed, members, volumes, networks, startedAt });
}

/** The chosen members' containers, those included that were to take a place and did not. */
function withSurplus(chosen: readonly ObservedMember[], { surplus }: ObservedEnsemble): ObservedMember[] {
  return chosen.flatMap((member) => [member, ...surplus.filter(({ id }) => id === member.id)]);
}

/** Exit 12 for members that run: that the quorum goes with them where it does, else that they run. */
async function whyNot(
  { name, members: ids }: RemoveRequest,
  running: readonly ObservedMember[],
  observed: ObservedEnsemble,
  { engine, ask, signal }: RemoveContext,
): Promise<ZkdError> {
  if (ids.length > 0) {
    const { members } = await viewMembers(engine, observed, { ask, timeoutMs: PROBE_TIMEOUT_MS, signal });
    const loss = findQuorumLoss({ name, members, away: ids, command: 'rm' });
    if (loss) return loss;
  }
  const flags = [...new Set(ids)].map((id) => ` --member ${id}`).join('');
  const isOne = running.length === 1;
  return new ZkdError(
    'refused',
    `Member${isOne ? '' : 's'} ${running.map(({ id }) => id).join(', ')} of ensemble "${name}" still run${isOne ? 's' : ''}`,
    {
      suggestions: [`zkd cluster stop ${name}${flags}`, `zkd cluster rm ${name}${flags} --force`],
      details: { running: running.map(({ id }) => id), override: '--force' },
    },
  );
}

interface Removal {
  /** As soon as none uses the networks any more; false where one still may. Never rejects. */
  readonly allDetached: Promise<boolean>;
  /** Rejects with the reason of an abort. */
  readonly members: Promise<MemberAction[]>;
}

/**
 * A failing member does not keep the others from being removed. Members leave `networks`, which go with them, while their servers end: taking a
 * container off a network is half of what its stop takes, and one after the other in the engine.
 */
function removeMembers(
  members: readonly ObservedMember[],
  networks: readonly { readonly id: string }[],
  { engine, observer, signal }: RemovalContext,
): Removal {
  const each = members.map(({ id, container }) => {
    const step = `remove member ${id} (${container.name})`;
    observer.start(step);
    const stopped = (async (): Promise<void> => {
      signal.throwIfAborted();
      if (isUp(container)) await endContainer(engine, container, signal);
    })();
    // The server has its signal to end by then. One that cannot be taken off has left when it is stopped.
    const leaves = container.state === 'running' && !signal.aborted;
    const detached = leaves
      ? Promise.all(networks.map(({ id: network }) => engine.disconnectNetwork(network, container.id))).then(
          () => undefined,
          () => stopped,
        )
      : stopped;
    const removed = (async (): Promise<MemberAction> => {
      try {
        await stopped;
        await engine.removeContainer(container.id, { force: true, anonymousVolumes: true });
        observer.end(step, 'done');
        return { id, container: container.name, action: 'removed', error: null };
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        observer.end(step, 'failed', messageOf(error));
        return { id, container: container.name, action: 'unchanged', error: messageOf(error) };
      }
    })();
    return { detached, removed };
  });
  return {
    allDetached: Promise.all(each.map(({ detached }) => detached)).then(
      () => true,
      () => false,
    ),
    members: Promise.all(each.map(({ removed }) => removed)),
  };
}

interface Stranger {
  readonly name: string;
  readonly id: string;
  readonly network: string;
}

/** Running containers on the ensemble's own network that are not its members. */
async function foreignContainers(engine: Engine, observed: ObservedEnsemble): Promise<Stranger[]> {
  const ours = new Set([...observed.members.values()].map(({ container }) => container.id));
  const attached = await Promise.all(
    observed.networks.map(async ({ id: network }) =>
      (await engine.listAttachments(network)).map((attachment) => ({ ...attachment, network })),
    ),
  );
  return attached
    .flat()
    .filter(({ containerId }) => !ours.has(containerId))
    .map(({ containerName, containerId, network }) => ({ name: containerName, id: containerId, network }));
}

function foreignOnNetwork(name: string, strangers: readonly Stranger[]): ZkdError {
  const names = strangers.map((stranger) => stranger.name);
  return new ZkdError('refused', `Other containers use the network of ensemble "${name}": ${names.join(', ')}`, {
    suggestions: [`docker stop ${names.join(' ')}`, `zkd cluster down ${name} --force`],
    details: { containers: names, override: '--force' },
  });
}

interface NetworkOutcome {
  readonly removed: number;
  /** What could not be removed, with the reason. */
  readonly failed: readonly string[];
}

const NO_NETWORKS: NetworkOutcome = { removed: 0, failed: [] };

/** Disconnects the strangers and removes the networks; a failing one does not keep the others from being removed. */
async function removeNetworks(
  observed: ObservedEnsemble,
  strangers: readonly Stranger[],
  { engine, observer }: RemovalContext,
): Promise<NetworkOutcome> {
  const outcomes = await Promise.all(
    observed.networks.map(async ({ id, name }): Promise<string | null> => {
      const step = `remove network ${name}`;
      observer.start(step);
      try {
        await Promise.all(strangers.filter(({ network }) => network === id).map((stranger) => engine.disconnectNetwork(id, stranger.id)));
        await engine.removeNetwork(id);
        observer.end(step, 'done');
        return null;
      } catch (error) {
        observer.end(step, 'failed', messageOf(error));
        return `network ${name}: ${messageOf(error)}`;
      }
    }),
  );
  const failed = outcomes.filter((failure) => failure !== null);
  return { removed: outcomes.length - failed.length, failed };
}

/** Removes the ensemble's own volumes, of some members or all; only volumes that carry its labels. */
async function removeVolumes(
  observed: ObservedEnsemble,
  ids: readonly number[] | undefined,
  engine: Engine,
): Promise<{ removed: string[]; failed: string[] }> {
  const own = [...observed.volumes].filter(([key]) => !ids || ids.includes(Number(key.split('/')[0]))).map(([, { name }]) => name);
  // What remembers a change goes with the last data.
  const rest = own.length === observed.volumes.size ? observed.settingsVolumes : [];
  const wanted = [...own, ...[...(ids ? [] : observed.leftovers), ...rest].map(({ name }) => name)];
  const outcomes = await Promise.all(
    wanted.map((name) =>
      engine.removeVolume(name).then(
        () => ({ name, error: null }),
        (error: unknown) => ({ name, error: messageOf(error) }),
      ),
    ),
  );
  return {
    removed: outcomes
      .filter(({ error }) => error === null)
      .map(({ name }) => name)
      .sort(),
    failed: outcomes.filter(({ error }) => error !== null).map(({ name, error }) => `${name}: ${error}`),
  };
}

interface Outcome {
  readonly observed: ObservedEnsemble;
  readonly members: readonly MemberAction[];
  readonly volumes: { readonly removed: readonly string[]; readonly failed: readonly string[] };
  readonly networks: NetworkOutcome;
  readonly startedAt: number;
}

function finish({ observed, members, volumes, networks, startedAt }: Outcome): RemovalResult {
  const result: RemovalResult = {
    cluster: observed.name,
    changed: members.some(({ action }) => action !== 'unchanged') || volumes.removed.length > 0 || networks.removed > 0,
    members,
    volumes: volumes.removed,
    kept: [...observed.volumes.values()].map(({ name }) => name).filter((name) => !volumes.removed.includes(name)),
    tookMs: Math.round(performance.now() - startedAt),
  };
  const failures = [
    ...members.flatMap(({ container, error }) => (error === null ? [] : [`${container}: ${error}`])),
    ...networks.failed,
    ...volumes.failed,
  ];
  if (failures.length === 0) return result;
  throw new ZkdError('partial', `Not everything of ensemble "${observed.name}" could be removed: ${failures.join('; ')}`, {
    suggestions: [`zkd cluster ps ${observed.name}`, `zkd cluster down ${observed.name}`],
    details: { ...result, failures },
  });
}
