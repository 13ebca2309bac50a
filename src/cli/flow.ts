/** Writing no faster than it is read. */
import type { Output } from './ports.js';

/** Writes, and resolves when it was taken: with false where nobody takes it any more, as after `| head -1`. */
export function written(output: Output, data: string | Uint8Array): Promise<boolean> {
  return new Promise((resolve) => {
    output.write(data, (error) => resolve(!error));
  });
}
