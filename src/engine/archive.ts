/**
 * Files into and out of a tar archive, the form in which an engine takes and gives them.
 * Whole archives in memory: what zkd moves is configuration, not data.
 * Only regular files come out; links of either kind to outside the archive do not.
 */
import { posix } from 'node:path';
import { extract, pack } from 'tar-stream';
import type { FileEntry } from './engine.js';

/**
 * The entries by the directory they are written into: the deepest one above them that is not itself an entry, so that an engine told to
 * write there refuses where it is missing instead of making it up.
 */
export function byExistingDirectory(files: readonly FileEntry[]): ReadonlyMap<string, readonly FileEntry[]> {
  const entries = files.map((file) => ({ ...file, path: posix.resolve('/', file.path) }));
  const listed = new Set(entries.filter(({ content }) => content === undefined).map(({ path }) => path));
  const groups = new Map<string, FileEntry[]>();
  for (const entry of entries) {
    let root = posix.dirname(entry.path);
    while (listed.has(root) && root !== '/') root = posix.dirname(root);
    groups.set(root, [...(groups.get(root) ?? []), entry]);
  }
  return groups;
}

/** A tar archive of these entries, each named relative to `root`; entries without content are directories. Order is kept. */
export async function packArchive(entries: readonly FileEntry[], root = '/'): Promise<Buffer> {
  const archive = pack();
  const mtime = new Date();
  const prefix = root.endsWith('/') ? root : `${root}/`;
  for (const { path, content, mode, uid, gid } of entries) {
    const header = { name: path.slice(prefix.length), mode, uid, gid, mtime };
    if (content === undefined) archive.entry({ ...header, type: 'directory' });
    else archive.entry(header, typeof content === 'string' ? content : Buffer.from(content));
  }
  archive.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of archive as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** The regular files of a tar archive by their name in it; a hard link has the content of the file it links to. Rejects on a cut archive. */
export async function unpackArchive(archive: Buffer): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  const links: [name: string, target: string][] = [];
  const reader = extract();
  reader.end(archive);
  for await (const entry of reader) {
    const { name, type, linkname } = entry.header;
    const chunks: Buffer[] = [];
    for await (const chunk of entry as AsyncIterable<Buffer>) chunks.push(chunk);
    if (type === 'file' || type === 'contiguous-file') files.set(name, Buffer.concat(chunks));
    if (type === 'link' && typeof linkname === 'string') links.push([name, linkname]);
  }
  for (const [name, target] of links) {
    const content = files.get(target);
    if (content !== undefined) files.set(name, content);
  }
  return files;
}
