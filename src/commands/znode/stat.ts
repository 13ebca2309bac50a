import { pathArgument } from '../../cli/flags/znode.js';
import { renderStat } from '../../cli/render/znode.js';
import { SessionCommand } from '../../cli/session-command.js';
import { ZkdError } from '../../errors.js';
import type { ExitCodeName } from '../../exit-codes.js';
import type { Stat } from '../../zookeeper/index.js';

interface StatResult {
  readonly path: string;
  readonly stat: Stat;
}

export default class ZnodeStat extends SessionCommand<StatResult> {
  static override exits: readonly ExitCodeName[] = ['not-found', 'zookeeper-unavailable', 'denied'];
  static override summary = "Show a znode's versions, times, size and kind.";
  static override description = `The kind is persistent, ephemeral (with the session that owns it), container or ttl (with its time to live). Servers 3.8 and 3.9 keep to themselves which nodes are container and TTL nodes: from them these come as persistent.
From 3.9 on servers want the right to read the node, older ones none. Exit 3 where there is no such node.`;
  static override examples = [
    { description: 'For eyes', command: '<%= config.bin %> znode stat /app/config' },
    { description: 'Whether a node is there, in a script', command: '<%= config.bin %> znode stat /app/config --json' },
  ];
  static override args = pathArgument;

  async run(): Promise<StatResult> {
    const { args, flags } = await this.parse(ZnodeStat);
    const { path } = args;
    const stat = await this.inSession(flags, (session) => session.exists(path));
    if (!stat) {
      throw new ZkdError('not-found', `There is no znode "${path}"`, { details: { reason: 'no-node', path } });
    }
    this.print(renderStat(stat, this.style.stdout));
    return { path, stat };
  }
}
