/** Borderless tables. The only importer of cli-table3. */
import Table from 'cli-table3';
import { PLAIN_STYLE, type Style } from './style.js';

const NO_BORDERS = Object.fromEntries(
  'top top-mid top-left top-right bottom bottom-mid bottom-left bottom-right left left-mid mid mid-mid right right-mid'
    .split(' ')
    .map((part) => [part, '']),
);

/** What somebody else has written may have anything in it; a cell is one line, and moves no cursor. Colours are left. */
const onOneLine = (cell: string): string =>
  cell.replaceAll(/(?!\u001B\[[\d;]*m)\p{Cc}/gu, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** Lines of a table with upper-case column heads, columns two spaces apart, no trailing blanks. */
export function formatTable(head: readonly string[], rows: readonly (readonly string[])[], style: Style = PLAIN_STYLE): string {
  const table = new Table({
    head: head.map((title) => style.faint(title)),
    chars: { ...NO_BORDERS, middle: '  ' },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  });
  table.push(...rows.map((row) => row.map(onOneLine)));
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}
