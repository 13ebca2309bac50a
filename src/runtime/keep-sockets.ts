/** What children do not inherit. */
import { openSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';

const DESCRIPTORS = '/proc/self/fd';
/** As `fcntl.h` of Linux has it, on every architecture that Node runs on. */
const CLOSE_ON_EXEC = 0o2000000;

let nothing: number | undefined;

/** Standard input, output and error have their own words. */
const FIRST = 3;

/**
 * What stands in a child's `stdio` after its first three, so that it inherits none of this process's sockets: it has `/dev/null` where it would.
 * The ZooKeeper client opens its own without close-on-exec. A child that has one keeps the connection after its loss, and the event loop here
 * goes on to hear of it, under a number that is another socket's by then: no session of this process comes back. Empty where there is no `/proc`.
 */
export function keepSockets(): (number | 'ignore')[] {
  const inherited = openDescriptors().filter(isInheritedSocket);
  const length = Math.max(FIRST, ...inherited.map((fd) => fd + 1)) - FIRST;
  return Array.from({ length }, (_, index) => (inherited.includes(index + FIRST) ? (nothing ??= openSync('/dev/null', 'r')) : 'ignore'));
}

function openDescriptors(): number[] {
  try {
    return readdirSync(DESCRIPTORS).map(Number);
  } catch {
    return [];
  }
}

function isInheritedSocket(fd: number): boolean {
  if (fd < FIRST) return false;
  try {
    if (!readlinkSync(`${DESCRIPTORS}/${fd}`).startsWith('socket:')) return false;
    const flags = /^flags:\s*([0-7]+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1'))?.[1] ?? '';
    return (Number.parseInt(flags, 8) & CLOSE_ON_EXEC) === 0;
  } catch {
    // That of the listing itself, closed since.
    return false;
  }
}
