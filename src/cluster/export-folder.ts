/**
 * The folder an export is written into: claimed only where it is empty or holds an export and nothing else, readable by its owner only, and
 * emptied again where the export fails.
 */
import { mkdir, open, readdir, readFile, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { messageOf, ZkdError } from '../errors.js';

/** Written last: what makes a folder an export. */
export const INDEX_FILE = 'export.json';
const INDEX_KEY = 'zkdExport';
/** All names an export ever uses. */
const OWN_FILES =
  /^(?:(?:export|status|engine)\.json|member-\d+\/(?:log\.txt|inspect\.json|configuration\.json|(?:srvr|mntr|conf|cons|dump)\.txt))$/;
const OWN_FOLDER = /^member-\d+\/$/;

export class ExportFolder {
  readonly path: string;
  /** Names of what was written, relative to the folder. */
  readonly files: string[] = [];
  /** Folders that were made for it, the innermost first. */
  readonly #made: string[] = [];

  private constructor(path: string) {
    this.path = path;
  }

  /**
   * Looks whether an export may be written there, and changes nothing: `conflict` where it is no folder, or holds something else than an
   * earlier export.
   */
  static async check(path: string): Promise<void> {
    const foreign = await foreignEntry(path);
    if (foreign === undefined) return;
    throw new ZkdError('conflict', `${path} ${foreign}`, {
      suggestions: ['Name a folder that does not exist yet'],
      details: { dir: resolve(path) },
    });
  }

  /** Makes the folder, or empties it of an earlier export. Rejects as {@link check}, and with `failure` where it cannot be written. */
  static async claim(path: string): Promise<ExportFolder> {
    await ExportFolder.check(path);
    const folder = new ExportFolder(resolve(path));
    await folder.#attempt('', async () => {
      const first = await makeFolders(folder.path);
      for (let made = folder.path; first !== undefined && made.startsWith(first); made = dirname(made)) folder.#made.push(made);
      for (const entry of await readdir(folder.path)) await rm(join(folder.path, entry), { recursive: true });
    });
    return folder;
  }

  /** Writes a file, in pieces where it comes in pieces. `failure` where it cannot be written. What fails in between is thrown as it is. */
  async write(name: string, content: string | AsyncIterable<string>): Promise<void> {
    const path = join(this.path, name);
    await this.#attempt(name, () => makeFolders(dirname(path)));
    const file = await this.#attempt(name, () => open(path, 'wx', 0o600));
    try {
      this.files.push(name);
      for await (const piece of typeof content === 'string' ? [content] : content) {
        await this.#attempt(name, () => file.appendFile(piece));
      }
    } finally {
      await file.close();
    }
  }

  /** Writes what makes the folder an export. */
  async finish(index: Readonly<Record<string, unknown>>): Promise<void> {
    const files = [...this.files, INDEX_FILE].sort();
    await this.write(INDEX_FILE, `${JSON.stringify({ [INDEX_KEY]: 1, ...index, files }, null, 2)}\n`);
    this.files.sort();
  }

  /** Takes away what was written. */
  async discard(): Promise<void> {
    const entries = await readdir(this.path).catch(() => []);
    for (const entry of entries) await rm(join(this.path, entry), { recursive: true, force: true }).catch(() => undefined);
    for (const made of this.#made) await rmdir(made).catch(() => undefined);
  }

  async #attempt<T>(name: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw new ZkdError('failure', `Cannot write ${join(this.path, name)}: ${messageOf(error)}`, {
        cause: error,
        details: { dir: this.path, ...(name !== '' && { file: name }) },
      });
    }
  }
}

/** Why an export must not be written there; undefined where it may. */
async function foreignEntry(path: string): Promise<string | undefined> {
  let entries: string[];
  try {
    // A folder is marked by what a shell would put behind it.
    const found = await readdir(path, { recursive: true, withFileTypes: true });
    entries = found.map((entry) => `${relative(path, join(entry.parentPath, entry.name))}${entry.isDirectory() ? '/' : ''}`);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    return code === 'ENOTDIR' ? 'is no folder' : `cannot be read: ${messageOf(error)}`;
  }
  if (entries.length === 0) return undefined;
  const foreign = entries.find((entry) => !OWN_FILES.test(entry) && !OWN_FOLDER.test(entry));
  if (foreign !== undefined) return `is not empty: it holds ${foreign}, which is of no export`;
  const index = await readFile(join(path, INDEX_FILE), 'utf8').catch(() => '');
  return index.includes(`"${INDEX_KEY}"`) ? undefined : 'is not empty';
}

/**
 * Makes a folder and those above it that are missing; answers the first one it made. Node's own way (`recursive`) never ends where a folder
 * that is there takes no other, as /proc, which says that it is not there.
 */
async function makeFolders(path: string): Promise<string | undefined> {
  try {
    await mkdir(path, { mode: 0o700 });
    return path;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && (await isFolder(path))) return undefined;
    const parent = dirname(path);
    if (code !== 'ENOENT' || parent === path || (await isFolder(parent))) throw error;
    const first = await makeFolders(parent);
    return (await makeFolders(path)) === undefined ? first : (first ?? path);
  }
}

const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
