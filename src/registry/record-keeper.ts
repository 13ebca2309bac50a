/** The records an agent has in ZooKeeper: written, compared and taken away, so that they say what is wanted. */
import { hasReason, ZkdError } from '../errors.js';
import { makeNode } from '../znodes/index.js';
import type { NodeData, ZooKeeperSession } from '../zookeeper/index.js';
import { readRegistry, type Instance } from './read-registry.js';
import { formatRecord, parseRecord, type OwnRecord } from './records.js';
import type { WantedRecord } from './wanted-records.js';

/** What was done to a record. */
export interface RecordChange {
  readonly type: 'registered' | 'changed' | 'deregistered';
  readonly path: string;
  readonly service: string;
  readonly id: string;
  readonly container: string;
  readonly address: string;
  readonly port: number;
}

interface Held {
  readonly containerId: string;
  readonly record: OwnRecord;
}

export interface KeeperOptions {
  /** `ephemeral`: they go with the session. */
  readonly mode: 'ephemeral' | 'persistent';
  readonly engineId: string;
  readonly onChange: (change: RecordChange) => void;
}

export class RecordKeeper {
  readonly #session: ZooKeeperSession;
  readonly #options: KeeperOptions;
  readonly #held = new Map<string, Held>();

  constructor(session: ZooKeeperSession, options: KeeperOptions) {
    this.#session = session;
    this.#options = options;
  }

  get size(): number {
    return this.#held.size;
  }

  /** Containers that have a record. */
  get containers(): ReadonlySet<string> {
    return new Set([...this.#held.values()].map(({ containerId }) => containerId));
  }

  /**
   * Makes the records of a container what is wanted; where they are so already nothing is written. Rejects where ZooKeeper does not answer; all of it
   * can be done again. Answers what stands in the way of single records.
   */
  async settle(containerId: string, wanted: readonly WantedRecord[]): Promise<string[]> {
    const paths = new Set(wanted.map(({ path }) => path));
    const over = [...this.#held].filter(([path, held]) => held.containerId === containerId && !paths.has(path));
    const done = await Promise.all([
      ...over.map(([path]) => this.#unlessRefused(() => this.#remove(path))),
      ...wanted.map((one) => this.#unlessRefused(() => this.#keep(containerId, one))),
    ]);
    return done.filter((problem) => problem !== undefined);
  }

  /** Looks whether the records are there. What somebody took away, or made anew, is not held any more; answers whose these were. */
  async verify(): Promise<string[]> {
    const lost = await Promise.all(
      [...this.#held].map(async ([path, held]) => {
        const stat = await this.#session.exists(path);
        if (stat && (this.#options.mode === 'persistent' || stat.ephemeralOwner === this.#session.id)) return undefined;
        // Settled meanwhile.
        if (this.#held.get(path) !== held) return undefined;
        this.#held.delete(path);
        this.#tell('deregistered', path, held.record);
        return held.containerId;
      }),
    );
    return lost.filter((id) => id !== undefined);
  }

  /** Takes away a record an agent of this engine has left behind, unless it is held, or somebody has written it meanwhile. */
  async clear({ path, stat, service, id, record }: Instance): Promise<void> {
    // Its own may have been written a moment ago.
    if (this.#held.has(path) || stat.ephemeralOwner === this.#session.id) return;
    await this.#session.delete(path, { version: stat.version }).catch(ignoring('no-node', 'bad-version'));
    const { address, port } = record;
    this.#options.onChange({
      ...{ type: 'deregistered', path, service, id, container: record.container?.name ?? record.name },
      ...{ address: address ?? '', port: port ?? 0 },
    });
  }

  /** What stands in the way is said; that ZooKeeper does not answer stands in the way of all. */
  async #unlessRefused(work: () => Promise<void>): Promise<string | undefined> {
    try {
      await work();
      return undefined;
    } catch (error) {
      if (error instanceof ZkdError && ['conflict', 'denied', 'usage'].includes(error.code)) return error.message;
      throw error;
    }
  }

  async #keep(containerId: string, { path, record }: WantedRecord): Promise<void> {
    const held = this.#held.get(path);
    if (held && held.containerId !== containerId) throw taken(path);
    if (!held) return this.#make(containerId, path, { ...record, registeredAtMs: Date.now() });
    const next = { ...record, registeredAtMs: held.record.registeredAtMs };
    const data = formatRecord(next);
    if (data === formatRecord(held.record)) return;
    try {
      await this.#session.set(path, Buffer.from(data));
    } catch (error) {
      if (!hasReason(error, 'no-node')) throw error;
      this.#held.delete(path);
      return this.#make(containerId, path, next);
    }
    this.#holds(containerId, path, next, 'changed');
  }

  async #make(containerId: string, path: string, record: OwnRecord): Promise<void> {
    const data = Buffer.from(formatRecord(record));
    // Records that outlive whoever wrote them are mostly there: to look is cheaper than to be refused.
    const before = this.#options.mode === 'persistent' ? await this.#read(path) : undefined;
    if (before) return this.#takeOver(containerId, path, record, before);
    try {
      await this.#create(path, data);
    } catch (error) {
      if (!hasReason(error, 'node-exists')) throw error;
      const found = await this.#read(path);
      if (found) return this.#takeOver(containerId, path, record, found);
      await this.#create(path, data);
    }
    this.#holds(containerId, path, record, 'registered');
  }

  /** A record of the same container, or one an agent of this engine wrote, is made anew: its session may be over, and it would go with that. */
  async #takeOver(containerId: string, path: string, record: OwnRecord, before: NodeData): Promise<void> {
    const found = parseRecord(path, before.data);
    const isOurs = found.containerId === containerId || (found.isAgents && found.engineId === this.#options.engineId);
    if (!isOurs || this.#held.has(path)) throw taken(path);
    const registeredAtMs = Date.parse(found.registeredAt ?? '') || record.registeredAtMs;
    const [next, data] = [{ ...record, registeredAtMs }, Buffer.from(formatRecord({ ...record, registeredAtMs }))];
    const isSame = data.equals(before.data);
    if (!this.#isOwn(before)) {
      // One right behind the other, so that nobody misses the record for longer than a moment.
      const gone = this.#session.delete(path, { version: before.stat.version }).catch(ignoring('no-node'));
      await Promise.all([gone, this.#create(path, data)]);
    } else if (!isSame) await this.#session.set(path, data, { version: before.stat.version });
    else return void this.#held.set(path, { containerId, record: next });
    this.#holds(containerId, path, next, isSame ? 'registered' : 'changed');
  }

  #read(path: string): Promise<NodeData | undefined> {
    return this.#session.get(path).catch(ignoring('no-node'));
  }

  #isOwn({ stat }: NodeData): boolean {
    return stat.ephemeralOwner === (this.#options.mode === 'ephemeral' ? this.#session.id : null);
  }

  #create(path: string, data: Buffer): Promise<string> {
    return makeNode(this.#session, { path, data, parents: true, mode: this.#options.mode });
  }

  async #remove(path: string): Promise<void> {
    const held = this.#held.get(path);
    if (!held) return;
    await this.#session.delete(path).catch(ignoring('no-node'));
    this.#held.delete(path);
    this.#tell('deregistered', path, held.record);
  }

  #holds(containerId: string, path: string, record: OwnRecord, type: RecordChange['type']): void {
    this.#held.set(path, { containerId, record });
    this.#tell(type, path, record);
  }

  #tell(type: RecordChange['type'], path: string, { service, id, address, port, container }: OwnRecord): void {
    this.#options.onChange({ type, path, service, id, address, port, container: container.name });
  }
}

/** Takes away what agents of this engine have left behind and nobody holds. */
export async function clearLeftovers(session: ZooKeeperSession, keeper: RecordKeeper, root: string, engineId: string): Promise<void> {
  const { instances } = await readRegistry(session, { root });
  const left = instances.filter(({ record }) => record.isAgents && record.engineId === engineId);
  await Promise.all(left.map((instance) => keeper.clear(instance)));
}

function ignoring(...reasons: string[]) {
  return (error: unknown): undefined => {
    if (!reasons.some((reason) => hasReason(error, reason))) throw error;
    return undefined;
  };
}

function taken(path: string): ZkdError {
  return new ZkdError('conflict', `Another instance is registered as "${path}"`, { details: { reason: 'node-exists', path } });
}
