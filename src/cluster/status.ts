/** `status`: the quorum as ZooKeeper sees it, each member asked over its client port, with one cause per member that is not well. */
import type { Engine } from '../engine/index.js';
import type { FourLetterProbe } from '../zookeeper/index.js';
import { describeCluster, type Cluster } from './describe.js';
import { noSuchEnsemble, observe } from './observe.js';
import { judge, type MemberCause } from './readiness.js';
import { gatherEvidence, viewMembers } from './view.js';

export interface StatusResult {
  readonly cluster: Cluster;
  readonly healthy: boolean;
  readonly causes: readonly MemberCause[];
}

const PROBE_TIMEOUT_MS = 2000;

/** Looks once. Rejects with `not-found` where there is no such ensemble. */
export async function readStatus(engine: Engine, name: string, ask: FourLetterProbe): Promise<StatusResult> {
  const observed = await observe(engine, name, { details: true });
  if (!observed.record) throw noSuchEnsemble(name);
  const seen = await viewMembers(engine, observed, { ask, timeoutMs: PROBE_TIMEOUT_MS });
  const { ready } = judge(seen.members);
  const ensemble = ready ? seen : await gatherEvidence(engine, seen);
  const { causes } = judge(ensemble.members);
  return { cluster: describeCluster(ensemble, engine.endpoint, causes), healthy: ready, causes };
}
