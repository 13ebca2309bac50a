import { string as stringArg } from '@oclif/core/args';
import { ZkdCommand } from '../cli/base-command.js';

interface HelpResult {
  readonly help: string;
}

export default class HelpCommand extends ZkdCommand<HelpResult> {
  static override summary = 'Show the help for a command, a topic or zkd itself.';
  static override description = 'Prints the same as --help behind the command. Touches nothing.';
  static override examples = [
    { description: 'All topics', command: '<%= config.bin %> help' },
    { description: 'One command', command: '<%= config.bin %> help cluster up' },
  ];
  static override args = { command: stringArg({ description: 'Words of the command.', ignoreStdin: true, multiple: true }) };
  static override flags = {};

  async run(): Promise<HelpResult> {
    const { args } = await this.parse(HelpCommand);
    const { default: Help } = await import('../cli/help.js');
    const help = await new Help(this.config, this.config.pjson.oclif.helpOptions).text(args.command ?? []);
    this.print(`${help}\n`);
    return { help };
  }
}
