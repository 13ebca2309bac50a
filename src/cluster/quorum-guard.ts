/**
 * Guards the quorum of a healthy ensemble against a command that takes single members away. Pure.
 * It judges what was seen a moment before: of two commands that take different members at the same time, neither sees the other.
 */
import { ZkdError } from '../errors.js';
import { quorumOf } from './members.js';
import type { MemberView } from './readiness.js';

export interface QuorumRisk {
  readonly name: string;
  /** All members, as `viewMembers` saw them. */
  readonly members: readonly MemberView[];
  /** Ids of the members that are to be taken away. */
  readonly away: readonly number[];
  /** The command's word, e.g. `stop`. */
  readonly command: 'stop' | 'restart' | 'rm';
}

const DOING = { stop: 'Stopping', restart: 'Restarting', rm: 'Removing' } as const;

/**
 * Exit 12 where there is a quorum now and would be none without these members; its details name `--force`. Undefined where it may be
 * done: observers never count, nor voters that do not serve, and what has no quorum cannot lose it.
 */
export function findQuorumLoss({ name, members, away, command }: QuorumRisk): ZkdError | undefined {
  const voters = members.filter(({ health }) => health.role === 'participant');
  const serving = voters.filter(isServing).map(({ id }) => id);
  const left = serving.filter((id) => !away.includes(id));
  const needed = quorumOf(voters.length);
  if (serving.length < needed || left.length >= needed) return undefined;
  const ids = [...new Set(away)];
  const flags = ids.map((id) => `--member ${id}`).join(' ');
  return new ZkdError(
    'refused',
    `${DOING[command]} member${ids.length > 1 ? 's' : ''} ${ids.join(', ')} would take the quorum of ensemble "${name}" away: ` +
      `${serving.length} of ${voters.length} voting members serve, ${left.length} would be left, ${needed} are needed`,
    {
      suggestions: [`zkd cluster status ${name}`, `zkd cluster ${command} ${name} ${flags} --force`],
      details: { cluster: name, members: ids, serving, needed, override: '--force' },
    },
  );
}

/** A server that answers but may not say how it is (its whitelist was changed) is taken for one that serves. */
const isServing = ({ health }: MemberView): boolean => Boolean(health.status?.mode) || health.silence === 'not-whitelisted';
