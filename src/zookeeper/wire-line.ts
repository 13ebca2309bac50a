/**
 * One connection with a session on it, in the protocol itself. Requests of one turn of the event loop go out together: one system call for
 * many, which is most of what a request costs here. Nobody pings: a session is left before the server would miss it.
 */
import { createConnection, type Socket } from 'node:net';
import {
  AUTH_XID,
  PacketCutter,
  PacketReader,
  authPacket,
  closePacket,
  connectPacket,
  pathPacket,
  transactionPacket,
  type PathOp,
  type SessionKey,
} from './jute.js';
import type { ServerAddress, TransactionStep } from './port.js';

/** 0, or ZooKeeper's number for what went wrong; then `zxid` is what the server had reached, and `reader` stands at the answer. */
type Answered = (code: number, zxid: bigint, reader: PacketReader) => void;

export const CONNECTION_LOST = -4;
const AUTH_FAILED = -115;
const SESSION_TIMEOUT_MS = 10_000;
const HANDSHAKE_MS = 2000;
/** A server that says nothing for so long while something is asked is given up, in time for another one to answer. */
const SILENCE_MS = 4000;

export interface Credential {
  readonly scheme: string;
  readonly credential: string;
}

interface Waiting {
  readonly answered: Answered;
  readonly isWrite: boolean;
}

export class WireLine {
  readonly session: SessionKey;
  /** How many writes of the session beside this one its server is known to reflect, once it has answered what was asked so far. */
  reflected = -1;
  readonly #socket: Socket;
  readonly #waiting = new Map<number, Waiting>();
  readonly #onEnd: (line: WireLine) => void;
  #unsent: Buffer[] = [];
  #xid = 0;
  #isEnding = false;
  #isOver = false;
  /** Writes whose answer will not come. */
  #lostWrites: Answered[] = [];

  constructor(socket: Socket, session: SessionKey, onEnd: (line: WireLine) => void) {
    this.#socket = socket;
    this.session = session;
    this.#onEnd = onEnd;
    socket.setTimeout(SILENCE_MS, () => {
      if (this.#waiting.size > 0) this.end(CONNECTION_LOST);
    });
  }

  ask(op: PathOp, path: string, answered: Answered): void {
    this.#send({ answered, isWrite: false }, (xid) => pathPacket(xid, op, path));
  }

  transact(steps: readonly TransactionStep[], answered: Answered): void {
    this.#send({ answered, isWrite: true }, (xid) => transactionPacket(xid, steps));
  }

  receive(packet: Buffer): void {
    const reader = new PacketReader(packet);
    const [xid, zxid, code] = [reader.int(), reader.long(), reader.int()];
    if (xid === AUTH_XID) {
      if (code !== 0) this.end(AUTH_FAILED);
      return;
    }
    const waiting = this.#waiting.get(xid);
    this.#waiting.delete(xid);
    waiting?.answered(code, zxid, reader);
    if (this.#isEnding) this.endWhenQuiet();
  }

  endWhenQuiet(): void {
    this.#isEnding = true;
    if (this.#waiting.size > 0 || this.#isOver) return;
    this.#isOver = true;
    this.#socket.end(closePacket(++this.#xid));
    this.#socket.unref();
  }

  /** Reads are told at once; writes by {@link tellWrites}, when it is sure that they will not be done later. */
  end(code: number): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#socket.destroy();
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    this.#lostWrites = waiting.filter(({ isWrite }) => isWrite).map(({ answered }) => answered);
    this.#onEnd(this);
    for (const { answered, isWrite } of waiting) if (!isWrite) answered(code, NEWEST, NOTHING);
  }

  get hasLostWrites(): boolean {
    return this.#lostWrites.length > 0;
  }

  tellWrites(): void {
    for (const answered of this.#lostWrites.splice(0)) answered(CONNECTION_LOST, NEWEST, NOTHING);
  }

  #send(waiting: Waiting, packet: (xid: number) => Buffer): void {
    if (this.#isOver) {
      waiting.answered(CONNECTION_LOST, NEWEST, NOTHING);
      return;
    }
    const xid = ++this.#xid;
    this.#waiting.set(xid, waiting);
    this.#unsent.push(packet(xid));
    if (this.#unsent.length === 1) setImmediate(() => this.#flush());
  }

  #flush(): void {
    const packets = this.#unsent;
    this.#unsent = [];
    if (!this.#isOver) this.#socket.write(packets.length === 1 && packets[0] ? packets[0] : Buffer.concat(packets));
  }
}

const NEWEST = 2n ** 63n - 1n;
const NOTHING = new PacketReader(Buffer.alloc(0));

export interface LineOptions {
  readonly credentials: readonly Credential[];
  /** A server that has not reached it gives no session. */
  readonly zxid: bigint;
  readonly onEnd: (line: WireLine) => void;
}

/** Undefined where the server gives no session. */
export function openLine(server: ServerAddress, { credentials, zxid, onEnd }: LineOptions): Promise<WireLine | undefined> {
  return new Promise((resolve) => {
    let line: WireLine | undefined;
    handshake(server, connectPacket(SESSION_TIMEOUT_MS, zxid), {
      onSession: (socket, session) => {
        line = new WireLine(socket, session, onEnd);
        for (const { scheme, credential } of credentials) socket.write(authPacket(scheme, credential));
        resolve(line);
      },
      onPacket: (packet) => line?.receive(packet),
      onEnd: () => {
        line?.end(CONNECTION_LOST);
        resolve(undefined);
      },
    });
  });
}

/**
 * Takes a session up again on another connection, and ends it: from then on nothing is done any more that was asked in it. True where that
 * is sure, also where the session was over.
 */
export function endSession(server: ServerAddress, session: SessionKey): Promise<boolean> {
  return new Promise((resolve) => {
    const end = handshake(server, connectPacket(SESSION_TIMEOUT_MS, 0n, session), {
      onSession: (socket) => {
        socket.setTimeout(HANDSHAKE_MS, end);
        socket.write(closePacket(1));
      },
      onPacket: () => {
        resolve(true);
        end();
      },
      onRefusal: () => resolve(true),
      onEnd: () => resolve(false),
    });
  });
}

interface Handshake {
  readonly onSession: (socket: Socket, session: SessionKey) => void;
  readonly onPacket: (packet: Buffer) => void;
  /** The server knows no such session. */
  readonly onRefusal?: () => void;
  /** Once, with whatever it ended. */
  readonly onEnd: () => void;
}

/** Connects and asks for a session. Answers what ends it. */
function handshake({ host, port }: ServerAddress, request: Buffer, { onSession, onPacket, onRefusal, onEnd }: Handshake): () => void {
  const socket = createConnection({ host, port, noDelay: true });
  const cutter = new PacketCutter();
  let isBegun = false;
  let isOver = false;
  const end = (): void => {
    if (isOver) return;
    isOver = true;
    clearTimeout(timer);
    socket.destroy();
    onEnd();
  };
  const timer = setTimeout(end, HANDSHAKE_MS);
  const begin = (packet: Buffer): void => {
    const answer = new PacketReader(packet);
    answer.int();
    if (answer.int() <= 0) {
      onRefusal?.();
      end();
      return;
    }
    clearTimeout(timer);
    isBegun = true;
    onSession(socket, { id: answer.long(), password: Buffer.from(answer.buffer()) });
  };
  socket.on('connect', () => socket.write(request));
  socket.on('data', (chunk: Buffer) => {
    try {
      for (const packet of cutter.cut(chunk)) (isBegun ? onPacket : begin)(packet);
    } catch {
      // What answers speaks something else.
      end();
    }
  });
  socket.on('error', end);
  socket.on('close', end);
  return end;
}
