/** What was done to an ensemble's members, for people. */
import type { ActionResult } from '../../cluster/index.js';
import type { Style } from '../style.js';

/** One line, e.g. `zk: stopped zkd-zk-1, zkd-zk-2`; `verb` says what there was nothing to do of. */
export function renderActions({ cluster, members }: ActionResult, verb: string, style: Style): string {
  const acted = members.filter(({ action }) => action !== 'unchanged');
  const what = acted.map(({ container }) => container).join(', ');
  return `${style.strong(cluster)}: ${acted[0] ? `${acted[0].action} ${what}` : `nothing to ${verb}`}`;
}
