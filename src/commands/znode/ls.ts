import { boolean } from '@oclif/core/flags';
import { outputFlag, type OutputFormat } from '../../cli/flags/output.js';
import { recursiveFlag, rootArgument } from '../../cli/flags/znode.js';
import { written } from '../../cli/flow.js';
import { SessionCommand } from '../../cli/session-command.js';
import type { ExitCodeName } from '../../exit-codes.js';
import { listChildren, listTree, type ListedNode, type TreeNode } from '../../znodes/index.js';

interface LsResult {
  readonly path: string;
  readonly children: readonly string[];
  /** With `--long` or `--output wide` only. */
  readonly nodes?: readonly ListedNode[];
  /** Where some node may not be looked at, or into; with these and with `--recursive` only. */
  readonly denied?: readonly string[];
}

interface Listing {
  readonly nodes: readonly (Pick<ListedNode, 'name'> & Partial<ListedNode>)[];
  readonly denied: readonly string[];
}

export default class ZnodeLs extends SessionCommand<LsResult> {
  static override exits: readonly ExitCodeName[] = ['not-found', 'zookeeper-unavailable', 'partial', 'denied'];
  static override summary = "List a znode's children.";
  static override description = `Names, one a line, by code point; the root's where no PATH is given. With --long a table of kind (ephemeral, container and ttl nodes stand out), size, children, version, time of the last change and owning session; --output wide adds more. Servers 3.8 and 3.9 keep to themselves which nodes are container and TTL nodes: from them these come as persistent.
With --recursive names are paths below PATH; exit 9 where some node may not be looked at or into. A node that goes meanwhile is left out.`;
  static override examples = [
    { description: 'Names, for a pipe', command: '<%= config.bin %> znode ls /app' },
    { description: 'With kinds, sizes and owners', command: '<%= config.bin %> znode ls /app --long' },
    { description: 'All paths below it, for a script', command: '<%= config.bin %> znode ls /app --recursive --json' },
  ];
  static override args = rootArgument;
  static override flags = {
    long: boolean({ char: 'l', env: 'ZKD_LONG', summary: 'Show kind, size, versions, times and owner of each.' }),
    ...recursiveFlag('Everything below it too, parents first.'),
    ...outputFlag,
  };

  async run(): Promise<LsResult> {
    const { args, flags } = await this.parse(ZnodeLs);
    const { path } = args;
    const isLong = flags.long || flags.output === 'wide';
    const isNames = flags.output === 'name' || (!isLong && flags.output === 'table');
    const { nodes, denied } = await this.inSession(flags, async (session, signal): Promise<Listing> => {
      if (flags.recursive) return this.#tree(listTree(session, path, { signal }), !this.jsonEnabled() && isNames);
      if (isLong) return listChildren(session, path);
      return { nodes: (await session.children(path)).children.map((name) => ({ name })), denied: [] };
    });
    const result = {
      path,
      children: nodes.map(({ name }) => name),
      ...(isLong && { nodes: nodes as readonly ListedNode[] }),
      ...((isLong || flags.recursive) && { denied }),
    };
    for (const below of denied) this.caution(`"${below}" is not shown whole: access control denies it`);
    if (denied.length > 0) this.endWith('partial');
    if (!this.jsonEnabled()) await this.#show(result, isNames ? 'name' : flags.output);
    return result;
  }

  /** Names are written as they come, so that memory does not grow with the tree; a table or a document has to be whole. */
  async #tree(tree: AsyncIterable<TreeNode>, isStreamed: boolean): Promise<Listing> {
    const nodes: ListedNode[] = [];
    const denied: string[] = [];
    for await (const { name, stat, path, isDenied } of tree) {
      if (isDenied) denied.push(path);
      if (name === '') continue;
      if (!isStreamed) nodes.push({ name, stat });
      // Whoever read has gone away.
      else if (!(await written(this.ports.stdout, `${name}\n`))) break;
    }
    return { nodes, denied };
  }

  async #show(result: LsResult, format: OutputFormat): Promise<void> {
    if (format === 'name') {
      this.print(result.children.join('\n'));
      return;
    }
    // Tables take time to load.
    const [{ renderList }, { nodeList }] = await Promise.all([
      import('../../cli/render/list.js'),
      import('../../cli/render/znode-list.js'),
    ]);
    const style = this.style.stdout;
    this.print(await renderList(result.nodes ?? [], result, nodeList(style), format, style));
  }
}
