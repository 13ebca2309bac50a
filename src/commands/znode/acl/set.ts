import { string as stringArg } from '@oclif/core/args';
import { pathArgument, versionFlag } from '../../../cli/flags/znode.js';
import { SessionCommand } from '../../../cli/session-command.js';
import type { ExitCodeName } from '../../../exit-codes.js';
import { parseAcl, type AclEntry, type Stat } from '../../../zookeeper/index.js';

interface AclSetResult {
  readonly path: string;
  readonly acl: readonly AclEntry[];
  readonly stat: Stat;
}

export default class ZnodeAclSet extends SessionCommand<AclSetResult> {
  static override exits: readonly ExitCodeName[] = ['not-found', 'conflict', 'zookeeper-unavailable', 'denied'];
  static override summary = 'Say who may do what with a znode.';
  static override description = `Replaces the whole ACL of this one node; those below keep theirs. An entry is scheme:id:permissions, the permissions being c(reate), d(elete), r(ead), w(rite) and a(dmin); several stand with commas between them.
auth::cdrwa means whoever this session is (ZKD_AUTH or --auth-file). Passwords have no place here: a digest entry carries the hash.
Who takes the right to administer from everybody, themselves too, cannot change it any more.`;
  static override examples = [
    { description: 'Everybody may read, nobody may write', command: '<%= config.bin %> znode acl set /app/config world:anyone:ra' },
    {
      description: 'Only where nobody else changed it since it was read',
      command: '<%= config.bin %> znode acl set /app/config world:anyone:cdrwa --version 0',
    },
  ];
  static override args = {
    ...pathArgument,
    acl: stringArg({ description: 'Entries, as world:anyone:r,auth::cdrwa.', required: true, ignoreStdin: true }),
  };
  static override flags = versionFlag('the ACL');

  async run(): Promise<AclSetResult> {
    const { args, flags } = await this.parse(ZnodeAclSet);
    const { path } = args;
    const wanted = parseAcl(args.acl);
    const { version } = flags;
    const result = await this.inSession(flags, async (session) => {
      const stat = await session.setAcl(path, wanted, version === undefined ? {} : { version });
      return { acl: wanted, stat };
    });
    this.print(`${path}: ACL written, version ${result.stat.aversion}`);
    return { path, ...result };
  }
}
