import { boolean, string } from '@oclif/core/flags';
import { ExecCommand, type ExecResult } from '../../cli/exec-command.js';
import { clusterArgument } from '../../cli/flags/cluster.js';
import { memberFlag } from '../../cli/flags/member.js';
import { execTarget } from '../../cluster/index.js';
import { ZkdError } from '../../errors.js';
import type { ExitCodeName } from '../../exit-codes.js';

export default class ClusterExec extends ExecCommand {
  static override takesChild = true;
  static override exits: readonly ExitCodeName[] = ['not-found', 'conflict', 'refused'];
  static override summary = "Run a command in a member's container.";
  static override usage = 'cluster exec [NAME] --member ID -- COMMAND...';
  static override description = `Ends as the command does: with its exit code, 128+n where a signal ended it, 127 where there is no such command, 126 where it cannot be run. Where the code is zkd's own the last line on stderr begins with "zkd: ".
stdin is passed on where it is no terminal, or with --interactive; without a terminal stdout and stderr stay apart, byte for byte. Where stdin and stdout are a terminal the command gets one too.
SIGINT, SIGTERM, SIGHUP and SIGQUIT are passed on to the command and what it started, for which the container needs sh, tr and grep; in a terminal SIGTERM becomes SIGHUP. At the third signal zkd leaves the command to itself.`;
  static override examples = [
    { description: 'Look at what a member keeps', command: '<%= config.bin %> cluster exec zk --member 1 -- ls -l /data' },
    { description: 'Feed a command', command: 'echo ruok | <%= config.bin %> cluster exec zk --member 2 -- cat' },
  ];
  static override args = clusterArgument;
  static override flags = {
    ...memberFlag('The member to run it in.'),
    interactive: boolean({ char: 'i', env: 'ZKD_INTERACTIVE', summary: 'Pass stdin on, also from a terminal.' }),
    tty: boolean({
      char: 't',
      env: 'ZKD_TTY',
      allowNo: true,
      summary: 'Give the command a terminal, or none; by what stdin and stdout are.',
    }),
    user: string({ char: 'u', env: 'ZKD_USER', helpValue: 'USER[:GROUP]', summary: "Run it as somebody else than the member's own user." }),
  };

  async run(): Promise<ExecResult> {
    const parsed = await this.parse(ClusterExec);
    const { flags } = parsed;
    await this.openResult(flags.result);
    const command = this.childArgv;
    const named = parsed.args.name === undefined ? '' : ` ${parsed.args.name}`;
    if (command.length === 0) {
      throw new ZkdError('usage', 'There is no command: say it after "--"', {
        suggestions: [`zkd cluster exec${named} --member 1 -- ls /data`],
      });
    }
    if (flags.member === undefined) {
      throw new ZkdError('usage', 'Say in which member to run it: --member ID', { suggestions: [`zkd cluster ps${named}`] });
    }
    const name = await this.clusterName(parsed);
    const target = await execTarget(await this.engine(flags), name, flags.member);
    return this.runIn(target, { cluster: name, command, user: flags.user, tty: flags.tty, input: flags.interactive });
  }
}
