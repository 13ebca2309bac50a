/** What commands about znodes take: paths, data, versions, ACLs. */
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { custom as customArg, string as stringArg } from '@oclif/core/args';
import { boolean, custom, string } from '@oclif/core/flags';
import { messageOf, ZkdError } from '../../errors.js';
import { parseWholeNumber } from '../../runtime/quantities.js';
import { checkPath, parseAcl, type AclEntry } from '../../zookeeper/index.js';
import type { Ports } from '../ports.js';

/** A path as typed: what is no path is told before anybody is asked. A slash at the end, as shells and people add it, does not count. */
export const parseNodePath = (input: string): string =>
  checkPath(input.length > 1 && !input.endsWith('//') ? input.replace(/\/$/, '') : input);

export const znodePath = customArg({ parse: async (input) => parseNodePath(input) });

export const pathArgument = { path: znodePath({ description: 'Path of the znode.', required: true, ignoreStdin: true }) };
/** The whole tree where absent. */
export const rootArgument = { path: znodePath({ description: 'Path of the znode.', default: '/', ignoreStdin: true }) };

export const dataArgument = { data: stringArg({ description: 'Data as text; - for what comes on stdin.', ignoreStdin: true }) };
export const dataFlag = {
  file: string({ char: 'f', env: 'ZKD_FILE', helpValue: 'FILE', summary: 'Take the data from a file.' }),
};

interface GivenData {
  readonly data: string | undefined;
  readonly file: string | undefined;
  /** Whether `--file` itself was typed: a variable gives way to an argument, a typed flag does not. */
  readonly isFileTyped: boolean;
}

/** The data that was given, byte for byte; undefined where none was. */
export async function readData({ data, file, isFileTyped }: GivenData, stdin: Ports['stdin']): Promise<Buffer | undefined> {
  if (data !== undefined && file !== undefined && isFileTyped)
    throw new ZkdError('usage', 'Data is given twice: as an argument and by --file');
  if (data === '-') return readStdin(stdin);
  if (data !== undefined) return Buffer.from(data);
  if (file === undefined) return undefined;
  return readFile(file).catch((error: unknown) => {
    throw new ZkdError('usage', `The data cannot be read: ${messageOf(error)}`, { cause: error });
  });
}

async function readStdin(stdin: Ports['stdin']): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stdin as AsyncIterable<Buffer | string>) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

/** The bytes of a file, or of stdin where its name is `-`, as they come; `usage` where there is no such file, or it cannot be read. */
export async function openInput(file: string, stdin: Ports['stdin']): Promise<AsyncIterable<Uint8Array | string>> {
  if (file === '-') return stdin as AsyncIterable<Uint8Array | string>;
  const stream = createReadStream(file);
  await once(stream, 'open').catch(unreadable);
  return bytesOf(stream as AsyncIterable<Uint8Array>);
}

/** A folder can be opened, but not read. */
async function* bytesOf(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  const chunks = stream[Symbol.asyncIterator]();
  try {
    for (let chunk = await chunks.next().catch(unreadable); chunk.done !== true; chunk = await chunks.next().catch(unreadable)) {
      yield chunk.value;
    }
  } finally {
    await chunks.return?.();
  }
}

function unreadable(error: unknown): never {
  throw new ZkdError('usage', `The file cannot be read: ${messageOf(error)}`, { cause: error });
}

/** A condition: another version is a conflict. */
export const versionFlag = (what: string) => ({
  version: custom<number>({
    env: 'ZKD_VERSION',
    helpValue: 'N',
    parse: async (input) => parseWholeNumber(input, 'Version', 0, 2 ** 31 - 1),
    summary: `Only where this is the version of ${what}; exit 4 otherwise.`,
  })(),
});

export const recursiveFlag = (summary: string) => ({ recursive: boolean({ char: 'R', env: 'ZKD_RECURSIVE', summary }) });

export const aclFlag = {
  acl: string({
    env: 'ZKD_ACL',
    multiple: true,
    multipleNonGreedy: true,
    helpValue: 'SCHEME:ID:PERMISSIONS',
    summary: 'Who may do what (cdrwa); can be repeated; the variable takes one a line. [default: world:anyone:cdrwa]',
    parse: async (input) => {
      parseEntries(input);
      return input;
    },
  }),
};

/** The entries of what was given; in a variable they may stand on lines of their own. */
export const aclOf = (given: readonly string[]): readonly AclEntry[] => given.flatMap(parseEntries);

const parseEntries = (text: string): readonly AclEntry[] => parseAcl(text.trim().replaceAll('\n', ','));

/** How far a view of a tree goes. */
export const limitFlag = (name: 'depth' | 'width', minimum: number, summary: string) =>
  custom<number>({
    env: `ZKD_${name.toUpperCase()}`,
    helpValue: 'N',
    parse: async (input) => parseWholeNumber(input, name === 'depth' ? 'Depth' : 'Width', minimum, 1_000_000),
    summary,
  })();

export const ephemeralsFlag = (summary: string) => ({ ephemerals: boolean({ env: 'ZKD_EPHEMERALS', summary }) });
