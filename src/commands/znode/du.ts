import { limitFlag, rootArgument } from '../../cli/flags/znode.js';
import { outputFlag } from '../../cli/flags/output.js';
import { renderList } from '../../cli/render/list.js';
import { usageList } from '../../cli/render/znode-list.js';
import { SessionCommand } from '../../cli/session-command.js';
import type { ExitCodeName } from '../../exit-codes.js';
import { measureUsage, type Usage } from '../../znodes/index.js';

interface DuResult extends Usage {
  readonly path: string;
}

export default class ZnodeDu extends SessionCommand<DuResult> {
  static override exits: readonly ExitCodeName[] = ['not-found', 'zookeeper-unavailable', 'partial', 'denied'];
  static override summary = 'Show where data and nodes are, the largest first.';
  static override description = `Bytes of data and number of nodes of each child with everything below it, and of the whole tree in the last line; what servers need beside the data is not counted.
Exit 9 where the children of some node may not be listed and so are not counted: it says where.`;
  static override examples = [
    { description: 'What fills the tree', command: '<%= config.bin %> znode du /' },
    { description: 'Two levels of it, for a script', command: '<%= config.bin %> znode du /app --depth 2 --json' },
  ];
  static override args = rootArgument;
  static override flags = { depth: limitFlag('depth', 0, 'List so many levels. [default: 1]'), ...outputFlag };

  async run(): Promise<DuResult> {
    const { args, flags } = await this.parse(ZnodeDu);
    const { depth = 1, output } = flags;
    const usage = await this.inSession(flags, (session, signal) => measureUsage(session, args.path, { depth, signal }));
    const result = { path: args.path, ...usage };
    this.print(await renderList([...usage.entries, usage.root], result, usageList, output, this.style.stdout));
    for (const path of usage.denied) this.caution(`what is below "${path}" is not counted: access control denies listing it`);
    if (usage.denied.length > 0) this.endWith('partial');
    return result;
  }
}
