import { boolean } from '@oclif/core/flags';
import { ClusterCommand } from '../../cli/cluster-command.js';
import { clusterArgument } from '../../cli/flags/cluster.js';
import { membersFlag } from '../../cli/flags/member.js';
import { repeated } from '../../cli/flags/repeated.js';
import { timeoutFlag } from '../../cli/flags/wait.js';
import { renderActions } from '../../cli/render/actions.js';
import { renderOutages } from '../../cli/render/cluster.js';
import { restartMembers, type RestartResult } from '../../cluster/index.js';
import type { ExitCodeName } from '../../exit-codes.js';

export default class ClusterRestart extends ClusterCommand<RestartResult> {
  static override exits: readonly ExitCodeName[] = ['not-found', 'conflict', 'timeout', 'refused'];
  static override summary = 'Restart an ensemble member by member, the leader last.';
  static override description = `Each member is stopped only while all others are in sync, and waited for until it is again; where one does not come back the roll stops (exit 7) with the quorum whole. Members that do not run are started.
Members named with --member that would take a healthy quorum along are a reason to refuse (exit 12), unless --force is given; the whole ensemble is restarted without asking, an outage where it has one or two voters.`;
  static override examples = [
    { description: 'The whole ensemble, without an outage', command: '<%= config.bin %> cluster restart zk' },
    { description: 'One member', command: '<%= config.bin %> cluster restart zk --member 2 --timeout 2m' },
  ];
  static override args = clusterArgument;
  static override flags = {
    ...membersFlag,
    force: boolean({ summary: 'Restart members although the quorum goes with them, and wait for nobody before.' }),
    ...timeoutFlag({ default: '60s' }),
  };

  async run(): Promise<RestartResult> {
    const parsed = await this.parse(ClusterRestart);
    const name = await this.clusterName(parsed, { mustBeSaid: true });
    const signal = this.interruption();
    const [engine, observer] = await Promise.all([this.engine(parsed.flags), this.observer()]);
    const { member, force, timeout } = parsed.flags;
    const ask = this.ports.askFourLetterWord;
    const result = await restartMembers({ name, members: repeated(member), force, timeoutMs: timeout }, { engine, ask, observer, signal });
    this.print([renderActions(result, 'restart', this.style.stdout), ...renderOutages(result.outages)].join('\n'));
    this.next(`zkd cluster status ${name}`);
    return result;
  }
}
