/** Waiting until HAProxy answers in a container that was started. */
import type { Engine } from '../engine/index.js';
import { hasReason, ZkdError } from '../errors.js';
import { retryUntil } from '../runtime/retry-until.js';
import { look } from './inside.js';

export interface Patience {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

const LOOK_EVERY_MS = 50;
const LAST_LINES = 5;

/** Rejects with `timeout`, or with `failure` as soon as HAProxy has ended by itself; both with its last words. */
export async function awaitAnswer(engine: Engine, name: string, id: string, { timeoutMs, signal }: Patience): Promise<void> {
  const answers = async (): Promise<true | undefined> => {
    try {
      return (await look(engine, id)).running && true;
    } catch (error) {
      if (!hasReason(error, 'not-running') && !hasReason(error, 'no-answer')) throw error;
      if (!(await hasEnded(engine, id))) return undefined;
      throw new ZkdError('failure', `HAProxy of balancer "${name}" ends as soon as it starts: ${await lastWords(engine, id)}`, {
        cause: error,
        details: { balancer: name },
      });
    }
  };
  if (await retryUntil(answers, { timeoutMs, intervalMs: LOOK_EVERY_MS, signal })) return;
  throw new ZkdError(
    'timeout',
    `HAProxy of balancer "${name}" does not answer within ${timeoutMs / 1000} s: ${await lastWords(engine, id)}`,
    {
      suggestions: [`docker logs ${name}`],
      details: { balancer: name },
    },
  );
}

async function hasEnded(engine: Engine, id: string): Promise<boolean> {
  const found = await engine.findContainer(id);
  return found === undefined || found.state === 'exited' || found.state === 'dead' || found.restarts > 0;
}

async function lastWords(engine: Engine, id: string): Promise<string> {
  const lines: string[] = [];
  try {
    for await (const { line } of engine.logs(id, { tail: LAST_LINES })) lines.push(line);
  } catch {
    // Without its words, then.
  }
  return lines.find((line) => line.includes('ALERT')) ?? lines.at(-1) ?? 'it says nothing';
}
