/**
 * The sessions that carry the watches of a large tree. On each loss of a connection the client library compares every watch of a session with
 * every other (40 000 of them block the process for longer than a session lives). So a session carries 2000 nodes at most, two watches
 * each, and more nodes have more sessions.
 */
import type { ZooKeeperSession } from '../zookeeper/index.js';

/** A session, and how much it carries. */
export interface Carrier {
  readonly session: ZooKeeperSession;
  nodes: number;
}

const MOST_NODES = 2000;

export class Carriers {
  /** Carries the root. */
  readonly first: Carrier;
  /** Whether a further session could not be had. */
  isRefused = false;
  readonly #all: Carrier[];
  readonly #open: () => Promise<ZooKeeperSession>;
  #opening: Promise<void> | undefined;
  #isOver = false;

  constructor(session: ZooKeeperSession, open: () => Promise<ZooKeeperSession>) {
    this.first = { session, nodes: 1 };
    this.#all = [this.first];
    this.#open = open;
  }

  /** They may be on different servers, of which one may be behind another. */
  get areSeveral(): boolean {
    return this.#all.length > 1;
  }

  /** Takes room for a node: in a session that has some, or in a new one. Rejects where none can be opened. */
  async take(): Promise<Carrier> {
    for (;;) {
      const found = this.#all.find(({ nodes }) => nodes < MOST_NODES);
      if (found) {
        found.nodes += 1;
        return found;
      }
      this.#opening ??= this.#add();
      await this.#opening;
    }
  }

  /** Gives the room of a node back. */
  leave(carrier: Carrier): void {
    carrier.nodes -= 1;
  }

  /** Ends all sessions. */
  async close(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#all.map(({ session }) => session.close()));
  }

  async #add(): Promise<void> {
    try {
      const session = await this.#open();
      if (this.#isOver) await session.close();
      else this.#all.push({ session, nodes: 0 });
    } catch (error) {
      this.isRefused = true;
      throw error;
    } finally {
      this.#opening = undefined;
    }
  }
}
