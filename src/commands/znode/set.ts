import { boolean } from '@oclif/core/flags';
import { dataArgument, dataFlag, pathArgument, readData, versionFlag } from '../../cli/flags/znode.js';
import { SessionCommand } from '../../cli/session-command.js';
import { ZkdError } from '../../errors.js';
import type { ExitCodeName } from '../../exit-codes.js';
import { writeNode, type WriteResult } from '../../znodes/index.js';

export default class ZnodeSet extends SessionCommand<WriteResult> {
  static override exits: readonly ExitCodeName[] = ['not-found', 'conflict', 'zookeeper-unavailable', 'denied'];
  static override summary = "Write a znode's data.";
  static override description = `Replaces all of it. DATA is text; - takes stdin, --file a file, byte for byte; "" empties the node. What begins with a dash goes through one of these.
A node that is not there is not made, but with --create. With --version nothing is written where somebody else wrote in between (exit 4).`;
  static override examples = [
    { description: 'Text', command: '<%= config.bin %> znode set /app/config \'{"color":"blue"}\'' },
    {
      description: 'A file, also where there is no such node yet',
      command: '<%= config.bin %> znode set /app/logo --file logo.png --create',
    },
    { description: 'Only where nobody else wrote since it was read', command: '<%= config.bin %> znode set /app/config green --version 0' },
  ];
  static override args = { ...pathArgument, ...dataArgument };
  static override flags = {
    ...dataFlag,
    ...versionFlag('the data'),
    create: boolean({ env: 'ZKD_CREATE', summary: 'Make the node where there is none.' }),
  };

  async run(): Promise<WriteResult> {
    const { args, flags } = await this.parse(ZnodeSet);
    const { path } = args;
    if (flags.create && flags.version !== undefined) {
      throw new ZkdError('usage', 'A node that may not be there has no version: give --create or --version, not both');
    }
    const given = await readData({ data: args.data, file: flags.file, isFileTyped: this.isTyped('file', 'f') }, this.ports.stdin);
    if (given === undefined) {
      throw new ZkdError('usage', 'There is nothing to write: give DATA, - for stdin, or --file', {
        suggestions: [`zkd znode set ${path} DATA`, `zkd znode set ${path} --file FILE`],
      });
    }
    const request = { path, data: given, version: flags.version, create: flags.create };
    const result = await this.inSession(flags, (session) => writeNode(session, request));
    this.print(`${path}: ${result.created ? 'created' : 'written'}, version ${result.stat.version}, ${result.stat.dataLength} bytes`);
    return result;
  }
}
