/** Two trees side by side, both in the order of a walk. Pure, but for what the trees come from. */
import { comparePaths } from './tree-path.js';

export type Pair<L, R> =
  | { readonly path: string; readonly left: L; readonly right: R }
  | { readonly path: string; readonly left: L; readonly right: undefined }
  | { readonly path: string; readonly left: undefined; readonly right: R };

/** Each path that is in one of them or in both, once, in order. Closes both when the reader stops. */
export async function* pair<L extends { readonly path: string }, R extends { readonly path: string }>(
  lefts: AsyncGenerator<L, void, undefined>,
  rights: AsyncGenerator<R, void, undefined>,
): AsyncGenerator<Pair<L, R>, void, undefined> {
  try {
    let [left, right] = await Promise.all([lefts.next(), rights.next()]);
    while (left.done !== true || right.done !== true) {
      const order = left.done === true ? 1 : right.done === true ? -1 : comparePaths(left.value.path, right.value.path);
      if (order === 0 && left.done !== true && right.done !== true) {
        yield { path: left.value.path, left: left.value, right: right.value };
        [left, right] = await Promise.all([lefts.next(), rights.next()]);
      } else if (order < 0 && left.done !== true) {
        yield { path: left.value.path, left: left.value, right: undefined };
        left = await lefts.next();
      } else if (right.done !== true) {
        yield { path: right.value.path, left: undefined, right: right.value };
        right = await rights.next();
      }
    }
  } finally {
    await Promise.all([lefts.return(), rights.return()]);
  }
}
