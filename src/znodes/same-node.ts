/** Whether two nodes are the same as far as people can set it. Pure. */
import type { AclEntry } from '../zookeeper/index.js';
import type { TreeRecord } from './record-format.js';

export type Field = 'data' | 'acl' | 'kind';

/** What is different; whatever could not be read in one of them is not said to be. A time to live belongs to the kind. */
export function differingFields(
  one: Pick<TreeRecord, 'data' | 'acl' | 'kind' | 'ttlMs'>,
  other: Pick<TreeRecord, 'data' | 'acl' | 'kind' | 'ttlMs'>,
): readonly Field[] {
  const fields: Field[] = [];
  if (one.data && other.data && !one.data.equals(other.data)) fields.push('data');
  if (one.acl && other.acl && !isSameAcl(one.acl, other.acl)) fields.push('acl');
  if (one.kind && other.kind && (one.kind !== other.kind || one.ttlMs !== other.ttlMs)) fields.push('kind');
  return fields;
}

/** The order of entries and of permissions says nothing. */
function isSameAcl(one: readonly AclEntry[], other: readonly AclEntry[]): boolean {
  if (one.length !== other.length) return false;
  const [left, right] = [one.map(textOf).sort(), other.map(textOf).sort()];
  return left.every((text, index) => text === right[index]);
}

const textOf = ({ scheme, id, permissions }: AclEntry): string => `${scheme}:${id}:${[...permissions].sort().join(',')}`;
