/**
 * Reads access control lists over a small session of its own, in the protocol itself. The client library cannot be used for it: its
 * callback frees a list that is not there, so that every `getACL` that fails (no node, no permission, connection lost) ends the process
 * with a segmentation fault (`acl_completion` of 7.3.0). The session opens at first use, ends after a moment without use, and owns nothing.
 */
import { createConnection, type Socket } from 'node:net';
import { AUTH_XID, PacketCutter, PacketReader, authPacket, closePacket, connectPacket, pathPacket } from './jute.js';
import type { NativeAcl } from './native-client.js';
import type { ServerAddress, SessionOptions } from './port.js';
import type { RawStat } from './stat.js';

export interface AclAnswer {
  readonly acl: readonly NativeAcl[];
  readonly stat: RawStat;
}

/** As the client library calls back: 0, or ZooKeeper's number for what went wrong. */
type Done = (code: number, answer?: AclAnswer) => void;

/** What an answer has to reflect. */
export interface AtLeast {
  readonly zxid: bigint;
  /** How many writes the main session has had answered: each may be ahead of the server that is asked here. */
  readonly writes: number;
}

const CONNECTION_LOST = -4;
const AUTH_FAILED = -115;
const SESSION_TIMEOUT_MS = 10_000;
const HANDSHAKE_MS = 2000;
/** Well below any session time a server grants, so that no pings are wanted. */
const IDLE_MS = 1000;

export class AclReader {
  readonly #servers: readonly ServerAddress[];
  readonly #credentials: { readonly scheme: string; readonly credential: string }[];
  readonly #chroot: string;
  #line: Promise<Line> | undefined;
  #idle: NodeJS.Timeout | undefined;
  #turn = 0;

  constructor(servers: readonly ServerAddress[], { auth = [], chroot = '' }: Pick<SessionOptions, 'auth' | 'chroot'>) {
    this.#servers = servers;
    this.#credentials = [...auth];
    this.#chroot = chroot === '/' ? '' : chroot;
  }

  /** Reads one; `done` is called exactly once, with connection loss where nothing could be asked. */
  read(path: string, atLeast: AtLeast, done: Done): void {
    const whole = path === '/' ? this.#chroot || '/' : `${this.#chroot}${path}`;
    this.#open(atLeast.zxid).then(
      (line) => line.ask(whole, atLeast, done),
      () => done(CONNECTION_LOST),
    );
  }

  /** Whoever the session has authenticated as besides, from the next request on. */
  authenticate(scheme: string, credential: string): void {
    this.#credentials.push({ scheme, credential });
    this.close();
  }

  /** Ends the session; a later request opens another. */
  close(): void {
    clearTimeout(this.#idle);
    const line = this.#line;
    this.#line = undefined;
    line?.then(
      (open) => open.endWhenQuiet(),
      () => undefined,
    );
  }

  #open(zxid: bigint): Promise<Line> {
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => this.close(), IDLE_MS);
    this.#idle.unref();
    if (this.#line) return this.#line;
    const line = this.#connect(zxid, () => {
      if (this.#line === line) this.#line = undefined;
    });
    this.#line = line;
    return line;
  }

  async #connect(zxid: bigint, onEnd: () => void): Promise<Line> {
    for (let tries = 0; tries < this.#servers.length; tries++) {
      const server = this.#servers[this.#turn++ % this.#servers.length];
      const line = server && (await openLine(server, this.#credentials, zxid, onEnd));
      if (line) return line;
    }
    onEnd();
    throw new Error('No server is there to ask');
  }
}

/** One connection with a session on it. */
class Line {
  readonly #socket: Socket;
  readonly #waiting = new Map<number, (code: number, zxid: bigint, reader: PacketReader) => void>();
  readonly #onEnd: () => void;
  #xid = 0;
  #writes = -1;
  #isEnding = false;
  #isOver = false;

  constructor(socket: Socket, onEnd: () => void) {
    this.#socket = socket;
    this.#onEnd = onEnd;
  }

  ask(path: string, atLeast: AtLeast, done: Done): void {
    if (this.#isOver) {
      done(CONNECTION_LOST);
      return;
    }
    if (this.#writes < atLeast.writes) this.#sync(path, atLeast.writes);
    const askOnce = (): void =>
      this.#send('getAcl', path, (code, zxid, reader) => {
        if (code !== CONNECTION_LOST && zxid < atLeast.zxid) again();
        else if (code === 0) done(0, reader.acl());
        else done(code);
      });
    const again = (): void => {
      this.#sync(path, atLeast.writes);
      askOnce();
    };
    askOnce();
  }

  receive(packet: Buffer): void {
    const reader = new PacketReader(packet);
    const [xid, zxid, code] = [reader.int(), reader.long(), reader.int()];
    if (xid === AUTH_XID) {
      if (code !== 0) this.end(AUTH_FAILED);
      return;
    }
    const answered = this.#waiting.get(xid);
    this.#waiting.delete(xid);
    answered?.(code, zxid, reader);
    if (this.#isEnding) this.endWhenQuiet();
  }

  endWhenQuiet(): void {
    this.#isEnding = true;
    if (this.#waiting.size > 0 || this.#isOver) return;
    this.#isOver = true;
    this.#socket.end(closePacket(++this.#xid));
    this.#socket.unref();
  }

  end(code: number): void {
    this.#isOver = true;
    this.#onEnd();
    this.#socket.destroy();
    const nothing = new PacketReader(Buffer.alloc(0));
    for (const [xid, answered] of [...this.#waiting]) {
      this.#waiting.delete(xid);
      answered(code, 2n ** 63n - 1n, nothing);
    }
  }

  /** What is asked after it is answered after it: the server has caught up by then. */
  #sync(path: string, writes: number): void {
    this.#writes = writes;
    this.#send('sync', path, () => undefined);
  }

  #send(op: 'sync' | 'getAcl', path: string, answered: (code: number, zxid: bigint, reader: PacketReader) => void): void {
    const xid = ++this.#xid;
    this.#waiting.set(xid, answered);
    this.#socket.write(pathPacket(xid, op, path));
  }
}

/** Undefined where the server gives no session. */
function openLine(
  { host, port }: ServerAddress,
  credentials: readonly { readonly scheme: string; readonly credential: string }[],
  zxid: bigint,
  onEnd: () => void,
): Promise<Line | undefined> {
  return new Promise((resolve) => {
    const socket = createConnection({ host, port, noDelay: true });
    const cutter = new PacketCutter();
    let line: Line | undefined;
    const end = (): void => {
      clearTimeout(timer);
      socket.destroy();
      line?.end(CONNECTION_LOST);
      resolve(undefined);
    };
    const timer = setTimeout(end, HANDSHAKE_MS);
    const begin = (packet: Buffer): void => {
      const answer = new PacketReader(packet);
      answer.int();
      if (answer.int() <= 0) return end();
      clearTimeout(timer);
      line = new Line(socket, onEnd);
      for (const { scheme, credential } of credentials) socket.write(authPacket(scheme, credential));
      resolve(line);
    };
    socket.on('connect', () => socket.write(connectPacket(SESSION_TIMEOUT_MS, zxid)));
    socket.on('data', (chunk: Buffer) => {
      try {
        for (const packet of cutter.cut(chunk))
          if (line) line.receive(packet);
          else begin(packet);
      } catch {
        // What answers speaks something else.
        end();
      }
    });
    socket.on('error', end);
    socket.on('close', end);
  });
}
