/**
 * A Docker engine of a test's own, to harm: it can be killed, lose its power and have a full disk, and no other engine notices. It runs
 * in network, process and mount namespaces of its own, so that its members' ports are nobody else's and all it started ends with it.
 * The namespaces live as long as the test process: their first process reads from it, and takes everything along when it ends.
 */
import { once } from 'node:events';
import { mkdir, mkdtemp, open, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa, type Options } from 'execa';
import { afterAll, beforeAll } from 'vitest';
import { retryUntil } from '../../src/runtime/retry-until.js';
import { IMAGE } from './story.js';
import { startZkdThrough } from './zkd.js';

const PREFIX = 'zkd-own-engine.';
const START_TIMEOUT_MS = 60_000;
const DISK_BYTES = 1024 ** 3;

export interface PrivateEngine {
  readonly socket: string;
  /** Starts the engine over the data there is, and waits until it answers. */
  start(): Promise<void>;
  /** SIGKILL to the engine alone: containers run on, and nobody looks after them. */
  kill(): Promise<void>;
  /** Everything is gone from one moment to the next, containers too; data stays. `start` brings the machine and the engine up again. */
  cutPower(): Promise<void>;
  /** Writes until the disk is full, for root too or for everybody else, then gives back so many bytes. */
  fillDisk(by: 'root' | 'others', freeBytes?: number): Promise<void>;
  freeDisk(): Promise<void>;
}

/**
 * A private engine that has the image of ZooKeeper 3.9, for all of a test file: the docker CLI, the engine client and every zkd that the
 * file starts use it. To be called before anything else that has hooks. Its data is on a small disk of its own, an ext4 file.
 */
export function usePrivateEngine(): PrivateEngine {
  let engine: NamespacedEngine | undefined;
  const before = process.env['DOCKER_HOST'];
  beforeAll(async () => {
    await removeAbandoned();
    const image = await execa('docker', ['image', 'save', IMAGE], { encoding: 'buffer', maxBuffer: DISK_BYTES });
    engine = new NamespacedEngine(await mkdtemp(join(tmpdir(), `${PREFIX}${process.pid}-`)));
    await engine.makeDisk();
    await engine.start();
    process.env['DOCKER_HOST'] = `unix://${engine.socket}`;
    await execa('docker', ['image', 'load'], { input: image.stdout });
  });
  afterAll(async () => {
    if (before === undefined) delete process.env['DOCKER_HOST'];
    else process.env['DOCKER_HOST'] = before;
    startZkdThrough([]);
    await engine?.destroy();
  });
  const get = (): NamespacedEngine => {
    if (!engine) throw new Error('the private engine is there in tests and hooks only');
    return engine;
  };
  return {
    get socket() {
      return get().socket;
    },
    start: () => get().start(),
    kill: () => get().kill(),
    cutPower: () => get().cutPower(),
    fillDisk: (by, freeBytes) => get().fillDisk(by, freeBytes),
    freeDisk: () => get().freeDisk(),
  };
}

interface Machine {
  /** Settles when all processes of its namespaces are gone. */
  readonly ended: Promise<unknown>;
  /** Their first process, by the number it has outside. */
  readonly init: number;
}

class NamespacedEngine {
  #machine: Machine | undefined;
  #daemon: { readonly ended: Promise<unknown>; readonly pid: number } | undefined;

  constructor(readonly folder: string) {}

  get socket(): string {
    return join(this.folder, 'docker.sock');
  }

  get #disk(): string {
    return join(this.folder, 'disk');
  }

  get #run(): string {
    return join(this.folder, 'run');
  }

  async makeDisk(): Promise<void> {
    const image = join(this.folder, 'disk.img');
    const file = await open(image, 'w');
    await file.truncate(DISK_BYTES);
    await file.close();
    await execa('mkfs.ext4', ['-q', '-F', image], { env: { PATH: withSbin() } });
    await mkdir(this.#disk);
    await mkdir(this.#run);
  }

  async start(): Promise<void> {
    const { init } = (this.#machine ??= await this.#bootMachine());
    // Numbers in the files of a daemon that was killed are other processes' by now, and would keep the next one from starting.
    for (const stale of [join(this.folder, 'dockerd.pid'), join(this.#run, 'containerd/containerd.pid'), this.socket]) {
      await rm(stale, { force: true });
    }
    const args = ['--host', `unix://${this.socket}`, '--data-root', join(this.#disk, 'docker'), '--exec-root', this.#run];
    const log = { file: join(this.folder, 'dockerd.log'), append: true } as const;
    const daemon = this.#inside(['dockerd', ...args, '--pidfile', join(this.folder, 'dockerd.pid')], {
      reject: false,
      stdout: log,
      stderr: log,
    });
    const isUp = async (): Promise<true | undefined> => {
      const { exitCode } = await execa('docker', ['--host', `unix://${this.socket}`, 'version'], { reject: false });
      return exitCode === 0 ? true : undefined;
    };
    if (!(await retryUntil(isUp, { timeoutMs: START_TIMEOUT_MS, intervalMs: 100 }))) {
      throw new Error(`the private engine does not start:\n${await readFile(join(this.folder, 'dockerd.log'), 'utf8')}`);
    }
    this.#daemon = { ended: daemon, pid: await childOf(daemon.pid) };
    startZkdThrough(['nsenter', `--net=/proc/${init}/ns/net`]);
  }

  async kill(): Promise<void> {
    if (!this.#daemon) throw new Error('the private engine does not run');
    process.kill(this.#daemon.pid, 'SIGKILL');
    await this.#daemon.ended;
    this.#daemon = undefined;
  }

  async cutPower(): Promise<void> {
    const machine = this.#machine;
    this.#machine = undefined;
    this.#daemon = undefined;
    if (!machine) return;
    // The end of the first process is the end of all others: the kernel kills them, then takes the mounts away.
    process.kill(machine.init, 'SIGKILL');
    await machine.ended;
  }

  async fillDisk(by: 'root' | 'others', freeBytes = 0): Promise<void> {
    const filler = join(this.#disk, `filler-${by}`);
    const user = by === 'root' ? '' : 'setpriv --reuid=65534 --regid=65534 --clear-groups';
    // It ends where there is no space left. Some space is kept for root, as on most disks.
    await this.#inside(['bash', '-c', `exec ${user} dd if=/dev/zero bs=4k status=none >"$0"`, filler], { reject: false });
    if (freeBytes > 0) await this.#inside(['truncate', `--size=-${freeBytes}`, filler]);
    await this.#inside(['sync', '--file-system', this.#disk]);
  }

  async freeDisk(): Promise<void> {
    await this.#inside(['rm', '--force', join(this.#disk, 'filler-root'), join(this.#disk, 'filler-others')]);
  }

  async destroy(): Promise<void> {
    await this.cutPower();
    await rm(this.folder, { recursive: true, force: true });
  }

  async #bootMachine(): Promise<Machine> {
    const script = 'ip link set lo up && mount -o loop "$0/disk.img" "$0/disk" && echo up && read -r _';
    const ended = execa('unshare', ['--net', '--pid', '--mount', '--fork', '--mount-proc', 'bash', '-c', script, this.folder], {
      reject: false,
      stdin: 'pipe',
      env: { PATH: withSbin() },
    });
    const fails = ended.then(({ stderr }) => {
      throw new Error(`the machine of the private engine does not start: ${stderr}`);
    });
    await Promise.race([once(ended.stdout, 'data'), fails]);
    fails.catch(() => undefined);
    return { ended, init: await childOf(ended.pid) };
  }

  #inside(command: readonly string[], options: Options = {}) {
    if (!this.#machine) throw new Error('the machine of the private engine is off');
    return execa('nsenter', ['--target', String(this.#machine.init), '--net', '--pid', '--mount', '--', ...command], {
      stdin: 'ignore',
      env: { PATH: withSbin() },
      ...options,
    });
  }
}

const withSbin = (): string => `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`;

/** The only child of a process that does nothing but wait for it. */
async function childOf(pid: number | undefined): Promise<number> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  const child = Number(children.trim());
  if (!Number.isInteger(child) || child === 0) throw new Error(`process ${pid} has not one child but "${children}"`);
  return child;
}

/** What a test process that was killed has left: its engine ended with it, the data did not. */
async function removeAbandoned(): Promise<void> {
  for (const entry of await readdir(tmpdir())) {
    const pid = entry.startsWith(PREFIX) ? /^(\d+)-/.exec(entry.slice(PREFIX.length))?.[1] : undefined;
    if (pid === undefined || (await readFile(`/proc/${pid}/stat`).catch(() => undefined))) continue;
    await rm(join(tmpdir(), entry), { recursive: true, force: true });
  }
}
