/** Plans as text: the lines a person reads, and the order they must keep. */
import { formatPlan, planEnsemble, type Plan, type PlanRequest } from '../../src/cluster/plan.js';
import type { GivenSettings } from '../../src/cluster/settings.js';
import { observedEnsemble, type Sight } from './observed-ensemble.js';
import { sampleRecord } from './sample-ensemble.js';

export interface Asked {
  readonly given?: GivenSettings;
  readonly mode?: 'up' | 'run';
  readonly acceptDataLoss?: boolean;
}

/** The plan for ensemble `zk`, with this asked and that seen. */
export function planFor({ given = {}, mode = 'up', acceptDataLoss = false }: Asked = {}, sight: Sight = {}): Plan {
  const { ensemble, ports, image } = sampleRecord(given);
  const request: PlanRequest = { name: 'zk', mode, given, acceptDataLoss, birth: { ensemble, ports, image } };
  return planEnsemble(request, observedEnsemble(sight));
}

export const linesFor = (asked: Asked = {}, sight: Sight = {}): string[] => formatPlan(planFor(asked, sight));

/** `key <- the keys before it`, an operation a line. */
export const orderOf = (plan: Plan): string[] => plan.operations.map(({ key, after }) => `${key} <- ${after.join(' ')}`.trim());

/** Throws where an operation waits for one that does not come before it in the list, or has another's key. */
export function assertDoable(plan: Plan): void {
  const done = new Set<string>();
  for (const { key, after } of plan.operations) {
    for (const before of after) if (!done.has(before)) throw new Error(`${key} waits for ${before}, which does not come before it`);
    if (done.has(key)) throw new Error(`Two operations are called ${key}`);
    done.add(key);
  }
}
