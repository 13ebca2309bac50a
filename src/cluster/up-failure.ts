/** What `up` says when it fails, and what it leaves or takes away then. */
import type { Engine } from '../engine/index.js';
import { hasReason, messageOf, ZkdError } from '../errors.js';
import { formatDurationMs } from '../runtime/quantities.js';
import { takenAway, type Made } from './apply.js';
import type { AwaitResult } from './await-ready.js';
import type { ObservedEnsemble } from './observe.js';
import type { Plan } from './plan.js';
import { removeMade, volumesMade } from './remove-made.js';

/** Of the request, what decides how its failure ends. */
interface FailedRequest {
  readonly name: string;
  readonly mode: 'up' | 'run';
  readonly keepOnFailure: boolean;
}

const LOG_LINES_SHOWN = 8;
/** Lines that tell nothing: blank ones, stack frames, and what zkServer.sh says at every start. */
const MUTE_LINE = /^\s*(?:$|at \S+\(|\.\.\. \d+ |ZooKeeper JMX enabled by default|Using config: )/;

/** Exit 7, each member's cause and its last log lines. `first` is suggested before all else. */
export function notReady(
  name: string,
  timeoutMs: number,
  { verdict, ensemble, ended }: AwaitResult,
  first: readonly string[] = [],
): ZkdError {
  const why = ended === 'crashed' ? 'cannot become ready' : `is not ready within ${formatDurationMs(timeoutMs)}`;
  const members = verdict.causes.map(({ member, cause }) => {
    const tail = ensemble.members.find(({ id }) => id === member)?.evidence?.logTail ?? [];
    return { member, cause, log: tail.filter((line) => !MUTE_LINE.test(line)).slice(-LOG_LINES_SHOWN) };
  });
  const words = members.map(({ member, cause, log }) => [`  member ${member}: ${cause}`, ...log.map((line) => `    | ${line}`)].join('\n'));
  return new ZkdError('timeout', [`Ensemble "${name}" ${why}`, ...words].join('\n'), {
    suggestions: [...first, `zkd cluster status ${name}`],
    details: { cluster: name, causes: members },
  });
}

export interface StoppedRoll {
  readonly name: string;
  readonly when: 'before' | 'after';
  readonly member: number;
  readonly result: AwaitResult;
  readonly timeoutMs: number;
  /** The members of the roll, in its order. */
  readonly order: readonly number[];
  /** What is done to them. */
  readonly verb: 'replaced' | 'restarted';
  /** Commands that lead on or back. */
  readonly ways: readonly string[];
}

/** Exit 7: a roll waits no longer. The quorum is whole where it was before; says how to go on, and back where there is a way. */
export function rollStopped({ name, when, member, result, timeoutMs, order, verb, ways }: StoppedRoll): ZkdError {
  if (result.ended === 'gone') return takenAway(name);
  const { message, details } = notReady(name, timeoutMs, result);
  const at = order.indexOf(member);
  const what = when === 'before' ? `Member ${member} is not ${verb}` : `Member ${member} is not in sync after it was ${verb}`;
  return new ZkdError('timeout', `${what}: the roll stopped, and no further member is touched\n${message}`, {
    suggestions: [`zkd cluster status ${name}`, ...ways],
    details: {
      ...details,
      [verb]: order.slice(0, at),
      failed: when === 'after' ? member : null,
      remaining: order.slice(at + (when === 'after' ? 1 : 0)),
    },
  });
}

/** Exit 12: the others do not get in sync, so a member without data must not join them. */
export function noQuorumBeforeRebirth(name: string, ids: readonly number[], { verdict }: AwaitResult): ZkdError {
  return new ZkdError(
    'refused',
    `Members ${ids.join(', ')} of ensemble "${name}" do not get in sync, so a voter whose data is gone cannot be made anew: it could outvote acknowledged writes`,
    {
      suggestions: [`zkd cluster status ${name}`, `zkd cluster up ${name} --accept-data-loss`],
      details: { override: '--accept-data-loss', causes: verdict.causes },
    },
  );
}

/** Takes away what was made, unless it is to be kept or another zkd works on it now. Answers the error, with what was removed or left. */
export async function afterFailure(
  error: unknown,
  request: FailedRequest,
  { engine, made, observed, plan }: { engine: Engine; made: Made; observed: ObservedEnsemble; plan: Plan },
): Promise<unknown> {
  // Another zkd goes on with what was made.
  if (hasReason(error, 'claimed')) return error;
  const hasMade = made.containers.length + made.networks.length > 0;
  if (!hasMade && !(await hasMadeVolumes(error, { engine, observed, plan }))) return error;
  const left = request.keepOnFailure
    ? ['everything this run made (--keep-on-failure)']
    : await removeMade({ engine, made, observed, plan });
  if (!(error instanceof ZkdError)) return new ZkdError('failure', messageOf(error), { cause: error, details: { left } });
  const rest = left.length > 0 ? `\nLeft behind: ${left.join(', ')}` : '\nWhat was made has been removed again';
  // What was removed has no status to look at.
  const still =
    request.keepOnFailure || !plan.isBirth ? error.suggestions : error.suggestions.filter((line) => !line.startsWith('zkd cluster status'));
  const keep = error.code === 'timeout' && !request.keepOnFailure ? [`zkd cluster ${request.mode} ${request.name} --keep-on-failure`] : [];
  const suggestions = [...keep, ...still];
  return new ZkdError(error.code, error.message + rest, { cause: error.cause, suggestions, details: { ...error.details, left } });
}

/** Whether the creation that failed has left volumes. An engine that cannot be reached is not asked again. */
async function hasMadeVolumes(error: unknown, context: Parameters<typeof volumesMade>[0]): Promise<boolean> {
  if (hasReason(error, 'unreachable')) return false;
  return (await volumesMade(context).catch(() => [])).length > 0;
}
