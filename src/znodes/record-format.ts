/**
 * The format of `znode export`: JSON Lines, in UTF-8, one document a line.
 *
 * 1. The header: `{"format":"zkd-znodes","version":1,"root":"/app","exportedAt":"...","firstZxid":"0x..."|null,"ephemerals":false}`.
 *    `root` says where the tree was; all paths below are as seen from it. Readers refuse another `version`.
 * 2. A line a node, parents before children, children by code point:
 *    `{"path":"/a","data":"text","acl":[{"scheme","id","permissions"}],"kind":"persistent","ttlMs":null,"stat":{...}}`. The root's path is `/`.
 *    Data that is no UTF-8 is `"base64":"..."` in place of `"data"`. `acl` is null where it could not be read whole, `data` where it could
 *    not be read, `kind` and `stat` where nothing of the node may be seen. `stat` has `czxid, mzxid, version, aversion, mtime, ephemeralOwner`; it says what was there, import writes none of it.
 * 3. The end: `{"end":true,"nodes":2,"denied":0,"newestZxid":"0x...","lastZxid":"0x..."|null}`. A file without it is not whole.
 *
 * It is no snapshot: nodes are read one after the other. `firstZxid` and `lastZxid` are what the ensemble had reached before and after,
 * where that is known; `newestZxid` is the newest change in the file. Where `newestZxid` is above `firstZxid` the tree changed meanwhile.
 *
 * Pure.
 */
import { isUtf8 } from 'node:buffer';
import { ZkdError } from '../errors.js';
import { checkPath, type AclEntry, type NodeKind, type Stat } from '../zookeeper/index.js';

/** One node of a tree, wherever it comes from. */
export interface TreeRecord {
  /** As seen from the root of its tree; `/` is the root itself. */
  readonly path: string;
  /** Null where it may not be read. */
  readonly data: Buffer | null;
  /** Null where it may not be read, or not whole. */
  readonly acl: readonly AclEntry[] | null;
  /** Null, as `stat`, where nothing of the node may be seen. */
  readonly kind: NodeKind | null;
  readonly ttlMs: number | null;
  readonly stat: RecordStat | null;
}

export type RecordStat = Pick<Stat, 'czxid' | 'mzxid' | 'version' | 'aversion' | 'mtime' | 'ephemeralOwner'>;

export interface TreeHeader {
  readonly root: string;
  readonly exportedAt: string;
  /** What the ensemble had reached when the export began; null where nobody could tell. */
  readonly firstZxid: string | null;
  /** Ephemeral nodes are in the file. */
  readonly ephemerals: boolean;
}

export interface TreeEnd {
  readonly nodes: number;
  /** Nodes of which something could not be read. */
  readonly denied: number;
  /** The newest change among the nodes; null without nodes. */
  readonly newestZxid: string | null;
  /** What the ensemble had reached at the end; null where nobody could tell. */
  readonly lastZxid: string | null;
}

export type TreeLine =
  | ({ readonly type: 'header' } & TreeHeader)
  | { readonly type: 'node'; readonly record: TreeRecord }
  | ({ readonly type: 'end' } & TreeEnd);

const FORMAT = 'zkd-znodes';
const VERSION = 1;

export function formatHeader({ root, exportedAt, firstZxid, ephemerals }: TreeHeader): string {
  return JSON.stringify({ format: FORMAT, version: VERSION, root, exportedAt, firstZxid, ephemerals });
}

export function formatRecord({ path, data, acl, kind, ttlMs, stat }: TreeRecord): string {
  const content = data === null ? { data } : isUtf8(data) ? { data: data.toString() } : { base64: data.toString('base64') };
  return JSON.stringify({ path, ...content, acl, kind, ttlMs, stat: stat && recordStat(stat) });
}

function recordStat({ czxid, mzxid, version, aversion, mtime, ephemeralOwner }: RecordStat): RecordStat {
  return { czxid, mzxid, version, aversion, mtime, ephemeralOwner };
}

export function formatEnd({ nodes, denied, newestZxid, lastZxid }: TreeEnd): string {
  return JSON.stringify({ end: true, nodes, denied, newestZxid, lastZxid });
}

/** Reads one line. Throws `usage`, naming the line and what is wrong with it. */
export function parseLine(text: string, lineNumber: number): TreeLine {
  const fail = (what: string): never => {
    throw formatError(`Line ${lineNumber} of the export ${what}`, lineNumber);
  };
  let line: unknown;
  try {
    line = JSON.parse(text);
  } catch {
    return fail('is not JSON');
  }
  if (!isObject(line)) return fail('is not a JSON object');
  if (lineNumber === 1) return parseHeader(line, fail);
  if (line['end'] === true) return parseEnd(line, fail);
  return { type: 'node', record: parseRecord(line, fail) };
}

export function formatError(message: string, line: number): ZkdError {
  return new ZkdError('usage', message, { details: { reason: 'invalid-export', line } });
}

type Fail = (what: string) => never;
type Fields = Readonly<Record<string, unknown>>;

const KINDS: readonly unknown[] = ['persistent', 'ephemeral', 'container', 'ttl'] satisfies NodeKind[];
const PERMISSIONS: readonly unknown[] = ['read', 'write', 'create', 'delete', 'admin'];
const HEX = /^0x[0-9a-f]+$/;

const isObject = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isZxid = (value: unknown): value is string => typeof value === 'string' && HEX.test(value);
const isZxidOrNull = (value: unknown): value is string | null => value === null || isZxid(value);

function parseHeader(line: Fields, fail: Fail): TreeLine {
  const { format, version, root, exportedAt, firstZxid, ephemerals } = line;
  if (format !== FORMAT) return fail(`is no header of an export by zkd ("format":"${FORMAT}")`);
  if (version !== VERSION) return fail(`has format version ${JSON.stringify(version)}; this zkd reads ${VERSION}`);
  if (typeof root !== 'string' || typeof exportedAt !== 'string' || !isZxidOrNull(firstZxid) || typeof ephemerals !== 'boolean')
    return fail('is no whole header');
  return { type: 'header', root: validPath(root, fail), exportedAt, firstZxid, ephemerals };
}

function parseEnd({ nodes, denied, newestZxid, lastZxid }: Fields, fail: Fail): TreeLine {
  if (!isCount(nodes) || !isCount(denied) || !isZxidOrNull(newestZxid) || !isZxidOrNull(lastZxid)) return fail('is no whole last line');
  return { type: 'end', nodes, denied, newestZxid, lastZxid };
}

function parseRecord(line: Fields, fail: Fail): TreeRecord {
  const { path, data, base64, acl, kind, ttlMs, stat } = line;
  if (typeof path !== 'string') return fail('has no path');
  const isUnseen = data === null && kind === null && stat === null;
  if (!isUnseen && !KINDS.includes(kind)) return fail(`has no kind of node: ${JSON.stringify(kind)}`);
  if ((kind === 'ttl') !== (typeof ttlMs === 'number') || (typeof ttlMs === 'number' && !isTtl(ttlMs))) return fail('has no valid "ttlMs"');
  return {
    path: validPath(path, fail),
    data: parseData(data, base64, fail),
    acl: acl === null ? null : parseAcl(acl, fail),
    kind: kind as NodeKind | null,
    ttlMs: typeof ttlMs === 'number' ? ttlMs : null,
    stat: isUnseen ? null : parseStat(stat, fail),
  };
}

const isTtl = (value: number): boolean => Number.isInteger(value) && value >= 1 && value < 2 ** 31;

function validPath(path: string, fail: Fail): string {
  try {
    return checkPath(path);
  } catch {
    return fail(`has a path that is none: ${JSON.stringify(path)}`);
  }
}

function parseData(data: unknown, base64: unknown, fail: Fail): Buffer | null {
  if (data === null && base64 === undefined) return null;
  if (typeof data === 'string' && base64 === undefined) return Buffer.from(data);
  if (typeof base64 !== 'string' || data !== undefined) return fail('has no data: one of "data" and "base64"');
  const bytes = Buffer.from(base64, 'base64');
  return bytes.toString('base64') === base64 ? bytes : fail('has "base64" that is none');
}

function parseAcl(acl: unknown, fail: Fail): readonly AclEntry[] {
  if (!Array.isArray(acl) || acl.length === 0) return fail('has no "acl"');
  return acl.map((entry: unknown) => {
    if (!isObject(entry)) return fail('has an "acl" that is none');
    const { scheme, id, permissions } = entry;
    const isWhole = typeof scheme === 'string' && typeof id === 'string' && Array.isArray(permissions);
    if (!isWhole || !permissions.every((permission) => PERMISSIONS.includes(permission))) return fail('has an "acl" that is none');
    return { scheme, id, permissions: permissions as AclEntry['permissions'] };
  });
}

function parseStat(stat: unknown, fail: Fail): RecordStat {
  if (!isObject(stat)) return fail('has no "stat"');
  const { czxid, mzxid, version, aversion, mtime, ephemeralOwner } = stat;
  const isWhole = isZxid(czxid) && isZxid(mzxid) && Number.isInteger(version) && Number.isInteger(aversion) && typeof mtime === 'string';
  if (!isWhole || !isZxidOrNull(ephemeralOwner)) return fail('has a "stat" that is not whole');
  return { czxid, mzxid, version: version as number, aversion: aversion as number, mtime, ephemeralOwner };
}
