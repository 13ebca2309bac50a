/** `wait`: until an ensemble is ready, stopped or gone, whoever brings that about. Touches nothing. */
import { ZkdError } from '../errors.js';
import { formatDurationMs } from '../runtime/quantities.js';
import { retryUntil } from '../runtime/retry-until.js';
import { awaitReady } from './await-ready.js';
import type { ActionContext } from './member-actions.js';
import { noSuchEnsemble, observe, type ObservedEnsemble } from './observe.js';
import { isUp } from './stop-container.js';
import { notReady } from './up-failure.js';
import { membersOf } from './view.js';

export const WAIT_STATES = ['ready', 'stopped', 'gone'] as const;
export type WaitState = (typeof WAIT_STATES)[number];

export interface WaitRequest {
  readonly name: string;
  readonly for: WaitState;
  readonly timeoutMs: number;
}

export interface WaitResult {
  readonly cluster: string;
  readonly for: WaitState;
  readonly tookMs: number;
}

/**
 * Waits until the ensemble is
 * - `ready`, as `up` means it; members that do not run are waited for too, a crash loop ends the wait at once;
 * - `stopped`: no member's container runs; one that was taken away meanwhile is stopped too;
 * - `gone`: no container, network or data volume of it is left, so that `ls` lists it no more.
 * Time that runs out is exit 7 with the causes. An ensemble that is not there is exit 3, for `gone` it is what was waited for.
 */
export async function waitFor(request: WaitRequest, context: ActionContext): Promise<WaitResult> {
  const startedAt = performance.now();
  const { name } = request;
  const observed = await observe(context.engine, name, { details: true });
  if (!observed.record && request.for !== 'gone') throw noSuchEnsemble(name);
  const step = `wait until ensemble "${name}" is ${request.for}`;
  context.observer.start(step);
  try {
    await (request.for === 'ready' ? awaitReadiness(request, observed, step, context) : awaitEnd(request, step, context));
    context.observer.end(step, 'done');
  } catch (error) {
    if (!context.signal.aborted) context.observer.end(step, 'failed');
    throw error;
  }
  return { cluster: name, for: request.for, tookMs: Math.round(performance.now() - startedAt) };
}

async function awaitReadiness(
  { name, timeoutMs }: WaitRequest,
  first: ObservedEnsemble,
  step: string,
  context: ActionContext,
): Promise<void> {
  const { engine, ask, observer, signal } = context;
  const result = await awaitReady(engine, first, {
    timeoutMs,
    signal,
    ask,
    untilStarted: true,
    onWait: ({ causes }) => observer.update(step, causes.map(({ member, cause }) => `member ${member}: ${cause}`).join('; ')),
  });
  if (result.ended === 'ready') return;
  if (result.ended === 'gone') throw noSuchEnsemble(name);
  throw notReady(name, timeoutMs, result, remedyFor(result.ensemble.observed));
}

/** What brings members back that do not run, where there are any. */
function remedyFor(observed: ObservedEnsemble): string[] {
  const states = membersOf(observed).map(({ id }) => observed.members.get(id)?.container.state);
  if (states.some((state) => state === undefined || state === 'created')) return [`zkd cluster up ${observed.name}`];
  return states.some((state) => state === 'exited' || state === 'paused') ? [`zkd cluster start ${observed.name}`] : [];
}

/** Every look is three questions to the engine: often while the end may come any moment, seldom in a long wait. */
const intervalMs = (waitedMs: number): number => (waitedMs < 5000 ? 100 : 500);

async function awaitEnd({ name, for: wanted, timeoutMs }: WaitRequest, step: string, context: ActionContext): Promise<void> {
  const { engine, observer, signal } = context;
  const left = wanted === 'stopped' ? stillUp : stillThere;
  let causes: readonly string[] = [];
  const look = async (): Promise<true | undefined> => {
    causes = left(await observe(engine, name));
    observer.update(step, causes.join('; '));
    return causes.length === 0 ? true : undefined;
  };
  if (await retryUntil(look, { timeoutMs, intervalMs, signal })) return;
  const words = causes.map((cause) => `  ${cause}`);
  throw new ZkdError('timeout', [`Ensemble "${name}" is not ${wanted} within ${formatDurationMs(timeoutMs)}`, ...words].join('\n'), {
    suggestions: [wanted === 'stopped' ? `zkd cluster stop ${name}` : `zkd cluster down ${name} --volumes`],
    details: { cluster: name, for: wanted, causes },
  });
}

const stillUp = ({ members }: ObservedEnsemble): string[] =>
  [...members.values()].filter(({ container }) => isUp(container)).map(({ id, container }) => `member ${id}: ${container.state}`);

const stillThere = ({ members, surplus, networks, volumes }: ObservedEnsemble): string[] => [
  ...[...members.values(), ...surplus].map(({ container }) => `container ${container.name}: ${container.state}`),
  ...networks.map(({ name }) => `network ${name}`),
  ...[...volumes.values()].map(({ name }) => `data volume ${name}`),
];
