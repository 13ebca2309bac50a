/** ZooKeeper's wire format (jute) as far as zkd speaks it itself: big-endian numbers, and strings and buffers behind their length. Pure. */
import type { NativeAcl } from './native-client.js';
import type { RawStat } from './stat.js';

const encode = {
  int: (value: number): Buffer => {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32BE(value);
    return bytes;
  },
  long: (value: bigint): Buffer => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64BE(value);
    return bytes;
  },
  buffer: (value: Buffer): Buffer => Buffer.concat([encode.int(value.length), value]),
  string: (value: string): Buffer => encode.buffer(Buffer.from(value, 'utf8')),
};

/** A packet: its length, then its parts. */
function packet(...parts: readonly Buffer[]): Buffer {
  return encode.buffer(Buffer.concat(parts));
}

const OP = { sync: 9, getAcl: 6, auth: 100, close: -11 } as const;
/** The xid of answers to credentials. */
export const AUTH_XID = -4;

/** `ConnectRequest` for a new session; a server that has not seen `lastZxid` refuses it. */
export function connectPacket(timeoutMs: number, lastZxid: bigint): Buffer {
  return packet(
    encode.int(0),
    encode.long(lastZxid),
    encode.int(timeoutMs),
    encode.long(0n),
    encode.buffer(Buffer.alloc(16)),
    Buffer.from([0]),
  );
}

export function authPacket(scheme: string, credential: string): Buffer {
  return packet(encode.int(AUTH_XID), encode.int(OP.auth), encode.int(0), encode.string(scheme), encode.string(credential));
}

/** A request that carries a path only. */
export function pathPacket(xid: number, op: 'sync' | 'getAcl', path: string): Buffer {
  return packet(encode.int(xid), encode.int(OP[op]), encode.string(path));
}

export function closePacket(xid: number): Buffer {
  return packet(encode.int(xid), encode.int(OP.close));
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

  string(): string {
    const length = Math.max(this.int(), 0);
    if (this.#at + length > this.#bytes.length) throw new RangeError('The packet is too short');
    this.#at += length;
    return this.#bytes.toString('utf8', this.#at - length, this.#at);
  }

  /** `GetACLResponse`. */
  acl(): { readonly acl: readonly NativeAcl[]; readonly stat: RawStat } {
    const count = Math.max(this.int(), 0);
    const acl: NativeAcl[] = [];
    for (let index = 0; index < count; index++) acl.push({ perms: this.int(), scheme: this.string(), auth: this.string() });
    return { acl, stat: this.stat() };
  }

  stat(): RawStat {
    const [czxid, mzxid, ctime, mtime] = [Number(this.long()), Number(this.long()), Number(this.long()), Number(this.long())];
    const [version, cversion, aversion] = [this.int(), this.int(), this.int()];
    const ephemeralOwner = BigInt.asUintN(64, this.long()).toString(16);
    const [dataLength, numChildren, pzxid] = [this.int(), this.int(), Number(this.long())];
    const times = { ctime: new Date(ctime), mtime: new Date(mtime) };
    return { czxid, mzxid, pzxid, ...times, version, cversion, aversion, ephemeralOwner, dataLength, numChildren };
  }
}

/** Cuts a stream of bytes into packets. */
export class PacketCutter {
  #rest: Buffer = Buffer.alloc(0);

  /** The packets that are whole by now. */
  *cut(chunk: Buffer): Iterable<Buffer> {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    while (this.#rest.length >= 4) {
      const end = 4 + Math.max(this.#rest.readInt32BE(), 0);
      if (this.#rest.length < end) return;
      const whole = this.#rest.subarray(4, end);
      this.#rest = this.#rest.subarray(end);
      yield whole;
    }
  }
}
