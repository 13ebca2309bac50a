/**
 * Files of a fake engine: a tree per container with volumes mounted into it.
 * A volume's tree is shared by all that mount it, and outlives them.
 * Paths are absolute and resolved; a directory is an entry without content.
 */
import { posix } from 'node:path';
import type { FileEntry } from '../../src/engine/engine.js';

/** One file or directory; its path is the key it is kept under. */
export interface FakeFile {
  readonly content?: Buffer;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** By path below the tree's root, which is `/`. */
export type FakeTree = Map<string, FakeFile>;

const ROOT_DIRECTORY: FakeFile = { mode: 0o755, uid: 0, gid: 0 };

/** A new tree that holds nothing but its root. */
export function emptyTree(): FakeTree {
  return new Map([['/', ROOT_DIRECTORY]]);
}

/** What a container sees: its own tree, and volumes over it. */
export class FakeFileSystem {
  readonly #own: FakeTree;
  /** Target -> tree. */
  readonly #mounted: ReadonlyMap<string, FakeTree>;

  constructor(own: FakeTree, mounted: ReadonlyMap<string, FakeTree>) {
    this.#own = own;
    this.#mounted = mounted;
    for (const target of mounted.keys()) makeDirectories(own, target);
  }

  get(path: string): FakeFile | undefined {
    const { tree, key } = this.#place(path);
    return tree.get(key);
  }

  /** Writes one entry; false where the directory above it is missing or is a file. */
  put(entry: FileEntry): boolean {
    const parent = this.get(posix.dirname(posix.resolve('/', entry.path)));
    if (parent === undefined || parent.content !== undefined) return false;
    const { tree, key } = this.#place(entry.path);
    const { mode, uid, gid, content } = entry;
    tree.set(key, { mode, uid, gid, ...(content !== undefined && { content: Buffer.from(content) }) });
    return true;
  }

  delete(path: string): void {
    const { tree, key } = this.#place(path);
    tree.delete(key);
  }

  /** Regular files at or below a path, by absolute path. */
  files(path: string): Map<string, Buffer> {
    const root = posix.resolve('/', path);
    const isBelow = (candidate: string): boolean => candidate === root || root === '/' || candidate.startsWith(`${root}/`);
    const found = new Map<string, Buffer>();
    for (const [mount, tree] of [['/', this.#own] as const, ...this.#mounted]) {
      for (const [key, { content }] of tree) {
        const absolute = posix.join(mount, key);
        if (content !== undefined && isBelow(absolute) && this.#place(absolute).tree === tree) found.set(absolute, content);
      }
    }
    return found;
  }

  #place(path: string): { tree: FakeTree; key: string } {
    const absolute = posix.resolve('/', path);
    const target = [...this.#mounted.keys()]
      .filter((mount) => absolute === mount || absolute.startsWith(`${mount}/`))
      .sort((one, other) => other.length - one.length)[0];
    const tree = target === undefined ? undefined : this.#mounted.get(target);
    if (target === undefined || tree === undefined) return { tree: this.#own, key: absolute };
    return { tree, key: absolute.slice(target.length) || '/' };
  }
}

/** Puts an image's files into a tree, with the directories above them. */
export function addFile(tree: FakeTree, path: string, content: string): void {
  makeDirectories(tree, posix.dirname(path));
  tree.set(path, { content: Buffer.from(content), mode: 0o644, uid: 0, gid: 0 });
}

function makeDirectories(tree: FakeTree, path: string): void {
  for (let directory = path; directory !== '/'; directory = posix.dirname(directory)) {
    if (!tree.has(directory)) tree.set(directory, ROOT_DIRECTORY);
  }
}
