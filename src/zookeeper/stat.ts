/** What the server tells about a node, in the port's words. Pure. */
import { formatHex } from './four-letter-words.js';
import type { Stat } from './port.js';

/** As the client library gives it. Zxids are exact up to 2^53, which is epoch 2^21. */
export interface RawStat {
  readonly czxid: number;
  readonly mzxid: number;
  readonly pzxid: number;
  readonly ctime: Date;
  readonly mtime: Date;
  readonly version: number;
  readonly cversion: number;
  readonly aversion: number;
  /** Hexadecimal without prefix. */
  readonly ephemeralOwner: string;
  readonly dataLength: number;
  readonly numChildren: number;
}

/** The owner of a container node (`EphemeralType.CONTAINER_EPHEMERAL_OWNER`). */
const CONTAINER = 0x8000000000000000n;
/** With this top byte it is a node with a time to live, in the low 40 bits (`EphemeralType`; the two bytes between are 0). */
const TTL_BYTE = 0xffn;
const TTL_MASK = 0xff_ffff_ffffn;

/**
 * What kind of node an `ephemeralOwner` says, and whose or for how long. Servers answer clients with 0 for container and TTL nodes
 * (`DataNode.getClientEphemeralOwner`, seen on 3.8 and 3.9): there they cannot be told from persistent ones.
 */
export function kindOf(owner: bigint): Pick<Stat, 'kind' | 'ephemeralOwner' | 'ttlMs'> {
  if (owner === 0n) return { kind: 'persistent', ephemeralOwner: null, ttlMs: null };
  if (owner === CONTAINER) return { kind: 'container', ephemeralOwner: null, ttlMs: null };
  if (owner >> 56n === TTL_BYTE) return { kind: 'ttl', ephemeralOwner: null, ttlMs: Number(owner & TTL_MASK) };
  return { kind: 'ephemeral', ephemeralOwner: formatHex(owner), ttlMs: null };
}

/** Translates. */
export function toStat(raw: RawStat): Stat {
  return {
    czxid: formatHex(BigInt(raw.czxid)),
    mzxid: formatHex(BigInt(raw.mzxid)),
    pzxid: formatHex(BigInt(raw.pzxid)),
    ctime: raw.ctime.toISOString(),
    mtime: raw.mtime.toISOString(),
    version: raw.version,
    cversion: raw.cversion,
    aversion: raw.aversion,
    ...kindOf(BigInt(`0x${raw.ephemeralOwner}`)),
    dataLength: raw.dataLength,
    numChildren: raw.numChildren,
  };
}
