/** What is different between two trees. */
import { deniedFailure, Failures } from './failures.js';
import { pair } from './pair.js';
import { isDenied } from './read-tree.js';
import type { TreeRecord } from './record-format.js';
import { differingFields, type Field } from './same-node.js';
import { isWithin } from './tree-path.js';

export interface Difference {
  /** As seen from the roots of both. */
  readonly path: string;
  /** `missing`: only the first has it; `extra`: only the second. */
  readonly kind: 'missing' | 'extra' | 'changed';
  /** What is different, where both have it. */
  readonly fields: readonly Field[];
}

/**
 * Compares data, ACLs, kinds and times to live, not versions and times. Streams, in the order of a walk; both trees are read as it goes.
 * Nodes that may not be read whole in one of them are compared as far as they can be, those below them not at all, and listed at the end (`partial`, 9).
 */
export async function* diffTrees(
  first: AsyncGenerator<TreeRecord, void, undefined>,
  second: AsyncGenerator<TreeRecord, void, undefined>,
): AsyncGenerator<Difference, void, undefined> {
  const failures = new Failures();
  let [compared, different] = [0, 0];
  /** Nodes of the first and of the second that could not be read: nobody knows what is below them. */
  const unseen: (string | undefined)[] = [undefined, undefined];
  const isUnknown = (side: 0 | 1, path: string): boolean => unseen[side] !== undefined && isWithin(unseen[side], path);
  for await (const { path, left, right } of pair(first, second)) {
    if (left?.data === null) unseen[0] = path;
    if (right?.data === null) unseen[1] = path;
    if ((!left && isUnknown(0, path)) || (!right && isUnknown(1, path))) continue;
    compared += 1;
    if ((left && isDenied(left)) || (right && isDenied(right))) failures.add(path, deniedFailure('reading data and ACL', path));
    const fields = left && right ? differingFields(left, right) : [];
    if (left && right && fields.length === 0) continue;
    different += 1;
    yield { path, kind: !right ? 'missing' : left ? 'changed' : 'extra', fields };
  }
  failures.throwIfAny('compared whole', compared, { compared, different });
}
