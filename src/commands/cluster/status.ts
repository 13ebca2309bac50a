import { ClusterCommand } from '../../cli/cluster-command.js';
import { clusterArgument } from '../../cli/flags/cluster.js';
import { renderStatus } from '../../cli/render/cluster.js';
import { readStatus, type StatusResult } from '../../cluster/index.js';
import type { ExitCodeName } from '../../exit-codes.js';

export default class ClusterStatus extends ClusterCommand<StatusResult> {
  static override exits: readonly ExitCodeName[] = ['not-found', 'negative', 'refused'];
  static override summary = 'Show the quorum as ZooKeeper sees it.';
  static override description = `Asks every member over its client port: mode, version, zxid, lag, connections, latency; names one cause per member that is not well.
Exit 0 when healthy: every member answers, exactly one leads, all others are in sync. Exit 10 otherwise.`;
  static override examples = [
    { description: 'The one ensemble there is', command: '<%= config.bin %> cluster status' },
    { description: 'For a script', command: '<%= config.bin %> cluster status zk --json' },
  ];
  static override args = clusterArgument;
  static override flags = {};

  async run(): Promise<StatusResult> {
    const parsed = await this.parse(ClusterStatus);
    const name = await this.clusterName(parsed);
    const result = await readStatus(await this.engine(parsed.flags), name, this.ports.askFourLetterWord);
    this.print(renderStatus(result, this.style.stdout));
    if (!result.healthy) {
      this.endWith('negative');
      this.next(`zkd cluster up ${name}`);
    }
    return result;
  }
}
