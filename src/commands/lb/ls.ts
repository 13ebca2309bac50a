import { listBalancers, type BalancerSummary } from '../../balancer/index.js';
import { ZkdCommand } from '../../cli/base-command.js';
import { engineFlags } from '../../cli/flags/engine.js';
import { outputFlag } from '../../cli/flags/output.js';
import { balancerList } from '../../cli/render/balancer.js';
import { renderList } from '../../cli/render/list.js';

interface LsResult {
  readonly balancers: readonly BalancerSummary[];
}

export default class LbLs extends ZkdCommand<LsResult> {
  static override summary = 'List the load balancers on this engine.';
  static override description =
    'Asks the engine, and each HAProxy for its servers: how many of them answer its checks, of how many. Where one does not tell, it says why.';
  static override examples = [
    { description: 'All of them', command: '<%= config.bin %> lb ls' },
    { description: 'With networks, checks and images', command: '<%= config.bin %> lb ls --output wide' },
  ];
  static override flags = { ...outputFlag, ...engineFlags };

  async run(): Promise<LsResult> {
    const { flags } = await this.parse(LbLs);
    const balancers = await listBalancers(await this.engine(flags));
    const style = this.style.stdout;
    this.print(await renderList(balancers, { balancers }, balancerList(style), flags.output, style));
    if (balancers.length === 0) this.next('zkd lb up SERVICE --publish 127.0.0.1:8080');
    return { balancers };
  }
}
