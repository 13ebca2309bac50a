import { ResultFile } from '../../cli/child-result.js';
import type { Failure } from '../../cli/failure.js';
import { childFlags, ownExitBase } from '../../cli/flags/child.js';
import { pathArgument, recursiveFlag } from '../../cli/flags/znode.js';
import { written } from '../../cli/flow.js';
import { eventDocument, renderEvent, stateBytes } from '../../cli/render/znode-event.js';
import { SessionCommand } from '../../cli/session-command.js';
import { ZkdError } from '../../errors.js';
import type { ExitCodeName } from '../../exit-codes.js';
import { runChild } from '../../runtime/run-child.js';
import { watchTree, type WatchContext, type ZnodeEvent } from '../../znodes/index.js';

/** What is streamed is the result: nothing is to be added to it. */
type Streamed = Record<string, never>;

export default class ZnodeWatch extends SessionCommand<Streamed> {
  static override takesChild = true;
  static override exits: readonly ExitCodeName[] = ['zookeeper-unavailable', 'denied'];
  static override summary = 'Tell what happens to a znode, or run a command on it.';
  static override usage = 'znode watch PATH [-- COMMAND...]';
  static override description = `A line for each change from now on, until Ctrl-C (exit 130): created, changed, deleted, and children where the names below the node change. With --recursive every node below it is told of by itself; each 2000 nodes take a session of their own. With --json each line is a document. A node that is not there yet is waited for.
What happened while the connection was away is told when it is back, as the difference of the states; so is what happened between two sessions. What came and went in between is not seen. Ends with 6 when the session is gone and cannot be made anew.
With "-- COMMAND" nothing is printed, the command runs once for each change, one after the other: the new data is on its stdin (of children their names, of a deleted node nothing), ZKD_EVENT and ZKD_PATH say what happened to what. The first one that fails ends the watch with its exit code; where the code is zkd's own the last line on stderr begins with "zkd: ".`;
  static override examples = [
    { description: 'Everything below a node', command: '<%= config.bin %> znode watch /app --recursive' },
    { description: 'The next change, for a script', command: '<%= config.bin %> znode watch /app/config --json | head -1' },
    { description: 'A file that is always up to date', command: "<%= config.bin %> znode watch /app/config -- sh -c 'cat >app.conf'" },
  ];
  static override args = pathArgument;
  static override flags = { ...recursiveFlag('Every node below it too.'), ...childFlags };

  readonly #resultFile = new ResultFile();
  #failure: Failure | undefined;

  override async init(): Promise<void> {
    this.isStream = true;
    await super.init();
  }

  async run(): Promise<Streamed> {
    const { args, flags } = await this.parse(ZnodeWatch);
    const [file, ...rest] = this.childArgv;
    const { path } = args;
    if (this.isChildTyped && file === undefined) {
      throw new ZkdError('usage', 'A command is missing after "--"', { suggestions: ['zkd znode watch --help'] });
    }
    await this.#resultFile.open(flags.result);
    const signal = this.interruption();
    const context: WatchContext = {
      open: () => this.session(flags),
      signal,
      onStart: (isThere) => this.talk(isThere ? `Watching "${path}"` : `Watching "${path}", which is not there yet`),
      onConnection: (isThere) => this.talk(isThere ? 'Connected again' : 'The connection is gone: waiting for it'),
      onDenied: (denied) => this.caution(`"${denied}" may not be read and is not watched`),
    };
    try {
      for await (const event of watchTree({ path, recursive: flags.recursive }, context)) {
        const goesOn = file === undefined ? await this.#tell(event) : await this.#act(event, [file, ...rest], signal);
        if (!goesOn) break;
      }
    } catch (error) {
      // Ctrl-C is how watching ends; a script that gave a command wants to know whose code it is.
      if (this.jsonEnabled() || file !== undefined || error !== signal.reason) throw error;
      this.endWith((error as ZkdError).code);
    }
    return {};
  }

  /** False where nobody reads any more. */
  #tell(event: ZnodeEvent): Promise<boolean> {
    const line = this.jsonEnabled() ? JSON.stringify(eventDocument(event)) : renderEvent(event, this.style.stdout);
    return written(this.ports.stdout, `${line}\n`);
  }

  /** False where the command failed. */
  async #act(event: ZnodeEvent, command: readonly [string, ...string[]], signal: AbortSignal): Promise<boolean> {
    const env = { ...this.ports.env, ZKD_EVENT: event.type, ZKD_PATH: event.path };
    const { exitCode, startError } = await runChild({ command, input: stateBytes(event), env, signal });
    signal.throwIfAborted();
    if (startError !== null) this.ports.stderr.write(`Error: Cannot run ${JSON.stringify(command[0])}: ${startError}\n`);
    if (exitCode === 0) return true;
    process.exitCode = exitCode;
    await this.#resultFile.write({ source: 'child', code: exitCode });
    return false;
  }

  protected override ending(failure: Failure): Failure {
    this.#failure = { ...failure, exitCode: failure.exitCode + (this.childArgv.length > 0 ? ownExitBase(this.argv, this.ports.env) : 0) };
    return this.#failure;
  }

  override async catch(error: Error): Promise<void> {
    await super.catch(error);
    if (this.childArgv.length === 0) return;
    if (this.#failure) await this.#resultFile.writeFailure(this.#failure);
    this.ports.stderr.write(`zkd: exit code ${Number(process.exitCode)} is zkd's own, not the command's\n`);
  }

  override async finally(): Promise<void> {
    await this.#resultFile.close();
    await super.finally();
  }
}
