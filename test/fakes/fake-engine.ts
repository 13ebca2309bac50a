/**
 * A container engine in memory, for the tests of rooms and commands. Passes the contract suite that the real adapter passes.
 * Refuses in the real engine's words and translates them as the adapter does, so that errors are the same, message and details.
 * Programs do not run: a test says through `onStart`, `onExec`, `onStop`, `exit` and `log` what a program would do.
 */
import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import { byExistingDirectory } from '../../src/engine/archive.js';
import { EngineRefusal, pullAbandoned, toZkdError } from '../../src/engine/docker-errors.js';
import type * as port from '../../src/engine/engine.js';
import { FakeExec } from './fake-exec.js';
import type { FakeCommand } from './fake-exec.js';
import { FakeFileSystem, addFile, emptyTree } from './fake-files.js';
import type { FakeTree } from './fake-files.js';

/** An image as a test describes it. */
export interface FakeImage {
  readonly labels?: port.Labels;
  readonly env?: Readonly<Record<string, string>>;
  readonly command?: readonly string[];
  readonly user?: string;
  /** TCP ports its programs listen on. */
  readonly exposes?: readonly number[];
  readonly stopSignal?: string;
  /** Paths that become anonymous volumes where the container mounts nothing. */
  readonly volumes?: readonly string[];
  readonly files?: Readonly<Record<string, string>>;
}

/** A container inside the fake. Hooks of a test may read it, and read and write its files. */
export interface FakeContainer {
  readonly id: string;
  name: string;
  readonly spec: port.ContainerSpec;
  readonly image: port.ImageSummary & FakeImage;
  readonly files: FakeFileSystem;
  readonly volumes: ReadonlyMap<string, string>;
  readonly createdAt: string;
  readonly log: port.LogLine[];
  /** By name; `network` is known once attached. */
  readonly networks: Map<string, { network: string | undefined; address: string }>;
  state: port.ContainerState;
  ports: port.PortBinding[];
  exitCode: number;
  outOfMemory: boolean;
  startError: string;
  startedAt: string | null;
  finishedAt: string | null;
  restarts: number;
  restartPolicy: port.RestartPolicy;
  health: port.ContainerDetails['health'];
  /** A program that was told to end is not restarted by its policy. */
  endsOnPurpose: boolean;
  restartTimer: NodeJS.Timeout | undefined;
}

interface FakeVolume extends port.VolumeSummary {
  readonly tree: FakeTree;
  readonly anonymous: boolean;
}

/** One recorded call. */
export interface FakeCall {
  readonly method: string;
  readonly args: readonly unknown[];
}

const IMMEDIATE_SIGNALS: Readonly<Record<string, number>> = { HUP: 1, INT: 2, QUIT: 3, KILL: 9, TERM: 15 };

/** See the head of the file. */
export class FakeEngine implements port.Engine {
  endpoint: port.EngineEndpoint = { kind: 'unix', url: 'unix:///fake.sock', remoteHost: null, source: 'a test' };
  identity: port.EngineIdentity = { id: 'FAKE:ENGINE', name: 'fake-host' };
  version: port.EngineInfo = { engineVersion: '20.10.24', apiVersion: '1.41', os: 'linux', architecture: 'amd64' };
  /** The name of the container the process is said to run in; it runs on a host where absent. */
  ownContainer: string | undefined;
  /** Every call of the port's methods, in order. */
  readonly calls: FakeCall[] = [];
  /** What a program does when it starts, for instance end again (`engine.exit`) or write files. Awaited before the start returns. */
  onStart: ((container: FakeContainer) => void | Promise<void>) | undefined;
  /** What a command run inside answers; nothing and exit code 0 where absent. */
  onExec:
    ((container: FakeContainer, options: port.ExecOptions) => Partial<port.ExecResult> | Promise<Partial<port.ExecResult>>) | undefined;
  /** What a command with its streams attached does; as `onExec`, once its input has ended, where absent. */
  onAttach: ((container: FakeContainer, options: port.AttachedExecOptions) => FakeCommand | undefined) | undefined;
  /** All commands that were attached to, in order. */
  readonly attached: FakeExec[] = [];
  /** The exit code of a program that is sent TERM; undefined where it does not listen and is killed after the timeout. 143 where absent. */
  onStop: ((container: FakeContainer) => number | undefined) | undefined;
  /** What a registry answers to a pull: an image, or the words it refuses with. Refuses as without a network where absent. */
  onPull: ((reference: string) => FakeImage | string | Promise<FakeImage | string>) | undefined;
  /** The first pause before a restart by policy; each further one is twice as long. */
  restartDelayMs = 1;

  readonly #containers = new Map<string, FakeContainer>();
  readonly #images = new Map<string, port.ImageSummary & FakeImage>();
  readonly #networks = new Map<string, port.NetworkSummary>();
  /** By network id. */
  readonly #subnets = new Map<string, string>();
  readonly #volumes = new Map<string, FakeVolume>();
  readonly #failures = new Map<string, Error[]>();
  readonly #taken: { address: string; port: number }[] = [];
  readonly #listeners = new Set<(event: port.EngineEvent) => void>();
  readonly #wakers = new Set<() => void>();
  #breaks = 0;
  #count = 0;
  #tick = 0n;

  // --- What tests do to it ---

  /** Makes an image known under a reference. */
  addImage(reference: string, image: FakeImage = {}): void {
    const id = `sha256:${this.#newId()}`;
    this.#images.set(withTag(reference), { labels: {}, ...image, id, references: [withTag(reference)], createdAt: this.#now() });
  }

  /** Lets the next call of a method reject. Several queue up. */
  failNext(method: keyof port.Engine, error: Error): void {
    this.#failures.set(method, [...(this.#failures.get(method) ?? []), error]);
  }

  /** Takes a port of the host, as a process would that is no container. */
  occupyPort(portNumber: number, address = '0.0.0.0'): void {
    this.#taken.push({ address, port: portNumber });
  }

  /** Ends the program of a container by itself; its restart policy applies. */
  exit(idOrName: string, exitCode: number, { oom = false }: { readonly oom?: boolean } = {}): void {
    const container = this.#get(idOrName);
    container.outOfMemory = oom;
    this.#ended(container, exitCode);
  }

  /** Lets a container log a line. */
  log(idOrName: string, line: string, stream: port.LogLine['stream'] = 'stdout'): void {
    this.#get(idOrName).log.push({ time: this.#now(), stream, line });
    this.#wake();
  }

  /** Lets the engine tell an event of a container that does nothing else. */
  tell(idOrName: string, action: string, attributes: Readonly<Record<string, string>> = {}): void {
    this.#emit(action, this.#get(idOrName), attributes);
  }

  /** Ends every stream of events, as an engine does that is restarted. */
  breakEvents(): void {
    this.#breaks += 1;
    this.#wake();
  }

  setHealth(idOrName: string, health: port.ContainerDetails['health']): void {
    const container = this.#get(idOrName);
    container.health = health;
    if (health !== null) this.#emit(`health_status: ${health}`, container);
  }

  /** Looks into a container without a recorded call. */
  container(idOrName: string): FakeContainer {
    return this.#get(idOrName);
  }

  // --- The port ---

  info(): Promise<port.EngineInfo> {
    return this.#call('info', [], 'ask for its version', () => this.version);
  }

  identify(): Promise<port.EngineIdentity> {
    return this.#call('identify', [], 'ask which engine it is', () => this.identity);
  }

  createContainer(spec: port.ContainerSpec): Promise<string> {
    return this.#call('createContainer', [spec], `create container "${spec.name}"`, () => {
      if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(spec.name)) {
        throw new EngineRefusal(400, `Invalid container name (${spec.name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`);
      }
      const image = this.#image(spec.image);
      if (image === undefined) throw new EngineRefusal(404, `No such image: ${withTag(spec.image)}`);
      this.#mustBeFree(spec.name);
      const container = this.#newContainer(spec, image);
      this.#containers.set(container.id, container);
      this.#emit('create', container);
      return container.id;
    });
  }

  startContainer(id: string): Promise<void> {
    return this.#call('startContainer', [id], `start container "${id}"`, async () => {
      const container = this.#get(id);
      if (container.state === 'paused') throw new EngineRefusal(409, 'cannot start a paused container, try unpause instead');
      if (container.state === 'running' || container.state === 'restarting') return;
      try {
        this.#attachAll(container);
        container.ports = this.#bind(container);
      } catch (error) {
        this.#detachAll(container);
        if (error instanceof EngineRefusal) container.startError = error.words;
        if (container.exitCode === 0) container.exitCode = 128;
        throw error;
      }
      container.restarts = 0;
      container.endsOnPurpose = false;
      await this.#run(container);
    });
  }

  stopContainer(id: string, options: { readonly timeoutMs: number }): Promise<void> {
    return this.#call('stopContainer', [id, options], `stop container "${id}"`, () => {
      const container = this.#get(id);
      if (!isAlive(container)) return;
      container.endsOnPurpose = true;
      if (container.state !== 'restarting') this.#emit('kill', container, { signal: '15' });
      const listens = this.onStop === undefined ? 143 : this.onStop(container);
      if (listens === undefined) this.#emit('kill', container, { signal: '9' });
      this.#ended(container, listens ?? 137);
      this.#emit('stop', container);
    });
  }

  killContainer(id: string, signal: string): Promise<void> {
    return this.#call('killContainer', [id, signal], `send ${signal} to container "${id}"`, () => {
      const container = this.#get(id);
      if (!isAlive(container)) throw new EngineRefusal(409, `Cannot kill container: ${id}: Container ${container.id} is not running`);
      // As Docker: any signal sent by hand means that the next end is wanted.
      container.endsOnPurpose = true;
      if (container.state === 'restarting') return;
      const number = IMMEDIATE_SIGNALS[signal.replace(/^SIG/, '')];
      this.#emit('kill', container, { signal: String(number ?? signal) });
      if (number !== undefined) this.#ended(container, 128 + number);
    });
  }

  pauseContainer(id: string): Promise<void> {
    return this.#call('pauseContainer', [id], `pause container "${id}"`, () => {
      const container = this.#get(id);
      if (container.state === 'paused') return;
      this.#mustRun(container);
      container.state = 'paused';
      this.#emit('pause', container);
    });
  }

  unpauseContainer(id: string): Promise<void> {
    return this.#call('unpauseContainer', [id], `unpause container "${id}"`, () => {
      const container = this.#get(id);
      if (container.state !== 'paused') return;
      container.state = 'running';
      this.#emit('unpause', container);
    });
  }

  removeContainer(id: string, options: { readonly force?: boolean; readonly anonymousVolumes?: boolean } = {}): Promise<void> {
    return this.#call('removeContainer', [id, options], `remove container "${id}"`, () => {
      const container = this.#find(id);
      if (container === undefined) return;
      if (isAlive(container)) {
        if (options.force !== true) {
          const procedure = container.state === 'paused' ? 'Unpause and then stop' : 'Stop';
          const words = `You cannot remove a ${container.state} container ${container.id}. ${procedure} the container before attempting removal or force remove`;
          throw new EngineRefusal(409, words);
        }
        container.endsOnPurpose = true;
        if (container.state !== 'restarting') this.#emit('kill', container, { signal: '9' });
        this.#ended(container, 137);
      }
      this.#containers.delete(container.id);
      for (const name of container.volumes.values()) {
        if (options.anonymousVolumes === true && this.#volumes.get(name)?.anonymous === true && this.#users(name).length === 0)
          this.#volumes.delete(name);
      }
      this.#emit('destroy', container);
      this.#wake();
    });
  }

  renameContainer(id: string, name: string): Promise<void> {
    return this.#call('renameContainer', [id, name], `rename container "${id}" to "${name}"`, () => {
      const container = this.#get(id);
      if (container.name === name) return;
      this.#mustBeFree(name);
      container.name = name;
      this.#emit('rename', container);
    });
  }

  setRestartPolicy(id: string, policy: port.RestartPolicy): Promise<void> {
    return this.#call('setRestartPolicy', [id, policy], `set the restart policy of container "${id}"`, () => {
      const container = this.#get(id);
      container.restartPolicy = policy;
      this.#emit('update', container);
    });
  }

  findOwnContainer(): Promise<port.ContainerDetails | undefined> {
    const own = this.ownContainer;
    if (own === undefined) return Promise.resolve(undefined);
    return this.#call('findOwnContainer', [], `inspect container "${own}"`, () => {
      const container = this.#find(own);
      return container && this.#details(container);
    });
  }

  findContainer(idOrName: string): Promise<port.ContainerDetails | undefined> {
    return this.#call('findContainer', [idOrName], `inspect container "${idOrName}"`, () => {
      const container = this.#find(idOrName);
      return container && this.#details(container);
    });
  }

  listContainers(labels: port.LabelFilter): Promise<port.ContainerSummary[]> {
    return this.#call('listContainers', [labels], 'list containers', () =>
      [...this.#containers.values()]
        .map((container) => this.#summary(container))
        .filter((summary) => carries(summary.labels, labels))
        .reverse(),
    );
  }

  writeFiles(id: string, files: readonly port.FileEntry[]): Promise<void> {
    return this.#call('writeFiles', [id, files], `write files into container "${id}"`, () => {
      const container = this.#get(id);
      for (const [root, entries] of byExistingDirectory(files)) {
        if (container.files.get(root) === undefined) throw new EngineRefusal(404, `Could not find the file ${root} in container ${id}`);
        for (const entry of entries) if (!container.files.put(entry)) throw new EngineRefusal(400, 'extraction point is not a directory');
      }
    });
  }

  findFile(id: string, path: string): Promise<port.FileSummary | undefined> {
    return this.#call('findFile', [id, path], `look at ${path} of container "${id}"`, () => {
      const file = this.#get(id).files.get(path);
      return file?.content && { sizeBytes: file.content.length, mode: file.mode };
    });
  }

  readFile(id: string, path: string): Promise<Buffer | undefined> {
    return this.#call('readFile', [id, path], `read ${path} of container "${id}"`, () => this.#get(id).files.get(path)?.content);
  }

  readFiles(id: string, path: string): Promise<ReadonlyMap<string, Buffer>> {
    return this.#call('readFiles', [id, path], `read ${path} of container "${id}"`, () => this.#get(id).files.files(path));
  }

  exec(id: string, options: port.ExecOptions): Promise<port.ExecResult> {
    return this.#call('exec', [id, options], `run ${options.command[0] ?? 'nothing'} in container "${id}"`, async () => {
      const container = this.#mayRunInside(id);
      return { exitCode: 0, stdout: Buffer.alloc(0), stderr: Buffer.alloc(0), ...(await this.onExec?.(container, options)) };
    });
  }

  attachExec(id: string, options: port.AttachedExecOptions): Promise<port.AttachedExec> {
    return this.#call('attachExec', [id, options], `run ${options.command[0] ?? 'nothing'} in container "${id}"`, () => {
      const container = this.#mayRunInside(id);
      const exec = new FakeExec(options, this.onAttach?.(container, options) ?? this.#asExec(container));
      this.attached.push(exec);
      return exec;
    });
  }

  async *logs(id: string, options: port.LogOptions = {}): AsyncGenerator<port.LogLine, void, undefined> {
    const { follow = false, tail, since = 0, signal } = options;
    const container = await this.#call('logs', [id, options], `read the log of container "${id}"`, () => this.#get(id));
    if (isAborted(signal)) return;
    const old = container.log.filter(({ time }) => (typeof since === 'string' ? time >= since : Date.parse(time) >= since * 1000));
    let next = container.log.length;
    yield* tail === undefined ? old : old.slice(Math.max(0, old.length - tail));
    while (follow && !isAborted(signal)) {
      const line = container.log[next];
      if (line !== undefined) {
        next++;
        yield line;
      } else {
        if (!isAlive(container) || !this.#containers.has(container.id)) return;
        await this.#woken(signal);
      }
    }
  }

  events(options: { readonly labels: port.LabelFilter; readonly signal: AbortSignal }): AsyncIterable<port.EngineEvent> {
    const { labels, signal } = options;
    const queue: port.EngineEvent[] = [];
    const listen = (event: port.EngineEvent): void => {
      if (carries(event.attributes, labels)) queue.push(event);
    };
    const opened = this.#call('events', [options], 'follow events', () => undefined);
    opened.catch(() => undefined);
    this.#listeners.add(listen);
    const breaks = this.#breaks;
    const read = async function* (this: FakeEngine): AsyncGenerator<port.EngineEvent, void, undefined> {
      try {
        await opened;
        while (!signal.aborted) {
          const event = queue.shift();
          if (event === undefined && breaks !== this.#breaks)
            throw toZkdError(Object.assign(new Error(), { code: 'ECONNRESET' }), { what: 'follow events', endpoint: this.endpoint });
          if (event === undefined) await this.#woken(signal);
          else yield event;
        }
      } finally {
        this.#listeners.delete(listen);
      }
    };
    return read.call(this);
  }

  pullImage(reference: string, options: { readonly signal?: AbortSignal; readonly onProgress?: () => void } = {}): Promise<void> {
    const attempt = { what: `pull image "${reference}"`, endpoint: this.endpoint, reason: 'image-unavailable' } as const;
    return this.#call('pullImage', [reference, options], attempt.what, async () => {
      options.onProgress?.();
      const pull = Promise.resolve(
        this.onPull?.(reference) ?? 'Get "https://registry.invalid/v2/": dial tcp: lookup registry.invalid: no such host',
      );
      const answer = await Promise.race([aborted(options.signal), pull]);
      if (answer === undefined) throw pullAbandoned(reference, options.signal?.reason);
      if (typeof answer !== 'string') return this.addImage(reference, answer);
      throw toZkdError(new EngineRefusal(500, answer), attempt);
    });
  }

  findImage(reference: string): Promise<port.ImageSummary | undefined> {
    return this.#call('findImage', [reference], `inspect image "${reference}"`, () => {
      const image = this.#image(reference);
      return image && { ...imageSummary(image), env: image.env ?? {} };
    });
  }

  listImages(labels: port.LabelFilter): Promise<port.ImageSummary[]> {
    return this.#call('listImages', [labels], 'list images', () =>
      [...this.#images.values()].filter((image) => carries(image.labels, labels)).map(imageSummary),
    );
  }

  createNetwork(spec: port.NetworkSpec): Promise<string> {
    return this.#call('createNetwork', [spec], `create network "${spec.name}"`, () => {
      const id = this.#newId();
      if (spec.subnet !== undefined && [...this.#subnets.values()].includes(spec.subnet)) {
        throw new EngineRefusal(403, 'Pool overlaps with other one on this address space');
      }
      this.#subnets.set(id, spec.subnet ?? `172.${20 + this.#subnets.size}.0.0/16`);
      this.#networks.set(id, { id, name: spec.name, labels: spec.labels ?? {}, createdAt: this.#now(), driver: 'bridge' });
      return id;
    });
  }

  listNetworks(filter: { readonly labels?: port.LabelFilter; readonly name?: string }): Promise<port.NetworkSummary[]> {
    return this.#call('listNetworks', [filter], 'list networks', () =>
      [...this.#networks.values()].filter(
        ({ name, labels }) => (filter.name === undefined || filter.name === name) && carries(labels, filter.labels ?? {}),
      ),
    );
  }

  listAttachments(networkId: string): Promise<port.NetworkAttachment[]> {
    return this.#call('listAttachments', [networkId], `inspect network "${networkId}"`, () => {
      const { id } = this.#network(networkId);
      return this.#attached(id).map((container) => ({ containerId: container.id, containerName: container.name }));
    });
  }

  removeNetwork(id: string): Promise<void> {
    return this.#call('removeNetwork', [id], `remove network "${id}"`, () => {
      const matches = this.#matchingNetworks(id);
      if (matches.length === 0) return;
      const network = this.#network(id);
      if (this.#attached(network.id).length > 0) {
        throw new EngineRefusal(403, `error while removing network: network ${network.name} id ${network.id} has active endpoints`);
      }
      this.#networks.delete(network.id);
      this.#subnets.delete(network.id);
    });
  }

  connectNetwork(id: string, containerId: string, aliases?: readonly string[]): Promise<void> {
    return this.#call('connectNetwork', [id, containerId, aliases], `connect container "${containerId}" to network "${id}"`, () => {
      const network = this.#network(id);
      const container = this.#get(containerId);
      if (container.networks.get(network.name)?.network === network.id) return;
      container.networks.set(network.name, { network: network.id, address: isAlive(container) ? this.#newAddress() : '' });
      this.#emitNetwork('connect', network, container);
    });
  }

  disconnectNetwork(id: string, containerId: string): Promise<void> {
    return this.#call('disconnectNetwork', [id, containerId], `disconnect container "${containerId}" from network "${id}"`, () => {
      const network = this.#network(id);
      const container = this.#get(containerId);
      container.networks.delete(network.name);
      this.#emitNetwork('disconnect', network, container);
    });
  }

  createVolume(name: string, labels: port.Labels = {}): Promise<void> {
    return this.#call('createVolume', [name, labels], `create volume "${name}"`, () => void this.#volume(name, labels, false));
  }

  listVolumes(filter: { readonly labels?: port.LabelFilter; readonly names?: readonly string[] }): Promise<port.VolumeSummary[]> {
    return this.#call('listVolumes', [filter], 'list volumes', () =>
      [...this.#volumes.values()]
        .filter(({ name, labels }) => (filter.names === undefined || filter.names.includes(name)) && carries(labels, filter.labels ?? {}))
        .map(({ name, labels, createdAt }) => ({ name, labels, createdAt })),
    );
  }

  removeVolume(name: string): Promise<void> {
    return this.#call('removeVolume', [name], `remove volume "${name}"`, () => {
      const users = this.#users(name);
      if (users.length > 0) throw new EngineRefusal(409, `remove ${name}: volume is in use - [${users.map(({ id }) => id).join(', ')}]`);
      this.#volumes.delete(name);
    });
  }

  close(): Promise<void> {
    this.calls.push({ method: 'close', args: [] });
    for (const { restartTimer } of this.#containers.values()) clearTimeout(restartTimer);
    return Promise.resolve();
  }

  // --- Inside ---

  async #call<T>(method: keyof port.Engine, args: readonly unknown[], what: string, work: () => T | Promise<T>): Promise<T> {
    this.calls.push({ method, args });
    await Promise.resolve();
    const [failure, ...later] = this.#failures.get(method) ?? [];
    this.#failures.set(method, later);
    try {
      if (failure !== undefined) throw failure;
      return await work();
    } catch (error) {
      if (error instanceof EngineRefusal) throw toZkdError(error, { what, endpoint: this.endpoint });
      throw error;
    }
  }

  #newContainer(spec: port.ContainerSpec, image: port.ImageSummary & FakeImage): FakeContainer {
    const own = emptyTree();
    for (const [path, content] of Object.entries(image.files ?? {})) addFile(own, path, content);
    // The host has no files here: what is mounted from there is empty.
    const mounts = (spec.mounts ?? []).filter(({ hostPath }) => hostPath === undefined);
    for (const target of image.volumes ?? []) {
      if (!mounts.some((mount) => mount.target === target) && spec.tmpfs?.[target] === undefined) mounts.push({ target });
    }
    const volumes = mounts.map(
      (mount) => [mount, this.#volume(mount.volume ?? this.#newId(), mount.labels ?? {}, mount.volume === undefined)] as const,
    );
    for (const [{ target, noCopy }, { tree }] of volumes) {
      if (noCopy !== true && tree.size === 1) copyBelow(own, target, tree);
    }
    return {
      id: this.#newId(),
      name: spec.name,
      spec,
      image,
      files: new FakeFileSystem(own, new Map(volumes.map(([{ target }, { tree }]) => [target, tree]))),
      volumes: new Map(volumes.map(([{ target }, { name }]) => [target, name])),
      createdAt: this.#now(),
      log: [],
      networks: new Map([[this.#networkName(spec.network), { network: undefined, address: '' }]]),
      state: 'created',
      ports: [],
      exitCode: 0,
      outOfMemory: false,
      startError: '',
      startedAt: null,
      finishedAt: null,
      restarts: 0,
      restartPolicy: spec.restart ?? 'no',
      health: null,
      endsOnPurpose: false,
      restartTimer: undefined,
    };
  }

  async #run(container: FakeContainer): Promise<void> {
    Object.assign(container, { state: 'running', startedAt: this.#now(), startError: '', outOfMemory: false });
    if (container.spec.healthCheck) container.health = 'starting';
    this.#emit('start', container);
    await this.onStart?.(container);
  }

  #ended(container: FakeContainer, exitCode: number): void {
    clearTimeout(container.restartTimer);
    const wasUp = container.state !== 'restarting';
    if (wasUp) {
      Object.assign(container, { exitCode, finishedAt: this.#now() });
      container.ports = [];
      for (const attachment of container.networks.values()) attachment.address = '';
    }
    const restarts = container.restartPolicy === 'unless-stopped' && !container.endsOnPurpose;
    container.state = restarts ? 'restarting' : 'exited';
    if (wasUp) this.#emit('die', container, { exitCode: String(exitCode) });
    this.#wake();
    if (!restarts) return;
    container.restarts++;
    container.restartTimer = setTimeout(() => void this.#restart(container), this.restartDelayMs * 2 ** (container.restarts - 1));
    // Nothing keeps a test process alive that waits for nothing.
    container.restartTimer.unref();
  }

  async #restart(container: FakeContainer): Promise<void> {
    if (container.state !== 'restarting' || !this.#containers.has(container.id)) return;
    try {
      this.#attachAll(container);
      container.ports = this.#bind(container);
    } catch (error) {
      container.state = 'exited';
      container.startError = error instanceof Error ? error.message : String(error);
      return;
    }
    await this.#run(container);
  }

  #attachAll(container: FakeContainer): void {
    for (const [name, attachment] of [...container.networks]) {
      if (name === 'bridge') {
        attachment.address = this.#newAddress();
        continue;
      }
      // Once attached, the engine remembers the id: another network of the same name is not the same.
      const network = this.#network(attachment.network ?? container.spec.network ?? name);
      container.networks.delete(name);
      container.networks.set(network.name, { network: network.id, address: this.#newAddress() });
    }
  }

  #detachAll(container: FakeContainer): void {
    for (const attachment of container.networks.values()) attachment.address = '';
  }

  #bind(container: FakeContainer): port.PortBinding[] {
    return (container.spec.ports ?? []).map((binding) => {
      const hostPort = binding.hostPort || 49_153 + this.#count++;
      const bound = [...this.#containers.values()].filter((other) => other !== container).flatMap(({ ports }) => ports);
      const overlaps = (address: string): boolean => [address, binding.hostAddress].includes('0.0.0.0') || address === binding.hostAddress;
      const where = `${binding.hostAddress}:${hostPort}`;
      const prefix = `driver failed programming external connectivity on endpoint ${container.name} (${this.#newId()}): `;
      if (bound.some((other) => other.hostPort === hostPort && overlaps(other.hostAddress))) {
        throw new EngineRefusal(500, `${prefix}Bind for ${where} failed: port is already allocated`);
      }
      if (this.#taken.some((taken) => taken.port === hostPort && overlaps(taken.address))) {
        throw new EngineRefusal(500, `${prefix}Error starting userland proxy: listen tcp4 ${where}: bind: address already in use`);
      }
      return { ...binding, hostPort };
    });
  }

  #mustBeFree(name: string): void {
    const owner = [...this.#containers.values()].find((container) => container.name === name);
    if (owner === undefined) return;
    const words = `Conflict. The container name "/${name}" is already in use by container "${owner.id}". You have to remove (or rename) that container to be able to reuse that name.`;
    throw new EngineRefusal(409, words);
  }

  #volume(name: string, labels: port.Labels, anonymous: boolean): FakeVolume {
    const volume = this.#volumes.get(name) ?? { name, labels, createdAt: this.#now(), tree: emptyTree(), anonymous };
    this.#volumes.set(name, volume);
    return volume;
  }

  #users(volume: string): FakeContainer[] {
    return [...this.#containers.values()].filter(({ volumes }) => [...volumes.values()].includes(volume));
  }

  #attached(networkId: string): FakeContainer[] {
    return [...this.#containers.values()].filter(({ networks }) =>
      [...networks.values()].some(({ network, address }) => network === networkId && address !== ''),
    );
  }

  #networkName(idOrName: string | undefined): string {
    return idOrName === undefined ? 'bridge' : (this.#networks.get(idOrName)?.name ?? idOrName);
  }

  #matchingNetworks(idOrName: string): port.NetworkSummary[] {
    const byId = this.#networks.get(idOrName);
    return byId === undefined ? [...this.#networks.values()].filter(({ name }) => name === idOrName) : [byId];
  }

  #network(idOrName: string): port.NetworkSummary {
    const matches = this.#matchingNetworks(idOrName);
    const [network] = matches;
    if (network === undefined) throw new EngineRefusal(404, `network ${idOrName} not found`);
    if (matches.length > 1) throw new EngineRefusal(400, `network ${idOrName} is ambiguous (${matches.length} matches found on name)`);
    return network;
  }

  #image(reference: string): (port.ImageSummary & FakeImage) | undefined {
    return this.#images.get(withTag(reference)) ?? [...this.#images.values()].find(({ id }) => id === reference);
  }

  #find(idOrName: string): FakeContainer | undefined {
    const isMeant = ({ id, name }: FakeContainer): boolean =>
      name === idOrName || id === idOrName || (idOrName.length >= 12 && id.startsWith(idOrName));
    return [...this.#containers.values()].find(isMeant);
  }

  #get(idOrName: string): FakeContainer {
    const container = this.#find(idOrName);
    if (container === undefined) throw new EngineRefusal(404, `No such container: ${idOrName}`);
    return container;
  }

  #mustRun({ id, state }: FakeContainer): void {
    if (state === 'restarting') throw new EngineRefusal(409, `Container ${id} is restarting, wait until the container is running`);
    if (state !== 'running') throw new EngineRefusal(409, `Container ${id} is not running`);
  }

  #mayRunInside(id: string): FakeContainer {
    const container = this.#get(id);
    if (container.state === 'paused') throw new EngineRefusal(409, `Container ${id} is paused, unpause the container before exec`);
    this.#mustRun(container);
    return container;
  }

  #asExec(container: FakeContainer): FakeCommand {
    return async ({ options, input, write }) => {
      const chunks: Buffer[] = [];
      for await (const chunk of input) chunks.push(chunk);
      const { exitCode = 0, stdout, stderr } = (await this.onExec?.(container, { ...options, stdin: Buffer.concat(chunks) })) ?? {};
      if (stdout?.length) await write(stdout);
      if (stderr?.length) await write(stderr, 'stderr');
      return exitCode;
    };
  }

  #summary(container: FakeContainer): port.ContainerSummary {
    const { id, name, spec, image, state, createdAt, networks, volumes } = container;
    return {
      id,
      name,
      image: spec.image,
      imageId: image.id,
      labels: { ...image.labels, ...spec.labels },
      state,
      createdAt,
      ports: [...container.ports],
      exposedPorts: isAlive(container) ? exposedPorts(container) : [],
      networkMode: spec.network ?? 'default',
      networks: [...networks].map(([network, { network: id, address }]) => ({
        name: network,
        id: address === '' ? '' : (id ?? 'bridge'),
        address,
        ...(address === '' ? {} : { gateway: address.replace(/\d+$/, '1') }),
      })),
      volumes: Object.fromEntries(volumes),
      health: state === 'running' ? container.health : null,
    };
  }

  #details(container: FakeContainer): port.ContainerDetails {
    const { spec, image, state, exitCode } = container;
    return {
      ...this.#summary(container),
      declaredPorts: exposedPorts({ ...container, ports: [] }),
      stopSignal: image.stopSignal ?? 'SIGTERM',
      restarts: container.restarts,
      exitCode: state === 'running' || state === 'paused' || state === 'created' ? null : exitCode,
      outOfMemory: container.outOfMemory,
      startError: container.startError,
      startedAt: container.startedAt,
      finishedAt: container.finishedAt,
      restartPolicy: container.restartPolicy,
      env: { ...image.env, ...spec.env },
      hostname: spec.hostname ?? container.id.slice(0, 12),
      user: spec.user ?? image.user ?? '',
      memoryBytes: spec.memoryBytes ?? 0,
      tty: false,
      command: spec.command ?? image.command ?? [],
      wantedPorts: [...(spec.ports ?? [])],
    };
  }

  #emit(action: string, { id, name, spec, image }: FakeContainer, more: Readonly<Record<string, string>> = {}): void {
    const attributes = { ...image.labels, ...spec.labels, image: spec.image, name, ...more };
    this.#tell({ time: this.#now(), type: 'container', action, id, attributes });
  }

  #emitNetwork(action: string, { id, name }: port.NetworkSummary, container: FakeContainer): void {
    this.#tell({ time: this.#now(), type: 'network', action, id, attributes: { name, type: 'bridge', container: container.id } });
  }

  #tell(event: port.EngineEvent): void {
    for (const listener of this.#listeners) listener(event);
    this.#wake();
  }

  #wake(): void {
    for (const waker of this.#wakers) waker();
    this.#wakers.clear();
  }

  #woken(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        signal?.removeEventListener('abort', done);
        resolve();
      };
      signal?.addEventListener('abort', done, { once: true });
      this.#wakers.add(done);
    });
  }

  #newId(): string {
    return createHash('sha256').update(`fake ${this.#count++}`).digest('hex');
  }

  #newAddress(): string {
    this.#count++;
    return `172.20.${Math.floor(this.#count / 250) % 250}.${2 + (this.#count % 250)}`;
  }

  /** Never the same twice, as nanoseconds never are. */
  #now(): string {
    this.#tick = (this.#tick + 1n) % 1_000_000n;
    return `${new Date().toISOString().slice(0, -1)}${this.#tick.toString().padStart(6, '0')}Z`;
  }
}

function aborted(signal: AbortSignal | undefined): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) resolve(undefined);
    else signal?.addEventListener('abort', () => resolve(undefined), { once: true });
  });
}

/** Asked anew each time: between two questions others have run. */
function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
}

function exposedPorts({ image, ports, spec }: FakeContainer): port.ExposedPort[] {
  const bound = (one: number): port.ExposedPort['bindings'] =>
    ports.filter(({ containerPort }) => containerPort === one).map(({ hostAddress, hostPort }) => ({ hostAddress, hostPort }));
  const all = new Set([...(image.exposes ?? []), ...(spec.ports ?? []).map(({ containerPort }) => containerPort)]);
  return [...all].sort((a, b) => a - b).map((one) => ({ port: one, protocol: 'tcp', bindings: bound(one) }));
}

function isAlive({ state }: FakeContainer): boolean {
  return state === 'running' || state === 'paused' || state === 'restarting';
}

function carries(labels: Readonly<Record<string, string>>, filter: port.LabelFilter): boolean {
  return Object.entries(filter).every(([key, value]) => (value === true ? key in labels : labels[key] === value));
}

function imageSummary({ id, references, labels, createdAt }: port.ImageSummary): port.ImageSummary {
  return { id, references, labels, createdAt };
}

function withTag(reference: string): string {
  return /[:@][^/]*$/.test(reference) ? reference : `${reference}:latest`;
}

function copyBelow(from: FakeTree, target: string, to: FakeTree): void {
  for (const [path, file] of from) if (path.startsWith(`${target}/`)) to.set(posix.join('/', path.slice(target.length)), file);
}
