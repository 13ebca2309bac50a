/**
 * Writing a whole tree as records say, 64 requests at a time: what `import` and `cp` have in common. Where nodes are missing many are created
 * in a transaction, and one by one where it is refused.
 */
import { hasReason, ZkdError } from '../errors.js';
import { parentPath, type TransactionStep, type ZooKeeperSession } from '../zookeeper/index.js';
import { concernsNodeOnly, deniedFailure, Failures } from './failures.js';
import { makeNode } from './make.js';
import { pair } from './pair.js';
import { placeNode, type Placed } from './place-node.js';
import type { TreeRecord } from './record-format.js';
import { removeTrees } from './remove-tree.js';
import { AT_ONCE, BYTES_AT_ONCE, isSessionOver, mayBeDone } from './together.js';
import { absolutePath, isReserved, isWithin, relativePath } from './tree-path.js';
import { walk } from './walk.js';
import { WorkPool } from './work-pool.js';

/** `create`: leaves alone what is there. `overwrite`: makes data and ACLs the same. `mirror`: and removes what the records do not have. */
export type PlaceMode = 'create' | 'overwrite' | 'mirror';

export interface PlaceOptions {
  readonly mode: PlaceMode;
  /** Writes nothing, and says what would be done. */
  readonly dryRun?: boolean;
  /** Ephemeral nodes too, as persistent ones: they would go with this session. Left out where absent. */
  readonly ephemerals?: boolean;
  readonly signal?: AbortSignal;
  /** Called for each node, in no order. */
  readonly onNode?: (path: string, action: Placed | 'removed') => void;
}

export interface PlaceResult {
  readonly target: string;
  readonly created: number;
  readonly changed: number;
  readonly unchanged: number;
  /** There, different, and left alone. */
  readonly kept: number;
  readonly removed: number;
  /** Ephemeral nodes that were left out. */
  readonly leftOut: number;
}

/**
 * Writes records below `target`, parents first; parents of the target are made where they are missing. Nodes that cannot be written are
 * listed at the end (`partial`, 9), with what is below them, when all others are done. Safe to repeat after any end: it goes on where it
 * stopped. In mode `mirror` nothing is removed before every record was read to the end, and nothing below a node that could not be read; ephemeral nodes that others hold (and nodes that may be such, as they cannot be seen) stay unless
 * `ephemerals` says otherwise, but go with an extra node they are below.
 */
export async function placeTree(
  session: ZooKeeperSession,
  target: string,
  records: AsyncGenerator<TreeRecord, void, undefined>,
  options: PlaceOptions,
): Promise<PlaceResult> {
  if (isReserved(target, session.chroot)) throw reserved(target);
  const placing = new Placing(session, target, options);
  try {
    await placing.run(records);
  } catch (error) {
    throw placing.whyStopped(error);
  } finally {
    await records.return();
  }
  return placing.finish();
}

/** A node that is written, or will be. */
interface Begun {
  readonly path: string;
  /** Null for the root of everything. */
  readonly parent: string | null;
  readonly record: TreeRecord;
  readonly step: TransactionStep | undefined;
  /** For those below: whether they can be written. */
  readonly settle: (isThere: boolean) => void;
  readonly fail: (error: unknown) => void;
}

class Placing {
  readonly #session: ZooKeeperSession;
  readonly #target: string;
  readonly #options: PlaceOptions;
  readonly #pool: WorkPool;
  readonly #failures = new Failures();
  readonly #done = { created: 0, changed: 0, unchanged: 0, kept: 0, removed: 0, leftOut: 0 };
  /** Nodes being written; answers whether their children can be. */
  readonly #open = new Map<string, Promise<boolean>>();
  /** Nodes that could not be written. */
  readonly #blocked = new Set<string>();
  /** The node written last was there already, and so is probably the next. */
  #wasThere = false;
  /** To be created together. */
  #together: Begun[] = [];
  #bytesTogether = 0;
  /** Those above the target are there. */
  #parents: Promise<void> | undefined;
  /** The topmost nodes that are to go. */
  readonly #extras: string[] = [];

  constructor(session: ZooKeeperSession, target: string, options: PlaceOptions) {
    this.#session = session;
    this.#target = target;
    this.#options = options;
    this.#pool = new WorkPool(options.signal);
  }

  readonly #isReserved = (path: string): boolean => isReserved(path, this.#session.chroot);

  async run(records: AsyncGenerator<TreeRecord, void, undefined>): Promise<void> {
    try {
      await this.#placeRecords(records);
      await this.#pool.drain();
    } catch (error) {
      // Nothing is written any more once a failure is reported. An abort waits for nothing.
      if (this.#options.signal?.aborted !== true) await this.#pool.settle();
      throw error;
    }
    await this.#prune();
  }

  finish(): PlaceResult {
    const { created, changed, unchanged, kept, removed } = this.#done;
    const count = created + changed + unchanged + kept + removed;
    this.#failures.throwIfAny('written', count, { target: this.#target, ...this.#done });
    return { target: this.#target, ...this.#done };
  }

  /** Somebody who waited for it wants to know what became of the rest. */
  whyStopped(error: unknown): unknown {
    if (!(error instanceof ZkdError) || error.code !== 'zookeeper-unavailable') return error;
    const { created, changed } = this.#done;
    return new ZkdError(error.code, `${error.message}. ${created + changed} nodes were written before`, {
      cause: error,
      suggestions: ['Run the same command again: it goes on where it stopped', 'zkd cluster status'],
      details: { ...error.details, target: this.#target, ...this.#done },
    });
  }

  /** Those that were read before one that could not be are written. */
  async #placeRecords(records: AsyncGenerator<TreeRecord, void, undefined>): Promise<void> {
    try {
      if (this.#options.mode === 'mirror') await this.#mirror(records);
      else for await (const record of records) await this.#begin(record);
    } finally {
      await this.#flush();
    }
  }

  async #mirror(records: AsyncGenerator<TreeRecord, void, undefined>): Promise<void> {
    let unseen: string | undefined;
    for await (const { path, left, right } of pair(records, this.#existing())) {
      // What the original has below a node that could not be read is not known, and so not what is extra there.
      if (left?.data === null) unseen = path;
      if (left) await this.#begin(left);
      else if (right.isRemovable && (unseen === undefined || !isWithin(unseen, path))) this.#addExtra(absolutePath(this.#target, path));
    }
  }

  #addExtra(path: string): void {
    const last = this.#extras.at(-1);
    if (last === undefined || !isWithin(last, path)) this.#extras.push(path);
    if (this.#options.dryRun === true) this.#count(path, 'removed');
  }

  async *#existing(): AsyncGenerator<{ readonly path: string; readonly isRemovable: boolean }, void, undefined> {
    const { signal, ephemerals = false } = this.#options;
    try {
      for await (const { path, stat } of walk(this.#session, this.#target, { skip: this.#isReserved, ...(signal && { signal }) })) {
        yield { path: relativePath(this.#target, path), isRemovable: ephemerals || (stat !== null && stat.kind !== 'ephemeral') };
      }
    } catch (error) {
      if (!hasReason(error, 'no-node')) throw error;
    }
  }

  async #begin(record: TreeRecord): Promise<void> {
    const path = absolutePath(this.#target, record.path);
    if (record.kind === 'ephemeral' && this.#options.ephemerals !== true) {
      this.#done.leftOut += 1;
      return;
    }
    // Not before there is something to write below them.
    if (this.#options.dryRun !== true) await (this.#parents ??= this.#makeParents());
    const begun = this.#enter(path, record);
    if (!begun.step) {
      await this.#flush();
      await this.#pool.add(() => this.#placeAll([begun]));
      return;
    }
    this.#together.push(begun);
    this.#bytesTogether += record.data?.length ?? 0;
    if (this.#together.length >= AT_ONCE || this.#bytesTogether >= BYTES_AT_ONCE) await this.#flush();
  }

  #enter(path: string, record: TreeRecord): Begun {
    let [settle, fail]: [Begun['settle'], Begun['fail']] = [() => undefined, () => undefined];
    const isThere = new Promise<boolean>((resolve, reject) => ([settle, fail] = [resolve, reject]));
    // A failure is told by the pool; here it only keeps those below from waiting.
    isThere.catch(() => undefined);
    this.#open.set(path, isThere);
    return { path, parent: parentPath(path), record, step: this.#stepFor(path, record), settle, fail };
  }

  /** Undefined for what is written by itself: it may be there already, or a transaction cannot make it. */
  #stepFor(path: string, { data, acl, kind }: TreeRecord): TransactionStep | undefined {
    const isPlain = kind === 'persistent' || kind === 'ephemeral';
    const { dryRun = false } = this.#options;
    if (this.#wasThere || dryRun || !isPlain || !data || !acl || path === '/' || this.#isReserved(path)) return undefined;
    return { kind: 'create', path, data, acl };
  }

  /** A session's requests are done in their order: nothing waits for the nodes above. */
  async #flush(): Promise<void> {
    const nodes = this.#together;
    if (nodes.length === 0) return;
    [this.#together, this.#bytesTogether] = [[], 0];
    await this.#pool.add(() => (nodes.length === 1 ? this.#placeAll(nodes) : this.#createTogether(nodes)));
  }

  async #createTogether(nodes: readonly Begun[]): Promise<void> {
    try {
      await this.#session.transact(nodes.flatMap(({ step }) => step ?? []));
    } catch (error) {
      if (isSessionOver(error)) throw this.#giveUp(nodes, error);
      await this.#placeAll(nodes, mayBeDone(error));
      return;
    }
    for (const node of nodes) {
      this.#count(node.path, 'created');
      this.#close(node, true);
    }
  }

  /** One after the other. */
  async #placeAll(nodes: readonly Begun[], mayBeOurs = false): Promise<void> {
    for (const [index, node] of nodes.entries()) {
      try {
        this.#close(node, await this.#placeBelow(node, mayBeOurs));
      } catch (error) {
        throw this.#giveUp(nodes.slice(index), error);
      }
    }
  }

  #giveUp(nodes: readonly Begun[], error: unknown): unknown {
    for (const { path, fail } of nodes) {
      fail(error);
      this.#open.delete(path);
    }
    return error;
  }

  #close({ path, settle }: Begun, isThere: boolean): void {
    settle(isThere);
    this.#open.delete(path);
  }

  async #placeBelow({ parent, path, record }: Begun, mayBeOurs: boolean): Promise<boolean> {
    const isParentThere = parent === null || ((await this.#open.get(parent)) ?? !this.#blocked.has(parent));
    if (isParentThere) return this.#place(path, record, mayBeOurs);
    this.#failures.add(path, parentFailure(path));
    this.#blocked.add(path);
    return false;
  }

  /** False where it cannot be; that is noted. */
  async #place(path: string, { data, acl, kind, ttlMs }: TreeRecord, mayBeOurs: boolean): Promise<boolean> {
    const { mode, dryRun = false, signal } = this.#options;
    try {
      if (this.#isReserved(path)) throw reserved(path);
      if (!data || !acl || !kind) throw deniedFailure('reading all of the original', path);
      const wanted = { data, acl, kind: kind === 'ephemeral' ? ('persistent' as const) : kind, ttlMs };
      const isExpected = this.#wasThere;
      const placed = await placeNode(this.#session, path, wanted, { overwrite: mode !== 'create', dryRun, isExpected, mayBeOurs, signal });
      this.#wasThere = placed !== 'created';
      this.#count(path, placed);
      return true;
    } catch (error) {
      if (!concernsNodeOnly(error)) throw error;
      this.#failures.add(path, error);
      this.#blocked.add(path);
      return false;
    }
  }

  #count(path: string, action: Placed | 'removed'): void {
    this.#done[action] += 1;
    this.#options.onNode?.(path, action);
  }

  /** The nodes above, empty and open to everybody where they are missing. */
  async #makeParents(): Promise<void> {
    const parent = parentPath(this.#target);
    if (parent === null) return;
    try {
      if (await this.#session.exists(parent)) return;
      await makeNode(this.#session, { path: parent, data: Buffer.alloc(0), parents: true });
    } catch (error) {
      // A parent that nobody may look at is there; what cannot be made below it says so itself.
      if (!hasReason(error, 'node-exists') && !hasReason(error, 'no-auth')) throw error;
    }
  }

  async #prune(): Promise<void> {
    if (this.#options.dryRun === true || this.#extras.length === 0) return;
    const { signal } = this.#options;
    await removeTrees(this.#session, this.#extras, this.#failures, {
      ...(signal && { signal }),
      onRemoved: (path) => this.#count(path, 'removed'),
    });
  }
}

function reserved(path: string): ZkdError {
  return new ZkdError('refused', `Nothing is written to "${path}": ZooKeeper keeps its own data there`, {
    details: { path, override: null },
  });
}

function parentFailure(path: string): ZkdError {
  return new ZkdError('conflict', `Znode "${path}" cannot be written: its parent could not be`, { details: { reason: 'no-node', path } });
}
