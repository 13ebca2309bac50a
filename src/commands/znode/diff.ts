import { stat } from 'node:fs/promises';
import { string as stringArg } from '@oclif/core/args';
import { otherSideFlags } from '../../cli/flags/session.js';
import { ephemeralsFlag, openInput, parseNodePath } from '../../cli/flags/znode.js';
import { written } from '../../cli/flow.js';
import { SessionCommand } from '../../cli/session-command.js';
import { hasReason, ZkdError } from '../../errors.js';
import type { ExitCodeName } from '../../exit-codes.js';
import type { ZooKeeperSession } from '../../zookeeper/index.js';
import { diffTrees, readExport, readTree, type Difference, type TreeRecord } from '../../znodes/index.js';

interface DiffResult {
  readonly different: readonly Difference[];
}

type Side = { readonly path: string } | { readonly file: string };

/** Paths begin with a slash; what does not is a file, and `file:` says it of one that does. */
function sideOf(word: string): Side {
  if (word.startsWith('file:')) return { file: word.slice('file:'.length) };
  return word.startsWith('/') ? { path: parseNodePath(word) } : { file: word };
}

export default class ZnodeDiff extends SessionCommand<DiffResult> {
  static override exits: readonly ExitCodeName[] = ['not-found', 'zookeeper-unavailable', 'partial', 'negative', 'denied'];
  static override summary = 'Compare two trees, or a tree and an export.';
  static override description = `Exit 0 where both have the same, 10 where they differ: data, ACLs and kinds count, versions and times do not. A line a node that is different: - only A has it, + only B has it, ~ both have it, and what differs.
What begins with a slash is a path, anything else a file that "znode export" wrote (- is stdin); write an absolute one as file:/PATH. B is in the same ensemble, or in that of --to-connect or --to-cluster. Ephemeral nodes count with --ephemerals only.`;
  static override examples = [
    { description: 'What changed since an export', command: '<%= config.bin %> znode diff app.jsonl /app' },
    { description: 'Two ensembles', command: '<%= config.bin %> znode diff /app /app --to-connect 127.0.0.1:2281' },
  ];
  static override args = {
    a: stringArg({ description: 'Path of a tree, or an export.', required: true, ignoreStdin: true }),
    b: stringArg({ description: 'Path of another tree, or an export.', required: true, ignoreStdin: true }),
  };
  static override flags = { ...ephemeralsFlag('Ephemeral nodes too.'), ...otherSideFlags };

  async run(): Promise<DiffResult> {
    const { args, flags } = await this.parse(ZnodeDiff);
    const [a, b] = [sideOf(args.a), sideOf(args.b)];
    const { ephemerals } = flags;
    const different: Difference[] = [];
    await this.inSession(flags, async (session, signal) => {
      const other = (await this.otherSession(flags)) ?? session;
      const read = (side: Side, on: ZooKeeperSession) => this.#read(side, on, { ephemerals, signal });
      const [first, second] = [await read(a, session), await read(b, other)];
      for await (const difference of diffTrees(first, second)) {
        this.endWith('negative');
        // The document has to be whole, lines need not.
        if (this.jsonEnabled()) different.push(difference);
        // Whoever read has gone away.
        else if (!(await written(this.ports.stdout, `${this.#line(difference)}\n`))) return;
      }
    }).catch(async (error: unknown) => {
      throw await orFile(error, [args.a, args.b]);
    });
    return { different };
  }

  async #read(
    side: Side,
    session: ZooKeeperSession,
    options: { ephemerals: boolean; signal: AbortSignal },
  ): Promise<AsyncGenerator<TreeRecord, void, undefined>> {
    if ('path' in side) return readTree(session, side.path, options);
    const { records } = await readExport(await openInput(side.file, this.ports.stdin));
    return options.ephemerals ? records : withoutEphemerals(records);
  }

  #line({ path, kind, fields }: Difference): string {
    const style = this.style.stdout;
    if (kind === 'missing') return style.bad(`- ${path}`);
    return kind === 'extra' ? style.good(`+ ${path}`) : `${style.warning(`~ ${path}`)}  ${fields.join(', ')}`;
  }
}

/** Where there is no such znode but such a file, the colon was forgotten. */
async function orFile(error: unknown, words: readonly string[]): Promise<unknown> {
  if (!(error instanceof ZkdError) || !hasReason(error, 'no-node')) return error;
  const { code, message, cause, suggestions, details } = error;
  const { path } = details;
  if (typeof path !== 'string' || !(await isFile(path))) return error;
  const meant = words.map((word) => (word === path ? `file:${word}` : word));
  return new ZkdError(code, message, { cause, details, suggestions: [...suggestions, `zkd znode diff ${meant.join(' ')}`] });
}

const isFile = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => !found.isDirectory(),
    () => false,
  );

async function* withoutEphemerals(records: AsyncGenerator<TreeRecord, void, undefined>): AsyncGenerator<TreeRecord, void, undefined> {
  for await (const record of records) if (record.kind !== 'ephemeral') yield record;
}
