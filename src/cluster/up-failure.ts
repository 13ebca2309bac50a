/** What `up` says when it fails, and what it leaves or takes away then. */
import type { Engine } from '../engine/index.js';
import { hasReason, messageOf, ZkdError } from '../errors.js';
import { formatDurationMs } from '../runtime/quantities.js';
import type { Made } from './apply.js';
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
  // A roll lives on what was made, or another zkd goes on with it.
  if (made.isKept || hasReason(error, 'claimed')) return error;
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
