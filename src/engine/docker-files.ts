/**
 * Files in and out of a container through a Docker engine's archive calls, in the words of DockerHttp. Untranslated errors: docker.ts
 * translates them. No link is followed.
 */
import type { IncomingMessage } from 'node:http';
import { posix } from 'node:path';
import { byExistingDirectory, packArchive, unpackArchive } from './archive.js';
import { EngineRefusal, unlessRefused } from './docker-errors.js';
import { collect, type Call, type DockerHttp } from './docker-http.js';
import type { FileEntry, FileSummary } from './engine.js';

/** Type bits of a Go file mode: what has one of them is no regular file. */
const NOT_REGULAR = 0x8000_0000 | 0x0800_0000 | 0x0400_0000 | 0x0200_0000 | 0x0100_0000;

const archiveCall = (method: Call['method'], id: string, path: string): Call => ({
  method,
  path: ['containers', id, 'archive'],
  query: { path: posix.resolve('/', path) },
});

/** One call per directory that must exist: the engine makes missing parents by itself, owned by root, and so is made to refuse instead. */
export async function writeFiles(http: DockerHttp, id: string, files: readonly FileEntry[]): Promise<void> {
  await Promise.all(
    [...byExistingDirectory(files)].map(async ([root, entries]) =>
      http.done({ ...archiveCall('PUT', id, root), archive: await packArchive(entries, root) }),
    ),
  );
}

/** Size and mode of a regular file; undefined where there is none. */
export async function findFile(http: DockerHttp, id: string, path: string): Promise<FileSummary | undefined> {
  // The refusal of a HEAD has no words, so a missing container has to be told from a missing file.
  const answer = await http.open(archiveCall('HEAD', id, path)).catch(async (error: unknown) => {
    if (!(error instanceof EngineRefusal) || error.status !== 404) throw error;
    await http.done({ method: 'GET', path: ['containers', id, 'json'] });
    return undefined;
  });
  answer?.resume();
  const stat = answer && pathStat(answer);
  return stat && isRegular(stat) ? { sizeBytes: stat.size, mode: stat.mode & 0o777 } : undefined;
}

/** The content of a regular file; undefined where there is none. */
export async function readFile(http: DockerHttp, id: string, path: string): Promise<Buffer | undefined> {
  const archive = await readArchive(http, id, path, isRegular);
  return archive === undefined ? undefined : [...(await unpackArchive(archive)).values()][0];
}

/** All regular files at or below a path, by absolute path. */
export async function readFiles(http: DockerHttp, id: string, path: string): Promise<ReadonlyMap<string, Buffer>> {
  const archive = await readArchive(http, id, path, () => true);
  if (archive === undefined) return new Map();
  // Names in the archive begin with the last part of the path.
  const parent = posix.dirname(posix.resolve('/', path));
  return new Map([...(await unpackArchive(archive))].map(([name, content]) => [posix.join(parent, name), content]));
}

/** The archive of a path; undefined where it does not exist or is not wanted. */
async function readArchive(http: DockerHttp, id: string, path: string, isWanted: (stat: PathStat) => boolean): Promise<Buffer | undefined> {
  const answer = await unlessRefused(http.open(archiveCall('GET', id, path)), /could not find the file/i);
  if (answer === undefined) return undefined;
  if (!isWanted(pathStat(answer))) return void answer.destroy();
  return collect(answer);
}

interface PathStat {
  /** Go's: type bits high, permission bits low. */
  readonly mode: number;
  readonly size: number;
}

const isRegular = ({ mode }: PathStat): boolean => (mode & NOT_REGULAR) === 0;

/** What the engine says of a path beside the archive. */
function pathStat(answer: IncomingMessage): PathStat {
  const header = Buffer.from(String(answer.headers['x-docker-container-path-stat']), 'base64').toString();
  return JSON.parse(header) as PathStat;
}
