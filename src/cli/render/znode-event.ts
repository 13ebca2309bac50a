/** What happens to znodes: a line for people, a document, and what a command run on it is given. */
import type { ZnodeEvent } from '../../znodes/index.js';
import type { Style } from '../style.js';

/** Its fields are those of the contract, and the names where they changed. */
export const eventDocument = ({ type, path, time, zxid, children }: ZnodeEvent): object => ({
  type,
  path,
  time,
  ...(zxid !== null && { zxid }),
  ...(children !== null && { children }),
});

const LOOKS = { created: 'good', changed: 'warning', deleted: 'bad', children: 'strong' } as const;

export function renderEvent({ type, path, time, node, children }: ZnodeEvent, style: Style): string {
  const what = node ? `  ${node.data.length} bytes, version ${node.stat.version}` : children ? `  ${children.length} children` : '';
  return `${style.faint(time)} ${style[LOOKS[type]](type.padEnd(8))} ${path}${style.faint(what)}`;
}

/** The new state, as a command takes it on stdin: the data, the names a line each, or nothing where the node is gone. */
export function stateBytes({ node, children }: ZnodeEvent): Uint8Array {
  if (node) return node.data;
  return Buffer.from((children ?? []).map((name) => `${name}\n`).join(''));
}
