/** Waits until nobody else is at work on an ensemble that was never started to the end. */
import { ZkdError } from '../errors.js';
import { retryUntil } from '../runtime/retry-until.js';
import type { Observer } from './apply.js';
import { rollName } from './names.js';
import { volumeKey, type ObservedEnsemble, type ObservedMember } from './observe.js';
import { membersOf } from './view.js';

/** How long nothing may change before a half-made ensemble counts as abandoned. */
const QUIET_MS = 2000;
/** A turn of a roll changes nothing that can be seen while a server is being stopped, which may take ten seconds. */
const QUIET_TURN_MS = 12_000;
const LOOK_EVERY_MS = 200;

export interface QuietOptions {
  readonly name: string;
  readonly timeoutMs: number;
  readonly observer: Observer;
  readonly signal: AbortSignal;
}

const containersOf = ({ members, surplus }: ObservedEnsemble): ObservedMember[] => [...members.values(), ...surplus];

const quietMs = (observed: ObservedEnsemble): number =>
  containersOf(observed).some(({ container }) => container.name === rollName(observed.name)) ? QUIET_TURN_MS : QUIET_MS;

/** A container that was never started; or a member that seems to have lost all, as it looks between the listings of volumes and containers. */
function isHalfMade(observed: ObservedEnsemble): boolean {
  const hasData = (id: number): boolean => observed.volumes.has(volumeKey(id, 'data')) && observed.volumes.has(volumeKey(id, 'datalog'));
  const isLost = ({ id }: { readonly id: number }): boolean => !observed.members.has(id) && !hasData(id);
  return containersOf(observed).some(({ container }) => container.state === 'created') || membersOf(observed).some(isLost);
}

const stateOf = (observed: ObservedEnsemble): string =>
  JSON.stringify([
    containersOf(observed).map(({ id, container }) => [id, container.id, container.state]),
    observed.networks.length,
    [...observed.volumes.keys()].sort(),
  ]);

/**
 * Looks at the ensemble. What was made by half means that another zkd may be at work this moment, or was killed: then waits until either
 * all is there or nothing has changed for a while. A slow zkd is taken for a dead one then: it is shut out, see claim.ts.
 */
export async function lookWhenQuiet(
  look: () => Promise<ObservedEnsemble>,
  { name, timeoutMs, observer, signal }: QuietOptions,
): Promise<ObservedEnsemble> {
  let observed = await look();
  if (!isHalfMade(observed)) return observed;
  const step = `wait to see whether another zkd is creating ensemble "${name}"`;
  observer.start(step);
  let changedAt = performance.now();
  const isDecided = await retryUntil(
    async () => {
      const next = await look();
      if (stateOf(next) !== stateOf(observed)) changedAt = performance.now();
      observed = next;
      return !isHalfMade(observed) || performance.now() - changedAt >= quietMs(observed) ? true : undefined;
    },
    { timeoutMs: Math.max(timeoutMs, 2 * quietMs(observed)), intervalMs: LOOK_EVERY_MS, signal },
  );
  if (!isDecided) {
    throw new ZkdError('conflict', `Ensemble "${name}" is being created by another zkd, which is still at work`, {
      suggestions: [`zkd cluster status ${name}`],
      details: { cluster: name },
    });
  }
  observer.end(step, 'done', isHalfMade(observed) ? 'no; going on with it' : 'it did');
  return observed;
}
