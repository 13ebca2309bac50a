/**
 * A session beside that of the client library, in the protocol itself, for what the library cannot do: read access control lists (its
 * callback frees a list that is not there, so that every `getACL` that fails ends the process with a segmentation fault,
 * `acl_completion` of 7.3.0), transactions, and many reads at once (it gives each request a system call of its own). It opens at first
 * use, ends after a moment without use, and owns nothing.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { NativeAcl } from './native-client.js';
import type { ServerAddress, SessionOptions, TransactionStep } from './port.js';
import type { RawStat } from './stat.js';
import { CONNECTION_LOST, endSession, openLine, type Credential, type WireLine } from './wire-line.js';
import type { PacketReader, PathOp } from './jute.js';

export interface AclAnswer {
  readonly acl: readonly NativeAcl[];
  readonly stat: RawStat;
}

/** As the client library calls back: 0, or ZooKeeper's number for what went wrong. Called exactly once. */
type Done<Answer> = (code: number, answer?: Answer) => void;

/** What an answer has to reflect. */
export interface AtLeast {
  readonly zxid: bigint;
  /** How many writes the main session has had answered: each may be ahead of the server that is asked here. */
  readonly writes: number;
}

const READERS = {
  get: (reader: PacketReader) => reader.node(),
  exists: (reader: PacketReader) => ({ stat: reader.stat() }),
  children: (reader: PacketReader) => reader.children(),
  getAcl: (reader: PacketReader): AclAnswer => reader.acl(),
};
type Answers = { readonly [Op in keyof typeof READERS]: ReturnType<(typeof READERS)[Op]> };

/** Well below any session time a server grants, so that no pings are wanted. */
const IDLE_MS = 1000;
/** As long as a new leader takes, and as a session lives of which nothing is heard. */
const SETTLE_MS = 10_000;
const PAUSE_MS = 100;

export class SideSession {
  readonly #servers: readonly ServerAddress[];
  readonly #credentials: Credential[];
  readonly #chroot: string;
  #line: Promise<WireLine | undefined> | undefined;
  #idle: NodeJS.Timeout | undefined;
  #turn = 0;
  #writes = 0;
  #isRefused = false;

  constructor(servers: readonly ServerAddress[], { auth = [], chroot = '' }: Pick<SessionOptions, 'auth' | 'chroot'>) {
    this.#servers = servers;
    this.#credentials = [...auth];
    this.#chroot = chroot === '/' ? '' : chroot;
  }

  /** How many transactions have been answered: each may be ahead of the server of the main session. */
  get writes(): number {
    return this.#writes;
  }

  /** No server gave a session when one was asked last, as where a client may have so many connections only. */
  get isRefused(): boolean {
    return this.#isRefused;
  }

  /** Reads one; connection loss where nothing could be asked. */
  read<Op extends keyof Answers>(op: Op, path: string, atLeast: AtLeast, done: Done<Answers[Op]>): void {
    const whole = this.#whole(path);
    this.#withLine(atLeast.zxid, (line) => {
      if (!line) {
        done(CONNECTION_LOST);
        return;
      }
      if (line.reflected < atLeast.writes) this.#sync(line, whole, atLeast.writes);
      const askOnce = (): void =>
        line.ask(op satisfies PathOp, whole, (code, zxid, reader) => {
          if (code !== CONNECTION_LOST && zxid < atLeast.zxid) again();
          else if (code === 0) done(0, READERS[op](reader) as Answers[Op]);
          else done(code);
        });
      const again = (): void => {
        this.#sync(line, whole, atLeast.writes);
        askOnce();
      };
      askOnce();
    });
  }

  /**
   * Does all steps or none. The answer says which step was refused. Where the connection is lost nobody knows whether they were done, but
   * they are not done any more.
   */
  transact(steps: readonly TransactionStep[], zxid: bigint, done: Done<{ readonly step: TransactionStep | undefined }>): void {
    const whole = steps.map((step) => ({ ...step, path: this.#whole(step.path) }));
    this.#withLine(zxid, (line) => {
      if (!line) {
        done(CONNECTION_LOST);
        return;
      }
      line.transact(whole, (code, _zxid, reader) => {
        this.#writes++;
        const refused = code === 0 ? reader.refusedStep() : undefined;
        done(refused?.code ?? code, { step: refused && steps[refused.index] });
      });
    });
  }

  /** Whoever the session has authenticated as besides, from the next request on. */
  authenticate(scheme: string, credential: string): void {
    this.#credentials.push({ scheme, credential });
    this.close();
  }

  /** Ends the session; a later request opens another. */
  close(): void {
    clearTimeout(this.#idle);
    this.#idle = undefined;
    const line = this.#line;
    this.#line = undefined;
    void line?.then((open) => open?.endWhenQuiet());
  }

  /** Gives up what is under way: it is lost. */
  abandon(): void {
    void this.#line?.then((open) => open?.end(CONNECTION_LOST));
  }

  #whole(path: string): string {
    return path === '/' ? this.#chroot || '/' : `${this.#chroot}${path}`;
  }

  #withLine(zxid: bigint, use: (line: WireLine | undefined) => void): void {
    if (this.#idle) this.#idle.refresh();
    else this.#idle = setTimeout(() => this.close(), IDLE_MS).unref();
    this.#line ??= this.#connect(zxid);
    void this.#line.then(use);
  }

  async #connect(zxid: bigint): Promise<WireLine | undefined> {
    const credentials = [...this.#credentials];
    for (let tries = 0; tries < this.#servers.length; tries++) {
      const server = this.#servers[this.#turn++ % this.#servers.length];
      const line = server && (await openLine(server, { credentials, zxid, onEnd: (ended) => this.#onEnd(ended) }));
      this.#isRefused = line === undefined;
      if (line) return line;
    }
    this.#line = undefined;
    return undefined;
  }

  #onEnd(ended: WireLine): void {
    const line = this.#line;
    void line?.then((open) => {
      if (open === ended && this.#line === line) this.#line = undefined;
    });
    if (ended.hasLostWrites) void this.#settle(ended);
  }

  /** Servers may be gone or in an election. */
  async #settle(ended: WireLine): Promise<void> {
    const deadline = performance.now() + SETTLE_MS;
    while (performance.now() < deadline && !(await this.#isEnded(ended))) await sleep(PAUSE_MS, undefined, { ref: false });
    ended.tellWrites();
  }

  async #isEnded({ session }: WireLine): Promise<boolean> {
    for (const server of this.#servers) if (await endSession(server, session)) return true;
    return false;
  }

  /** What is asked after it is answered after it: the server has caught up by then. */
  #sync(line: WireLine, path: string, writes: number): void {
    line.reflected = writes;
    line.ask('sync', path, (code) => {
      if (code !== 0) line.reflected = -1;
    });
  }
}
