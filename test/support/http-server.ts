/** The HTTP server of test/support/http-server as an image of its own: static, from scratch, no shell in it. */
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { pack } from 'tar-stream';

const SOURCE = new URL('http-server/server.c', import.meta.url).pathname;
const COMPILE = ['-static', '-O2', '-s', '-Wall', '-Wextra', '-Werror', '-pthread'];
const PLAIN = ['ENTRYPOINT ["server"]', 'EXPOSE 80'];
/** Quick enough for tests that wait for it. */
const CHECKED = [...PLAIN, 'HEALTHCHECK --interval=200ms --timeout=5s --retries=1 CMD ["server", "check"]'];

/**
 * The reference of the image with the server (what it does: server.c); made where this content of it is not there yet. `checked` has a health
 * check: `docker exec NAME server unwell` lets it fail, `server well` lets it succeed again.
 */
export async function httpServerImage(kind: 'plain' | 'checked' = 'plain'): Promise<string> {
  const changes = kind === 'plain' ? PLAIN : CHECKED;
  const key = createHash('sha256').update(JSON.stringify([await readFile(SOURCE, 'utf8'), COMPILE, changes]));
  const reference = `zkdtest/http:${key.digest('hex').slice(0, 16)}`;
  if (await isThere(reference)) return reference;
  const { stdout: id } = await execa('docker', ['import', ...changes.flatMap((change) => ['--change', change]), '-'], {
    input: await fileSystem(),
  });
  // Two test files may be at it at once: one image is enough.
  if (await isThere(reference)) await execa('docker', ['rmi', id]);
  else await execa('docker', ['tag', id, reference]);
  return reference;
}

async function isThere(reference: string): Promise<boolean> {
  return (await execa('docker', ['image', 'inspect', reference], { reject: false })).exitCode === 0;
}

/** A tar of all there is in it: the server, and a place for the file by which it is unwell. */
async function fileSystem(): Promise<Buffer> {
  const tar = pack();
  tar.entry({ name: 'tmp', type: 'directory', mode: 0o1777 });
  tar.entry({ name: 'bin', type: 'directory', mode: 0o755 });
  tar.entry({ name: 'bin/server', mode: 0o755 }, await compile());
  tar.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of tar) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

async function compile(): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'zkd-http-server.'));
  try {
    const file = join(folder, 'server');
    const { exitCode, all } = await execa('gcc', [...COMPILE, '-o', file, SOURCE], { reject: false, all: true });
    if (exitCode !== 0) throw new Error(`the HTTP server does not compile; bin/setup --yes --with-tests brings what it needs\n${all}`);
    return await readFile(file);
  } finally {
    await rm(folder, { recursive: true });
  }
}
