// What scripts do with ZooKeeper today: the kazoo scripts beside this file, in a Python that has kazoo (`bin/setup --with-tests` brings one).
import { spawnSync } from 'node:child_process';
import { timeProcess } from './measure.js';

const scripts = new URL('kazoo/', import.meta.url).pathname;

/** The quickest to start comes first: one on the PATH may be a wrapper. Throws where none has kazoo. */
export function findKazoo() {
  const python = ['/usr/bin/python3', 'python3'].find((file) => spawnSync(file, ['-c', 'import kazoo']).status === 0);
  if (!python) throw new Error('there is no Python with kazoo to measure against: bin/setup --with-tests brings one');
  const run = (script, ...args) => timeProcess(python, ['-B', `${scripts}${script}`, ...args]);
  return {
    get: (hosts, path) => run('get.py', hosts, path),
    seed: (...args) => run('seed.py', ...args),
    sequential: (...args) => run('sequential.py', ...args),
    asynchronous: (...args) => run('asynchronous.py', ...args),
  };
}
