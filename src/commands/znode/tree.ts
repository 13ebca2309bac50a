import { limitFlag, rootArgument } from '../../cli/flags/znode.js';
import { renderTree } from '../../cli/render/tree.js';
import { SessionCommand } from '../../cli/session-command.js';
import type { ExitCodeName } from '../../exit-codes.js';
import { viewTree, type TreeView } from '../../znodes/index.js';

interface TreeResult extends TreeView {
  readonly path: string;
}

export default class ZnodeTree extends SessionCommand<TreeResult> {
  static override exits: readonly ExitCodeName[] = ['not-found', 'zookeeper-unavailable', 'partial', 'denied'];
  static override summary = 'Draw a tree of znodes.';
  static override description = `Size of the data, kind where it is not persistent, and the session that owns an ephemeral node stand beside each name. --depth and --width cut it, and it is said what is left out. Servers 3.8 and 3.9 keep to themselves which nodes are container and TTL nodes: from them these come as persistent.
Exit 9 where the children of some node may not be listed: it is marked as denied.`;
  static override examples = [
    { description: 'Everything', command: '<%= config.bin %> znode tree /app' },
    { description: 'An overview of a large one', command: '<%= config.bin %> znode tree / --depth 2 --width 10' },
  ];
  static override args = rootArgument;
  static override flags = {
    depth: limitFlag('depth', 0, 'So many levels below the root.'),
    width: limitFlag('width', 1, 'So many children of each node.'),
  };

  async run(): Promise<TreeResult> {
    const { args, flags } = await this.parse(ZnodeTree);
    const { depth, width } = flags;
    const limits = { ...(depth !== undefined && { depth }), ...(width !== undefined && { width }) };
    const view = await this.inSession(flags, (session, signal) => viewTree(session, args.path, { ...limits, signal }));
    this.print(renderTree(view, this.style.stdout));
    if (view.denied.length > 0) this.endWith('partial');
    return { path: args.path, ...view };
  }
}
