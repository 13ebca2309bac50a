/** Reading an export back, from a file or a pipe. Streams: memory does not grow with the file. */
import { parentPath } from '../zookeeper/index.js';
import { formatError, parseLine, type TreeHeader, type TreeRecord } from './record-format.js';
import { comparePaths, isWithin } from './tree-path.js';

export interface TreeExport {
  readonly header: TreeHeader;
  /**
   * To be read once. Rejects with `usage` at a line that is wrong, that is out of order, and where the last line is missing or counts other
   * nodes: the file was cut off or put together by hand.
   */
  readonly records: AsyncGenerator<TreeRecord, void, undefined>;
}

/** A node's largest data, every byte of it escaped, fits several times. */
const LONGEST_LINE = 32 * 1024 * 1024;

/** Reads the header. Rejects with `usage` for whatever is no export of a version that this zkd reads. */
export async function readExport(chunks: AsyncIterable<Uint8Array | string>): Promise<TreeExport> {
  const lines = linesOf(chunks);
  const first = await lines.next();
  const line = parseLine(first.done === true ? '' : first.value.text, 1);
  if (line.type !== 'header') throw formatError('The export does not begin with its header', 1);
  return { header: line, records: recordsOf(lines) };
}

interface Line {
  readonly text: string;
  readonly number: number;
}

async function* recordsOf(lines: AsyncGenerator<Line, void, undefined>): AsyncGenerator<TreeRecord, void, undefined> {
  let [count, last] = [0, ''];
  for await (const { text, number } of lines) {
    const line = parseLine(text, number);
    if (line.type === 'header') throw formatError(`Line ${number} of the export is a second header`, number);
    if (line.type === 'end') {
      if (line.nodes !== count) throw formatError(`The export has ${count} nodes, not ${line.nodes} as its last line says`, number);
      const more = await lines.next();
      if (more.done !== true) throw formatError(`Line ${more.value.number} of the export comes after its end`, more.value.number);
      return;
    }
    const { path } = line.record;
    const parent = parentPath(path);
    // Nodes come right after those above them.
    if (count > 0 && parent !== null && !isWithin(parent, last))
      throw formatError(`Line ${number} of the export is ${path}, without ${parent} before it`, number);
    if (count > 0 && comparePaths(last, path) >= 0) throw formatError(`Line ${number} of the export is out of order: ${path}`, number);
    [count, last] = [count + 1, path];
    yield line.record;
  }
  throw formatError(`The export is cut off: its last line is missing (${count} nodes read)`, count + 1);
}

/** By line feeds only: a JSON string may have any other character in it. Empty lines are passed over. */
async function* linesOf(chunks: AsyncIterable<Uint8Array | string>): AsyncGenerator<Line, void, undefined> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let [rest, number] = ['', 0];
  for await (const chunk of chunks) {
    const pieces = textOf(chunk, decoder, number + 1).split('\n');
    pieces[0] = `${rest}${pieces[0] ?? ''}`;
    rest = pieces.pop() ?? '';
    if (rest.length > LONGEST_LINE) throw formatError(`Line ${number + pieces.length + 1} of the export is too long to be one`, number + 1);
    for (const text of pieces) {
      number += 1;
      if (text.trim() !== '') yield { text, number };
    }
  }
  if (rest.trim() !== '') yield { text: rest, number: number + 1 };
}

function textOf(chunk: Uint8Array | string, decoder: InstanceType<typeof TextDecoder>, line: number): string {
  if (typeof chunk === 'string') return chunk;
  try {
    return decoder.decode(chunk, { stream: true });
  } catch {
    throw formatError(`The export is not UTF-8, at line ${line} or after it`, line);
  }
}
