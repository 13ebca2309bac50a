/** A result without an end, written part by part on stdout until somebody ends it or nobody reads it any more. */
import type { Output } from './ports.js';

export interface ResultStream {
  /** Aborts when a write finds that the reader has gone, or that there is no room. What follows from that is said in hooks/output-errors.ts. */
  readonly closed: AbortSignal;
  write(text: string): void;
  /**
   * Call it at every look that brought nothing to write: only a write shows that the reader of a pipe has gone (`| head -1`). So it writes
   * `blank`, which must mean nothing where it stands, after one such look, after two, four, eight and so on.
   */
  idle(): void;
}

/** Opens a stream on `output`. Without `blank`, a reader that has gone is noticed at the next part only. */
export function openResultStream(output: Output, blank = ''): ResultStream {
  const closing = new AbortController();
  let idleLooks = 0;
  const write = (text: string): void => {
    if (closing.signal.aborted) return;
    output.write(text, (error) => {
      if (error) closing.abort();
    });
  };
  return {
    closed: closing.signal,
    write(text) {
      idleLooks = 0;
      write(text);
    },
    idle() {
      idleLooks += 1;
      if (blank !== '' && Number.isInteger(Math.log2(idleLooks))) write(blank);
    },
  };
}
