import { boolean, custom } from '@oclif/core/flags';
import { ClusterCommand } from '../../cli/cluster-command.js';
import { clusterArgument } from '../../cli/flags/cluster.js';
import { repeated } from '../../cli/flags/repeated.js';
import { removeContainers, type RemovalResult } from '../../cluster/index.js';
import { parseWholeNumber } from '../../runtime/quantities.js';
import type { ExitCodeName } from '../../exit-codes.js';

export default class ClusterRm extends ClusterCommand<RemovalResult> {
  static override exits: readonly ExitCodeName[] = ['not-found', 'partial', 'refused'];
  static override summary = 'Remove stopped containers of an ensemble.';
  static override description = `Running containers are removed only with --force (exit 12 otherwise). Data volumes stay unless --volumes is given; the network goes with the last container.`;
  static override examples = [
    { description: 'A stopped ensemble; its data stays', command: '<%= config.bin %> cluster rm zk' },
    { description: 'One running member, to be made anew by "cluster up"', command: '<%= config.bin %> cluster rm zk --member 2 --force' },
  ];
  static override args = clusterArgument;
  static override flags = {
    member: custom<number>({
      env: 'ZKD_MEMBER',
      multiple: true,
      multipleNonGreedy: true,
      parse: async (input) => parseWholeNumber(input, 'Member', 1, 255),
      helpValue: 'ID',
      summary: 'Only this member; can be repeated.',
    })(),
    force: boolean({ summary: 'Remove running containers too.' }),
    volumes: boolean({ summary: 'Remove the data volumes too.' }),
  };

  async run(): Promise<RemovalResult> {
    const parsed = await this.parse(ClusterRm);
    const name = await this.clusterName(parsed, { mustBeSaid: true });
    const signal = this.interruption();
    const [engine, observer] = await Promise.all([this.engine(parsed.flags), this.observer()]);
    const { member, force, volumes } = parsed.flags;
    const result = await removeContainers({ name, members: repeated(member), force, volumes }, { engine, observer, signal });
    const removed = [...result.members.map(({ container }) => container), ...result.volumes];
    this.print(result.changed ? `${name}: removed ${removed.join(', ')}` : `${name}: nothing to remove`);
    return result;
  }
}
