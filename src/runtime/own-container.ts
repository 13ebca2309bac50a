/** Which container this process runs in, as Linux's mount table tells it. */
import { readFileSync } from 'node:fs';

/**
 * Engines mount these three files into every container from a folder of that container: `/var/lib/docker/containers/<id>/hosts`, Podman with
 * `userdata/` before the file. A container in another one's network has the other one's files, and that is the one whose networks count.
 * A control group would name its own; a host name may be anything. Neither is asked.
 */
const OWN_FILE = /^\/etc\/(hosts|hostname|resolv\.conf)$/;
const IN_CONTAINER_FOLDER = /\/([0-9a-f]{64})\/(?:userdata\/)?(hosts|hostname|resolv\.conf)$/;

/** The full id out of the text of `/proc/self/mountinfo` (proc(5)): fourth field the file mounted, fifth where. Undefined on a host. Pure. */
export function containerIdIn(mountinfo: string): string | undefined {
  for (const line of mountinfo.split('\n')) {
    const [, , , source = '', target = ''] = line.split(' ');
    const file = OWN_FILE.exec(target)?.[1];
    const [, id, mounted] = IN_CONTAINER_FOLDER.exec(source) ?? [];
    if (file !== undefined && mounted === file) return id;
  }
  return undefined;
}

/** The id of the container this process runs in, of whatever engine; undefined on a host, and where there is no such table. */
export function findOwnContainerId(): string | undefined {
  try {
    return containerIdIn(readFileSync('/proc/self/mountinfo', 'utf8'));
  } catch {
    return undefined;
  }
}
