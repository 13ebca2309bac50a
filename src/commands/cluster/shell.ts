import { ExecCommand, type ExecResult } from '../../cli/exec-command.js';
import { clusterArgument } from '../../cli/flags/cluster.js';
import { memberFlag } from '../../cli/flags/member.js';
import { execTarget, servingTarget } from '../../cluster/index.js';
import type { ExitCodeName } from '../../exit-codes.js';

export default class ClusterShell extends ExecCommand {
  static override exits: readonly ExitCodeName[] = ['not-found', 'conflict', 'zookeeper-unavailable', 'refused'];
  static override summary = "Open ZooKeeper's own shell in a member.";
  static override description = `Runs zkCli.sh of the member's image, connected to that member; without --member in the first one that serves clients. Ends as zkCli.sh does.
At a terminal it is interactive; otherwise it reads commands from stdin, one a line. Its own log lines come along, as anywhere.`;
  static override examples = [
    { description: 'One command', command: "echo 'ls /' | <%= config.bin %> cluster shell zk" },
    { description: 'As a certain member sees it', command: "echo 'ls /zookeeper' | <%= config.bin %> cluster shell zk --member 1" },
  ];
  static override args = clusterArgument;
  static override flags = memberFlag('The member to run it in.');

  async run(): Promise<ExecResult> {
    const parsed = await this.parse(ClusterShell);
    const { flags } = parsed;
    await this.openResult(flags.result);
    const name = await this.clusterName(parsed);
    const engine = await this.engine(flags);
    const target =
      flags.member === undefined
        ? await servingTarget(engine, name, this.ports.askFourLetterWord)
        : await execTarget(engine, name, flags.member);
    const command = ['zkCli.sh', '-server', target.internalAddress];
    return this.runIn(target, { cluster: name, command, user: undefined, tty: undefined, input: false });
  }
}
