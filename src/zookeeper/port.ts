/**
 * What zkd asks of ZooKeeper: one session, in our words. The interface does not show which client stands behind it. Paths are absolute
 * below the session's chroot. Everything rejects with a `ZkdError` whose details carry `reason` (a {@link SessionReason}) and `path`.
 */

/** Why a request failed: `details.reason` of its error. */
export type SessionReason =
  | 'no-node' // not-found
  | 'node-exists' // conflict
  | 'bad-version' // conflict
  | 'not-empty' // conflict
  | 'no-children-for-ephemerals' // conflict
  | 'no-auth' // denied
  | 'auth-failed' // denied
  | 'invalid-acl' // usage
  | 'invalid-path' // usage
  | 'too-large' // usage
  | 'unsupported' // failure: the server cannot do this
  | 'connection-lost' // zookeeper-unavailable
  | 'timeout' // zookeeper-unavailable: no answer within the operation's time
  | 'session-expired' // zookeeper-unavailable
  | 'closed'; // failure: used after its end

/** How a node lives. Sequential ones end in a ten-digit number the server gives. */
export type CreateMode =
  'persistent' | 'persistent-sequential' | 'ephemeral' | 'ephemeral-sequential' | 'container' | 'ttl' | 'ttl-sequential';

export type NodeKind = 'persistent' | 'ephemeral' | 'container' | 'ttl';

export interface Stat {
  /** Lower-case hex with `0x`. */
  readonly czxid: string;
  readonly mzxid: string;
  readonly pzxid: string;
  /** ISO 8601, UTC. */
  readonly ctime: string;
  readonly mtime: string;
  readonly version: number;
  readonly cversion: number;
  readonly aversion: number;
  /** The owning session as lower-case hex with `0x`; null unless the node is ephemeral. */
  readonly ephemeralOwner: string | null;
  readonly kind: NodeKind;
  /** Null unless the node has a time to live. */
  readonly ttlMs: number | null;
  readonly dataLength: number;
  readonly numChildren: number;
}

export type Permission = 'read' | 'write' | 'create' | 'delete' | 'admin';

export interface AclEntry {
  readonly scheme: string;
  readonly id: string;
  readonly permissions: readonly Permission[];
}

export interface NodeData {
  readonly data: Buffer;
  readonly stat: Stat;
}

export interface NodeChildren {
  /** Names, sorted by code point. */
  readonly children: readonly string[];
  readonly stat: Stat;
}

export interface NodeAcl {
  readonly acl: readonly AclEntry[];
  readonly stat: Stat;
}

export interface CreateOptions {
  readonly mode?: CreateMode;
  /** 1 to 2^31-1; wanted by the modes `ttl...` only. */
  readonly ttlMs?: number;
  /** Everybody may do everything where absent. With one, the data is never readable by others at any moment. */
  readonly acl?: readonly AclEntry[];
}

/** One write of a transaction: a persistent node with its data and ACL, or one without children that goes. */
export type TransactionStep =
  | { readonly kind: 'create'; readonly path: string; readonly data: Uint8Array; readonly acl: readonly AclEntry[] }
  | { readonly kind: 'delete'; readonly path: string };

/** A watch fired, or the connection it hangs on changed. */
export type WatchSignal = 'fired' | 'disconnected' | 'connected';

export interface Watch {
  /** Resolves at the next signal; rejects with `session-expired` or `closed` when no further one can come. */
  next(): Promise<WatchSignal>;
}

export type SessionState = 'connected' | 'disconnected' | 'expired' | 'closed';

/**
 * One session. Reads, unconditional sets and unconditional deletes are repeated after a reconnect until the operation's time is up. Conditional writes and
 * creates whose reply was lost are looked up again; where that cannot tell what happened the error's details carry `outcome: "unknown"`.
 * Any number of requests may be under way.
 */
export interface ZooKeeperSession {
  /** Lower-case hex with `0x`. */
  readonly id: string;
  /** As the server granted it. */
  readonly timeoutMs: number;
  readonly state: SessionState;
  /** What stands before every path; null where the whole tree is seen. */
  readonly chroot: string | null;
  get(path: string): Promise<NodeData>;
  /** Null where there is no such node. */
  exists(path: string): Promise<Stat | null>;
  children(path: string): Promise<NodeChildren>;
  /** Answers the path that was made. Rejects with `not-found` where the parent is missing. */
  create(path: string, data: Uint8Array, options?: CreateOptions): Promise<string>;
  /** `version`: only where the node has this one. */
  set(path: string, data: Uint8Array, options?: { readonly version?: number }): Promise<Stat>;
  delete(path: string, options?: { readonly version?: number }): Promise<void>;
  /**
   * Does all the steps, in their order, or none. Rejects with the failure of the step that was refused. It is never repeated: where the
   * connection is lost `outcome` is `unknown`, but nothing of it is done any more after that.
   */
  transact(steps: readonly TransactionStep[]): Promise<void>;
  getAcl(path: string): Promise<NodeAcl>;
  /** `version`: only where the ACL has this one (`aversion`). */
  setAcl(path: string, acl: readonly AclEntry[], options?: { readonly version?: number }): Promise<Stat>;
  /** Resolves when the server this session talks to has caught up with the leader. */
  sync(path: string): Promise<void>;
  /**
   * Reads and leaves a watch: on the node's data and its existence. `node` is null where there is none; with `isExpected` that rejects with
   * `not-found` and leaves no watch.
   */
  watchNode(path: string, options?: { readonly isExpected?: boolean }): Promise<{ readonly node: NodeData | null; readonly watch: Watch }>;
  /** Reads and leaves a watch on the names of the children. Rejects with `not-found` where there is no such node. */
  watchChildren(path: string): Promise<NodeChildren & { readonly watch: Watch }>;
  /** Waits for what is under way (2 s at most), ends the session. Safe to repeat; never rejects. */
  close(): Promise<void>;
}

export interface ServerAddress {
  readonly host: string;
  readonly port: number;
}

export interface SessionOptions {
  readonly servers: readonly ServerAddress[];
  /** Begins with `/`; none where absent. */
  readonly chroot?: string;
  /** Asked for; the server grants what it allows. Default 10 000. */
  readonly sessionTimeoutMs?: number;
  /** For connecting, and for each operation. Default 10 000. */
  readonly timeoutMs?: number;
  /** Never in a message. */
  readonly auth?: readonly { readonly scheme: string; readonly credential: string }[];
  readonly signal?: AbortSignal;
}

/**
 * Opens a session. Rejects with `zookeeper-unavailable`, naming each server and why (does not resolve, refused, speaks something else, TLS only,
 * no quorum, no answer in time), or with `denied` where the credentials are refused.
 */
export type OpenSession = (options: SessionOptions) => Promise<ZooKeeperSession>;
