// zkCli.sh as people run it: with the Java of this machine where there is one, on the files of the image; otherwise in a member's container,
// which costs it the `docker exec` besides.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { timeProcess } from './measure.js';

/** `container` is a member that runs, and `port` where it listens. `get` answers milliseconds; `close` leaves nothing behind. */
export function openZkCli(container, port) {
  if (spawnSync('java', ['-version']).status !== 0) {
    return {
      name: 'zkCli.sh get, in a container',
      get: (path) => timeProcess('docker', ['exec', container, 'zkCli.sh', '-server', `${container}:${port}`, 'get', path]),
      close: () => undefined,
    };
  }
  const folder = mkdtempSync(join(tmpdir(), 'zkd-bench.'));
  const home = docker('exec', container, 'bash', '-c', 'dirname "$(dirname "$(type -P zkCli.sh)")"').trim();
  for (const part of ['bin', 'lib']) docker('cp', `${container}:${home}/${part}`, folder);
  docker('cp', `${container}:/conf/logback.xml`, folder);
  return {
    name: 'zkCli.sh get, with the Java of this machine',
    get: (path, hosts) => timeProcess(join(folder, 'bin/zkCli.sh'), ['-server', hosts, 'get', path], { ZOOCFGDIR: folder }),
    close: () => rmSync(folder, { recursive: true }),
  };
}

function docker(...args) {
  const { status, stdout, stderr } = spawnSync('docker', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`docker ${args.join(' ')}: ${stderr}`);
  return stdout;
}
