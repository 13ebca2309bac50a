import fc from 'fast-check';
import { pack } from 'tar-stream';
import { describe, expect, it } from 'vitest';
import { byExistingDirectory, packArchive, unpackArchive } from '../../../src/engine/archive.js';
import type { FileEntry } from '../../../src/engine/engine.js';

const owner = { mode: 0o640, uid: 1000, gid: 1000 };
const file = (path: string, content = ''): FileEntry => ({ path, content, ...owner });
const directory = (path: string): FileEntry => ({ path, ...owner });

describe('an archive', () => {
  it('gives back the files that went in, whatever their names and bytes', async () => {
    // Long names and names beyond ASCII need extended headers.
    const part = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 80 }).filter((text) => !/[/\0]/.test(text) && !/^\.+$/.test(text));
    const name = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));
    const files = fc.dictionary(name, fc.uint8Array({ maxLength: 2000 }), { maxKeys: 8, noNullPrototype: true });
    await fc.assert(
      fc.asyncProperty(files, async (contents) => {
        const entries = Object.entries(contents).map(([path, content]) => ({ path: `/conf/${path}`, content, ...owner }));
        const unpacked = await unpackArchive(await packArchive(entries, '/conf'));
        expect(Object.fromEntries(unpacked)).toEqual(
          Object.fromEntries(Object.entries(contents).map(([path, content]) => [path, Buffer.from(content)])),
        );
      }),
    );
  });

  it('gives back regular files only, a hard link with the content it shares', async () => {
    const archive = pack();
    archive.entry({ name: 'conf', type: 'directory' });
    archive.entry({ name: 'conf/a' }, 'content');
    archive.entry({ name: 'conf/hard', type: 'link', linkname: 'conf/a' });
    archive.entry({ name: 'conf/soft', type: 'symlink', linkname: '/etc/shadow' });
    archive.entry({ name: 'conf/pipe', type: 'fifo' });
    archive.entry({ name: 'conf/stray', type: 'link', linkname: '/etc/shadow' });
    archive.finalize();
    const chunks: Buffer[] = [];
    for await (const chunk of archive as AsyncIterable<Buffer>) chunks.push(chunk);
    const files = await unpackArchive(Buffer.concat(chunks));
    expect([...files].map(([name, content]) => `${name}=${content.toString()}`)).toEqual(['conf/a=content', 'conf/hard=content']);
  });

  it('rejects where it is cut short', async () => {
    const archive = await packArchive([file('/a', 'x'.repeat(2000))]);
    await expect(unpackArchive(archive.subarray(0, 1000))).rejects.toThrow();
  });

  it('of nothing is an archive of nothing', async () => {
    expect((await unpackArchive(await packArchive([]))).size).toBe(0);
  });
});

describe('files to write', () => {
  const grouped = (...files: FileEntry[]): Record<string, string[]> =>
    Object.fromEntries([...byExistingDirectory(files)].map(([root, entries]) => [root, entries.map(({ path }) => path)]));

  it('go below the directory that must exist', () => {
    expect(grouped(file('/conf/zoo.cfg'), file('/data/myid'), file('/conf/log.xml'))).toEqual({
      '/conf': ['/conf/zoo.cfg', '/conf/log.xml'],
      '/data': ['/data/myid'],
    });
  });

  it('go below the deepest directory that is not written along', () => {
    expect(grouped(directory('/conf/a'), directory('/conf/a/b'), file('/conf/a/b/c'))).toEqual({
      '/conf': ['/conf/a', '/conf/a/b', '/conf/a/b/c'],
    });
    expect(grouped(directory('/conf'), file('/conf/x'))).toEqual({ '/': ['/conf', '/conf/x'] });
    expect(grouped(file('/x'))).toEqual({ '/': ['/x'] });
  });

  it('have their paths made plain first', () => {
    expect(grouped(directory('/conf/'), file('/conf//a/../x'))).toEqual({ '/': ['/conf', '/conf/x'] });
  });
});
