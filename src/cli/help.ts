/** Help as oclif makes it, with the exit codes a command can end with, from the one table. Loads only when help is asked for. */
import { CommandHelp, Help } from '@oclif/core/help';
import type { Command } from '@oclif/core/command';
import { EXIT_CODES, type ExitCodeName } from '../exit-codes.js';

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

export default class ZkdHelp extends Help {
  protected override CommandHelpClass = ZkdCommandHelp;

  override async showHelp(argv: string[]): Promise<void> {
    const id = argv.filter((arg) => !arg.startsWith('-')).join(':');
    const known = id === '' || this.config.findCommand(id) !== undefined || this.config.findTopic(id) !== undefined;
    // `zkd bogus --help` is an unknown command, and is told as such.
    if (!known && !this.config.commandIDs.some((command) => id.startsWith(`${command}:`) || id === command)) {
      await this.config.runHook('command_not_found', { id, argv });
      return;
    }
    await super.showHelp(argv);
  }

  protected override async showRootHelp(): Promise<void> {
    await super.showRootHelp();
    this.log(this.section('EXIT CODES', rows(allNames)));
  }
}
