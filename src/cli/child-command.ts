/**
 * What commands that run a child share: they end as the child does, leave stdout to it, and make zkd's own failures tellable by the last
 * line on stderr, by `--own-exit-base` and by `--result`.
 */
import { open, type FileHandle } from 'node:fs/promises';
import { messageOf, ZkdError } from '../errors.js';
import { ClusterCommand } from './cluster-command.js';
import type { Failure } from './failure.js';
import { childFlags, ownExitBase } from './flags/child.js';

/** The document of `--result`. */
export interface ChildResult {
  /** Whose exit code it is. */
  readonly source: 'zkd' | 'child';
  readonly code: number;
}

export abstract class ChildCommand<Result extends ChildResult> extends ClusterCommand<Result> {
  static override baseFlags = { ...ClusterCommand.baseFlags, ...childFlags };

  #isStarted = false;
  #resultFile: FileHandle | undefined;
  #failure: Failure | undefined;

  /** From the child's start on stdout is its own: no document of ours may come between. */
  override jsonEnabled(): boolean {
    return !this.#isStarted && super.jsonEnabled();
  }

  /** Opens the file of `--result` before anything is begun: `usage` where it cannot be written. */
  protected async openResult(path: string | undefined): Promise<void> {
    if (path === undefined) return;
    try {
      this.#resultFile = await open(path, 'w', 0o600);
    } catch (error) {
      throw new ZkdError('usage', `The file of --result cannot be written: ${messageOf(error)}`, { cause: error });
    }
  }

  /** To be called as soon as the child has started: before that, a failure has its document. */
  protected childStarts(): void {
    this.#isStarted = true;
  }

  /** Ends as the child did. */
  protected async endAsChild(result: Result): Promise<Result> {
    await this.#writeResult(result);
    process.exitCode = result.code;
    return result;
  }

  override async catch(error: Error): Promise<void> {
    await super.catch(error);
    // It fails already: that its document cannot be written either adds nothing.
    if (this.#failure) {
      const result = { source: 'zkd', code: this.#failure.exitCode, error: this.#failure } as const;
      await this.#writeResult(result).catch(() => undefined);
    }
    const code = Number(process.exitCode);
    this.ports.stderr.write(`zkd: exit code ${code} is zkd's own, not the command's\n`);
  }

  protected override ending(failure: Failure): Failure {
    this.#failure = { ...failure, exitCode: failure.exitCode + ownExitBase(this.argv, this.ports.env) };
    return this.#failure;
  }

  override async finally(): Promise<void> {
    await this.#resultFile?.close().catch(() => undefined);
    await super.finally();
  }

  async #writeResult(document: ChildResult | (ChildResult & { readonly error: Failure })): Promise<void> {
    const file = this.#resultFile;
    try {
      await file?.truncate();
      await file?.write(`${JSON.stringify(document, null, 2)}\n`, 0);
    } catch (error) {
      throw new ZkdError('failure', `Cannot write the file of --result: ${messageOf(error)}`, { cause: error });
    }
  }
}
