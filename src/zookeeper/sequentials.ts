/** Which ephemeral sequential nodes of a session are known to be whose: what looking up a lost reply needs. */
import type { OwnSequentials } from './look-up.js';

export class Sequentials {
  readonly #answered = new Set<string>();
  readonly #underWay = new Map<string, number>();

  /** As seen by a request of that name that is under way. */
  own(name: string): OwnSequentials {
    return {
      isAnswered: (path) => this.#answered.has(path),
      isAlone: () => this.#underWay.get(name) === 1,
    };
  }

  /** Makes one; the path it answers is remembered. */
  async track(name: string, create: () => Promise<string>): Promise<string> {
    this.#underWay.set(name, (this.#underWay.get(name) ?? 0) + 1);
    try {
      const path = await create();
      this.#answered.add(path);
      return path;
    } finally {
      const left = (this.#underWay.get(name) ?? 1) - 1;
      if (left > 0) this.#underWay.set(name, left);
      else this.#underWay.delete(name);
    }
  }
}
