/**
 * The outward port to a container engine, in our words: what zkd asks of one, and nothing of how it is asked.
 * Rooms know this interface only; `docker.ts` implements it, a fake passes the same contract suite.
 * No vendor type appears here, so that a second engine fits.
 */

/**
 * Why the engine said no, in `details.reason` of the ZkdError an adapter throws. Exit code by reason:
 * - `unreachable`, `permission-denied`, `image-unavailable`: engine-unavailable (5); `image-unavailable` carries the engine's own words
 * - `no-such-container`, `no-such-network`, `no-such-volume`, `no-such-image`, `no-such-file`: not-found (3)
 * - `name-taken`, `port-taken` (details `port`, `address` where the engine says them), `network-in-use`, `volume-in-use`, `network-ambiguous`,
 *   `subnet-taken`, `not-running`, `running` (removing a running container without force): conflict (4)
 * - `disk-full`, `other`: failure (1), with the engine's own words
 */
export type EngineErrorReason =
  | 'unreachable'
  | 'permission-denied'
  | 'image-unavailable'
  | 'no-such-container'
  | 'no-such-network'
  | 'no-such-volume'
  | 'no-such-image'
  | 'no-such-file'
  | 'name-taken'
  | 'port-taken'
  | 'network-in-use'
  | 'volume-in-use'
  | 'network-ambiguous'
  | 'subnet-taken'
  | 'not-running'
  | 'running'
  | 'disk-full'
  | 'other';

/** Which engine this is and where its published ports can be reached. */
export interface EngineEndpoint {
  readonly kind: 'unix' | 'tcp' | 'ssh';
  /** As a `DOCKER_HOST` would say it: `unix:///var/run/docker.sock`, `tcp://10.0.0.5:2376`, `ssh://user@host`. */
  readonly url: string;
  /** The host name of a remote engine; null for a local one, whose published addresses are this machine's own. */
  readonly remoteHost: string | null;
  /** What decided it, for error messages: `--docker-host`, `DOCKER_HOST`, `context "x"`, `default socket`, ... */
  readonly source: string;
}

export type Labels = Readonly<Record<string, string>>;
/** Label filter: a key must be there, or be there with that value. */
export type LabelFilter = Readonly<Record<string, string | true>>;
export type RestartPolicy = 'no' | 'unless-stopped';
export type ContainerState = 'created' | 'running' | 'paused' | 'restarting' | 'removing' | 'exited' | 'dead';

/** One published TCP port. */
export interface PortBinding {
  readonly containerPort: number;
  readonly hostAddress: string;
  readonly hostPort: number;
}

/** A port a program in a container is said to listen on, and where the engine publishes it. */
export interface ExposedPort {
  readonly port: number;
  readonly protocol: 'tcp' | 'udp';
  /** Empty where it is not published. */
  readonly bindings: readonly { readonly hostAddress: string; readonly hostPort: number }[];
}

/** One mount. With neither a volume nor a path the engine makes an anonymous volume, removed with the container on request. */
export interface VolumeMount {
  readonly volume?: string;
  /** A path of the engine's host in place of a volume; `no-such-file` where it is not there. */
  readonly hostPath?: string;
  readonly readOnly?: boolean;
  readonly target: string;
  /** Labels of the volume where this mount creates it; an existing volume keeps its own. */
  readonly labels?: Labels;
  /** Leave the volume empty where the image has content at the target. */
  readonly noCopy?: boolean;
}

/** How the engine finds out whether a container is well. What is absent is as the engine does it. */
export interface HealthCheck {
  /** The words of a command, or a line for the shell the image has. */
  readonly test: readonly ['CMD', ...string[]] | readonly ['CMD-SHELL', string];
  readonly intervalMs?: number;
  readonly timeoutMs?: number;
  /** So long after the start a failure does not count. */
  readonly startPeriodMs?: number;
  /** So many failures in a row make it unhealthy. */
  readonly retries?: number;
}

export interface ContainerSpec {
  readonly name: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly labels?: Labels;
  readonly hostname?: string;
  /** `uid:gid`; the image's own when absent. */
  readonly user?: string;
  /** Network name or id to attach to at start; the engine's default when absent. */
  readonly network?: string;
  readonly networkAliases?: readonly string[];
  readonly ports?: readonly PortBinding[];
  readonly mounts?: readonly VolumeMount[];
  /** Target path -> mount options, e.g. `{"/logs": "uid=1000,gid=1000,size=64m"}`. */
  readonly tmpfs?: Readonly<Record<string, string>>;
  readonly restart?: RestartPolicy;
  /** The image's own when absent. */
  readonly healthCheck?: HealthCheck;
  readonly memoryBytes?: number;
  readonly cpus?: number;
  readonly pidsLimit?: number;
  readonly dropAllCapabilities?: boolean;
  readonly noNewPrivileges?: boolean;
  readonly logRotation?: { readonly maxSizeBytes: number; readonly maxFiles: number };
}

/** What a listing tells of a container: one engine call for any number of them. */
export interface ContainerSummary {
  readonly id: string;
  readonly name: string;
  /** The reference it was created from. */
  readonly image: string;
  readonly imageId: string;
  readonly labels: Labels;
  readonly state: ContainerState;
  /** ISO-8601, UTC. */
  readonly createdAt: string;
  /** Published ports that are in force now (empty while it is not running). */
  readonly ports: readonly PortBinding[];
  /** TCP and UDP ports of its own network, by number; empty while it is not running. */
  readonly exposedPorts: readonly ExposedPort[];
  readonly networks: readonly ContainerNetwork[];
  /** `host`, `none`, `container:<id>`, or the first network it was given. */
  readonly networkMode: string;
  /** Mounted volumes by target path. */
  readonly volumes: Readonly<Record<string, string>>;
  /** Null without a health check, and while it does not run. */
  readonly health: ContainerHealth | null;
}

export type ContainerHealth = 'healthy' | 'unhealthy' | 'starting';

export interface ContainerNetwork {
  readonly name: string;
  /** Empty while the container is not running. */
  readonly id: string;
  /** IPv4 address, empty while the container is not attached. */
  readonly address: string;
  /** IPv4 address of the engine's host on it, where it has one. */
  readonly gateway?: string;
}

/** What an inspection adds to the summary. */
export interface ContainerDetails extends ContainerSummary {
  /** Times the engine restarted it by its restart policy since the last explicit start. */
  readonly restarts: number;
  /** Exit code of the last run; null while it runs or never ran. */
  readonly exitCode: number | null;
  readonly outOfMemory: boolean;
  /** The engine's word on why the last start failed; empty when it did not. */
  readonly startError: string;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
  readonly restartPolicy: string;
  readonly env: Readonly<Record<string, string>>;
  readonly hostname: string;
  readonly user: string;
  readonly memoryBytes: number;
  readonly tty: boolean;
  /** Ports its image and whoever created it say it listens on, by number; without bindings. */
  readonly declaredPorts: readonly ExposedPort[];
  /** As it was said: `SIGTERM`, `QUIT`, `3`. */
  readonly stopSignal: string;
  readonly command: readonly string[];
  /** Wanted bindings, in force or not. */
  readonly wantedPorts: readonly PortBinding[];
}

/** A file or directory to write into a container. Paths are absolute. Directories: `content` absent. */
export interface FileEntry {
  readonly path: string;
  readonly content?: Uint8Array | string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** What is known of a file without reading it. */
export interface FileSummary {
  readonly sizeBytes: number;
  /** Permission bits. */
  readonly mode: number;
}

export interface LogLine {
  /** ISO-8601, UTC, nanoseconds as the engine gives them. */
  readonly time: string;
  readonly stream: 'stdout' | 'stderr';
  readonly line: string;
}

export interface LogOptions {
  readonly follow?: boolean;
  /** The last N lines; all when absent. */
  readonly tail?: number;
  /** Only lines of that time and later: Unix time in seconds, or as {@link LogLine.time} for an exact one. */
  readonly since?: number | string;
  readonly signal?: AbortSignal;
}

export interface ExecOptions {
  readonly command: readonly string[];
  readonly user?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: Uint8Array | string;
}
export interface ExecResult {
  readonly exitCode: number;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

/** Of a terminal, in characters. */
export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

export interface AttachedExecOptions {
  readonly command: readonly string[];
  readonly user?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Whether the command has an input; without one it reads the end at once. */
  readonly hasInput: boolean;
  /** Gives it a terminal of this size; all it shows comes as `stdout`. */
  readonly terminal?: TerminalSize;
}

/** Bytes a program wrote to one of its two streams. */
export interface OutputChunk {
  readonly stream: 'stdout' | 'stderr';
  readonly data: Buffer;
}

export interface ExecEnd {
  /** The command's own; 128+n where a signal ended it, 127 where it does not exist, 126 where it cannot be run. */
  readonly exitCode: number;
  /** Why it could not be started, in the engine's words; null where it was. */
  readonly startError: string | null;
}

/** A command that runs inside, with its streams attached. Whoever starts it reads its output and closes it. */
export interface AttachedExec {
  /** What the command writes, byte by byte as it writes it; ends when it does. Reading slowly makes the command wait. To be read once. */
  readonly output: AsyncIterable<OutputChunk>;
  /** Hands bytes to the command's input; resolves when there is room for more. Bytes it no longer reads are dropped. */
  write(bytes: Uint8Array): Promise<void>;
  /** Ends the command's input; its output goes on. */
  endInput(): void;
  resize(size: TerminalSize): Promise<void>;
  /**
   * Sends a signal (`INT`, `TERM`, ...) to the command and what it started. False where it could not be found: it has ended, has not begun, or
   * the container has no shell to look for it with.
   */
  signal(name: string): Promise<boolean>;
  /** How it ended. To be asked once the output has ended. */
  end(): Promise<ExecEnd>;
  /** Lets go of the streams; a command that still runs is left alone. */
  close(): void;
}

export interface EngineEvent {
  readonly time: string;
  readonly type: string;
  readonly action: string;
  readonly id: string;
  readonly attributes: Readonly<Record<string, string>>;
}

export interface ImageSummary {
  readonly id: string;
  readonly references: readonly string[];
  readonly labels: Labels;
  /** Known of a single image that was asked for only. */
  readonly env?: Readonly<Record<string, string>>;
  readonly createdAt: string;
}

export interface NetworkSpec {
  readonly name: string;
  readonly labels?: Labels;
  /** CIDR; the engine's choice when absent. */
  readonly subnet?: string;
}
export interface NetworkSummary {
  readonly id: string;
  readonly name: string;
  readonly labels: Labels;
  readonly createdAt: string;
  readonly driver: string;
}
export interface NetworkAttachment {
  readonly containerId: string;
  readonly containerName: string;
}

export interface VolumeSummary {
  readonly name: string;
  readonly labels: Labels;
  readonly createdAt: string;
}

export interface EngineInfo {
  readonly engineVersion: string;
  readonly apiVersion: string;
  readonly os: string;
  readonly architecture: string;
}

/** An engine keeps its id; several can have one host name. */
export interface EngineIdentity {
  readonly id: string;
  /** Of its host. */
  readonly name: string;
}

/**
 * A container engine. Every method rejects with a ZkdError carrying an {@link EngineErrorReason}; `find...` answers undefined
 * where the thing is not there. Start, stop, kill of something already so, are successes; removing what is gone too.
 */
export interface Engine {
  readonly endpoint: EngineEndpoint;
  /** Versions of the engine; also the cheapest proof that it answers. */
  info(): Promise<EngineInfo>;
  /** Which one it is among engines. */
  identify(): Promise<EngineIdentity>;

  /** Creates a container and its not yet existing named volumes; answers its id. Does not start it. */
  createContainer(spec: ContainerSpec): Promise<string>;
  startContainer(id: string): Promise<void>;
  /** Sends the stop signal and kills after `timeoutMs` (whole seconds, rounded up). */
  stopContainer(id: string, options: { readonly timeoutMs: number }): Promise<void>;
  /** Sends a signal to a running container (`not-running` otherwise). */
  killContainer(id: string, signal: string): Promise<void>;
  pauseContainer(id: string): Promise<void>;
  unpauseContainer(id: string): Promise<void>;
  /** `force` ends a running one first; `anonymousVolumes` takes its anonymous volumes along. */
  removeContainer(id: string, options?: { readonly force?: boolean; readonly anonymousVolumes?: boolean }): Promise<void>;
  /** Gives a container another name. Of several that are to have one name, one gets it: `name-taken` for the others. */
  renameContainer(id: string, name: string): Promise<void>;
  setRestartPolicy(id: string, policy: RestartPolicy): Promise<void>;
  findContainer(idOrName: string): Promise<ContainerDetails | undefined>;
  /**
   * The container this process runs in where that is one of this engine's; asks the engine only where the process is in a container. Where it
   * shares another container's network, that other one: its networks are the process's.
   */
  findOwnContainer(): Promise<ContainerDetails | undefined>;
  /** All containers, running or not, that carry the labels. */
  listContainers(labels: LabelFilter): Promise<ContainerSummary[]>;

  /** Writes files into a container, running or not; missing directories are made only where listed. */
  writeFiles(id: string, files: readonly FileEntry[]): Promise<void>;
  /** Looks at one regular file in a container, running or not, without reading it: far cheaper. Undefined where it does not exist. */
  findFile(id: string, path: string): Promise<FileSummary | undefined>;
  /** Reads one regular file out of a container, running or not; undefined where it does not exist. */
  readFile(id: string, path: string): Promise<Buffer | undefined>;
  /** Reads all regular files below a directory (or the one file), by absolute path; empty where it does not exist. */
  readFiles(id: string, path: string): Promise<ReadonlyMap<string, Buffer>>;
  /** Runs a command in a running container to its end. */
  exec(id: string, options: ExecOptions): Promise<ExecResult>;
  /** Starts a command in a running container and answers at once, its streams attached. One that cannot be started shows at its end. */
  attachExec(id: string, options: AttachedExecOptions): Promise<AttachedExec>;
  /** Log lines in the engine's order; with `follow` until the container ends or `signal` aborts. */
  logs(id: string, options?: LogOptions): AsyncIterable<LogLine>;
  /** Events from now on that concern things with these labels, until `signal` aborts. */
  events(options: { readonly labels: LabelFilter; readonly signal: AbortSignal }): AsyncIterable<EngineEvent>;

  /** Pulls an image. `onProgress` is called for every sign of life; aborting `signal` ends the wait. */
  pullImage(reference: string, options?: { readonly signal?: AbortSignal; readonly onProgress?: () => void }): Promise<void>;
  findImage(reference: string): Promise<ImageSummary | undefined>;
  listImages(labels: LabelFilter): Promise<ImageSummary[]>;

  createNetwork(spec: NetworkSpec): Promise<string>;
  /** Networks that carry the labels; with `name`, of exactly that name (engines allow several of one name). */
  listNetworks(filter: { readonly labels?: LabelFilter; readonly name?: string }): Promise<NetworkSummary[]>;
  /** Containers attached now, running ones only. */
  listAttachments(networkId: string): Promise<NetworkAttachment[]>;
  removeNetwork(id: string): Promise<void>;
  connectNetwork(id: string, containerId: string, aliases?: readonly string[]): Promise<void>;
  disconnectNetwork(id: string, containerId: string): Promise<void>;

  createVolume(name: string, labels?: Labels): Promise<void>;
  listVolumes(filter: { readonly labels?: LabelFilter; readonly names?: readonly string[] }): Promise<VolumeSummary[]>;
  removeVolume(name: string): Promise<void>;

  /** Ends what the adapter holds open. No method may be called afterwards. */
  close(): Promise<void>;
}
