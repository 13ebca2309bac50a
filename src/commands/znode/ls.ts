import { boolean } from '@oclif/core/flags';
import { outputFlag, type OutputFormat } from '../../cli/flags/output.js';
import { rootArgument } from '../../cli/flags/znode.js';
import { SessionCommand } from '../../cli/session-command.js';
import type { ExitCodeName } from '../../exit-codes.js';
import { listChildren, type ListedNode } from '../../znodes/index.js';

interface LsResult {
  readonly path: string;
  readonly children: readonly string[];
  /** With `--long` or `--output wide` only. */
  readonly nodes?: readonly ListedNode[];
}

export default class ZnodeLs extends SessionCommand<LsResult> {
  static override exits: readonly ExitCodeName[] = ['not-found', 'zookeeper-unavailable', 'denied'];
  static override summary = "List a znode's children.";
  static override description = `Names, one a line, by code point; the root's where no PATH is given. With --long a table of kind (ephemeral, container and ttl nodes stand out), size, children, version, time of the last change and owning session; --output wide adds more.
A child that goes while it is listed is left out.`;
  static override examples = [
    { description: 'Names, for a pipe', command: '<%= config.bin %> znode ls /app' },
    { description: 'With kinds, sizes and owners', command: '<%= config.bin %> znode ls /app --long' },
    { description: 'For a script', command: '<%= config.bin %> znode ls /app --long --json' },
  ];
  static override args = rootArgument;
  static override flags = {
    long: boolean({ char: 'l', env: 'ZKD_LONG', summary: 'Show kind, size, versions, times and owner of each.' }),
    ...outputFlag,
  };

  async run(): Promise<LsResult> {
    const { args, flags } = await this.parse(ZnodeLs);
    const { path } = args;
    const isLong = flags.long || flags.output === 'wide';
    const isPlain = !isLong && flags.output === 'table';
    const result = await this.inSession(flags, async (session): Promise<LsResult> => {
      if (!isLong) return { path, children: (await session.children(path)).children };
      const nodes = await listChildren(session, path);
      return { path, children: nodes.map(({ name }) => name), nodes };
    });
    if (!this.jsonEnabled()) await this.#show(result, isPlain ? 'name' : flags.output);
    return result;
  }

  async #show(result: LsResult, format: OutputFormat): Promise<void> {
    if (format === 'name') return this.print(result.children.join('\n'));
    // Tables take time to load.
    const [{ renderList }, { nodeList }] = await Promise.all([import('../../cli/render/list.js'), import('../../cli/render/znode-list.js')]);
    const style = this.style.stdout;
    this.print(await renderList(result.nodes ?? [], result, nodeList(style), format, style));
  }
}
