import { pathArgument } from '../../../cli/flags/znode.js';
import { SessionCommand } from '../../../cli/session-command.js';
import type { ExitCodeName } from '../../../exit-codes.js';
import { formatAclEntry, type AclEntry, type Stat } from '../../../zookeeper/index.js';

interface AclResult {
  readonly path: string;
  readonly acl: readonly AclEntry[];
  readonly stat: Stat;
}

export default class ZnodeAclGet extends SessionCommand<AclResult> {
  static override exits: readonly ExitCodeName[] = ['not-found', 'zookeeper-unavailable', 'denied'];
  static override summary = 'Show who may do what with a znode.';
  static override description = `One entry a line, as "znode acl set" takes them: scheme:id:permissions, the permissions being c(reate), d(elete), r(ead), w(rite) and a(dmin).
Servers from 3.7 on show the hash of a digest only to who may administer the node.`;
  static override examples = [
    { description: 'For eyes', command: '<%= config.bin %> znode acl get /app/config' },
    { description: 'For a script', command: '<%= config.bin %> znode acl get /app/config --json' },
  ];
  static override args = pathArgument;

  async run(): Promise<AclResult> {
    const { args, flags } = await this.parse(ZnodeAclGet);
    const { acl, stat } = await this.inSession(flags, (session) => session.getAcl(args.path));
    this.print(acl.map(formatAclEntry).join('\n'));
    return { path: args.path, acl, stat };
  }
}
