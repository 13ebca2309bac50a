import { open, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { string as stringArg } from '@oclif/core/args';
import { ephemeralsFlag, pathArgument } from '../../cli/flags/znode.js';
import { written } from '../../cli/flow.js';
import { counted, trackNodes } from '../../cli/node-progress.js';
import { SessionCommand } from '../../cli/session-command.js';
import { messageOf, ZkdError } from '../../errors.js';
import type { ExitCodeName } from '../../exit-codes.js';
import { exportTree, type ExportResult } from '../../znodes/index.js';

interface Written extends ExportResult {
  readonly file: string | null;
}

interface Target {
  readonly write: (text: string) => Promise<void>;
  readonly keep: () => Promise<void>;
  readonly discard: () => Promise<void>;
}

export default class ZnodeExport extends SessionCommand<Written> {
  static override exits: readonly ExitCodeName[] = ['not-found', 'zookeeper-unavailable', 'partial', 'denied'];
  static override summary = 'Write a tree into a file.';
  static override description = `JSON Lines: a header, a line a node with data (text or base64), ACL, kind and versions, and a last line with their number and the newest change; docs/export-format.md says more. Without FILE, or with -, it goes to stdout. A FILE is there when the export is whole, readable by you only.
It is no snapshot: nodes are read one after the other, and the tree may change meanwhile. Ephemeral nodes are left out unless --ephemerals is given, ZooKeeper's own always. Memory does not grow with the tree.
Servers 3.8 and 3.9 keep to themselves which nodes are container and TTL nodes: in the file these are persistent.
What may not be read is listed at the end (exit 9); all else is in the file.`;
  static override examples = [
    { description: 'To a file', command: '<%= config.bin %> znode export /app app.jsonl' },
    { description: 'Through a pipe', command: '<%= config.bin %> znode export /app | gzip > app.jsonl.gz' },
  ];
  static override args = {
    ...pathArgument,
    file: stringArg({ description: 'Where it goes; stdout where absent.', ignoreStdin: true }),
  };
  static override flags = ephemeralsFlag('Ephemeral nodes too.');

  async run(): Promise<Written> {
    const { args, flags } = await this.parse(ZnodeExport);
    const { path } = args;
    const file = args.file === '-' ? undefined : args.file;
    if (file === undefined && this.jsonEnabled()) {
      throw new ZkdError('usage', 'With --json stdout is for the result: say to which FILE the export goes', {
        suggestions: [`zkd znode export ${path} FILE --json`],
      });
    }
    const { ephemerals } = flags;
    const gone = new AbortController();
    const target = file === undefined ? this.#stdout(gone) : await fileTarget(file);
    try {
      const result = await this.inSession(flags, async (session, interrupted) => {
        const { onProgress, done } = trackNodes(await this.progress(), `Export ${path}`);
        const signal = AbortSignal.any([interrupted, gone.signal]);
        const exported = await exportTree(session, path, target.write, {
          ephemerals,
          signal,
          readZxid: () => this.readZxid(),
          onProgress: ({ nodes }) => onProgress(nodes),
        });
        done();
        return exported;
      });
      await target.keep();
      if (file !== undefined) this.print(`${path}: ${counted(result.nodes)}, ${result.bytes} bytes of data in ${file}`);
      return { ...result, file: file ?? null };
    } catch (error) {
      // Who read it has gone away.
      if (gone.signal.aborted) return {} as Written;
      await (error instanceof ZkdError && error.code === 'partial' ? target.keep() : target.discard());
      throw error;
    }
  }

  #stdout(gone: AbortController): Target {
    const write = async (text: string): Promise<void> => {
      if (!(await written(this.ports.stdout, text))) gone.abort(new Error('nobody reads any more'));
    };
    return { write, keep: () => Promise.resolve(), discard: () => Promise.resolve() };
  }
}

/** Beside the file until it is whole: half an export never has its name. A device or a named pipe is written to, not replaced. */
async function fileTarget(file: string): Promise<Target> {
  const found = await stat(file).catch(() => undefined);
  if (found?.isDirectory()) throw new ZkdError('usage', `The file cannot be written: "${file}" is a folder`);
  const part = found && !found.isFile() ? file : `${file}.part`;
  const handle: FileHandle = await open(part, 'w', 0o600).catch((error: unknown) => {
    throw new ZkdError('usage', `The file cannot be written: ${messageOf(error)}`, { cause: error });
  });
  return {
    write: async (text) => {
      await handle.writeFile(text).catch((error: unknown) => {
        throw new ZkdError('failure', `Cannot write ${part}: ${messageOf(error)}`, { cause: error });
      });
    },
    keep: async () => {
      await handle.close();
      if (part !== file) await rename(part, file);
    },
    discard: async () => {
      await handle.close();
      if (part !== file) await rm(part, { force: true });
    },
  };
}
