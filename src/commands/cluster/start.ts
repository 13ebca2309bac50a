import { ClusterCommand } from '../../cli/cluster-command.js';
import { clusterArgument } from '../../cli/flags/cluster.js';
import { membersFlag } from '../../cli/flags/member.js';
import { repeated } from '../../cli/flags/repeated.js';
import { timeoutFlag, waitFlag } from '../../cli/flags/wait.js';
import { renderActions } from '../../cli/render/actions.js';
import { startMembers, type ActionResult } from '../../cluster/index.js';
import type { ExitCodeName } from '../../exit-codes.js';

export default class ClusterStart extends ClusterCommand<ActionResult> {
  static override exits: readonly ExitCodeName[] = ['not-found', 'conflict', 'timeout', 'partial', 'refused'];
  static override summary = 'Start a stopped ensemble, or some of its members.';
  static override description = `Starts containers that exist, with the data they have; paused ones go on. Checks each member's configuration first.
Waits until the ensemble is ready, with --member until those members are in sync; what did not get there in time goes on running (exit 7).
Safe to repeat. Containers that are gone or were never started are made by "cluster up".`;
  static override examples = [
    { description: 'The whole ensemble', command: '<%= config.bin %> cluster start zk' },
    {
      description: 'Two members, with more time to get in sync',
      command: '<%= config.bin %> cluster start zk --member 1 --member 2 --timeout 2m',
    },
  ];
  static override args = clusterArgument;
  static override flags = { ...membersFlag, ...waitFlag, ...timeoutFlag({ default: '60s' }) };

  async run(): Promise<ActionResult> {
    const parsed = await this.parse(ClusterStart);
    const name = await this.clusterName(parsed);
    const signal = this.interruption();
    const [engine, observer] = await Promise.all([this.engine(parsed.flags), this.observer()]);
    const { member, wait, timeout } = parsed.flags;
    const ask = this.ports.askFourLetterWord;
    const result = await startMembers({ name, members: repeated(member), wait, timeoutMs: timeout }, { engine, ask, observer, signal });
    this.print(renderActions(result, 'start', this.style.stdout));
    this.next(`zkd cluster status ${name}`);
    return result;
  }
}
