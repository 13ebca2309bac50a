import { ClusterCommand } from '../../cli/cluster-command.js';
import { clusterArgument } from '../../cli/flags/cluster.js';
import { outputFlag } from '../../cli/flags/output.js';
import { memberList } from '../../cli/render/cluster.js';
import { renderList } from '../../cli/render/list.js';
import { listMembers, type Member } from '../../cluster/index.js';
import type { ExitCodeName } from '../../exit-codes.js';

interface PsResult {
  readonly members: readonly Member[];
}

export default class ClusterPs extends ClusterCommand<PsResult> {
  static override exits: readonly ExitCodeName[] = ['not-found', 'refused'];
  static override summary = "List the members' containers.";
  static override description =
    'Asks the engine only, so it answers without a quorum too; what ZooKeeper says of the members is in "cluster status".';
  static override examples = [
    { description: 'The one ensemble there is', command: '<%= config.bin %> cluster ps' },
    { description: 'Container names, for a pipe', command: '<%= config.bin %> cluster ps zk --output name' },
  ];
  static override args = clusterArgument;
  static override flags = { ...outputFlag };

  async run(): Promise<PsResult> {
    const parsed = await this.parse(ClusterPs);
    const name = await this.clusterName(parsed);
    const members = await listMembers(await this.engine(parsed.flags), name);
    this.print(await renderList(members, { members }, memberList(this.style.stdout), parsed.flags.output, this.style.stdout));
    if (members.length === 0) this.talk(`Ensemble "${name}" has no containers; its data volumes are kept`);
    return { members };
  }
}
