/**
 * `logs`: what the members' containers have logged, in order of time, and what they log from now on. Holds one line of each member while it
 * reads what there is, and a bounded queue while it follows, however slowly it is read.
 */
import type { Engine } from '../engine/index.js';
import { hasReason } from '../errors.js';
import { systemClock, type Clock } from '../runtime/retry-until.js';
import { checkMembers } from './find-member.js';
import { LogFollower } from './follow-logs.js';
import { inBatches, LogPosition, mergeByTime, type MemberLine } from './log-merge.js';
import { LogQueue } from './log-queue.js';
import { observe, type ObservedMember } from './observe.js';

export interface LogsRequest {
  readonly name: string;
  /** Only these members; all when empty. */
  readonly members: readonly number[];
  readonly follow: boolean;
  /** The last N lines of each member; all when absent. */
  readonly tail?: number | undefined;
  /** ISO-8601, UTC: lines of that time and later. */
  readonly since?: string | undefined;
}

export interface LogsContext {
  readonly engine: Engine;
  /** Ends the reading; it then rejects with the signal's reason. */
  readonly signal: AbortSignal;
  /** Told once each time the engine went away, or came back, while it is followed. */
  readonly onEngine?: (isThere: boolean) => void;
  /** Called where there is no container to read a log of. */
  readonly onNothing?: () => void;
  readonly clock?: Clock;
}

/** Characters handed on at a time. */
const BATCH = 64 * 1024;
const QUEUE_CAPACITY = 1024 * 1024;
/** Lines that come within this time are put in order. */
export const MERGE_WINDOW_MS = 100;

/**
 * Answers batches of lines. Without `follow` it ends when all that was there has been read, in order of time. With it, lines that come
 * later are in order of time within {@link MERGE_WINDOW_MS}, through restarts and replacement of containers and absences of the engine, until no
 * container of the ensemble has been there for some seconds. Rejects with `not-found` where there is no such ensemble or member.
 */
export async function* readLogs(request: LogsRequest, context: LogsContext): AsyncGenerator<readonly MemberLine[], void, undefined> {
  const { engine, signal, clock = systemClock } = context;
  const { name, members: ids, follow } = request;
  const observed = await observe(engine, name);
  checkMembers(observed, ids);
  const isMeant = (id: number): boolean => ids.length === 0 || ids.includes(id);
  const members = [...observed.members.values()].filter(({ id }) => isMeant(id));
  if (members.length === 0) context.onNothing?.();
  const positions = new Map(members.map(({ container }) => [container.id, new LogPosition()]));

  const past = members.map((member) => readPast(member, positions.get(member.container.id), request, context));
  yield* inBatches(mergeByTime(past), BATCH);
  signal.throwIfAborted();
  if (!follow) return;

  const queue = new LogQueue({ clock, windowMs: MERGE_WINDOW_MS, capacity: QUEUE_CAPACITY });
  const { onEngine = () => undefined } = context;
  const follower = new LogFollower({ engine, name, isMeant, since: request.since, positions, queue, clock, onEngine });
  const following = follower.run(signal);
  following.catch(() => undefined);
  try {
    yield* queue.windows();
  } finally {
    await follower.stop();
  }
  await following;
  signal.throwIfAborted();
}

/** What one member has logged up to now. */
async function* readPast(
  { id, container }: ObservedMember,
  position: LogPosition | undefined,
  { tail, since, follow }: LogsRequest,
  { engine, signal }: LogsContext,
): AsyncGenerator<MemberLine, void, undefined> {
  if (tail === 0 && !follow) return;
  // Of no lines at all nobody could read on: the last one tells where, and is not shown.
  const options = { signal, ...(since !== undefined && { since }), ...(tail !== undefined && { tail: Math.max(1, tail) }) };
  try {
    for await (const line of engine.logs(container.id, options)) {
      position?.isNew(line);
      if (tail !== 0) yield { ...line, member: id };
    }
  } catch (error) {
    // Removed while the others were read.
    if (!hasReason(error, 'no-such-container')) throw error;
  }
}
