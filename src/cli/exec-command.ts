/** `cluster exec` and `cluster shell`: a command in a member, on this process's own streams. */
import type { ExecTarget } from '../cluster/index.js';
import type { AttachedExec } from '../engine/index.js';
import { attachment, runAttached, terminalSize } from './attach.js';
import { ChildCommand } from './child-command.js';
import type { ChildResult } from './child-result.js';

export interface ExecResult extends ChildResult {
  readonly cluster: string;
  readonly member: number;
  readonly container: string;
  /** Why the command could not be started; null where it was. */
  readonly startError: string | null;
  readonly tookMs: number;
}

/** What is asked for. */
export interface ExecRequest {
  readonly cluster: string;
  readonly command: readonly string[];
  readonly user: string | undefined;
  readonly tty: boolean | undefined;
  readonly input: boolean;
}

export abstract class ExecCommand extends ChildCommand<ExecResult> {
  /** Runs the command to its end and ends as it does. */
  protected async runIn(target: ExecTarget, { cluster, command, user, tty, input }: ExecRequest): Promise<ExecResult> {
    const how = attachment({ tty, input }, this.ports);
    const startedAt = performance.now();
    const term = this.ports.env['TERM'];
    const start = async (): Promise<AttachedExec> => {
      const exec = await target.start({
        command,
        hasInput: how.hasInput,
        ...(user !== undefined && { user }),
        ...(how.isTerminal && { terminal: terminalSize(this.ports), ...(term !== undefined && { env: { TERM: term } }) }),
      });
      this.childStarts();
      return exec;
    };
    const { exitCode, startError } = await runAttached(start, this.ports, how);
    if (startError !== null) {
      this.ports.stderr.write(`Error: Cannot run ${JSON.stringify(command[0])} in member ${target.member}: ${startError}\n`);
    }
    return this.endAsChild({
      source: 'child',
      code: exitCode,
      cluster,
      member: target.member,
      container: target.container,
      startError,
      tookMs: Math.round(performance.now() - startedAt),
    });
  }
}
