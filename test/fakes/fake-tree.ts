/**
 * The data tree of a ZooKeeper that lives in memory: versions, zxids, sequence numbers, kinds and ACLs as ZooKeeper 3.9 keeps them. It
 * checks in ZooKeeper's own order, so that where two things are wrong the same one is named. It knows no connections and no watches.
 */
import {
  OPEN_ACL,
  parentPath,
  type AclEntry,
  type CreateOptions,
  type NodeKind,
  type Permission,
  type SessionReason,
  type Stat,
  type TransactionStep,
} from '../../src/zookeeper/index.js';
import { sessionError } from '../../src/zookeeper/errors.js';
import type { ZkdError } from '../../src/errors.js';

/** What went wrong, in words for the test's own calls; a session says it in the words of its request. */
export function treeFailure(reason: SessionReason, path: string): ZkdError {
  return sessionError(reason, { verb: 'use', path });
}

/** Who asks: the session, and what it proved to be. */
export interface Asker {
  readonly sessionId: string;
  /** `digest` ids: `user:base64(sha1(user:password))`. */
  readonly identities: readonly string[];
  /** Whom no ACL stops: the test itself. */
  readonly isSuper?: boolean;
}

/** What a change means to those who watch. */
export interface TreeEvent {
  readonly path: string;
  readonly kind: 'created' | 'changed' | 'deleted';
}

interface Znode {
  data: Buffer;
  acl: readonly AclEntry[];
  readonly czxid: number;
  mzxid: number;
  pzxid: number;
  readonly ctime: number;
  mtime: number;
  version: number;
  /** How many children were ever made: the next sequence number. */
  creations: number;
  aversion: number;
  readonly owner: string | null;
  readonly kind: NodeKind;
  readonly ttlMs: number | null;
  readonly children: Set<string>;
}

export const parentOf = (path: string): string => parentPath(path) ?? '/';

/** As the protocol has them, in the order of their letters. */
const PERMISSIONS: readonly Permission[] = OPEN_ACL[0]?.permissions ?? [];

const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** See the head of the file. Every change is told to `onEvent` once it is made. */
export class FakeTree {
  /** False: as a server without `extendedTypesEnabled`. */
  supportsTtl = true;
  /** False: as a server before 3.9, which tells everybody that a node is there and what it is like. */
  hidesStats = true;
  onEvent: (event: TreeEvent) => void = () => undefined;
  readonly #nodes = new Map<string, Znode>();
  #zxid = 0;

  constructor() {
    for (const path of ['/', '/zookeeper', '/zookeeper/quota', '/zookeeper/config'])
      this.#add(path, this.#newNode(Buffer.alloc(0), OPEN_ACL));
    this.#node('/zookeeper/config').acl = [{ scheme: 'world', id: 'anyone', permissions: ['read'] }];
  }

  /** Every path that is there, sorted. */
  get paths(): readonly string[] {
    return [...this.#nodes.keys()].sort();
  }

  stat(path: string): Stat | null {
    const node = this.#nodes.get(path);
    return node ? statOf(node) : null;
  }

  read(path: string, asker: Asker): Buffer {
    return Buffer.from(this.#allowed(path, asker, 'read').data);
  }

  /** Null where there is no such node. */
  exists(path: string, asker: Asker): Stat | null {
    const node = this.#nodes.get(path);
    if (node && this.hidesStats && !may(node, asker, 'read')) throw treeFailure('no-auth', path);
    return this.stat(path);
  }

  /** Null where there is no such node. */
  readOrNull(path: string, asker: Asker): Buffer | null {
    return this.#nodes.has(path) ? this.read(path, asker) : null;
  }

  /** Sorted by code point, which is what JavaScript sorts by where no surrogates are allowed. */
  children(path: string, asker: Asker): string[] {
    return [...this.#allowed(path, asker, 'read').children].sort();
  }

  acl(path: string, asker: Asker): readonly AclEntry[] {
    const node = this.#node(path);
    if (may(node, asker, 'admin')) return node.acl;
    if (!may(node, asker, 'read')) throw treeFailure('no-auth', path);
    return node.acl.map((entry) => (entry.scheme === 'digest' ? { ...entry, id: `${entry.id.split(':')[0] ?? ''}:x` } : entry));
  }

  create(path: string, data: Uint8Array, options: CreateOptions, asker: Asker): string {
    const { mode = 'persistent', ttlMs } = options;
    if (ttlMs !== undefined && !this.supportsTtl) throw treeFailure('unsupported', path);
    const acl = fixedAcl(path, options.acl ?? OPEN_ACL, asker);
    if (path === '/') throw treeFailure('node-exists', path);
    const parent = this.#nodes.get(parentOf(path));
    if (!parent) throw treeFailure('no-node', path);
    if (!may(parent, asker, 'create')) throw treeFailure('no-auth', path);
    const made = mode.endsWith('-sequential') ? `${path}${String(parent.creations).padStart(10, '0')}` : path;
    if (this.#nodes.has(made)) throw treeFailure('node-exists', made);
    if (parent.kind === 'ephemeral') throw treeFailure('no-children-for-ephemerals', made);
    const kind = mode.replace('-sequential', '') as NodeKind;
    this.#add(made, { ...this.#newNode(data, acl), kind, ttlMs: ttlMs ?? null, owner: kind === 'ephemeral' ? asker.sessionId : null });
    this.onEvent({ path: made, kind: 'created' });
    return made;
  }

  set(path: string, data: Uint8Array, version: number | undefined, asker: Asker): Stat {
    const node = this.#allowed(path, asker, 'write');
    if (version !== undefined && version !== node.version) throw treeFailure('bad-version', path);
    Object.assign(node, { data: Buffer.from(data), version: node.version + 1, mzxid: ++this.#zxid, mtime: Date.now() });
    this.onEvent({ path, kind: 'changed' });
    return statOf(node);
  }

  delete(path: string, version: number | undefined, asker: Asker): void {
    if (path === '/') throw treeFailure('invalid-path', path);
    const node = this.#node(path);
    if (!may(this.#node(parentOf(path)), asker, 'delete')) throw treeFailure('no-auth', path);
    if (version !== undefined && version !== node.version) throw treeFailure('bad-version', path);
    if (node.children.size > 0) throw treeFailure('not-empty', path);
    this.#remove(path);
  }

  setAcl(path: string, wanted: readonly AclEntry[], version: number | undefined, asker: Asker): Stat {
    const acl = fixedAcl(path, wanted, asker);
    const node = this.#allowed(path, asker, 'admin');
    if (version !== undefined && version !== node.aversion) throw treeFailure('bad-version', path);
    Object.assign(node, { acl, aversion: node.aversion + 1 });
    this.#zxid += 1;
    return statOf(node);
  }

  /** Does all steps or none; `onStep` is told each before it is done. */
  transact(steps: readonly TransactionStep[], asker: Asker, onStep: (step: TransactionStep) => void): void {
    const tell = this.onEvent;
    const events: TreeEvent[] = [];
    const undo: (() => void)[] = [];
    this.onEvent = (event) => events.push(event);
    try {
      for (const step of steps) {
        undo.unshift(this.#undoer(step.path));
        onStep(step);
        if (step.kind === 'create') this.create(step.path, step.data, { acl: step.acl }, asker);
        else this.delete(step.path, undefined, asker);
      }
    } catch (error) {
      for (const each of undo) each();
      throw error;
    } finally {
      this.onEvent = tell;
    }
    for (const event of events) tell(event);
  }

  /** Puts a node and what its parent knows of it back to what they are now. */
  #undoer(path: string): () => void {
    const [node, parent] = [this.#nodes.get(path), this.#nodes.get(parentOf(path))];
    const before = parent && { pzxid: parent.pzxid, creations: parent.creations };
    return () => {
      if (parent) Object.assign(parent, before);
      if (node) {
        this.#nodes.set(path, node);
        parent?.children.add(nameOf(path));
      } else {
        this.#nodes.delete(path);
        parent?.children.delete(nameOf(path));
      }
    };
  }

  /** The session has ended: its ephemerals go with it. */
  endSession(sessionId: string): void {
    for (const [path, { owner }] of [...this.#nodes]) if (owner === sessionId) this.#remove(path);
  }

  /** What the server's own sweeper does: empty containers that once had children go, and TTL nodes whose time is up. */
  sweep(now = Date.now()): void {
    for (const [path, node] of [...this.#nodes].reverse()) {
      const isLeft = node.kind === 'container' && node.creations > 0;
      const isOver = node.ttlMs !== null && node.mtime + node.ttlMs <= now;
      if (node.children.size === 0 && (isLeft || isOver)) this.#remove(path);
    }
  }

  /** A node and all below it goes, whoever may or may not do that. */
  remove(path: string): void {
    for (const child of this.#nodes.get(path)?.children ?? []) this.remove(path === '/' ? `/${child}` : `${path}/${child}`);
    if (this.#nodes.has(path)) this.#remove(path);
  }

  #newNode(data: Uint8Array, acl: readonly AclEntry[]): Znode {
    const [zxid, now] = [++this.#zxid, Date.now()];
    const zxids = { czxid: zxid, mzxid: zxid, pzxid: zxid, ctime: now, mtime: now };
    const versions = { version: 0, creations: 0, aversion: 0 };
    return { data: Buffer.from(data), acl, ...zxids, ...versions, owner: null, kind: 'persistent', ttlMs: null, children: new Set() };
  }

  #add(path: string, node: Znode): void {
    this.#nodes.set(path, node);
    const parent = path === '/' ? undefined : this.#nodes.get(parentOf(path));
    if (!parent) return;
    parent.children.add(nameOf(path));
    parent.creations += 1;
    parent.pzxid = node.czxid;
  }

  #remove(path: string): void {
    this.#nodes.delete(path);
    const parent = this.#node(parentOf(path));
    parent.children.delete(nameOf(path));
    parent.pzxid = ++this.#zxid;
    this.onEvent({ path, kind: 'deleted' });
  }

  #node(path: string): Znode {
    const node = this.#nodes.get(path);
    if (!node) throw treeFailure('no-node', path);
    return node;
  }

  #allowed(path: string, asker: Asker, permission: Permission): Znode {
    const node = this.#node(path);
    if (!may(node, asker, permission)) throw treeFailure('no-auth', path);
    return node;
  }
}

function may({ acl }: Znode, { identities, isSuper = false }: Asker, permission: Permission): boolean {
  if (isSuper) return true;
  return acl.some(
    ({ scheme, id, permissions }) =>
      permissions.includes(permission) && ((scheme === 'world' && id === 'anyone') || (scheme === 'digest' && identities.includes(id))),
  );
}

/** `auth` becomes whoever asks, as ZooKeeper does it before it looks at the tree. */
function fixedAcl(path: string, acl: readonly AclEntry[], { identities }: Asker): readonly AclEntry[] {
  const fixed = acl.flatMap((entry) =>
    entry.scheme === 'auth' ? identities.map((id) => ({ scheme: 'digest', id, permissions: entry.permissions })) : [entry],
  );
  const isFine = ({ scheme, id }: AclEntry): boolean =>
    (scheme === 'world' && id === 'anyone') || (scheme === 'digest' && id.split(':').length === 2) || (scheme === 'ip' && id !== '');
  if (fixed.length === 0 || (acl.some(({ scheme }) => scheme === 'auth') && identities.length === 0) || !fixed.every(isFine))
    throw treeFailure('invalid-acl', path);
  return fixed.map((entry) => ({ ...entry, permissions: PERMISSIONS.filter((permission) => entry.permissions.includes(permission)) }));
}

function statOf(node: Znode): Stat {
  const hex = (zxid: number): string => `0x${zxid.toString(16)}`;
  return {
    czxid: hex(node.czxid),
    mzxid: hex(node.mzxid),
    pzxid: hex(node.pzxid),
    ctime: new Date(node.ctime).toISOString(),
    mtime: new Date(node.mtime).toISOString(),
    version: node.version,
    // As ZooKeeper reports it: creations and deletions of children, from the creations it keeps.
    cversion: node.creations * 2 - node.children.size,
    aversion: node.aversion,
    ephemeralOwner: node.owner,
    kind: node.kind,
    ttlMs: node.ttlMs,
    dataLength: node.data.length,
    numChildren: node.children.size,
  };
}
