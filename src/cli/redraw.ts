/** Text that is redrawn in place on a terminal. The only importer of log-update, loaded at first use. */
import type { createLogUpdate } from 'log-update';
import type { Output } from './ports.js';

export interface Redraw {
  /** Shows this in place of what was drawn before. */
  draw(text: string): void;
  /** Takes away what was drawn, for something else to be written there. */
  clear(): void;
  /** Leaves what was drawn on the screen. */
  done(): void;
}

export async function createRedraw(stream: Output): Promise<Redraw> {
  const logUpdate: { createLogUpdate: typeof createLogUpdate } = await import('log-update');
  const draw = logUpdate.createLogUpdate(stream as NodeJS.WriteStream);
  return { draw: (text) => draw(text), clear: () => draw.clear(), done: () => draw.done() };
}
