/**
 * The base of every command: the output contract in one place. stdout is the result (text, or exactly one JSON document with
 * `--json`), stderr is talk; anything thrown becomes one failure with its exit code; clients open lazily and always close.
 *
 * It mends what oclif does otherwise: with `--json` only `exitCode` of an error counts and without it only `oclif.exit`; a parse error
 * under `--json` prints the whole parser state; everything after `--` is parsed and reordered.
 */
import { Command } from '@oclif/core/command';
import { ExitError } from '@oclif/core/errors';
import { boolean } from '@oclif/core/flags';
import type { Engine } from '../engine/index.js';
import { ZkdError } from '../errors.js';
import { exitNumber, type ExitCodeName } from '../exit-codes.js';
import { listenForInterruption, type Interruption } from '../runtime/interruption.js';
import { formatFailure, toFailure, type Failure } from './failure.js';
import { booleanOf, settleBooleanVariables } from './flags/boolean.js';
import { engineChoice, type EngineFlagValues } from './flags/engine.js';
import { asksForJson } from './flags/output.js';
import { portsOf, type Ports } from './ports.js';
import { createLineProgress, createLiveProgress, SILENT_PROGRESS, type Progress } from './progress.js';
import { loadStyle, PLAIN_STYLE, type Style } from './style.js';
import { describeTerminal, type Terminal } from './terminal.js';

/** `Result` is the JSON document of the command: what `run()` returns is what `--json` prints. */
export abstract class ZkdCommand<Result extends object> extends Command {
  static override enableJsonFlag = true;
  static override baseFlags = {
    quiet: boolean({ char: 'q', env: 'ZKD_QUIET', summary: 'Say nothing on stderr but errors.', helpGroup: 'GLOBAL' }),
    'no-color': boolean({ summary: 'No colours, no animation (as NO_COLOR=1).', helpGroup: 'GLOBAL' }),
  };
  /** The codes it can end with besides those every command can; help prints them. */
  static exits: readonly ExitCodeName[] = [];
  /** Commands that run a child take what stands after `--`; for all others it is a usage error. */
  static takesChild = false;

  /** What stood after the first `--`, untouched. */
  protected childArgv: readonly string[] = [];
  /** Whether there was a `--`. */
  protected isChildTyped = false;
  protected terminal!: Terminal;
  protected style: { stdout: Style; stderr: Style } = { stdout: PLAIN_STYLE, stderr: PLAIN_STYLE };
  protected ports!: Ports;
  /** A command that writes its documents itself, one a line as they come: what `run()` returns is not printed, a failure is one line too. */
  protected isStream = false;
  #quiet = false;
  #engine: Promise<Engine> | undefined;
  #interruption: Interruption | undefined;
  #progress: Progress | undefined;

  abstract override run(): Promise<Result>;

  override async init(): Promise<void> {
    this.ports = portsOf(this.config);
    const cut = this.argv.indexOf('--');
    this.isChildTyped = cut !== -1;
    if (this.isChildTyped) {
      this.childArgv = this.argv.slice(cut + 1);
      this.argv = this.argv.slice(0, cut);
    }
    const { env, stdin, stdout, stderr } = this.ports;
    this.#quiet = this.argv.some((arg) => arg === '--quiet' || arg === '-q') || booleanOf(env['ZKD_QUIET'] ?? '') === true;
    const noColor = this.argv.includes('--no-color');
    this.terminal = describeTerminal({ env, stdin, stdout, stderr, json: this.jsonEnabled(), noColor, quiet: this.#quiet });
    const [out, err] = await Promise.all([loadStyle(this.terminal.color.stdout), loadStyle(this.terminal.color.stderr)]);
    this.style = { stdout: out, stderr: err };
    settleBooleanVariables({ ...this.ctor.baseFlags, ...this.ctor.flags }, env);
    if (cut !== -1 && !(this.ctor as typeof ZkdCommand).takesChild) {
      throw new ZkdError('usage', `Nothing may stand after "--": ${this.words} runs no command`, {
        suggestions: [`zkd ${this.words} --help`],
      });
    }
    await super.init();
  }

  /** `--json` counts before `--` only; there is no variable for it. */
  override jsonEnabled(): boolean {
    return asksForJson(this.argv);
  }

  override logJson(document: unknown): void {
    if (document === undefined) return;
    this.ports.stdout.write(`${JSON.stringify(document, null, this.isStream ? undefined : 2)}\n`);
  }

  override toSuccessJson(result: unknown): unknown {
    return this.isStream ? undefined : result;
  }

  /** Writes the result for a person on stdout, and ends the progress above it; nothing with `--json`. */
  protected print(text: string): void {
    if (this.jsonEnabled() || text === '') return;
    this.#progress?.close();
    this.ports.stdout.write(`${text}\n`);
  }

  /** Says something beside the result on stderr; `--quiet` silences it. */
  protected talk(text: string): void {
    if (this.#quiet) return;
    if (this.#progress) this.#progress.say(text);
    else this.ports.stderr.write(`${text}\n`);
  }

  protected caution(text: string): void {
    this.talk(`${this.style.stderr.warning('Warning:')} ${text}`);
  }

  /** The last line of a success: the next useful command. */
  protected next(command: string): void {
    if (!this.jsonEnabled()) this.talk(this.style.stderr.faint(`next: ${command}`));
  }

  /** Ends with another code than 0 although there is a result, e.g. `negative` for "no". */
  protected endWith(code: ExitCodeName): void {
    process.exitCode = exitNumber(code);
  }

  /** The engine the flags name, opened once; `typed` is where a flag that beats a variable stands. */
  protected async engine(flags: EngineFlagValues, typed: readonly string[] = this.argv): Promise<Engine> {
    this.#engine ??= this.ports.openEngine(engineChoice(flags, typed));
    return this.#engine;
  }

  /** Aborts at the first SIGINT or SIGTERM; a second one ends the process at once. */
  protected interruption(): AbortSignal {
    this.#interruption ??= listenForInterruption();
    return this.#interruption.signal;
  }

  /** Lets a program that works in front of the terminal have SIGINT. */
  protected inFront<T>(work: () => Promise<T>): Promise<T> {
    this.#interruption ??= listenForInterruption();
    return this.#interruption.leaveTo(work);
  }

  protected async progress(): Promise<Progress> {
    if (this.#quiet) return SILENT_PROGRESS;
    this.#progress ??= this.terminal.animated
      ? await createLiveProgress(this.ports.stderr, this.style.stderr)
      : createLineProgress((line) => void this.ports.stderr.write(`${line}\n`));
    return this.#progress;
  }

  override async catch(error: Error): Promise<void> {
    if (error instanceof ExitError) throw error;
    // Else oclif warns developers of commands on stderr where NODE_ENV is set to something else than production.
    this.parsed = true;
    this.#progress?.close();
    const failure = this.ending(toFailure(error, this.words, Object.keys({ ...this.ctor.flags, ...this.ctor.baseFlags, json: true })));
    if (this.jsonEnabled()) this.logJson({ error: failure });
    else this.ports.stderr.write(`${formatFailure(failure, error, this.style.stderr)}\n`);
    if (this.ports.env['ZKD_DEBUG'] && error.stack) this.ports.stderr.write(`${error.stack}\n`);
    process.exitCode = failure.exitCode;
  }

  /** The failure as this command ends with it. */
  protected ending(failure: Failure): Failure {
    return failure;
  }

  override async finally(): Promise<void> {
    this.#progress?.close();
    this.#interruption?.release();
    await this.#engine?.then(
      (engine) => engine.close(),
      () => undefined,
    );
  }

  /** The command as it is typed, e.g. `cluster up`. */
  private get words(): string {
    return (this.id ?? '').replaceAll(':', ' ');
  }
}
