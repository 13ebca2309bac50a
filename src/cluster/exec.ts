/** `exec` and `shell`: a command in a member's running container. Who is attached to it, and how, is the caller's. */
import type { AttachedExec, AttachedExecOptions, Engine } from '../engine/index.js';
import { ZkdError } from '../errors.js';
import type { FourLetterProbe } from '../zookeeper/index.js';
import { internalAddress } from './describe.js';
import { checkMembers, runningMember } from './find-member.js';
import { observe, type ObservedEnsemble, type ObservedMember } from './observe.js';
import { viewMembers } from './view.js';

/** Where a command is to run. */
export interface ExecTarget {
  readonly member: number;
  readonly container: string;
  /** Its own address inside: the only one it listens on (docs/adr/0003). */
  readonly internalAddress: string;
  /** Starts a command there. */
  start(options: AttachedExecOptions): Promise<AttachedExec>;
}

const PROBE_TIMEOUT_MS = 2000;

/** A member by its id. `not-found` where there is no such ensemble, member or container, `conflict` where it does not run. */
export async function execTarget(engine: Engine, name: string, member: number): Promise<ExecTarget> {
  const observed = await observe(engine, name);
  return target(engine, observed, runningMember(observed, member));
}

/** The first member that serves clients. `not-found` where there is no such ensemble, `zookeeper-unavailable` where none serves. */
export async function servingTarget(engine: Engine, name: string, ask: FourLetterProbe): Promise<ExecTarget> {
  const observed = await observe(engine, name);
  checkMembers(observed, []);
  const { members } = await viewMembers(engine, observed, { ask, timeoutMs: PROBE_TIMEOUT_MS });
  const serving = members.find(({ health }) => health.status?.mode);
  if (serving?.observed) return target(engine, observed, serving.observed);
  throw new ZkdError('zookeeper-unavailable', `No member of ensemble "${name}" serves clients`, {
    suggestions: [`zkd cluster status ${name}`, `zkd cluster shell ${name} --member ID`],
    details: { cluster: name },
  });
}

function target(engine: Engine, { record }: ObservedEnsemble, { id, container }: ObservedMember): ExecTarget {
  return {
    member: id,
    container: container.name,
    internalAddress: record ? internalAddress(record, id) : '',
    start: (options) => engine.attachExec(container.id, options),
  };
}
