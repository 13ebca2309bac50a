/**
 * `logs --export`: everything that helps to understand an ensemble afterwards, in one folder, without secrets. Half of the ensemble, or
 * ZooKeeper altogether, may be dead: what cannot be had is noted in the export, and the rest is there.
 */
import type { Engine } from '../engine/index.js';
import { messageOf, ZkdError } from '../errors.js';
import type { FourLetterProbe } from '../zookeeper/index.js';
import { ExportFolder } from './export-folder.js';
import { checkMembers } from './find-member.js';
import { inBatches } from './log-merge.js';
import { observe, type ObservedEnsemble, type ObservedMember } from './observe.js';
import { Redactor } from './redact.js';
import { readStatus } from './status.js';
import { outOfReach } from './reach.js';
import { addressOf, membersOf, reachFrom } from './view.js';
import { CREDENTIAL_FILE, parseProperties, WHITELISTED_WORDS, ZOO_CFG } from './zoo-cfg.js';

export interface ExportRequest {
  readonly name: string;
  readonly directory: string;
  /** Only these members; all when empty. */
  readonly members: readonly number[];
  readonly tail?: number | undefined;
  readonly since?: string | undefined;
}

export interface ExportContext {
  readonly engine: Engine;
  readonly ask: FourLetterProbe;
  readonly signal: AbortSignal;
}

/** What an export lacks, and why. */
export interface ExportGap {
  readonly file: string;
  readonly error: string;
}

export interface ExportResult {
  readonly dir: string;
  /** Relative to the folder, sorted. */
  readonly files: readonly string[];
  readonly missing: readonly ExportGap[];
}

const PROBE_TIMEOUT_MS = 2000;
const BATCH = 64 * 1024;
const SUPER_DIGEST = 'DigestAuthenticationProvider.superDigest';
/** What ZooKeeper keeps of its configuration beside zoo.cfg. */
const DYNAMIC = /^\/conf\/zoo\.cfg\.dynamic(?:\.[0-9a-f]+)?$/;

/**
 * Writes the export. `not-found` where there is no such ensemble or member, `conflict` where the folder is somebody else's, `failure` where a
 * file cannot be written, a full disk included; then, and on abort, what was written is taken away again.
 */
export async function exportEnsemble(request: ExportRequest, context: ExportContext): Promise<ExportResult> {
  await ExportFolder.check(request.directory);
  const observed = await observe(context.engine, request.name, { details: true });
  checkMembers(observed, request.members);
  const folder = await ExportFolder.claim(request.directory);
  try {
    const missing = await new Exporter(folder, observed, request, context).write();
    return { dir: folder.path, files: folder.files, missing };
  } catch (error) {
    await folder.discard();
    throw error;
  }
}

class Exporter {
  readonly #folder: ExportFolder;
  readonly #observed: ObservedEnsemble;
  readonly #request: ExportRequest;
  readonly #context: ExportContext;
  readonly #missing: ExportGap[] = [];

  constructor(folder: ExportFolder, observed: ObservedEnsemble, request: ExportRequest, context: ExportContext) {
    this.#folder = folder;
    this.#observed = observed;
    this.#request = request;
    this.#context = context;
  }

  async write(): Promise<readonly ExportGap[]> {
    const { engine, ask, signal } = this.#context;
    const { name, members: asked } = this.#request;
    const known = new Set([...membersOf(this.#observed).map(({ id }) => id), ...this.#observed.members.keys()]);
    const ids = [...known].filter((id) => asked.length === 0 || asked.includes(id));
    const configurations = await Promise.all(ids.map((id) => this.#configuration(id)));
    // Of one ensemble: what is a secret to one member is none to be told of another.
    const redactor = new Redactor(configurations.flatMap((files) => secretsIn(files)));
    await allOf([
      this.#json('engine.json', redactor, async () => ({ ...(await engine.info()), endpoint: engine.endpoint.url })),
      this.#json('status.json', redactor, () => readStatus(engine, name, ask)),
      ...ids.map((id, index) => this.#member(id, configurations[index], redactor)),
    ]);
    signal.throwIfAborted();
    this.#missing.sort((one, other) => (one.file < other.file ? -1 : 1));
    await this.#folder.finish({ cluster: name, exportedAt: new Date().toISOString(), missing: this.#missing });
    return this.#missing;
  }

  async #member(id: number, files: ConfigurationFiles | undefined, redactor: Redactor): Promise<void> {
    const member = this.#observed.members.get(id);
    const folder = `member-${id}`;
    if (!member) {
      this.#lacks(folder, new Error('its container is gone'));
      return;
    }
    await allOf([
      this.#log(`${folder}/log.txt`, member, redactor),
      this.#json(`${folder}/inspect.json`, redactor, async () => member.details ?? member.container),
      ...(files ? [this.#json(`${folder}/configuration.json`, redactor, async () => parsedFiles(files))] : []),
      ...WHITELISTED_WORDS.map((word) => this.#answer(`${folder}/${word}.txt`, member, word, redactor)),
    ]);
  }

  async #configuration(id: number): Promise<ConfigurationFiles | undefined> {
    const member = this.#observed.members.get(id);
    if (!member) return undefined;
    try {
      return await this.#context.engine.readFiles(member.container.id, '/conf');
    } catch (error) {
      this.#lacks(`member-${id}/configuration.json`, error);
      return undefined;
    }
  }

  async #log(file: string, { container }: ObservedMember, redactor: Redactor): Promise<void> {
    const { engine, signal } = this.#context;
    const { tail, since } = this.#request;
    const lines = engine.logs(container.id, { signal, ...(tail !== undefined && { tail }), ...(since !== undefined && { since }) });
    const pieces = async function* () {
      for await (const batch of inBatches(lines, BATCH)) {
        signal.throwIfAborted();
        yield batch.map(({ time, stream, line }) => `${time} ${stream} ${redactor.text(line)}\n`).join('');
      }
    };
    await this.#noting(file, () => this.#folder.write(file, pieces()));
  }

  async #answer(file: string, { id, container }: ObservedMember, word: string, redactor: Redactor): Promise<void> {
    const { engine, ask, signal } = this.#context;
    const member = membersOf(this.#observed).find((other) => other.id === id);
    await this.#noting(file, async () => {
      if (container.state !== 'running') throw new Error(`not asked: its container is ${container.state}`);
      if (!member) throw new Error('not asked: it is no member by the labels of the ensemble');
      const address = addressOf(engine, this.#observed, member);
      if (!address) throw new Error(outOfReach(reachFrom(engine, this.#observed)) ?? 'cannot be reached from here');
      const text = await ask(address, word, { timeoutMs: PROBE_TIMEOUT_MS, signal });
      await this.#folder.write(file, redactor.text(text));
    });
  }

  async #json(file: string, redactor: Redactor, read: () => Promise<object>): Promise<void> {
    await this.#noting(file, async () => {
      const document = redactor.document(await read());
      await this.#folder.write(file, `${JSON.stringify(document, null, 2)}\n`);
    });
  }

  /** Notes what cannot be had. What cannot be written ends the export, and so does an abort. */
  async #noting(file: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#context.signal.throwIfAborted();
      if (error instanceof ZkdError && error.details['dir'] !== undefined) throw error;
      this.#lacks(file, error);
    }
  }

  #lacks(file: string, error: unknown): void {
    this.#missing.push({ file, error: messageOf(error) });
  }
}

/** Rejects as the first that rejects, but not before all are through: nothing may still be written into a folder that is emptied. */
async function allOf(work: readonly Promise<void>[]): Promise<void> {
  const failed = (await Promise.allSettled(work)).find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
}

type ConfigurationFiles = ReadonlyMap<string, Buffer>;

/** The credential in the clear, and its digest. */
function secretsIn(files: ConfigurationFiles | undefined): string[] {
  const credential = files?.get(CREDENTIAL_FILE)?.toString('utf8');
  const digest = parseProperties(files?.get(ZOO_CFG)?.toString('utf8') ?? '').get(SUPER_DIGEST);
  return [credential, digest].filter((secret) => secret !== undefined);
}

/** zoo.cfg and the files of the dynamic configuration by their name, key by key. The credential is none of them. */
function parsedFiles(files: ConfigurationFiles): Record<string, Record<string, string>> {
  const wanted = [...files].filter(([path]) => path === ZOO_CFG || DYNAMIC.test(path)).sort(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries(wanted.map(([path, content]) => [path, Object.fromEntries(parseProperties(content.toString('utf8')))]));
}
