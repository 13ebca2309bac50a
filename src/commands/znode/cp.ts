import { placeFlags, placeOptions } from '../../cli/flags/place.js';
import { otherSideFlags } from '../../cli/flags/session.js';
import { znodePath } from '../../cli/flags/znode.js';
import { PlaceCommand, type PlaceCommandResult } from '../../cli/place-command.js';
import type { ExitCodeName } from '../../exit-codes.js';
import { copyTree } from '../../znodes/index.js';

export default class ZnodeCp extends PlaceCommand {
  static override exits: readonly ExitCodeName[] = ['not-found', 'zookeeper-unavailable', 'partial', 'denied', 'refused'];
  static override summary = 'Copy a tree, also to another ensemble.';
  static override description = `Copies data, ACLs and kinds of FROM and everything below it to TO, making what is missing above it; ephemeral nodes are left out unless --ephemerals makes persistent ones of them. TO is in the same ensemble, or in that of --to-connect or --to-cluster.
--mode create leaves alone what is there, overwrite writes what is different, mirror also removes what FROM has not, with --prune.
It can be run again after any interruption, and goes on where it stopped. Not atomic. Nodes that cannot be read or written are listed when all others are copied (exit 9). A tree is not copied into itself (exit 12). Container and TTL nodes become persistent ones, where servers keep to themselves which these are (3.8, 3.9).`;
  static override examples = [
    { description: 'Within one ensemble', command: '<%= config.bin %> znode cp /app /copy' },
    {
      description: 'To another one, as it is here',
      command: '<%= config.bin %> znode cp /app /app --to-connect 127.0.0.1:2281 --mode mirror --prune',
    },
  ];
  static override args = {
    from: znodePath({ description: 'The tree.', required: true, ignoreStdin: true }),
    to: znodePath({ description: 'Where the copy goes.', required: true, ignoreStdin: true }),
  };
  static override flags = { ...placeFlags, ...otherSideFlags };

  async run(): Promise<PlaceCommandResult> {
    const { args, flags } = await this.parse(ZnodeCp);
    const { from, to } = args;
    const wanted = placeOptions(flags);
    return this.inSession(flags, async (session, signal) => {
      const target = { session: (await this.otherSession(flags)) ?? session, path: to };
      return this.place(`Copy ${from}`, wanted, signal, (options) => copyTree({ session, path: from }, target, options));
    });
  }
}
