/** How a watched status is shown: a document a line, a table at every change, or on a terminal a table redrawn in place. */
import type { StatusResult } from '../cluster/index.js';
import type { Output } from './ports.js';
import { createRedraw } from './redraw.js';
import { renderStatus } from './render/cluster.js';
import { openResultStream } from './result-stream.js';
import type { Style } from './style.js';

export interface StatusScreen {
  /** Aborts when nobody reads any more. */
  readonly closed: AbortSignal;
  /** Shows a look; `isNew` where something changed. */
  show(status: StatusResult, isNew: boolean): void;
  /** Lets something be said beside it on stderr, which may be the same terminal. */
  aside(say: () => void): void;
  /** Leaves what is shown; safe to repeat. */
  close(): void;
}

const inTurn = (say: () => void): void => say();

/** Documents, one a line, each with the time it was seen. A blank before the next one means nothing in JSON. */
export function createJsonScreen(output: Output): StatusScreen {
  const stream = openResultStream(output, ' ');
  return {
    closed: stream.closed,
    show(status, isNew) {
      if (isNew) stream.write(`${JSON.stringify({ time: new Date().toISOString(), ...status })}\n`);
      else stream.idle();
    },
    aside: inTurn,
    close() {},
  };
}

/** Tables one after the other, with an empty line between them, and the time above each. */
export function createAppendedScreen(output: Output, style: Style): StatusScreen {
  const stream = openResultStream(output);
  let isSeparated = true;
  const separate = (): void => {
    if (!isSeparated) stream.write('\n');
    isSeparated = true;
  };
  return {
    closed: stream.closed,
    show(status, isNew) {
      // The empty line goes out at the look after a table: it is by writing that a reader who has gone is noticed.
      separate();
      if (!isNew) return;
      stream.write(`${style.faint(new Date().toISOString())}\n${renderStatus(status, style)}\n`);
      isSeparated = false;
    },
    aside: inTurn,
    close() {},
  };
}

/** One table, redrawn at every look. */
export async function createLiveScreen(output: Output, style: Style): Promise<StatusScreen> {
  const redraw = await createRedraw(output);
  let shown = '';
  let isClosed = false;
  return {
    closed: new AbortController().signal,
    show(status) {
      shown = `${renderStatus(status, style)}\n\n${style.faint(`seen at ${new Date().toISOString()}; Ctrl-C ends`)}`;
      redraw.draw(shown);
    },
    aside(say) {
      redraw.clear();
      say();
      if (shown !== '') redraw.draw(shown);
    },
    close() {
      if (!isClosed) redraw.done();
      isClosed = true;
    },
  };
}
