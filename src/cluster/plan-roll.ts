/**
 * Replacing members one at a time so that the quorum never breaks: who comes when, and what must be agreed to first. Pure.
 * Those that are not well come first and at once, since they hold nothing up; then observers and followers, the leader last.
 */
import type { Outdated } from './change.js';
import type { WantedMember } from './members.js';
import type { ObservedEnsemble } from './observe.js';
import type { Operation } from './operations.js';

/** How the members were when the plan was made. */
export interface Wellbeing {
  readonly leader: number | null;
  /** Members a quorum may hang on: those that serve, in sync or not. */
  readonly well: ReadonlySet<number>;
}

/** The order in which members are taken: those that do not run, the sick ones, observers, followers, the leader. */
export function rollOrder<T extends { readonly member: WantedMember }>(
  some: readonly T[],
  { members }: Pick<ObservedEnsemble, 'members'>,
  { leader, well }: Wellbeing,
): T[] {
  const rank = ({ member: { id, role } }: T): number => {
    if (members.get(id)?.container.state !== 'running') return 0;
    if (!well.has(id)) return 1;
    if (id === leader) return 4;
    return role === 'observer' ? 2 : 3;
  };
  return [...some].sort((a, b) => rank(a) - rank(b) || a.member.id - b.member.id);
}

const positionOf = (member: WantedMember, { leader, well }: Wellbeing): string => {
  if (!well.has(member.id)) return 'not well';
  if (member.id === leader) return 'leader';
  return member.role === 'observer' ? 'observer' : 'follower';
};

type Turn = Extract<Operation, { kind: 'roll-member' | 'restart-member' }>;

/** One after another, each behind everything before. */
function inTurn(turns: readonly Turn[], before: readonly string[]): Operation[] {
  return turns.map((turn, index) => ({ ...turn, after: [...before, ...turns.slice(0, index).map(({ key }) => key)] }));
}

/** The replacements, behind everything else of the plan. */
export function rollOperations(
  outdated: readonly Outdated[],
  observed: ObservedEnsemble,
  wellbeing: Wellbeing,
  before: readonly string[],
): Operation[] {
  const turns = rollOrder(outdated, observed, wellbeing).flatMap(({ member, changes, isMoved }): Turn[] => {
    const old = observed.members.get(member.id);
    // What only a quorum can change waits for one in any case.
    const [isWell, position] = [isMoved || wellbeing.well.has(member.id), positionOf(member, wellbeing)];
    return old ? [{ key: `roll-${member.id}`, after: [], kind: 'roll-member', member, old, changes, isWell, position }] : [];
  });
  return inTurn(turns, before);
}

/** Removes containers that were to take a member's place and did not. */
export function surplusOperations({ surplus }: ObservedEnsemble, after: readonly string[]): Operation[] {
  return surplus.map(({ container }) => ({
    key: `surplus-${container.id}`,
    after,
    kind: 'remove-surplus',
    container: container.name,
    id: container.id,
  }));
}

/** Restarts of members that exist; what a roll that was killed left goes first. */
export function restartOperations(members: readonly WantedMember[], observed: ObservedEnsemble, wellbeing: Wellbeing): Operation[] {
  const surplus = surplusOperations(observed, []);
  const turns = rollOrder(
    members.map((member) => ({ member })),
    observed,
    wellbeing,
  ).flatMap(({ member }): Turn[] => {
    const old = observed.members.get(member.id);
    const [isWell, position] = [wellbeing.well.has(member.id), positionOf(member, wellbeing)];
    return old ? [{ key: `restart-${member.id}`, after: [], kind: 'restart-member', member, old, isWell, position }] : [];
  });
  return [
    ...surplus,
    ...inTurn(
      turns,
      surplus.map(({ key }) => key),
    ),
  ];
}

/** What a person has to agree to before the roll: nobody can write while a voter of one or two is replaced. */
export function outageQuestions(
  members: readonly WantedMember[],
  taken: readonly { readonly member: WantedMember }[],
  { well }: Wellbeing,
): string[] {
  const voters = members.filter(({ role }) => role === 'participant');
  const lost = taken.filter(({ member }) => member.role === 'participant' && well.has(member.id));
  if (voters.length > 2 || lost.length === 0) return [];
  const size = voters.length === 1 ? 'the only voter' : 'either of two voters';
  return [`an outage: nothing can be read or written while ${size} is replaced`];
}
