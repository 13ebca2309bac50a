import { boolean, custom, option, string } from '@oclif/core/flags';
import { limitFlag, rootArgument } from '../../cli/flags/znode.js';
import { written } from '../../cli/flow.js';
import { kindWord } from '../../cli/render/znode.js';
import { SessionCommand } from '../../cli/session-command.js';
import { messageOf, ZkdError } from '../../errors.js';
import type { ExitCodeName } from '../../exit-codes.js';
import { findNodes, type FoundNode } from '../../znodes/index.js';

/** What is streamed is the result: nothing is to be added to it. */
type Streamed = Record<string, never>;

const KINDS = ['persistent', 'ephemeral', 'container', 'ttl'] as const;

function parsePattern(input: string): RegExp {
  try {
    return new RegExp(input, 'u');
  } catch (error) {
    throw new ZkdError('usage', `${JSON.stringify(input)} is no regular expression: ${messageOf(error)}`, { cause: error });
  }
}

export default class ZnodeFind extends SessionCommand<Streamed> {
  static override exits: readonly ExitCodeName[] = ['not-found', 'zookeeper-unavailable', 'partial', 'denied'];
  static override summary = 'Find znodes by name, data, kind or owner.';
  static override description = `Prints the path of each node at or below PATH for which all holds that is given, in the order of the tree, as it is found; with --json a document {"path","stat"} a line. Regular expressions are JavaScript's and match anywhere in the name, or the data as text; ^ and $ tie them.
Finding nothing is a success. Servers 3.8 and 3.9 keep to themselves which nodes are container and TTL nodes: from them these come as persistent. Nodes that may not be looked into are listed at the end (exit 9).`;
  static override examples = [
    { description: 'By name', command: "<%= config.bin %> znode find /app --name '^config'" },
    { description: 'Ephemeral nodes, with their owners', command: '<%= config.bin %> znode find / --kind ephemeral --long' },
    { description: 'By what is in them', command: '<%= config.bin %> znode find /app --data blue --json' },
  ];
  static override args = rootArgument;
  static override flags = {
    name: custom<RegExp>({
      env: 'ZKD_NAME',
      helpValue: 'REGEX',
      parse: async (input) => parsePattern(input),
      summary: 'The last part of the path matches.',
    })(),
    data: custom<RegExp>({
      env: 'ZKD_DATA',
      helpValue: 'REGEX',
      parse: async (input) => parsePattern(input),
      summary: 'The data matches.',
    })(),
    kind: option({ options: KINDS, env: 'ZKD_KIND', summary: 'The node is of this kind.' })(),
    owner: string({ env: 'ZKD_OWNER', helpValue: '0x...', summary: 'The session owns the ephemeral node.' }),
    depth: limitFlag('depth', 0, 'So many levels below PATH.'),
    long: boolean({ char: 'l', env: 'ZKD_LONG', summary: 'Show kind, size and owner beside each path.' }),
  };

  override async init(): Promise<void> {
    this.isStream = true;
    await super.init();
  }

  async run(): Promise<Streamed> {
    const { args, flags } = await this.parse(ZnodeFind);
    const { name, data, kind, owner, depth, long } = flags;
    if (owner !== undefined && !/^0x[0-9a-f]{1,16}$/i.test(owner)) {
      throw new ZkdError(
        'usage',
        `--owner ${JSON.stringify(owner)} is no session: give it as "zkd znode find / --kind ephemeral --long" shows it, as 0x100a3b8c5d40000`,
      );
    }
    const query = {
      ...(name && { name }),
      ...(data && { data }),
      ...(kind && { kind }),
      ...(owner !== undefined && { owner: owner.toLowerCase() }),
      ...(depth !== undefined && { depth }),
    };
    await this.inSession(flags, async (session, signal) => {
      for await (const found of findNodes(session, args.path, query, { signal })) {
        // Whoever read has gone away.
        if (!(await written(this.ports.stdout, `${this.#line(found, long)}\n`))) return;
      }
    });
    return {};
  }

  #line({ path, stat }: FoundNode, isLong: boolean): string {
    if (this.jsonEnabled()) return JSON.stringify({ path, stat });
    if (!isLong) return path;
    const words = [`${stat.dataLength} bytes`, kindWord(stat), ...(stat.ephemeralOwner === null ? [] : [stat.ephemeralOwner])];
    return `${path}  ${this.style.stdout.faint(words.join(', '))}`;
  }
}
