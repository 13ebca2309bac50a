import { ZkdCommand } from '../../cli/base-command.js';
import { engineFlags } from '../../cli/flags/engine.js';
import { outputFlag } from '../../cli/flags/output.js';
import { clusterList } from '../../cli/render/cluster.js';
import { renderList } from '../../cli/render/list.js';
import { listClusters, type ClusterSummary } from '../../cluster/index.js';
import type { ExitCodeName } from '../../exit-codes.js';

interface LsResult {
  readonly clusters: readonly ClusterSummary[];
}

export default class ClusterLs extends ZkdCommand<LsResult> {
  static override exits: readonly ExitCodeName[] = ['refused'];
  static override summary = 'List the ensembles on this engine.';
  static override description =
    'Asks the engine only. An ensemble that was taken down but whose data volumes are kept is listed as stopped.';
  static override examples = [
    { description: 'All ensembles', command: '<%= config.bin %> cluster ls' },
    { description: 'Their names, for a pipe', command: '<%= config.bin %> cluster ls --output name' },
  ];
  static override flags = { ...outputFlag, ...engineFlags };

  async run(): Promise<LsResult> {
    const { flags } = await this.parse(ClusterLs);
    const clusters = await listClusters(await this.engine(flags), (name) => {
      this.caution(`ensemble "${name}" was made by another version of zkd, whose labels this one cannot read`);
    });
    this.print(await renderList(clusters, { clusters }, clusterList(this.style.stdout), flags.output, this.style.stdout));
    if (clusters.length === 0) this.next('zkd cluster up');
    return { clusters };
  }
}
