import { boolean, custom } from '@oclif/core/flags';
import { aclFlag, aclOf, dataArgument, dataFlag, pathArgument, readData } from '../../cli/flags/znode.js';
import { repeated } from '../../cli/flags/repeated.js';
import { SessionCommand } from '../../cli/session-command.js';
import { hasReason, ZkdError } from '../../errors.js';
import type { ExitCodeName } from '../../exit-codes.js';
import { parseDurationMs } from '../../runtime/quantities.js';
import type { CreateMode } from '../../zookeeper/index.js';
import { holdNode, makeNode } from '../../znodes/index.js';

interface CreateResult {
  /** As it was made: with the number of a sequential one. */
  readonly path: string;
}

interface Kind {
  readonly sequential: boolean;
  readonly ephemeral: boolean;
  readonly container: boolean;
  readonly ttl: number | undefined;
}

function modeOf({ sequential, ephemeral, container, ttl }: Kind): CreateMode {
  const kinds = [ephemeral, container, ttl !== undefined].filter(Boolean).length;
  if (kinds > 1) throw new ZkdError('usage', 'A node is of one kind: give one of --ephemeral, --container and --ttl');
  if (container && sequential) throw new ZkdError('usage', 'ZooKeeper has no sequential container nodes');
  if (container) return 'container';
  const kind = ephemeral ? 'ephemeral' : ttl === undefined ? 'persistent' : 'ttl';
  return sequential ? `${kind}-sequential` : kind;
}

/** Servers know such nodes where they are told to. */
function withoutTtl(error: unknown): unknown {
  if (!(error instanceof ZkdError) || !hasReason(error, 'unsupported')) return error;
  return new ZkdError('failure', 'These servers have no nodes with a time to live: extendedTypesEnabled is not set', {
    cause: error,
    suggestions: ['zkd cluster up --set extendedTypesEnabled=true'],
    details: error.details,
  });
}

export default class ZnodeCreate extends SessionCommand<CreateResult> {
  static override exits: readonly ExitCodeName[] = ['not-found', 'conflict', 'zookeeper-unavailable', 'denied'];
  static override summary = 'Create a znode and print its path.';
  static override description = `Without DATA the node is empty; - takes stdin, --file a file, byte for byte. A node that exists is a conflict (exit 4).
An ephemeral node lives as long as the session that made it: with --ephemeral the command prints the path, holds the node until Ctrl-C (exit 130) and ends with 6 when the session is lost, with 3 when somebody removes the node.
With --acl nobody else can read the data at any moment. Nodes that --parents makes are persistent, empty and open to everybody.
Nodes with --ttl, which go when they were left alone and childless for that long, need servers that allow them (extendedTypesEnabled).`;
  static override examples = [
    { description: 'With everything above it', command: '<%= config.bin %> znode create /app/new/deep hello --parents' },
    { description: 'A numbered one; its path is printed', command: '<%= config.bin %> znode create /app/job- --sequential' },
    { description: 'For one user only', command: '<%= config.bin %> znode create /app/shown text --acl world:anyone:r' },
  ];
  static override args = { ...pathArgument, ...dataArgument };
  static override flags = {
    ...dataFlag,
    parents: boolean({ char: 'p', env: 'ZKD_PARENTS', summary: 'Make missing nodes above it.' }),
    sequential: boolean({ char: 's', env: 'ZKD_SEQUENTIAL', summary: 'Let the server add a number to the name.' }),
    ephemeral: boolean({ char: 'e', env: 'ZKD_EPHEMERAL', summary: 'Hold it until Ctrl-C; it ends with the command.' }),
    container: boolean({ env: 'ZKD_CONTAINER', summary: 'Let servers remove it after its last child went.' }),
    ttl: custom<number>({
      env: 'ZKD_TTL',
      helpValue: 'DURATION',
      parse: async (input) => parseDurationMs(input, 'Time to live'),
      summary: 'Let servers remove it when it was left alone for so long.',
    })(),
    ...aclFlag,
  };

  override async init(): Promise<void> {
    this.isStream = this.isTyped('ephemeral', 'e');
    await super.init();
  }

  async run(): Promise<CreateResult> {
    const { args, flags } = await this.parse(ZnodeCreate);
    const mode = modeOf(flags);
    const acl = aclOf(repeated(flags.acl));
    const data = await readData({ data: args.data, file: flags.file, isFileTyped: this.isTyped('file', 'f') }, this.ports.stdin);
    const request = {
      path: args.path,
      data: data ?? Buffer.alloc(0),
      parents: flags.parents,
      mode,
      ...(flags.ttl !== undefined && { ttlMs: flags.ttl }),
      ...(acl.length > 0 && { acl }),
    };
    return this.inSession(flags, async (session) => {
      const path = await makeNode(session, request).catch((error: unknown) => {
        throw flags.ttl === undefined ? error : withoutTtl(error);
      });
      this.print(path);
      if (!flags.ephemeral) return { path };
      // The document is due now: the command has no other end than a failure.
      this.isStream = true;
      if (this.jsonEnabled()) this.logJson({ path });
      return holdNode(session, path, (isThere) => {
        if (isThere) this.talk('Connected again');
        else this.caution('the connection is gone; the node goes too when it does not come back in time');
      });
    });
  }
}
