/** Which local process listens on a TCP port, as Linux's /proc tells it. Elsewhere, or without permission, nobody is found. */
import { readdir, readFile, readlink } from 'node:fs/promises';

export interface ListeningProcess {
  readonly pid: number;
  readonly command: string;
}

const LISTEN = '0A';

async function listeningInodes(port: number): Promise<ReadonlySet<string>> {
  const tables = await Promise.all(['/proc/net/tcp', '/proc/net/tcp6'].map((path) => readFile(path, 'utf8').catch(() => '')));
  const wanted = port.toString(16).toUpperCase().padStart(4, '0');
  const inodes = tables.flatMap((table) =>
    table
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter((fields) => fields[3] === LISTEN && fields[1]?.endsWith(`:${wanted}`))
      .map((fields) => fields[9] ?? ''),
  );
  return new Set(inodes);
}

/** The first process found that holds a listening socket on the port, or undefined. */
export async function findListeningProcess(port: number): Promise<ListeningProcess | undefined> {
  const inodes = await listeningInodes(port);
  if (inodes.size === 0) return undefined;
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name));
  for (const pid of pids) {
    const descriptors = await readdir(`/proc/${pid}/fd`).catch(() => []);
    for (const descriptor of descriptors) {
      const target = await readlink(`/proc/${pid}/fd/${descriptor}`).catch(() => '');
      if (!inodes.has(/^socket:\[(\d+)\]$/.exec(target)?.[1] ?? '')) continue;
      const command = (await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')).trim();
      return { pid: Number(pid), command };
    }
  }
  return undefined;
}
