/** `znode import` and `znode cp`: a tree is written somewhere, and it is told what became of each node. */
import type { Placed, PlaceMode, PlaceOptions, PlaceResult } from '../znodes/index.js';
import { trackNodes } from './node-progress.js';
import { SessionCommand } from './session-command.js';

interface Step {
  readonly path: string;
  readonly action: Placed | 'removed';
}

export interface PlaceCommandResult extends PlaceResult {
  readonly dryRun: boolean;
  /** With `--dry-run` only: what would be done. */
  readonly plan?: readonly Step[];
}

interface Wanted {
  readonly mode: PlaceMode;
  readonly dryRun: boolean;
  readonly ephemerals: boolean;
}

export abstract class PlaceCommand extends SessionCommand<PlaceCommandResult> {
  /** Does the work with progress, and tells what came of it. */
  protected async place(
    step: string,
    wanted: Wanted,
    signal: AbortSignal,
    work: (options: PlaceOptions) => Promise<PlaceResult>,
  ): Promise<PlaceCommandResult> {
    const { onProgress, done } = trackNodes(await this.progress(), step);
    const plan: Step[] = [];
    let nodes = 0;
    const result = await work({
      ...wanted,
      signal,
      onNode: (path, action) => {
        onProgress((nodes += 1));
        if (wanted.dryRun && action !== 'unchanged') plan.push({ path, action });
      },
    });
    done();
    this.#show(result, plan, wanted.dryRun);
    return { ...result, dryRun: wanted.dryRun, ...(wanted.dryRun && { plan }) };
  }

  #show({ target, created, changed, unchanged, kept, removed, leftOut }: PlaceResult, plan: readonly Step[], isDryRun: boolean): void {
    for (const { path, action } of plan) this.print(`${action} ${path}`);
    const counts = { created, changed, removed, unchanged, 'kept as they were': kept, 'ephemeral, left out': leftOut };
    const words = Object.entries(counts).flatMap(([word, count]) => (count > 0 ? `${count} ${word}` : []));
    this.print(`${target}: ${words.length > 0 ? words.join(', ') : 'nothing to do'}${isDryRun ? ' (dry run: nothing was done)' : ''}`);
    if (kept > 0) this.talk('Nodes that were there and are different were left alone; --mode overwrite writes them too');
  }
}
