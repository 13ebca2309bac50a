import { boolean } from '@oclif/core/flags';
import { yesFlag } from '../../cli/flags/confirm.js';
import { pathArgument, versionFlag } from '../../cli/flags/znode.js';
import { counted, trackNodes } from '../../cli/node-progress.js';
import { SessionCommand } from '../../cli/session-command.js';
import { ZkdError } from '../../errors.js';
import type { ExitCodeName } from '../../exit-codes.js';
import type { ZooKeeperSession } from '../../zookeeper/index.js';
import { countTree, refuseToRemove, removeTree } from '../../znodes/index.js';

interface RmResult {
  readonly path: string;
  /** How many nodes went. */
  readonly removed: number;
}

export default class ZnodeRm extends SessionCommand<RmResult> {
  static override exits: readonly ExitCodeName[] = ['not-found', 'conflict', 'zookeeper-unavailable', 'partial', 'denied', 'refused'];
  static override summary = 'Remove a znode, or a whole tree.';
  static override description = `A node with children is a conflict (exit 4); with --recursive everything below it goes too, the deepest first: it is counted, and asked about unless --yes agrees beforehand. It can be run again after an interruption.
Not atomic: whoever looks meanwhile sees a part of the tree. What may not be removed is listed when all else is gone (exit 9). "/" and "/zookeeper" are never removed (exit 12).`;
  static override examples = [
    { description: 'One node', command: '<%= config.bin %> znode rm /app/logo' },
    { description: 'A tree, in a script', command: '<%= config.bin %> znode rm /app --recursive --yes' },
    { description: 'Only where nobody wrote since it was read', command: '<%= config.bin %> znode rm /app/config --version 0' },
  ];
  static override args = pathArgument;
  static override flags = {
    recursive: boolean({ char: 'r', aliases: ['R'], env: 'ZKD_RECURSIVE', summary: 'Everything below it too.' }),
    ...versionFlag('the data'),
    ...yesFlag,
  };

  async run(): Promise<RmResult> {
    const { args, flags } = await this.parse(ZnodeRm);
    const { path } = args;
    const { version, recursive } = flags;
    if (recursive && version !== undefined)
      throw new ZkdError('usage', 'A version is one of one node: give --recursive or --version, not both');
    refuseToRemove(path, flags.connect?.chroot ?? null);
    if (recursive && !flags.yes && !this.terminal.interactive) {
      throw new ZkdError('usage', `Nobody can be asked whether "${path}" shall go with all below it: agree with --yes`, {
        suggestions: [`zkd znode rm ${path} --recursive --yes`],
      });
    }
    const removed = await this.inSession(flags, async (session, signal) => {
      if (recursive) return this.#removeTree(session, path, flags.yes, signal);
      await session.delete(path, version === undefined ? {} : { version });
      return 1;
    });
    this.print(`${path}: removed${recursive ? `, ${counted(removed)}` : ''}`);
    return { path, removed };
  }

  async #removeTree(session: ZooKeeperSession, path: string, isAgreed: boolean, signal: AbortSignal): Promise<number> {
    const { nodes, ephemerals } = await countTree(session, path, { signal });
    const what = `${counted(nodes)}${ephemerals > 0 ? `, ${ephemerals} of them ephemeral` : ''}`;
    this.talk(`"${path}": ${what}`);
    await this.consent(isAgreed, `Remove "${path}" with everything below it (${what})?`);
    const { onProgress, done } = trackNodes(await this.progress(), `Remove ${path}`, nodes);
    const { removed } = await removeTree(session, path, { signal, onProgress });
    done();
    return removed;
  }
}
