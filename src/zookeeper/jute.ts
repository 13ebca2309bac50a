/** ZooKeeper's wire format (jute) as far as zkd speaks it itself: big-endian numbers, and strings and buffers behind their length. Pure. */
import { permissionBits } from './acl.js';
import type { NativeAcl } from './native-client.js';
import type { AclEntry, TransactionStep } from './port.js';
import type { RawStat } from './stat.js';

/** Writes one packet from front to back, behind its length. */
class PacketWriter {
  #bytes: Buffer = Buffer.allocUnsafe(256);
  #end = 4;

  int(value: number): this {
    this.#room(4);
    this.#end = this.#bytes.writeInt32BE(value, this.#end);
    return this;
  }

  long(value: bigint): this {
    this.#room(8);
    this.#end = this.#bytes.writeBigInt64BE(value, this.#end);
    return this;
  }

  bool(value: boolean): this {
    this.#room(1);
    this.#end = this.#bytes.writeUInt8(value ? 1 : 0, this.#end);
    return this;
  }

  buffer(value: Uint8Array): this {
    this.int(value.byteLength);
    this.#room(value.byteLength);
    this.#bytes.set(value, this.#end);
    this.#end += value.byteLength;
    return this;
  }

  string(value: string): this {
    // No character is longer than three bytes for each unit of it.
    this.#room(4 + value.length * 3);
    const length = this.#bytes.write(value, this.#end + 4, 'utf8');
    this.#bytes.writeInt32BE(length, this.#end);
    this.#end += 4 + length;
    return this;
  }

  packet(): Buffer {
    this.#bytes.writeInt32BE(this.#end - 4, 0);
    return this.#bytes.subarray(0, this.#end);
  }

  #room(length: number): void {
    if (this.#end + length <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(2 * (this.#end + length));
    this.#bytes.copy(larger, 0, 0, this.#end);
    this.#bytes = larger;
  }
}

const OP = { create: 1, delete: 2, exists: 3, get: 4, getAcl: 6, sync: 9, children: 12, multi: 14, auth: 100, close: -11 } as const;
/** Requests that carry a path only, perhaps with a watch that nobody wants. */
export type PathOp = 'exists' | 'get' | 'getAcl' | 'sync' | 'children';
const WITHOUT_WATCH: readonly PathOp[] = ['getAcl', 'sync'];
/** The xid of answers to credentials. */
export const AUTH_XID = -4;

/** A session on the wire, by which it is taken up again. */
export interface SessionKey {
  readonly id: bigint;
  readonly password: Buffer;
}

const NO_SESSION: SessionKey = { id: 0n, password: Buffer.alloc(16) };

/** `ConnectRequest`, for a new session where none is given; a server that has not seen `lastZxid` refuses it. */
export function connectPacket(timeoutMs: number, lastZxid: bigint, { id, password }: SessionKey = NO_SESSION): Buffer {
  return new PacketWriter().int(0).long(lastZxid).int(timeoutMs).long(id).buffer(password).bool(false).packet();
}

export function authPacket(scheme: string, credential: string): Buffer {
  return new PacketWriter().int(AUTH_XID).int(OP.auth).int(0).string(scheme).string(credential).packet();
}

/** A request that carries a path only. */
export function pathPacket(xid: number, op: PathOp, path: string): Buffer {
  const writer = new PacketWriter().int(xid).int(OP[op]).string(path);
  return (WITHOUT_WATCH.includes(op) ? writer : writer.bool(false)).packet();
}

/** `MultiTransactionRecord`. */
export function transactionPacket(xid: number, steps: readonly TransactionStep[]): Buffer {
  const writer = new PacketWriter().int(xid).int(OP.multi);
  for (const step of steps) {
    writer.int(OP[step.kind]).bool(false).int(-1).string(step.path);
    if (step.kind === 'delete') writer.int(-1);
    else writeAcl(writer.buffer(step.data), step.acl).int(0);
  }
  return writer.int(-1).bool(true).int(-1).packet();
}

function writeAcl(writer: PacketWriter, acl: readonly AclEntry[]): PacketWriter {
  writer.int(acl.length);
  for (const { scheme, id, permissions } of acl) writer.int(permissionBits(permissions)).string(scheme).string(id);
  return writer;
}

export function closePacket(xid: number): Buffer {
  return new PacketWriter().int(xid).int(OP.close).packet();
}

/** Reads one packet from front to back. Throws a RangeError where it is too short. */
export class PacketReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  int(): number {
    this.#at += 4;
    return this.#bytes.readInt32BE(this.#at - 4);
  }

  long(): bigint {
    this.#at += 8;
    return this.#bytes.readBigInt64BE(this.#at - 8);
  }

  /** A long that a number holds exactly up to 2^53. */
  #number(): number {
    this.#at += 8;
    return this.#bytes.readInt32BE(this.#at - 8) * 2 ** 32 + this.#bytes.readUInt32BE(this.#at - 4);
  }

  bool(): boolean {
    this.#at += 1;
    return this.#bytes.readUInt8(this.#at - 1) !== 0;
  }

  /** A view of the packet. */
  buffer(): Buffer {
    const length = this.#length();
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  string(): string {
    const length = this.#length();
    return this.#bytes.toString('utf8', this.#at - length, this.#at);
  }

  #length(): number {
    const length = Math.max(this.int(), 0);
    if (this.#at + length > this.#bytes.length) throw new RangeError('The packet is too short');
    this.#at += length;
    return length;
  }

  /** `GetACLResponse`. */
  acl(): { readonly acl: readonly NativeAcl[]; readonly stat: RawStat } {
    const count = Math.max(this.int(), 0);
    const acl: NativeAcl[] = [];
    for (let index = 0; index < count; index++) acl.push({ perms: this.int(), scheme: this.string(), auth: this.string() });
    return { acl, stat: this.stat() };
  }

  /** `GetChildren2Response`. */
  children(): { readonly names: string[]; readonly stat: RawStat } {
    const count = Math.max(this.int(), 0);
    const names: string[] = [];
    for (let index = 0; index < count; index++) names.push(this.string());
    return { names, stat: this.stat() };
  }

  /** `GetDataResponse`. The data is a copy: it does not keep the bytes around it. */
  node(): { readonly data: Buffer; readonly stat: RawStat } {
    return { data: Buffer.from(this.buffer()), stat: this.stat() };
  }

  /** `MultiResponse`: which step was refused, and the number for why; undefined where all were done. */
  refusedStep(): { readonly index: number; readonly code: number } | undefined {
    for (let index = 0; ; index++) {
      const [type, isEnd] = [this.int(), this.bool()];
      this.int();
      if (isEnd) return undefined;
      if (type === OP.create) this.string();
      if (type !== -1) continue;
      const code = this.int();
      // Those before it would have been done.
      if (code !== 0) return { index, code };
    }
  }

  stat(): RawStat {
    const [czxid, mzxid, ctime, mtime] = [this.#number(), this.#number(), this.#number(), this.#number()];
    const [version, cversion, aversion] = [this.int(), this.int(), this.int()];
    const ephemeralOwner = BigInt.asUintN(64, this.long()).toString(16);
    const [dataLength, numChildren, pzxid] = [this.int(), this.int(), this.#number()];
    const times = { ctime: new Date(ctime), mtime: new Date(mtime) };
    return { czxid, mzxid, pzxid, ...times, version, cversion, aversion, ephemeralOwner, dataLength, numChildren };
  }
}

/** Cuts a stream of bytes into packets. */
export class PacketCutter {
  #rest: Buffer[] = [];
  #length = 0;
  /** Bytes to have before there is a whole packet. */
  #wanted = 4;

  /** The packets that are whole by now. */
  *cut(chunk: Buffer): Iterable<Buffer> {
    this.#rest.push(chunk);
    this.#length += chunk.length;
    if (this.#length < this.#wanted) return;
    let bytes = this.#rest.length === 1 ? chunk : Buffer.concat(this.#rest, this.#length);
    this.#wanted = 4;
    while (bytes.length >= 4) {
      const end = 4 + Math.max(bytes.readInt32BE(), 0);
      this.#wanted = end;
      if (bytes.length < end) break;
      const whole = bytes.subarray(4, end);
      bytes = bytes.subarray(end);
      this.#wanted = 4;
      yield whole;
    }
    this.#rest = bytes.length === 0 ? [] : [bytes];
    this.#length = bytes.length;
  }
}
