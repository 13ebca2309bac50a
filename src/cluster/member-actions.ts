/** One action on several members at the same time: each is tried, each is reported. What `start` and `stop` answer. */
import type { Engine } from '../engine/index.js';
import { messageOf, ZkdError } from '../errors.js';
import type { ExitCodeName } from '../exit-codes.js';
import type { FourLetterProbe } from '../zookeeper/index.js';
import type { Observer } from './apply.js';
import type { MemberAction } from './down.js';

/** What such a command works with. */
export interface ActionContext {
  readonly engine: Engine;
  readonly ask: FourLetterProbe;
  readonly observer: Observer;
  readonly signal: AbortSignal;
}

/** The document of `start` and `stop`. */
export interface ActionResult {
  readonly cluster: string;
  readonly changed: boolean;
  readonly members: readonly MemberAction[];
  /** Volumes removed: none. */
  readonly volumes: readonly string[];
  readonly tookMs: number;
}

export interface MemberTask {
  readonly id: number;
  readonly container: string;
  /** Undefined where nothing is to be done. */
  readonly act: (() => Promise<void>) | undefined;
}

export interface TaskOptions {
  readonly cluster: string;
  /** What a member that was acted on is. */
  readonly action: 'started' | 'stopped';
  readonly signal: AbortSignal;
  readonly startedAt: number;
}

/**
 * Runs all tasks. A failing one does not keep the others from being done: exit 9 with both lists where some were done, else the code of the
 * failure. An abort of `signal` rejects with its reason; what was done by then stays done.
 */
export async function actOnMembers(tasks: readonly MemberTask[], options: TaskOptions): Promise<ActionResult> {
  const { cluster, action, signal, startedAt } = options;
  const errors: unknown[] = [];
  const members = await Promise.all(
    tasks.map(async ({ id, container, act }): Promise<MemberAction> => {
      if (!act) return { id, container, action: 'unchanged', error: null };
      try {
        signal.throwIfAborted();
        await act();
        return { id, container, action, error: null };
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        errors.push(error);
        return { id, container, action: 'unchanged', error: messageOf(error) };
      }
    }),
  );
  const changed = members.some((member) => member.action !== 'unchanged');
  const result: ActionResult = { cluster, changed, members, volumes: [], tookMs: Math.round(performance.now() - startedAt) };
  const [first] = errors;
  if (errors.length === 0) return result;
  if (errors.length === 1 && !changed) throw first;
  throw notAll(result, errors, action);
}

function notAll(result: ActionResult, errors: readonly unknown[], action: TaskOptions['action']): ZkdError {
  const failures = result.members.flatMap(({ container, error }) => (error === null ? [] : [`${container}: ${error}`]));
  const [code, ...others] = new Set(errors.map((error): ExitCodeName => (error instanceof ZkdError ? error.code : 'failure')));
  const isOfOneKind = !result.changed && others.length === 0;
  const command = action === 'started' ? 'start' : 'stop';
  return new ZkdError(
    isOfOneKind && code ? code : 'partial',
    `Not all members of ensemble "${result.cluster}" could be ${action}: ${failures.join('; ')}`,
    { suggestions: [`zkd cluster ps ${result.cluster}`, `zkd cluster ${command} ${result.cluster}`], details: { ...result, failures } },
  );
}
