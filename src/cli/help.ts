/** Help as oclif makes it, with the exit codes a command can end with, from the one table. Loads only when help is asked for. */
import { stripVTControlCharacters } from 'node:util';
import type { Command } from '@oclif/core/command';
import { CommandHelp, Help } from '@oclif/core/help';
import { EXIT_CODES, type ExitCodeName } from '../exit-codes.js';
import { unknownCommand } from './failure.js';
import { asksForJson } from './flags/output.js';
import { portsOf } from './ports.js';

/** What every command can end with. */
const COMMON: readonly ExitCodeName[] = ['ok', 'failure', 'usage', 'engine-unavailable', 'interrupted', 'terminated'];

type Row = [string, string];

const rows = (names: readonly ExitCodeName[]): Row[] =>
  names.map((name) => [`${EXIT_CODES[name].number} ${name}`, EXIT_CODES[name].meaning] satisfies Row);

const allNames = Object.keys(EXIT_CODES) as ExitCodeName[];

class ZkdCommandHelp extends CommandHelp {
  protected override sections(): ReturnType<CommandHelp['sections']> {
    const { exits } = this.command as Command.Loadable & { exits?: readonly ExitCodeName[] };
    if (!exits) return super.sections();
    const names = allNames.filter((name) => COMMON.includes(name) || exits.includes(name));
    return [...super.sections(), { header: 'EXIT CODES', generate: (_data, header) => [{ header, body: rows(names) }] }];
  }
}

const subjectOf = (argv: readonly string[]): string => argv.filter((arg) => !arg.startsWith('-')).join(':');

export default class ZkdHelp extends Help {
  protected override CommandHelpClass = ZkdCommandHelp;
  #lines: string[] = [];

  /** The help for a command, a topic or, where no word is given, the program. An unknown command is a `usage` error. */
  async text(argv: string[]): Promise<string> {
    const id = subjectOf(argv);
    if (!this.isKnown(id)) throw unknownCommand(id.replaceAll(':', ' '), this.config);
    this.#lines = [];
    await super.showHelp(argv);
    return this.#lines.join('\n').trimEnd();
  }

  override async showHelp(argv: string[]): Promise<void> {
    const id = subjectOf(argv);
    // `zkd bogus --help` is an unknown command, and is told as such.
    if (!this.isKnown(id)) {
      await this.config.runHook('command_not_found', { id, argv });
      return;
    }
    const text = await this.text(argv);
    // Of `zkd cluster --json` oclif hands on the topic alone.
    const json = asksForJson(argv) || asksForJson(process.argv.slice(2));
    const { stdout } = portsOf(this.config);
    stdout.write(`${json ? JSON.stringify({ help: stripVTControlCharacters(text) }, null, 2) : `${text}\n`}\n`);
  }

  protected override log(...lines: string[]): void {
    this.#lines.push(...lines);
  }

  protected override async showRootHelp(): Promise<void> {
    await super.showRootHelp();
    this.log(this.section('EXIT CODES', rows(allNames)));
  }

  private isKnown(id: string): boolean {
    if (id === '' || this.config.findCommand(id) !== undefined || this.config.findTopic(id) !== undefined) return true;
    return this.config.commandIDs.some((command) => id.startsWith(`${command}:`));
  }
}
