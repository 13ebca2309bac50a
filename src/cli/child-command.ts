/**
 * What commands that run a child share: they end as the child does, leave stdout to it, and make zkd's own failures tellable by the last
 * line on stderr, by `--own-exit-base` and by `--result`.
 */
import { ResultFile, type ChildResult } from './child-result.js';
import { ClusterCommand } from './cluster-command.js';
import type { Failure } from './failure.js';
import { childFlags, ownExitBase } from './flags/child.js';

export abstract class ChildCommand<Result extends ChildResult> extends ClusterCommand<Result> {
  static override baseFlags = { ...ClusterCommand.baseFlags, ...childFlags };

  #isStarted = false;
  readonly #resultFile = new ResultFile();
  #failure: Failure | undefined;

  /** From the child's start on stdout is its own: no document of ours may come between. */
  override jsonEnabled(): boolean {
    return !this.#isStarted && super.jsonEnabled();
  }

  /** Opens the file of `--result` before anything is begun: `usage` where it cannot be written. */
  protected openResult(path: string | undefined): Promise<void> {
    return this.#resultFile.open(path);
  }

  /** To be called as soon as the child has started: before that, a failure has its document. */
  protected childStarts(): void {
    this.#isStarted = true;
  }

  /** Ends as the child did. */
  protected async endAsChild(result: Result): Promise<Result> {
    await this.#resultFile.write(result);
    process.exitCode = result.code;
    return result;
  }

  override async catch(error: Error): Promise<void> {
    await super.catch(error);
    if (this.#failure) await this.#resultFile.writeFailure(this.#failure);
    const code = Number(process.exitCode);
    this.ports.stderr.write(`zkd: exit code ${code} is zkd's own, not the command's\n`);
  }

  protected override ending(failure: Failure): Failure {
    this.#failure = { ...failure, exitCode: failure.exitCode + ownExitBase(this.argv, this.ports.env) };
    return this.#failure;
  }

  override async finally(): Promise<void> {
    await this.#resultFile.close();
    await super.finally();
  }
}
