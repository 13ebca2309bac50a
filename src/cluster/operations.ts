/** The steps a plan is made of: one engine action each, or a wait. Pure. */
import type { WantedMember } from './members.js';
import type { ObservedMember } from './observe.js';

/** One step; `key` names it, `after` the steps that must be done before. */
export type Operation = { readonly key: string; readonly after: readonly string[] } & (
  | { readonly kind: 'create-network'; readonly name: string }
  | { readonly kind: 'remove-network'; readonly name: string; readonly id: string }
  | {
      readonly kind: 'create-member';
      readonly member: WantedMember;
      readonly cause: string;
      /** Volumes that are removed first. */
      readonly discards?: readonly string[];
    }
  | { readonly kind: 'replace-member'; readonly member: WantedMember; readonly old: ObservedMember; readonly cause: string }
  | { readonly kind: 'remove-surplus'; readonly container: string; readonly id: string }
  | { readonly kind: 'configure-member'; readonly member: WantedMember }
  | { readonly kind: 'reconnect-member'; readonly member: WantedMember; readonly network: string }
  | { readonly kind: 'start-member'; readonly member: WantedMember; readonly cause: string }
  | { readonly kind: 'record-change'; readonly revision: number }
  | {
      readonly kind: 'roll-member';
      readonly member: WantedMember;
      readonly old: ObservedMember;
      readonly changes: readonly string[];
      /** In sync when the plan was made: then all others must be before it is stopped, and it again before the next. */
      readonly isWell: boolean;
      readonly position: string;
    }
  | {
      readonly kind: 'restart-member';
      readonly member: WantedMember;
      readonly old: ObservedMember;
      readonly isWell: boolean;
      readonly position: string;
    }
  | { readonly kind: 'unpause-member'; readonly member: WantedMember }
  | { readonly kind: 'await-answer'; readonly members: readonly WantedMember[] }
  | { readonly kind: 'await-quorum'; readonly members: readonly WantedMember[]; readonly before: readonly WantedMember[] }
);

const named = (members: readonly WantedMember[]): string =>
  `member${members.length > 1 ? 's' : ''} ${members.map(({ id }) => id).join(', ')}`;

/** One step in words; also its name in progress output. */
export function formatOperation(operation: Operation, bind: string): string {
  switch (operation.kind) {
    case 'create-network':
      return `create network ${operation.name}`;
    case 'remove-network':
      return `remove network ${operation.name} (a second one of this name, ${operation.id.slice(0, 12)})`;
    case 'create-member': {
      const { id, role, container, port } = operation.member;
      const anew = operation.discards ? `; ${operation.discards.join(', ')} is made anew too, being of no use without it` : '';
      return `create member ${id} (${role}, ${container}, ${bind}:${port}): ${operation.cause}${anew}`;
    }
    case 'replace-member': {
      const { id, role, container, port } = operation.member;
      return `replace member ${id} (${role}, ${container}, ${bind}:${port}): ${operation.cause}`;
    }
    case 'remove-surplus':
      return `remove container ${operation.container}: of no use`;
    case 'configure-member':
      return `configure member ${operation.member.id}`;
    case 'reconnect-member':
      return `reconnect member ${operation.member.id} to network ${operation.network}`;
    case 'start-member':
      return `start member ${operation.member.id}: ${operation.cause}`;
    case 'record-change':
      return `remember the new settings (revision ${operation.revision})`;
    case 'roll-member':
      return `replace member ${operation.member.id} (${operation.position}): ${operation.changes.join(', ')}`;
    case 'restart-member':
      return `restart member ${operation.member.id} (${operation.position})`;
    case 'unpause-member':
      return `unpause member ${operation.member.id}`;
    case 'await-answer':
      return `wait until ${named(operation.members)}, with data, can be elected`;
    case 'await-quorum':
      return `wait until members ${operation.members.map(({ id }) => id).join(', ')} are in sync, before member ${operation.before.map(({ id }) => id).join(', ')} is made anew without data`;
  }
}
