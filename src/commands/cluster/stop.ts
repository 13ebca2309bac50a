import { boolean } from '@oclif/core/flags';
import { ClusterCommand } from '../../cli/cluster-command.js';
import { clusterArgument } from '../../cli/flags/cluster.js';
import { membersFlag } from '../../cli/flags/member.js';
import { repeated } from '../../cli/flags/repeated.js';
import { renderActions } from '../../cli/render/actions.js';
import { stopMembers, type ActionResult } from '../../cluster/index.js';
import type { ExitCodeName } from '../../exit-codes.js';

export default class ClusterStop extends ClusterCommand<ActionResult> {
  static override exits: readonly ExitCodeName[] = ['not-found', 'partial', 'refused'];
  static override summary = 'Stop an ensemble, or some of its members; data and identity stay.';
  static override description = `Containers stay too, and stay stopped when the engine restarts; "cluster start" goes on with them. All members are stopped at the same time.
Members named with --member that would take a healthy quorum along are a reason to refuse (exit 12), unless --force is given; the whole ensemble is stopped without asking.
Safe to repeat: what is stopped already counts as done.`;
  static override examples = [
    { description: 'The whole ensemble', command: '<%= config.bin %> cluster stop zk' },
    { description: 'One member, whatever becomes of the quorum', command: '<%= config.bin %> cluster stop zk --member 2 --force' },
  ];
  static override args = clusterArgument;
  static override flags = {
    ...membersFlag,
    force: boolean({ summary: 'Stop members although the quorum goes with them.' }),
  };

  async run(): Promise<ActionResult> {
    const parsed = await this.parse(ClusterStop);
    const name = await this.clusterName(parsed, { mustBeSaid: true });
    const signal = this.interruption();
    const [engine, observer] = await Promise.all([this.engine(parsed.flags), this.observer()]);
    const { member, force } = parsed.flags;
    const ask = this.ports.askFourLetterWord;
    const result = await stopMembers({ name, members: repeated(member), force }, { engine, ask, observer, signal });
    this.print(renderActions(result, 'stop', this.style.stdout));
    if (result.changed) this.next(`zkd cluster start ${name}`);
    return result;
  }
}
