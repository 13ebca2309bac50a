/** `containers run`: app containers beside an ensemble, told how to reach it and labelled for the registry. */
import { chooseImage, type PullPolicy } from '../cluster/index.js';
import { hasReason, messageOf, ZkdError } from '../errors.js';
import type { ContainerSummary, Engine } from '../engine/index.js';
import { retryUntil } from '../runtime/retry-until.js';
import {
  actionOn,
  appContainer,
  conflictOf,
  inTheWay,
  planRun,
  type RunAction,
  type RunPlan,
  type RunRequest,
  type RunStep,
} from './run-plan.js';

export interface RunContainer {
  readonly id: string;
  readonly name: string;
  readonly action: RunAction;
  /** On the network asked for; null where it has none, as one that has ended at once. */
  readonly address: string | null;
}

export interface RunResult {
  readonly service: string;
  readonly containers: readonly RunContainer[];
  readonly changed: boolean;
}

export interface RunContext {
  readonly engine: Engine;
  readonly pull: PullPolicy;
  readonly signal: AbortSignal;
  readonly onPull: (image: string) => void;
  readonly caution: (text: string) => void;
}

/** A container whose name is taken is to be seen by then. */
const SHOWN_WITHIN_MS = 5000;

type Done = Omit<RunContainer, 'address'>;
interface Failed {
  readonly name: string;
  readonly error: unknown;
}

/**
 * Makes the containers that are missing and starts those that do not run; safe to repeat. Those that are there and run are left alone, and none is
 * ever replaced: `conflict` before anything is done where one of the names is another container's. One that was made now and cannot be started is
 * removed again. Rejects with the cause where nothing runs then, with `partial` (9) where some do. `engine-unavailable` without the image,
 * `not-found` without the network.
 */
export async function runContainers(request: RunRequest, context: RunContext): Promise<RunResult> {
  const { engine, signal } = context;
  const plan = planRun(request, await engine.listContainers({}));
  if (plan.surplus.length > 0) context.caution(`more than ${request.replicas} are there: ${plan.surplus.join(', ')} stay as they are`);
  if (plan.outdated.length > 0) {
    context.caution(`another connection string is kept by ${plan.outdated.join(', ')}; the ensemble is ${request.connect} now`);
  }
  await bringWhatIsNeeded(request, plan, context);
  const outcomes = await Promise.all(
    plan.steps.map((step) => perform(step, request, context).catch((error: unknown): Failed => ({ name: step.name, error }))),
  );
  signal.throwIfAborted();
  const done = outcomes.filter((outcome): outcome is Done => 'id' in outcome);
  const failed = outcomes.filter((outcome): outcome is Failed => 'error' in outcome);
  if (failed.length > 0) throw notAll(request, done, failed);
  return {
    service: request.service,
    containers: await withAddresses(engine, done, request.network),
    changed: done.some(({ action }) => action !== 'kept'),
  };
}

/** Looked for before anything is made: the engine would say no at the start only. */
async function bringWhatIsNeeded({ container, network }: RunRequest, { steps }: RunPlan, context: RunContext): Promise<void> {
  if (steps.every(({ action }) => action === 'kept')) return;
  if ((await context.engine.listNetworks({ name: network })).length === 0) {
    throw new ZkdError('not-found', `There is no network "${network}"`, {
      suggestions: ['zkd cluster ls', `docker network create ${network}`],
      details: { reason: 'no-such-network', network },
    });
  }
  if (steps.some(({ action }) => action === 'created')) {
    const { image } = container;
    const suggestions = ['docker image ls', `docker pull ${image}`];
    await chooseImage(context.engine, { ...context, given: image, suggestions });
  }
}

async function perform({ name, id, action }: RunStep, request: RunRequest, context: RunContext): Promise<Done> {
  const { engine, signal } = context;
  signal.throwIfAborted();
  if (id === undefined) return create(name, request, context);
  if (action === 'started') await start(engine, id, request.network);
  return { id, name, action };
}

async function create(name: string, request: RunRequest, { engine, signal }: RunContext): Promise<Done> {
  let id: string;
  try {
    id = await engine.createContainer(appContainer(request, name));
  } catch (error) {
    if (!hasReason(error, 'name-taken')) throw error;
    return joinIn(name, request, { engine, signal, error });
  }
  try {
    await engine.startContainer(id);
  } catch (error) {
    throw await withoutTrace(id, name, error, engine);
  }
  return { id, name, action: 'created' };
}

interface Taken {
  readonly engine: Engine;
  readonly signal: AbortSignal;
  readonly error: unknown;
}

/** The name was free a moment ago: another zkd may be at the same work, and what it makes is what is wanted. */
async function joinIn(name: string, request: RunRequest, { engine, signal, error }: Taken): Promise<Done> {
  // The engine keeps the name for a container before it shows that (seen with 20.10).
  const other = await retryUntil(() => engine.findContainer(name), { timeoutMs: SHOWN_WITHIN_MS, intervalMs: 50, signal });
  if (!other) throw error;
  const conflicts = conflictOf(request, other);
  if (conflicts.length > 0) throw inTheWay(conflicts);
  if (actionOn(other) === 'started') await engine.startContainer(other.id);
  return { id: other.id, name, action: actionOn(other) };
}

/** Removes what cannot be started; the error says so where that fails, too. */
async function withoutTrace(id: string, name: string, error: unknown, engine: Engine): Promise<unknown> {
  try {
    await engine.removeContainer(id, { force: true, anonymousVolumes: true });
    return error;
  } catch (failure) {
    const { code, suggestions, details } = error instanceof ZkdError ? error : new ZkdError('failure', messageOf(error));
    const left = `container ${name} (${messageOf(failure)})`;
    return new ZkdError(code, `${messageOf(error)}\nLeft behind: ${left}`, {
      cause: error,
      suggestions,
      details: { ...details, left: [left] },
    });
  }
}

async function start(engine: Engine, id: string, network: string): Promise<void> {
  try {
    await engine.startContainer(id);
  } catch (error) {
    if (!hasReason(error, 'no-such-network')) throw error;
    // The network was removed while it was stopped, and is another one under the same name now.
    await engine.connectNetwork(network, id);
    await engine.startContainer(id);
  }
}

function notAll({ service, replicas }: RunRequest, done: readonly Done[], failed: readonly Failed[]): ZkdError {
  const [first] = failed;
  const cause = first?.error instanceof ZkdError ? first.error : new ZkdError('failure', messageOf(first?.error), { cause: first?.error });
  const { suggestions } = cause;
  const errors = failed.map(({ name, error }) => ({ name, error: messageOf(error) }));
  const details = { ...cause.details, service, containers: done, failed: errors };
  if (done.length === 0) return new ZkdError(cause.code, cause.message, { cause: cause.cause, suggestions, details });
  const words = errors.map(({ name, error }) => `  ${name}: ${error}`);
  const names = done.map(({ name }) => name).join(', ');
  return new ZkdError('partial', [`Of ${replicas} containers of service "${service}" only ${names} run`, ...words].join('\n'), {
    cause: first?.error,
    suggestions,
    details,
  });
}

async function withAddresses(engine: Engine, done: readonly Done[], network: string): Promise<RunContainer[]> {
  const seen = await engine.listContainers({});
  const addressOf = (container: ContainerSummary | undefined): string | null =>
    container?.networks.find(({ name }) => name === network)?.address || null;
  return done.map((one) => ({ ...one, address: addressOf(seen.find(({ id }) => id === one.id)) }));
}
