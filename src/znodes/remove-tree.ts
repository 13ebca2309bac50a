/**
 * Taking trees away, the deepest nodes first, 64 requests at a time. Nodes that nobody expects to have children are deleted straight away,
 * many in a transaction, and one by one where it is refused; they are listed only where ZooKeeper says that they have some. Not atomic:
 * whoever looks meanwhile sees a part of it.
 */
import { hasReason, ZkdError } from '../errors.js';
import { joinPath, type ZooKeeperSession } from '../zookeeper/index.js';
import { concernsNodeOnly, deniedFailure, Failures } from './failures.js';
import { AT_ONCE, isSessionOver, mayBeDone } from './together.js';
import { CONCURRENCY, walk } from './walk.js';

export interface TreeCount {
  /** With the root. */
  readonly nodes: number;
  readonly ephemerals: number;
  /** Bytes of data. */
  readonly bytes: number;
  /** Nodes below which nothing could be counted. */
  readonly denied: number;
}

export interface RemoveTreeOptions {
  readonly signal?: AbortSignal;
  /** Called for each node that went, with how many have gone. */
  readonly onProgress?: (removed: number) => void;
}

/** What `rm -r` asks about. Rejects with `not-found` where there is no such tree. */
export async function countTree(
  session: ZooKeeperSession,
  root: string,
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<TreeCount> {
  const count = { nodes: 0, ephemerals: 0, bytes: 0, denied: 0 };
  for await (const { stat, isDenied } of walk(session, root, signal ? { signal } : {})) {
    count.nodes += 1;
    count.ephemerals += stat?.kind === 'ephemeral' ? 1 : 0;
    count.bytes += stat?.dataLength ?? 0;
    count.denied += isDenied ? 1 : 0;
  }
  return count;
}

/** Throws `refused` (exit 12) for a tree that ZooKeeper itself lives in. Nothing overrides it. */
export function refuseToRemove(path: string, chroot: string | null): void {
  if (path !== '/' && joinPath(chroot ?? '/', path) !== '/zookeeper') return;
  throw new ZkdError(
    'refused',
    `Znode "${path}" is not removed: ${path === '/' ? 'it is the whole tree' : 'ZooKeeper keeps its own data there'}`,
    {
      details: { path, override: null },
    },
  );
}

/**
 * Removes a node and all below it; answers how many went. Nodes that appear meanwhile go too. One that is gone already is no failure, but
 * for the root at the start (`not-found`). Those that may not be deleted are listed at the end (`partial`, 9) when all others are gone.
 * Safe to repeat after an abort or a lost session.
 */
export async function removeTree(
  session: ZooKeeperSession,
  root: string,
  { signal, onProgress }: RemoveTreeOptions = {},
): Promise<{ readonly removed: number }> {
  refuseToRemove(root, session.chroot);
  if (!(await isThere(session, root))) {
    throw new ZkdError('not-found', `Znode "${root}" does not exist`, { details: { reason: 'no-node', path: root } });
  }
  const failures = new Failures();
  let removed = 0;
  const onRemoved = (): void => {
    removed += 1;
    onProgress?.(removed);
  };
  await removeTrees(session, [root], failures, { ...(signal && { signal }), onRemoved });
  failures.throwIfAny('removed', removed, { removed });
  return { removed };
}

/** A node that nobody may look at is there. */
async function isThere(session: ZooKeeperSession, path: string): Promise<boolean> {
  try {
    return (await session.exists(path)) !== null;
  } catch (error) {
    if (hasReason(error, 'no-auth')) return true;
    throw error;
  }
}

/** Removes several trees, none within another. What could not be removed is added to `failures`. For callers that have made sure. */
export async function removeTrees(
  session: ZooKeeperSession,
  roots: readonly string[],
  failures: Failures,
  { signal, onRemoved }: { readonly signal?: AbortSignal; readonly onRemoved: (path: string) => void },
): Promise<void> {
  await new Removal(session, failures, signal, onRemoved).run(roots);
}

/** A node whose children go first; the first level is no node, and its children are the roots. */
interface Level {
  readonly path: string;
  readonly parent: Level | undefined;
  names: readonly string[];
  at: number;
  /** Children under way or with children of their own under way. */
  open: number;
  /** A child could not be removed: this node cannot either, and that is said once. */
  isBlocked: boolean;
  /** How often it has been listed again because newcomers were there. */
  rounds: number;
  /** What the last child turned out to be, and so probably the next. */
  hasInnerChildren: boolean;
}

/** Newcomers that come for ever do not keep it busy for ever. */
const MOST_ROUNDS = 20;

interface Single {
  readonly path: string;
  readonly level: Level;
  /** A transaction that was lost may have removed it. */
  readonly mayBeGone: boolean;
}

class Removal {
  readonly #session: ZooKeeperSession;
  readonly #failures: Failures;
  readonly #signal: AbortSignal | undefined;
  readonly #onRemoved: (path: string) => void;
  /** Levels with names that nobody has begun with; the deepest is the last. */
  readonly #levels: Level[] = [];
  /** Begun with together, and to be done one by one. */
  readonly #singles: Single[] = [];
  #underWay = 0;
  #settle: { readonly resolve: () => void; readonly reject: (error: unknown) => void } | undefined;
  #isOver = false;

  constructor(session: ZooKeeperSession, failures: Failures, signal: AbortSignal | undefined, onRemoved: (path: string) => void) {
    this.#session = session;
    this.#failures = failures;
    this.#signal = signal;
    this.#onRemoved = onRemoved;
  }

  async run(roots: readonly string[]): Promise<void> {
    const onAbort = (): void => this.#end(this.#signal?.reason);
    this.#signal?.throwIfAborted();
    this.#signal?.addEventListener('abort', onAbort);
    try {
      await new Promise<void>((resolve, reject) => {
        this.#settle = { resolve, reject };
        this.#open('', undefined, roots);
        this.#goOn();
      });
    } finally {
      this.#isOver = true;
      this.#signal?.removeEventListener('abort', onAbort);
    }
  }

  #goOn(): void {
    while (!this.#isOver && this.#underWay < CONCURRENCY) {
      const single = this.#singles.pop();
      const level = this.#levels.at(-1);
      if (single) this.#start(() => this.#removeOne(single));
      else if (level) this.#begin(level);
      else return;
    }
  }

  #begin(level: Level): void {
    const count = level.hasInnerChildren || !level.parent ? 1 : AT_ONCE;
    const names = level.names.slice(level.at, level.at + count);
    level.at += names.length;
    level.open += names.length;
    if (level.at >= level.names.length) this.#levels.pop();
    const singles = names.map((name) => ({ path: level.parent ? joinPath(level.path, name) : name, level, mayBeGone: false }));
    const [only] = singles;
    if (only) this.#start(() => (singles.length === 1 ? this.#removeOne(only) : this.#removeTogether(level, singles)));
  }

  async #removeTogether(level: Level, nodes: readonly Single[]): Promise<void> {
    try {
      await this.#session.transact(nodes.map(({ path }) => ({ kind: 'delete', path })));
    } catch (error) {
      if (isSessionOver(error)) throw error;
      if (hasReason(error, 'not-empty')) level.hasInnerChildren = true;
      const mayBeGone = mayBeDone(error);
      this.#singles.push(...nodes.map((node) => ({ ...node, mayBeGone })));
      return;
    }
    for (const { path } of nodes) {
      this.#onRemoved(path);
      this.#closed(level, false);
    }
  }

  async #removeOne({ path, level, mayBeGone }: Single): Promise<void> {
    if (level.hasInnerChildren) await this.#list(path, level);
    else await this.#removeLeaf(path, level, mayBeGone);
  }

  #start(work: () => Promise<void>): void {
    if (this.#isOver) return;
    this.#underWay += 1;
    work().then(
      () => {
        this.#underWay -= 1;
        this.#goOn();
      },
      (error: unknown) => this.#end(error),
    );
  }

  #end(error: unknown): void {
    this.#isOver = true;
    this.#settle?.reject(error);
  }

  async #removeLeaf(path: string, parent: Level, mayBeGone: boolean): Promise<void> {
    const outcome = await this.#delete(path, mayBeGone);
    if (outcome === 'not-empty') {
      parent.hasInnerChildren = true;
      await this.#list(path, parent);
    } else {
      this.#closed(parent, outcome === 'denied');
    }
  }

  async #list(path: string, parent: Level): Promise<void> {
    const listed = await this.#childrenOf(path);
    const names = listed === 'denied' ? [] : listed;
    if (names.length === 0) parent.hasInnerChildren = false;
    this.#open(path, parent, names);
  }

  #open(path: string, parent: Level | undefined, names: readonly string[]): void {
    const level: Level = { path, parent, names, at: 0, open: 0, isBlocked: false, rounds: 0, hasInnerChildren: false };
    if (names.length > 0) this.#levels.push(level);
    else this.#start(() => this.#finish(level));
  }

  /** One child is done with. */
  #closed(level: Level, isBlocked: boolean): void {
    level.open -= 1;
    level.isBlocked ||= isBlocked;
    if (level.open > 0 || level.at < level.names.length) return;
    if (!level.parent) this.#settle?.resolve();
    else if (level.isBlocked) this.#closed(level.parent, true);
    else this.#start(() => this.#finish(level));
  }

  /** All children that were known are gone. */
  async #finish(level: Level): Promise<void> {
    const { path, parent } = level;
    if (!parent) return;
    const outcome = await this.#delete(path);
    if (outcome !== 'not-empty') {
      this.#closed(parent, outcome === 'denied');
      return;
    }
    const names = await this.#childrenOf(path);
    level.rounds += 1;
    if (names === 'denied' || level.rounds > MOST_ROUNDS) {
      this.#failures.add(path, names === 'denied' ? deniedFailure('listing the children', path) : neverEmpty(path));
      this.#closed(parent, true);
    } else if (names.length === 0) {
      await this.#finish(level);
    } else {
      Object.assign(level, { names, at: 0 });
      this.#levels.push(level);
    }
  }

  async #childrenOf(path: string): Promise<readonly string[] | 'denied'> {
    try {
      return (await this.#session.children(path)).children;
    } catch (error) {
      if (hasReason(error, 'no-node')) return [];
      if (hasReason(error, 'no-auth')) return 'denied';
      throw error;
    }
  }

  /** `isOurs`: one that is gone already went by this run. */
  async #delete(path: string, isOurs = false): Promise<'removed' | 'not-empty' | 'denied'> {
    try {
      await this.#session.delete(path);
    } catch (error) {
      if (hasReason(error, 'not-empty')) return 'not-empty';
      if (!hasReason(error, 'no-node')) {
        if (!concernsNodeOnly(error)) throw error;
        this.#failures.add(path, error);
        return 'denied';
      }
      if (!isOurs) return 'removed';
    }
    this.#onRemoved(path);
    return 'removed';
  }
}

function neverEmpty(path: string): ZkdError {
  return new ZkdError('conflict', `Znode "${path}" gets new children all the time`, { details: { reason: 'not-empty', path } });
}
