/** A node's data in somebody's editor, and back. */
import { isUtf8 } from 'node:buffer';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { hasReason, messageOf, ZkdError } from '../errors.js';
import type { Stat, ZooKeeperSession } from '../zookeeper/index.js';

export interface EditContext {
  /** A session; asked for again when there is something to write, since people edit longer than a session may live. */
  readonly open: () => Promise<ZooKeeperSession>;
  /** Lets somebody edit the file; answers how that ended. */
  readonly runEditor: (file: string) => Promise<{ readonly exitCode: number; readonly startError: string | null }>;
}

export interface EditResult {
  readonly path: string;
  readonly changed: boolean;
  readonly stat: Stat;
}

/**
 * Reads the data, has it edited in a file only this user can read, and writes it back where nobody else wrote in between. Where it cannot be written the text
 * stays in that file, which the error names: `conflict` where somebody else was faster. `usage` where the data is no text. A line end that the
 * editor adds to a last line that had none is taken off again.
 */
export async function editNode(path: string, context: EditContext): Promise<EditResult> {
  const before = await inSession(context, (session) => session.get(path));
  if (!isUtf8(before.data)) {
    throw new ZkdError('usage', `The data of "${path}" is no text`, {
      suggestions: [`zkd znode get ${path} >FILE`, `zkd znode set ${path} --file FILE --version ${before.stat.version}`],
    });
  }
  const file = await newFile(path, before.data);
  const { exitCode, startError } = await context.runEditor(file);
  const after = withoutAddedEnd(before.data, await readFile(file));
  const isChanged = !after.equals(before.data);
  if (exitCode !== 0) {
    if (!isChanged) await discard(file);
    const why = startError ?? `it ended with ${exitCode}`;
    throw new ZkdError('failure', `The editor failed (${why}): nothing was written${isChanged ? `; the text is in ${file}` : ''}`, {
      suggestions: startError === null ? [] : [`VISUAL=nano zkd znode edit ${path}`],
      details: { path, ...(isChanged && { file }) },
    });
  }
  if (!isChanged) {
    await discard(file);
    return { path, changed: false, stat: before.stat };
  }
  const stat = await inSession(context, (session) => writeBack(session, path, after, before.stat)).catch(async (error: unknown) => {
    // The file is what is wanted, less an end of line perhaps.
    await writeFile(file, after).catch(() => undefined);
    throw kept(error, path, file);
  });
  await discard(file);
  return { path, changed: true, stat };
}

async function inSession<T>({ open }: EditContext, work: (session: ZooKeeperSession) => Promise<T>): Promise<T> {
  const session = await open();
  try {
    return await work(session);
  } finally {
    await session.close();
  }
}

/** A node that was removed and made again may have the version that was read. */
async function writeBack(session: ZooKeeperSession, path: string, data: Buffer, { czxid, version }: Stat): Promise<Stat> {
  const now = await session.exists(path);
  if (now?.czxid !== czxid) {
    throw new ZkdError('conflict', `"${path}" was removed in between${now ? ' and made again' : ''}`, {
      details: { reason: now ? 'bad-version' : 'no-node', path },
    });
  }
  return session.set(path, data, { version });
}

async function newFile(path: string, data: Buffer): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'zkd-edit-'));
  const file = join(folder, path.slice(path.lastIndexOf('/') + 1).replace(/[^\w.-]/g, '_') || 'root');
  await writeFile(file, data, { mode: 0o600 });
  return file;
}

const discard = (file: string): Promise<void> => rm(dirname(file), { recursive: true, force: true });

function withoutAddedEnd(before: Buffer, after: Buffer): Buffer {
  const isAdded = after.at(-1) === 0x0a && before.at(-1) !== 0x0a;
  return isAdded ? after.subarray(0, -1) : after;
}

function kept(error: unknown, path: string, file: string): ZkdError {
  const { code, details } = error instanceof ZkdError ? error : new ZkdError('failure', '');
  const isRaced = code === 'conflict' || code === 'not-found';
  const why = isRaced ? `somebody else changed "${path}" in between` : messageOf(error);
  const again = hasReason(error, 'no-node')
    ? [`zkd znode create ${path} --file ${file}`]
    : [`zkd znode get ${path} | diff - ${file}`, `zkd znode set ${path} --file ${file} --version VERSION`];
  const what = details['outcome'] === 'unknown' ? 'It may not be written' : 'Nothing was written';
  return new ZkdError(isRaced ? 'conflict' : code, `${what}: ${why}. Your text is in ${file}`, {
    cause: error,
    suggestions: again,
    details: { ...details, path, file },
  });
}
