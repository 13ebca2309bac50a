import { boolean } from '@oclif/core/flags';
import { ClusterCommand } from '../../cli/cluster-command.js';
import { clusterArgument } from '../../cli/flags/cluster.js';
import { membersFlag } from '../../cli/flags/member.js';
import { repeated } from '../../cli/flags/repeated.js';
import { removeContainers, type RemovalResult } from '../../cluster/index.js';
import type { ExitCodeName } from '../../exit-codes.js';

export default class ClusterRm extends ClusterCommand<RemovalResult> {
  static override exits: readonly ExitCodeName[] = ['not-found', 'partial', 'refused'];
  static override summary = 'Remove stopped containers of an ensemble.';
  static override description = `Running containers are removed only with --force (exit 12 otherwise, which says where the quorum would go with them). Data volumes stay unless --volumes is given; the network goes with the last container.`;
  static override examples = [
    { description: 'A stopped ensemble; its data stays', command: '<%= config.bin %> cluster rm zk' },
    { description: 'One running member, to be made anew by "cluster up"', command: '<%= config.bin %> cluster rm zk --member 2 --force' },
  ];
  static override args = clusterArgument;
  static override flags = {
    ...membersFlag,
    force: boolean({ summary: 'Remove running containers too.' }),
    volumes: boolean({ summary: 'Remove the data volumes too.' }),
  };

  async run(): Promise<RemovalResult> {
    const parsed = await this.parse(ClusterRm);
    const name = await this.clusterName(parsed, { mustBeSaid: true });
    const signal = this.interruption();
    const [engine, observer] = await Promise.all([this.engine(parsed.flags), this.observer()]);
    const { member, force, volumes } = parsed.flags;
    const ask = this.ports.askFourLetterWord;
    const result = await removeContainers({ name, members: repeated(member), force, volumes }, { engine, ask, observer, signal });
    const removed = [...result.members.map(({ container }) => container), ...result.volumes];
    this.print(result.changed ? `${name}: removed ${removed.join(', ')}` : `${name}: nothing to remove`);
    return result;
  }
}
