import { boolean } from '@oclif/core/flags';
import { ClusterCommand } from '../../cli/cluster-command.js';
import { clusterArgument } from '../../cli/flags/cluster.js';
import { takeDown, type RemovalResult } from '../../cluster/index.js';
import type { ExitCodeName } from '../../exit-codes.js';

export default class ClusterDown extends ClusterCommand<RemovalResult> {
  static override exits: readonly ExitCodeName[] = ['partial', 'refused'];
  static override summary = 'Stop and remove an ensemble; its data volumes stay.';
  static override description = `Removes containers and the network zkd made. A later "cluster up" takes the data volumes up again; with --volumes they are removed too.
Other containers on the network are a reason to refuse (exit 12); --force disconnects them. An ensemble that is not there is a success.`;
  static override examples = [
    { description: 'Keep the data', command: '<%= config.bin %> cluster down zk' },
    { description: 'Leave nothing behind', command: '<%= config.bin %> cluster down ci --volumes' },
  ];
  static override args = clusterArgument;
  static override flags = {
    volumes: boolean({ summary: 'Remove the data volumes too.' }),
    force: boolean({ summary: 'Disconnect other containers from the network.' }),
  };

  async run(): Promise<RemovalResult> {
    const parsed = await this.parse(ClusterDown);
    const name = await this.clusterName(parsed, { mustBeSaid: true });
    const signal = this.interruption();
    const [engine, observer] = await Promise.all([this.engine(parsed.flags), this.observer()]);
    const { volumes, force } = parsed.flags;
    const result = await takeDown({ name, volumes, force }, { engine, observer, signal });
    const isKept = result.kept.length > 0;
    if (!result.changed)
      this.talk(`Ensemble "${name}" ${isKept ? 'is down already; its data volumes are kept' : 'is not there'}: nothing to do`);
    else if (isKept) this.next(`zkd cluster up ${name}`);
    this.print(result.changed ? `${name}: down` : '');
    return result;
  }
}
