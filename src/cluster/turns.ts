/** How a roll waits for members, and what it says where it stops: the same for replacing and restarting. */
import type { Engine } from '../engine/index.js';
import { messageOf, ZkdError } from '../errors.js';
import type { FourLetterProbe } from '../zookeeper/index.js';
import { takenAway, type Turns } from './apply.js';
import { awaitReady, type AwaitResult } from './await-ready.js';
import { isServing } from './health.js';
import { observe } from './observe.js';
import { notReady } from './up-failure.js';
import { addressOf, membersOf } from './view.js';

export interface TurnsRequest {
  readonly name: string;
  readonly timeoutMs: number;
  /** What is done to the members. */
  readonly verb: 'replaced' | 'restarted';
  /** The members of the roll, in its order. */
  readonly order: readonly number[];
  /** Commands that lead on or back. */
  readonly ways: readonly string[];
  /** Take members without waiting for anybody before. */
  readonly isForced: boolean;
}

export interface TurnsContext {
  readonly engine: Engine;
  readonly ask: FourLetterProbe;
  readonly signal: AbortSignal;
}

const PROBE_TIMEOUT_MS = 2000;

export function turnsOf(request: TurnsRequest, { engine, ask, signal }: TurnsContext): Turns {
  const { name, timeoutMs, isForced } = request;
  const look = () => observe(engine, name, { details: true });
  return {
    outages: [],
    awaitAll: async () => awaitReady(engine, await look(), { timeoutMs, signal, ask }),
    async serves(id) {
      if (isForced) return false;
      const observed = await look();
      const member = membersOf(observed).find((other) => other.id === id);
      return member !== undefined && isServing(addressOf(engine, observed, member), { ask, timeoutMs: PROBE_TIMEOUT_MS, signal });
    },
    notReady: (when, member, result) => rollStopped(request, when, member, result),
    notStarted: (member, error) => notStarted(request, member, error),
  };
}

/** Exit 7: a roll waits no longer. The quorum is whole where it was before; says how to go on, and back where there is a way. */
function rollStopped(request: TurnsRequest, when: 'before' | 'after', member: number, result: AwaitResult): ZkdError {
  const { name, timeoutMs, verb, ways } = request;
  if (result.ended === 'gone') return takenAway(name);
  const { message, details } = notReady(name, timeoutMs, result);
  const what = when === 'before' ? `Member ${member} is not ${verb}` : `Member ${member} is not in sync after it was ${verb}`;
  return new ZkdError('timeout', `${what}: the roll stopped, and no further member is touched\n${message}`, {
    suggestions: [`zkd cluster status ${name}`, ...ways],
    details: { ...details, ...progressOf(request, member, when === 'after') },
  });
}

/** Keeps the kind of failure: a taken port, an image that is gone. */
function notStarted(request: TurnsRequest, member: number, error: unknown): unknown {
  if (!(error instanceof ZkdError)) return error;
  const { verb, ways } = request;
  return new ZkdError(error.code, `Member ${member} cannot be started after it was ${verb}: the roll stopped\n${messageOf(error)}`, {
    cause: error,
    suggestions: [...ways, ...error.suggestions.filter((line) => !line.includes('--client-port auto'))],
    details: { ...error.details, ...progressOf(request, member, true) },
  });
}

function progressOf({ order, verb }: TurnsRequest, member: number, isTouched: boolean): Record<string, unknown> {
  const at = order.indexOf(member);
  return { [verb]: order.slice(0, at), failed: isTouched ? member : null, remaining: order.slice(at + (isTouched ? 1 : 0)) };
}
