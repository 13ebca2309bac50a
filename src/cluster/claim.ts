/**
 * Who may work on what was never started (docs/adr/0004): the acts of which only one of several zkd succeeds, and how the others notice.
 * All others get a `conflict` with `details.reason` `claimed`, and look again.
 */
import { randomBytes } from 'node:crypto';
import type { ContainerSpec, Engine } from '../engine/index.js';
import { hasReason, ZkdError } from '../errors.js';
import { LABEL, replacementName } from './names.js';
import type { ObservedEnsemble, ObservedMember } from './observe.js';
import type { EnsembleRecord } from './record.js';

export interface ClaimContext {
  readonly engine: Engine;
  readonly record: EnsembleRecord;
  /** Ids of the containers this run made: what is created here is added. */
  readonly made: string[];
}

/** Creates a member's container; of several zkd one gets the name. */
export async function createContainer(spec: ContainerSpec, { engine, record, made }: ClaimContext): Promise<string> {
  try {
    const id = await engine.createContainer(spec);
    made.push(id);
    return id;
  } catch (error) {
    if (!hasReason(error, 'name-taken')) throw error;
    throw await nameTaken(spec.name, engine, record, error);
  }
}

/**
 * Puts a new container in the place of one that was never started. Whoever made the old one cannot configure or start it any more: it is
 * gone for good, or was started first. At every moment one of the two is there, so that a SIGKILL loses nothing that labels tell.
 */
export async function replaceContainer(old: ObservedMember, spec: ContainerSpec, context: ClaimContext): Promise<string> {
  const { engine, record, made } = context;
  const { container } = old;
  const labels = { ...spec.labels, [LABEL.since]: bornAt(old) };
  const id = await engine.createContainer({ ...spec, name: replacementName(spec.name, randomBytes(4).toString('hex')), labels });
  made.push(id);
  try {
    await engine.removeContainer(container.id, { anonymousVolumes: true });
    await engine.renameContainer(id, spec.name);
    return id;
  } catch (error) {
    // Where that fails too it stays among what was made, for whoever cleans up.
    await engine.removeContainer(id, { anonymousVolumes: true }).then(
      () => made.splice(made.indexOf(id), 1),
      () => undefined,
    );
    if (hasReason(error, 'running')) throw claimed(record.cluster, error);
    if (!hasReason(error, 'name-taken')) throw error;
    throw await nameTaken(spec.name, engine, record, error);
  }
}

/** When a member's container was created that never started, or the first of those it stands for. */
export const bornAt = ({ container }: ObservedMember): string => container.labels[LABEL.since] ?? container.createdAt;

/** Whether there are containers of this ensemble that a run neither met nor made: then another zkd has taken it over. */
export async function isTakenOver(
  engine: Engine,
  record: EnsembleRecord,
  { observed, made }: { readonly observed: ObservedEnsemble; readonly made: readonly string[] },
): Promise<boolean> {
  const met = [...observed.members.values(), ...observed.surplus].map(({ container }) => container.id);
  const known = new Set([...met, ...made]);
  const containers = await engine.listContainers({ [LABEL.cluster]: record.cluster, [LABEL.ensemble]: record.ensemble });
  return containers.some(({ id }) => !known.has(id));
}

/** Exit 4, unless the caller looks again and goes on. */
export function claimed(name: string, cause?: unknown): ZkdError {
  return new ZkdError('conflict', `Another zkd is at work on ensemble "${name}"`, {
    cause,
    suggestions: [`zkd cluster up ${name}`],
    details: { reason: 'claimed', cluster: name },
  });
}

async function nameTaken(container: string, engine: Engine, { cluster }: EnsembleRecord, cause: unknown): Promise<ZkdError> {
  const owner = await engine.findContainer(container);
  if (owner === undefined || owner.labels[LABEL.cluster] === cluster) return claimed(cluster, cause);
  return new ZkdError('conflict', `Container name "${container}" is taken by a container that is not ensemble "${cluster}"'s`, {
    cause,
    suggestions: [`docker inspect ${container}`],
    details: { reason: 'name-taken', container },
  });
}
