// What npm runs before it compiles anything: says in one paragraph why that cannot work, in place of the compiler's hundred lines.
// Runs before dependencies exist, so it uses nothing but Node. `--node-only` leaves the tools out, for who brings them later.
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** The first release for which the native ZooKeeper client does not compile; `engines` in package.json says the same. */
const TOO_NEW = 26;
const COMPILER = 'its ZooKeeper client (the package "zookeeper") is compiled while it is installed';

const { node } = process.versions;
const isInstalled = (...names) =>
  (process.env.PATH ?? '').split(delimiter).some((folder) => names.some((name) => isExecutable(join(folder, name))));

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Debian's names of what compiling takes and is not there. Elsewhere than on Linux compiled clients come with the package. */
function missingTools() {
  if (process.platform !== 'linux' || process.argv.includes('--node-only')) return [];
  const { env } = process;
  return [
    ...(env.PYTHON || env.npm_config_python || isInstalled('python3', 'python') ? [] : ['python3']),
    ...(env.MAKE || isInstalled('make', 'gmake') ? [] : ['make']),
    ...(env.CXX || isInstalled('c++', 'g++') ? [] : ['g++']),
  ];
}

function problem() {
  if (Number(node.split('.')[0]) >= TOO_NEW) {
    return [
      `zkd is not installed: ${COMPILER}, and does not compile for Node ${TOO_NEW} and newer. This is Node ${node}.`,
      'Use Node 20, 22 or 24, and install zkd again.',
    ];
  }
  const missing = missingTools();
  if (missing.length === 0) return undefined;
  return [
    `zkd is not installed: ${COMPILER}, and this machine lacks ${missing.join(', ')}.`,
    `On Debian and Ubuntu: apt-get install --yes ${missing.join(' ')}`,
  ];
}

const lines = problem();
if (lines) {
  console.error(`${lines.join('\n')}\nThe cluster commands need no such client: with --ignore-scripts zkd is installed without it.`);
  process.exitCode = 1;
}
