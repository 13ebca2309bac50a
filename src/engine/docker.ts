/**
 * A Docker engine behind the port: each method is the API calls it takes, and nothing else. The only importer of dockerode.
 * Mapping, errors, streams and archives are in the `docker-*.ts` files and `archive.ts`; which engine, in `endpoint.ts`.
 * Works from API 1.41 (20.10) on and pins no version, since newer engines refuse old ones.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { loadDockerode } from './dockerode.js';
import { findOwnContainerId } from '../runtime/own-container.js';
import { dockerConnection } from './docker-connection.js';
import { createBody, details, engineEvent, summary } from './docker-containers.js';
import type { EventMessage, InspectedContainer, ListedContainer } from './docker-containers.js';
import { EngineRefusal, isRefused, pullAbandoned, toZkdError, unlessRefused } from './docker-errors.js';
import type { Attempt } from './docker-errors.js';
import { attachInside } from './docker-attached-exec.js';
import { runInside } from './docker-exec.js';
import * as files from './docker-files.js';
import { DockerHttp } from './docker-http.js';
import type { Call, Modem } from './docker-http.js';
import { filters, imageSummary, networkBody, networkSummary, pullQuery, volumeSummary } from './docker-resources.js';
import type { DockerImage, DockerNetwork, DockerVolume } from './docker-resources.js';
import { lines, logLines, sinceQuery } from './docker-streams.js';
import type { EngineConnection } from './endpoint.js';
import type * as port from './engine.js';

/** How long a removal that someone else began may take. */
const REMOVAL_TIMEOUT_MS = 60_000;
/** How long the engine may take to notice that a program has ended. */
const UPDATE_TIMEOUT_MS = 5000;

/** The engine of Docker. Connects at the first call; every call stands for itself, so any number may run at once. */
export class DockerEngine implements port.Engine {
  readonly endpoint: port.EngineEndpoint;
  readonly #connection: EngineConnection;
  #http: Promise<DockerHttp> | undefined;
  /** The same before it has answered for the first time. */
  #opened: DockerHttp | undefined;
  #isClosed = false;

  constructor(connection: EngineConnection) {
    this.endpoint = connection.endpoint;
    this.#connection = connection;
  }

  async info(): Promise<port.EngineInfo> {
    type Version = { Version: string; ApiVersion: string; Os: string; Arch: string };
    const version = await this.#json<Version>('ask for its version', { method: 'GET', path: ['version'] });
    return { engineVersion: version.Version, apiVersion: version.ApiVersion, os: version.Os, architecture: version.Arch };
  }

  async identify(): Promise<port.EngineIdentity> {
    const { ID, Name } = await this.#json<{ ID: string; Name: string }>('ask which engine it is', { method: 'GET', path: ['info'] });
    return { id: ID, name: Name };
  }

  async createContainer(spec: port.ContainerSpec): Promise<string> {
    const call: Call = { method: 'POST', path: ['containers', 'create'], query: { name: spec.name }, body: createBody(spec) };
    return (await this.#json<{ Id: string }>(`create container "${spec.name}"`, call)).Id;
  }

  async startContainer(id: string): Promise<void> {
    await this.#act(`start container "${id}"`, { method: 'POST', path: ['containers', id, 'start'] });
  }

  async stopContainer(id: string, { timeoutMs }: { readonly timeoutMs: number }): Promise<void> {
    const query = { t: Math.ceil(timeoutMs / 1000) };
    await this.#act(`stop container "${id}"`, { method: 'POST', path: ['containers', id, 'stop'], query });
  }

  async killContainer(id: string, signal: string): Promise<void> {
    await this.#act(`send ${signal} to container "${id}"`, { method: 'POST', path: ['containers', id, 'kill'], query: { signal } });
  }

  async pauseContainer(id: string): Promise<void> {
    await this.#act(`pause container "${id}"`, { method: 'POST', path: ['containers', id, 'pause'] }, /already paused/i);
  }

  async unpauseContainer(id: string): Promise<void> {
    await this.#act(`unpause container "${id}"`, { method: 'POST', path: ['containers', id, 'unpause'] }, /is not paused/i);
  }

  async removeContainer(id: string, options: { readonly force?: boolean; readonly anonymousVolumes?: boolean } = {}): Promise<void> {
    const what = `remove container "${id}"`;
    const query = { force: options.force ?? false, v: options.anonymousVolumes ?? false };
    const call: Call = { method: 'DELETE', path: ['containers', id], query };
    await this.#translated({ what, endpoint: this.endpoint }, async (http) => {
      try {
        await http.done(call);
      } catch (error) {
        if (isRefused(error, /no such container/i)) return;
        if (!isRefused(error, /removal .* is already in progress/i)) throw error;
        await this.#removed(id, error);
      }
    });
  }

  async renameContainer(id: string, name: string): Promise<void> {
    const call: Call = { method: 'POST', path: ['containers', id, 'rename'], query: { name } };
    await this.#act(`rename container "${id}" to "${name}"`, call, /same name as its current name/i);
  }

  async setRestartPolicy(id: string, policy: port.RestartPolicy): Promise<void> {
    const call: Call = { method: 'POST', path: ['containers', id, 'update'], body: { RestartPolicy: { Name: policy } } };
    const deadline = Date.now() + UPDATE_TIMEOUT_MS;
    await this.#translated({ what: `set the restart policy of container "${id}"`, endpoint: this.endpoint }, async (http) => {
      for (;;) {
        try {
          await http.done(call);
          return;
        } catch (error) {
          // Its program has just ended and the engine has not noticed yet: the update was undone, and goes through a moment later.
          if (!isRefused(error, /cannot update a (?:stopped container|deleted process)|container not running/i) || Date.now() > deadline)
            throw error;
          await delay(20);
        }
      }
    });
  }

  async findContainer(idOrName: string): Promise<port.ContainerDetails | undefined> {
    const call: Call = { method: 'GET', path: ['containers', idOrName, 'json'] };
    // "multiple IDs found": it is the beginning of several ids, so it is no name and no id.
    const found = await this.#find<InspectedContainer>(`inspect container "${idOrName}"`, call, /no such container|multiple IDs found/i);
    if (found === undefined) return undefined;
    // The engine also answers to the first letters of an id: asked for "a1", it must not be a container that is called something else.
    const isMeant = found.Name === `/${idOrName}` || found.Id === idOrName || (idOrName.length >= 12 && found.Id.startsWith(idOrName));
    return isMeant ? details(found) : undefined;
  }

  async findOwnContainer(): Promise<port.ContainerDetails | undefined> {
    const id = findOwnContainerId();
    return id === undefined ? undefined : this.findContainer(id);
  }

  async listContainers(labels: port.LabelFilter): Promise<port.ContainerSummary[]> {
    const call: Call = { method: 'GET', path: ['containers', 'json'], query: { all: true, filters: filters(labels) } };
    return (await this.#json<ListedContainer[]>('list containers', call)).map(summary);
  }

  writeFiles(id: string, entries: readonly port.FileEntry[]): Promise<void> {
    return this.#do(`write files into container "${id}"`, (http) => files.writeFiles(http, id, entries));
  }

  findFile(id: string, path: string): Promise<port.FileSummary | undefined> {
    return this.#do(`look at ${path} of container "${id}"`, (http) => files.findFile(http, id, path));
  }

  readFile(id: string, path: string): Promise<Buffer | undefined> {
    return this.#do(`read ${path} of container "${id}"`, (http) => files.readFile(http, id, path));
  }

  readFiles(id: string, path: string): Promise<ReadonlyMap<string, Buffer>> {
    return this.#do(`read ${path} of container "${id}"`, (http) => files.readFiles(http, id, path));
  }

  exec(id: string, options: port.ExecOptions): Promise<port.ExecResult> {
    const what = `run ${options.command[0] ?? 'nothing'} in container "${id}"`;
    return this.#translated({ what, endpoint: this.endpoint }, (http) => runInside(http, id, options));
  }

  attachExec(id: string, options: port.AttachedExecOptions): Promise<port.AttachedExec> {
    const attempt: Attempt = { what: `run ${options.command[0] ?? 'nothing'} in container "${id}"`, endpoint: this.endpoint };
    return this.#translated(attempt, (http) => attachInside(http, id, options, attempt));
  }

  async *logs(id: string, { follow = false, tail, since, signal }: port.LogOptions = {}): AsyncGenerator<port.LogLine, void, undefined> {
    const query = { stdout: true, stderr: true, timestamps: true, follow, tail, since: sinceQuery(since) };
    const call: Call = { method: 'GET', path: ['containers', id, 'logs'], query, signal };
    yield* this.#stream(`read the log of container "${id}"`, call, async (http) => logLines(await http.open(call)));
  }

  events({ labels, signal }: { readonly labels: port.LabelFilter; readonly signal: AbortSignal }): AsyncIterable<port.EngineEvent> {
    const what = 'follow events';
    const call: Call = { method: 'GET', path: ['events'], query: { filters: filters(labels) }, signal };
    // "From now on" means from this call, not from the first look: the request goes out at once.
    const answer = this.#connected().then((http) => http.open(call));
    answer.catch(() => undefined);
    const endpoint = this.endpoint;
    async function* read(): AsyncGenerator<port.EngineEvent, void, undefined> {
      for await (const line of lines(await answer)) yield engineEvent(JSON.parse(line) as EventMessage, line);
      if (!signal.aborted) throw toZkdError(Object.assign(new Error(), { code: 'ECONNRESET' }), { what, endpoint });
    }
    return this.#stream(what, call, () => Promise.resolve(read()));
  }

  async pullImage(reference: string, { signal, onProgress }: { signal?: AbortSignal; onProgress?: () => void } = {}): Promise<void> {
    const attempt: Attempt = { what: `pull image "${reference}"`, endpoint: this.endpoint, reason: 'image-unavailable' };
    const call: Call = { method: 'POST', path: ['images', 'create'], query: pullQuery(reference), signal };
    try {
      await this.#translated(attempt, async (http) => {
        for await (const line of lines(await http.open(call))) {
          onProgress?.();
          const { error, errorDetail } = JSON.parse(line) as { error?: string; errorDetail?: { message?: string } };
          // The status was 200 long before the pull failed.
          if (error !== undefined || errorDetail !== undefined) throw new EngineRefusal(500, errorDetail?.message ?? error ?? '');
        }
      });
    } catch (error) {
      throw signal?.aborted === true ? pullAbandoned(reference, signal.reason) : error;
    }
  }

  async findImage(reference: string): Promise<port.ImageSummary | undefined> {
    const call: Call = { method: 'GET', path: ['images', ...reference.split('/'), 'json'] };
    const image = await this.#find<DockerImage>(`inspect image "${reference}"`, call, /no such image|invalid reference format/i);
    return image && imageSummary(image);
  }

  async listImages(labels: port.LabelFilter): Promise<port.ImageSummary[]> {
    const call: Call = { method: 'GET', path: ['images', 'json'], query: { filters: filters(labels) } };
    return (await this.#json<DockerImage[]>('list images', call)).map(imageSummary);
  }

  async createNetwork(spec: port.NetworkSpec): Promise<string> {
    const call: Call = { method: 'POST', path: ['networks', 'create'], body: networkBody(spec) };
    return (await this.#json<{ Id: string }>(`create network "${spec.name}"`, call)).Id;
  }

  async listNetworks({ labels, name }: { readonly labels?: port.LabelFilter; readonly name?: string }): Promise<port.NetworkSummary[]> {
    const query = { filters: filters(labels, name === undefined ? {} : { name: [name] }) };
    const listed = await this.#json<DockerNetwork[]>('list networks', { method: 'GET', path: ['networks'], query });
    // The engine's filter also takes names that merely contain it.
    return listed.map(networkSummary).filter((network) => name === undefined || network.name === name);
  }

  async listAttachments(networkId: string): Promise<port.NetworkAttachment[]> {
    const call: Call = { method: 'GET', path: ['networks', networkId] };
    const { Containers } = await this.#json<DockerNetwork>(`inspect network "${networkId}"`, call);
    return Object.entries(Containers ?? {}).map(([containerId, { Name }]) => ({ containerId, containerName: Name ?? '' }));
  }

  async removeNetwork(id: string): Promise<void> {
    await this.#act(`remove network "${id}"`, { method: 'DELETE', path: ['networks', id] }, /network .* not found|no such network/i);
  }

  async connectNetwork(id: string, containerId: string, aliases?: readonly string[]): Promise<void> {
    const body = { Container: containerId, EndpointConfig: aliases === undefined ? {} : { Aliases: aliases } };
    const call: Call = { method: 'POST', path: ['networks', id, 'connect'], body };
    await this.#act(
      `connect container "${containerId}" to network "${id}"`,
      call,
      /already exists in network|already (?:connected|attached)/i,
    );
  }

  async disconnectNetwork(id: string, containerId: string): Promise<void> {
    const call: Call = { method: 'POST', path: ['networks', id, 'disconnect'], body: { Container: containerId } };
    await this.#act(`disconnect container "${containerId}" from network "${id}"`, call, /is not connected to/i);
  }

  async createVolume(name: string, labels: port.Labels = {}): Promise<void> {
    await this.#act(`create volume "${name}"`, { method: 'POST', path: ['volumes', 'create'], body: { Name: name, Labels: labels } });
  }

  async listVolumes({ labels, names }: { labels?: port.LabelFilter; names?: readonly string[] }): Promise<port.VolumeSummary[]> {
    if (names?.length === 0) return [];
    const query = { filters: filters(labels, names === undefined ? {} : { name: names }) };
    const { Volumes } = await this.#json<{ Volumes: DockerVolume[] | null }>('list volumes', { method: 'GET', path: ['volumes'], query });
    return (Volumes ?? []).map(volumeSummary).filter(({ name }) => names === undefined || names.includes(name));
  }

  async removeVolume(name: string): Promise<void> {
    await this.#act(`remove volume "${name}"`, { method: 'DELETE', path: ['volumes', name] }, /no such volume/i);
  }

  /** Waits for no answer: what is under way fails. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#opened?.close();
    await this.#http?.catch(() => undefined);
  }

  #connected(): Promise<DockerHttp> {
    return (this.#http ??= this.#connect());
  }

  async #connect(): Promise<DockerHttp> {
    const { agent, options, greetingTimeoutMs } = dockerConnection(this.#connection.transport);
    const Docker = await loadDockerode();
    // The modem parses DOCKER_HOST and its certificates even where all options are given, and throws over them.
    const { DOCKER_HOST } = process.env;
    delete process.env['DOCKER_HOST'];
    let http: DockerHttp;
    try {
      http = new DockerHttp(new Docker(options).modem as unknown as Modem, agent);
    } finally {
      if (DOCKER_HOST !== undefined) process.env['DOCKER_HOST'] = DOCKER_HOST;
    }
    if (this.#isClosed) throw new Error('The connection was closed before it was made');
    this.#opened = http;
    // One login, and one failure, before there are many requests at once.
    await http.greet(greetingTimeoutMs);
    return http;
  }

  async #translated<T>(attempt: Attempt, work: (http: DockerHttp) => Promise<T>): Promise<T> {
    try {
      return await work(await this.#connected());
    } catch (error) {
      throw toZkdError(error, attempt);
    }
  }

  #do<T>(what: string, work: (http: DockerHttp) => Promise<T>): Promise<T> {
    return this.#translated({ what, endpoint: this.endpoint }, work);
  }

  #json<T>(what: string, call: Call): Promise<T> {
    return this.#translated({ what, endpoint: this.endpoint }, (http) => http.json<T>(call));
  }

  /** A call whose answer does not matter; a refusal in these words means that it is so already. */
  async #act(what: string, call: Call, alreadySo?: RegExp): Promise<void> {
    await this.#translated({ what, endpoint: this.endpoint }, (http) => unlessRefused(http.done(call), alreadySo));
  }

  #find<T>(what: string, call: Call, absent: RegExp): Promise<T | undefined> {
    return this.#translated({ what, endpoint: this.endpoint }, (http) => unlessRefused(http.json<T>(call), absent));
  }

  async *#stream<T>(what: string, call: Call, open: (http: DockerHttp) => Promise<AsyncIterable<T>>): AsyncGenerator<T, void, undefined> {
    try {
      yield* await open(await this.#connected());
    } catch (error) {
      if (call.signal?.aborted !== true) throw toZkdError(error, { what, endpoint: this.endpoint });
    }
  }

  /** Waits until a removal that someone else began is through. */
  async #removed(idOrName: string, refusal: unknown): Promise<void> {
    const id = (await this.findContainer(idOrName))?.id;
    if (id === undefined) return;
    const deadline = Date.now() + REMOVAL_TIMEOUT_MS;
    while ((await this.findContainer(id)) !== undefined) {
      if (Date.now() > deadline) throw refusal;
      await delay(100);
    }
  }
}
