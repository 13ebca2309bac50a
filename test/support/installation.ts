/** zkd as its users get it: packed, and installed by npm into a home and a prefix of its own, with a release of Node of our choice. */
import { cp, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { execa } from 'execa';

const root = new URL('../..', import.meta.url).pathname;
const CACHE = process.env['ZKD_CACHE_DIR'] ?? '/var/cache/zkd';
/** What is not committed. */
const MADE = ['.git', 'node_modules', 'dist', '.cache', 'test-results'];

export interface Packed {
  /** Path of the archive. */
  readonly archive: string;
  readonly files: readonly string[];
  readonly sizeBytes: number;
  readonly unpackedBytes: number;
}

/** Packs a copy of the sources without anything built, into `folder`. */
export async function pack(folder: string): Promise<Packed> {
  const copy = join(folder, 'sources');
  await cp(root, copy, { recursive: true, filter: (path) => !(MADE.includes(basename(path)) && join(root, basename(path)) === path) });
  await symlink(join(root, 'node_modules'), join(copy, 'node_modules'));
  // What the build says comes before the document.
  const { stdout } = await execa('npm', ['pack', '--json', '--pack-destination', folder], { cwd: copy });
  const [packed] = JSON.parse(stdout.slice(stdout.indexOf('[\n'))) as [
    { filename: string; size: number; unpackedSize: number; files: { path: string }[] },
  ];
  return {
    archive: join(folder, packed.filename),
    files: packed.files.map(({ path }) => path).sort(),
    sizeBytes: packed.size,
    unpackedBytes: packed.unpackedSize,
  };
}

/** Where `bin/setup --with-tests` puts a release of Node, its headers included. */
export const nodePrefix = (release: number): string => join(CACHE, 'node', String(release));

/** What a machine needs to reach its registry, and nothing else of the caller's environment or configuration. */
async function reach(): Promise<Record<string, string>> {
  const kept = Object.entries(process.env).filter(([name]) => /^(https?_proxy|no_proxy|NODE_EXTRA_CA_CERTS|DOCKER_\w+)$/i.test(name));
  const settings = await Promise.all(
    ['registry', 'cafile', 'cache'].map(async (key) => [`npm_config_${key}`, (await execa('npm', ['config', 'get', key])).stdout]),
  );
  const set = settings.filter(([, value]) => value !== '' && value !== 'null');
  return Object.fromEntries([...kept, ...set]) as Record<string, string>;
}

/** A clean home with a release of Node; the machine's npm runs on that. */
export class Home {
  readonly #env: Readonly<Record<string, string>>;
  readonly #folder: string;

  private constructor(folder: string, env: Readonly<Record<string, string>>) {
    this.#folder = folder;
    this.#env = env;
  }

  static async create(release: number, path = process.env['PATH'] ?? ''): Promise<Home> {
    const folder = await mkdtemp(join(tmpdir(), `zkd-home-${release}-`));
    const prefix = join(folder, 'prefix');
    // With strict settings npm looks for it before it makes it.
    await mkdir(join(prefix, 'lib'), { recursive: true });
    return new Home(folder, {
      ...(await reach()),
      HOME: folder,
      PATH: `${join(prefix, 'bin')}:${join(nodePrefix(release), 'bin')}:${path}`,
      npm_config_prefix: prefix,
      npm_config_nodedir: nodePrefix(release),
      npm_config_update_notifier: 'false',
      // node-gyp compiles with one processor unless told.
      JOBS: 'max',
      NO_COLOR: '1',
    });
  }

  /** Where the package stands once it is installed. */
  get package(): string {
    return join(this.#folder, 'prefix/lib/node_modules/zkd');
  }

  /** `npm install --global`. */
  install(archive: string, ...flags: string[]) {
    return this.run('npm', 'install', '--global', ...flags, archive);
  }

  /** Runs a command that is found as a user's shell would find it. */
  async run(command: string, ...args: string[]) {
    const options = { env: this.#env, extendEnv: false, reject: false, stdin: 'ignore', cwd: this.#folder } as const;
    // Through env(1): the command is to be found in that search path, not in this one.
    const { exitCode, stdout, stderr } = await execa('/usr/bin/env', [command, ...args], options);
    return { exitCode, stdout, stderr };
  }

  remove(): Promise<void> {
    return rm(this.#folder, { recursive: true, force: true });
  }
}
