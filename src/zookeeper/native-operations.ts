/** A ZooKeeper session over the client library. What it promises is in `port.ts`. */
import { within } from '../runtime/within.js';
import { isOpenAcl, permissionBits } from './acl.js';
import { AS_AUTHENTICATED, createWithAcl, makeIdentity } from './create-with-acl.js';
import { codeError, reasonOf, sessionError, timeoutError, type Asked } from './errors.js';
import { lookUpCreate, lookUpDelete, lookUpSequential, lookUpSet, lookUpSetAcl } from './look-up.js';
import type { NativeAcl } from './native-client.js';
import { giveCredential, type NativeConnection } from './native-connection.js';
import { NativeRequests } from './native-requests.js';
import { checkPath } from './paths.js';
import type {
  AclEntry,
  CreateMode,
  CreateOptions,
  NodeAcl,
  NodeChildren,
  NodeData,
  SessionState,
  Stat,
  TransactionStep,
  Watch,
  ZooKeeperSession,
} from './port.js';
import { Reads } from './native-reads.js';
import { Sequentials } from './sequentials.js';
import type { SideSession } from './side-session.js';
import { toStat, type RawStat } from './stat.js';
import { checkAcl, checkSize, checkTransactionSize, checkTtl, versionNumber } from './request-checks.js';

/** How long `close` waits for what is under way. */
const DRAIN_MS = 2000;

/** `CreateMode` of the protocol. */
const FLAGS: Readonly<Record<CreateMode, number>> = {
  persistent: 0,
  ephemeral: 1,
  'persistent-sequential': 2,
  'ephemeral-sequential': 3,
  container: 4,
  ttl: 5,
  'ttl-sequential': 6,
};

export interface NativeSessionOptions {
  readonly timeoutMs: number;
  readonly chroot: string | null;
  readonly side: SideSession;
  /** Credentials were given. */
  readonly hasCredentials: boolean;
}

type Version = { readonly version?: number };

export class NativeSession implements ZooKeeperSession {
  readonly id: string;
  readonly timeoutMs: number;
  readonly #connection: NativeConnection;
  readonly #requests: NativeRequests;
  readonly #reads: Reads;
  /** What became of a lost write is to be seen in the session it was sent in. */
  readonly #looks: Reads;
  readonly #options: NativeSessionOptions;
  readonly #underWay = new Set<Promise<unknown>>();
  readonly #sequentials = new Sequentials();
  #onlyThisSession: Promise<AclEntry> | undefined;
  #closing: Promise<void> | undefined;

  constructor(connection: NativeConnection, options: NativeSessionOptions) {
    this.#connection = connection;
    this.#options = options;
    this.#requests = new NativeRequests(connection, options.timeoutMs);
    this.#reads = new Reads(connection, this.#requests, options.side);
    this.#looks = new Reads(connection, this.#requests, options.side, { isDirect: true });
    this.id = `0x${connection.id}`;
    this.timeoutMs = connection.timeoutMs;
  }

  get state(): SessionState {
    return this.#closing ? 'closed' : this.#connection.state;
  }

  get chroot(): string | null {
    return this.#options.chroot;
  }

  get(path: string): Promise<NodeData> {
    return this.#operate('read', path, (asked, deadline) => this.#reads.get(asked, deadline));
  }

  exists(path: string): Promise<Stat | null> {
    return this.#operate('read', path, (asked, deadline) => this.#reads.exists(asked, deadline));
  }

  children(path: string): Promise<NodeChildren> {
    return this.#operate('list the children of', path, (asked, deadline) => this.#reads.children(asked, deadline));
  }

  getAcl(path: string): Promise<NodeAcl> {
    return this.#operate('read the ACL of', path, (asked, deadline) => this.#reads.getAcl(asked, deadline));
  }

  watchNode(
    path: string,
    { isExpected = false }: { readonly isExpected?: boolean } = {},
  ): Promise<{ readonly node: NodeData | null; readonly watch: Watch }> {
    return this.#operate('watch', path, (asked, deadline) => this.#reads.watchNode(asked, deadline, isExpected));
  }

  watchChildren(path: string): Promise<NodeChildren & { readonly watch: Watch }> {
    return this.#operate('watch', path, (asked, deadline) => this.#reads.watchChildren(asked, deadline));
  }

  sync(path: string): Promise<void> {
    return this.#operate('sync', path, (asked, deadline) => this.#requests.catchUp(asked, deadline));
  }

  create(path: string, data: Uint8Array, options: CreateOptions = {}): Promise<string> {
    return this.#operate('create', isSequential(options) ? { sequential: path } : path, async (asked, deadline) => {
      checkTtl(options);
      this.#checkSize(asked, data);
      const { acl } = options;
      if (acl !== undefined) checkAcl(asked, acl, this.#options.hasCredentials);
      if (acl === undefined || isOpenAcl(acl)) return await this.#create(asked, deadline, data, options);
      const on = (made: string): Asked => ({ verb: asked.verb, path: made });
      return await createWithAcl(
        {
          createEmpty: () => this.#create(asked, deadline, new Uint8Array(), options, { isStrict: true }),
          setAcl: (made, entries, version) => this.#setAcl(on(made), deadline, entries, version),
          set: (made, version) => this.#set(on(made), deadline, data, version),
          remove: (made) => this.#delete(on(made), this.#requests.deadline(), undefined),
        },
        { acl, isEmpty: data.byteLength === 0, onlyThisSession: () => this.#makeOnlyThisSession(asked, deadline) },
      );
    });
  }

  set(path: string, data: Uint8Array, { version }: Version = {}): Promise<Stat> {
    return this.#operate('set', path, (asked, deadline) => {
      this.#checkSize(asked, data);
      return this.#set(asked, deadline, data, version);
    });
  }

  delete(path: string, { version }: Version = {}): Promise<void> {
    return this.#operate('delete', path, (asked, deadline) => this.#delete(asked, deadline, version));
  }

  async transact(steps: readonly TransactionStep[]): Promise<void> {
    const [first] = steps;
    if (!first) return;
    await this.#operate('write', first.path, async (_asked, deadline) => {
      for (const step of steps) {
        const asked = { verb: step.kind, path: checkPath(step.path) };
        if (step.kind === 'create') checkAcl(asked, step.acl, this.#options.hasCredentials);
      }
      checkTransactionSize(first, steps, this.#options.chroot ?? '');
      const { side } = this.#options;
      const reply = await this.#connection.askBeside<{ readonly step: TransactionStep | undefined }>((done) => {
        side.transact(steps, this.#requests.knownZxid, done);
        return 0;
      }, deadline);
      if (reply?.code === 0) return;
      const step = reply?.answer?.step ?? first;
      const asked = { verb: step.kind, path: step.path };
      if (reply) throw codeError(reply.code, asked, reasonOf(reply.code) === 'connection-lost' ? 'unknown' : 'not-applied');
      side.abandon();
      const { endReason } = this.#connection;
      throw endReason ? sessionError(endReason, asked, { outcome: 'unknown' }) : timeoutError(asked, this.#options.timeoutMs, 'unknown');
    });
  }

  setAcl(path: string, acl: readonly AclEntry[], { version }: Version = {}): Promise<Stat> {
    return this.#operate('set the ACL of', path, async (asked, deadline) => {
      checkAcl(asked, acl, this.#options.hasCredentials);
      await this.#setAcl(asked, deadline, acl, version);
      const stat = await this.#reads.exists(asked, deadline);
      if (stat === null) throw sessionError('no-node', asked);
      return stat;
    });
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await within(DRAIN_MS, Promise.allSettled([...this.#underWay]));
    this.#options.side.close();
    await this.#connection.close();
  }

  /** Checks the path, sets the time, and lets `close` know. */
  #operate<T>(
    verb: string,
    where: string | { readonly sequential: string },
    work: (asked: Asked, deadline: number) => Promise<T>,
  ): Promise<T> {
    const running = (async () => {
      const path = typeof where === 'string' ? checkPath(where) : checkPrefix(where.sequential);
      const asked = { verb, path };
      if (this.#closing) throw sessionError('closed', asked);
      return await work(asked, this.#requests.deadline());
    })();
    this.#underWay.add(running);
    const over = (): unknown => this.#underWay.delete(running);
    running.then(over, over);
    return running;
  }

  async #create(
    asked: Asked,
    deadline: number,
    data: Uint8Array,
    options: CreateOptions,
    { isStrict = false }: { readonly isStrict?: boolean } = {},
  ): Promise<string> {
    const { mode = 'persistent', ttlMs } = options;
    const { path } = asked;
    const bytes = asBuffer(data);
    const flags = FLAGS[mode];
    const look = { asked, deadline, reads: this.#looks, knownZxid: this.#requests.knownZxid, sessionId: this.id };
    const send = () =>
      this.#requests.demand<string>({
        ...asked,
        deadline,
        isWrite: true,
        send: (native, done) =>
          ttlMs === undefined
            ? native.a_create(path, bytes, flags, (code, _text, made) => done(code, made))
            : native.a_create_ttl(path, bytes, flags, ttlMs, (code, _text, made) => done(code, made)),
        lookUp: () =>
          isSequential(options)
            ? lookUpSequential(look, { mode, data: bytes }, this.#sequentials.own(path))
            : lookUpCreate(look, { mode, data: bytes, isStrict }),
      });
    return await (mode === 'ephemeral-sequential' ? this.#sequentials.track(path, send) : send());
  }

  async #set(asked: Asked, deadline: number, data: Uint8Array, version: number | undefined): Promise<Stat> {
    const number = versionNumber(version);
    const bytes = asBuffer(data);
    const { stat, seen } = await this.#requests.demand<{ readonly stat?: RawStat | undefined; readonly seen?: Stat | undefined }>({
      ...asked,
      deadline,
      isWrite: true,
      send: (native, done) => native.a_set(asked.path, bytes, number, (code, _text, stat) => done(code, { stat: stat ?? undefined })),
      lookUp: version === undefined ? undefined : () => lookUpSet({ asked, deadline, reads: this.#looks }, { version, data: bytes }),
    });
    const now = seen ?? (stat && toStat(stat));
    if (!now) throw codeError(0, asked);
    return now;
  }

  async #delete(asked: Asked, deadline: number, version: number | undefined): Promise<void> {
    const number = versionNumber(version);
    const { knownZxid } = this.#requests;
    const { code, wasRepeated } = await this.#requests.say({
      ...asked,
      deadline,
      isWrite: true,
      send: (native, done) => native.a_delete_(asked.path, number, (code) => done(code)),
      lookUp: version === undefined ? undefined : () => lookUpDelete({ asked, deadline, reads: this.#looks }, { version, knownZxid }),
    });
    const wasGone = code === NO_NODE && wasRepeated && version === undefined;
    if (code !== 0 && !wasGone) throw codeError(code, asked);
  }

  async #setAcl(asked: Asked, deadline: number, acl: readonly AclEntry[], version: number | undefined): Promise<void> {
    const number = versionNumber(version);
    const entries = acl.map(({ scheme, id, permissions }): NativeAcl => ({ perm: permissionBits(permissions), scheme, auth: id }));
    const { code } = await this.#requests.say({
      ...asked,
      deadline,
      isWrite: true,
      send: (native, done) => native.a_set_acl(asked.path, number, entries, (code) => done(code)),
      lookUp: version === undefined ? undefined : () => lookUpSetAcl({ asked, deadline, reads: this.#looks }, { version, acl }),
    });
    if (code !== 0) throw codeError(code, asked);
  }

  #checkSize(asked: Asked, data: Uint8Array): void {
    checkSize(asked, `${this.#options.chroot ?? ''}${asked.path}`, data);
  }

  /** A credential of the session's own is given once, and only where nobody gave one that would do. */
  #makeOnlyThisSession(asked: Asked, deadline: number): Promise<AclEntry> {
    if (this.#options.hasCredentials) return Promise.resolve(AS_AUTHENTICATED);
    this.#onlyThisSession ??= (async () => {
      const { credential, entry } = makeIdentity();
      this.#connection.remember('digest', credential);
      const { code } = await this.#requests.say({ ...asked, deadline, send: giveCredential('digest', credential) });
      if (code !== 0) throw codeError(code, asked);
      this.#options.side.authenticate('digest', credential);
      return entry;
    })();
    return this.#onlyThisSession;
  }
}

const NO_NODE = -101;

const isSequential = ({ mode }: CreateOptions): boolean => mode?.endsWith('-sequential') ?? false;

/** What a sequential node's name begins with; it may be empty. */
function checkPrefix(path: string): string {
  checkPath(path.endsWith('/') ? `${path}0` : path);
  return path;
}

const asBuffer = (data: Uint8Array): Buffer => (Buffer.isBuffer(data) ? data : Buffer.from(data.buffer, data.byteOffset, data.byteLength));
