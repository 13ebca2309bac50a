/** A terminal that keeps what is to be seen on it: as much of one as log-update needs, which moves up and down and erases lines. */
const ESCAPE = String.fromCharCode(27);
const PARTS = new RegExp(`${ESCAPE}\\[(\\??\\d*)([A-Za-z])|[\\r\\n]|[^${ESCAPE}\\r\\n]+`, 'g');

/** The lines that are on the screen after all this was written to it. */
export function linesOnScreen(written: string): string[] {
  const lines: string[] = [''];
  let row = 0;
  let column = 0;
  for (const [part, count, action] of written.matchAll(PARTS)) {
    const line = lines[row] ?? '';
    if (part === '\n') [row, column] = [row + 1, 0];
    else if (part === '\r' || action === 'G') column = 0;
    else if (action === 'A') row = Math.max(0, row - Number(count || 1));
    else if (action === 'B') row += Number(count || 1);
    else if (action === 'K') lines[row] = count === '2' ? '' : line.slice(0, column);
    else if (action === undefined) {
      lines[row] = line.slice(0, column).padEnd(column) + part + line.slice(column + part.length);
      column += part.length;
    }
    while (lines.length <= row) lines.push('');
  }
  return lines.filter((line) => line !== '');
}
