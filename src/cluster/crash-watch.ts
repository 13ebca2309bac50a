/** Tells a crash loop that goes on from one whose cause may be gone by now: engines count restarts since the last explicit start. */
import type { ObservedEnsemble } from './observe.js';
import { isCrashLoop, type MemberView } from './readiness.js';

/**
 * Answers, look after look, whether a member crashes again and again: true where it is in a crash loop and was restarted once more since
 * the first look that tells. What failed before somebody began to wait says nothing of the next attempt: the disk may have space again.
 */
export function watchCrashes({ members }: Pick<ObservedEnsemble, 'members'>): (member: MemberView) => boolean {
  const before = new Map([...members].flatMap(([id, { details }]) => (details ? [[id, details.restarts] as const] : [])));
  return (member) => {
    const restarts = member.observed?.details?.restarts;
    if (restarts === undefined) return false;
    // Somebody who starts it again lets the engine count anew.
    const first = Math.min(before.get(member.id) ?? restarts, restarts);
    before.set(member.id, first);
    return isCrashLoop(member) && restarts > first;
  };
}
