/** A tree of znodes, drawn. */
import type { TreeView, TreeViewNode } from '../../znodes/index.js';
import type { Style } from '../style.js';

/** Size, kind and owner, as far as they say something. */
function marks({ kind, ttlMs, ephemeralOwner, dataLength, isDenied }: TreeViewNode, style: Style): string {
  const kindWords =
    kind === 'persistent' ? [] : [`${kind}${ttlMs === null ? '' : ` ${ttlMs}ms`}${ephemeralOwner === null ? '' : ` ${ephemeralOwner}`}`];
  const words = [...(dataLength > 0 ? [style.faint(`${dataLength} bytes`)] : []), ...kindWords.map((word) => style.warning(word))];
  return [...words, ...(isDenied ? [style.bad('denied')] : [])].map((word) => `  ${word}`).join('');
}

/** The tree with what was left out of it, and a last line that counts both. */
export function renderTree({ root, nodes, leftOut }: TreeView, style: Style): string {
  const lines = [`${style.strong(root.path)}${marks(root, style)}`];
  const draw = (node: TreeViewNode, indent: string): void => {
    const more = node.leftOut > 0 ? [style.faint(`(${node.leftOut} more)`)] : [];
    const last = node.children.length + more.length - 1;
    for (const [index, child] of node.children.entries()) {
      lines.push(`${indent}${index === last ? '└─' : '├─'} ${child.name}${marks(child, style)}`);
      draw(child, `${indent}${index === last ? '   ' : '│  '}`);
    }
    for (const words of more) lines.push(`${indent}└─ ${words}`);
  };
  draw(root, '');
  const total = `${nodes} znode${nodes === 1 ? '' : 's'}${leftOut > 0 ? `, ${leftOut} and what is below them left out` : ''}`;
  return [...lines, '', total].join('\n');
}
