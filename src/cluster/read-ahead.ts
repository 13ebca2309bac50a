/**
 * Whether the members of a roll need anything written before they are started again, read before they are stopped: the first one's while it waits
 * for its turn, each other one's while the one before it boots. Where the answer is no, nothing is read or written while a member is down.
 */
import type { Engine } from '../engine/index.js';
import { isConfigured, type Credential } from './configure.js';
import type { Operation } from './operations.js';
import type { Plan } from './plan.js';
import type { EnsembleRecord } from './record.js';

export type TurnOperation = Extract<Operation, { kind: 'roll-member' | 'restart-member' }>;

/** Whether the member gets volumes of its container's own, with nothing in them. */
export const isAnew = (operation: TurnOperation, { settings }: EnsembleRecord): boolean =>
  settings.ephemeral && operation.kind === 'roll-member';

export class ReadAhead {
  readonly #engine: Engine;
  readonly #plan: Plan;
  readonly #credential: Credential;
  readonly #answers = new Map<string, Promise<boolean>>();

  constructor(engine: Engine, plan: Plan, credential: Credential) {
    this.#engine = engine;
    this.#plan = plan;
    this.#credential = credential;
  }

  /** Reads once, and answers the same ever after: what is written to a member afterwards is its own server's or a person's. */
  isReady(operation: TurnOperation): Promise<boolean> {
    const { key, member, old } = operation;
    const { members, record } = this.#plan;
    if (isAnew(operation, record)) return Promise.resolve(false);
    const request = { containerId: old.container.id, member, members, record, credential: this.#credential, isNew: false };
    const answer = this.#answers.get(key) ?? isConfigured(this.#engine, request);
    this.#answers.set(key, answer);
    return answer;
  }

  /** Begins to read for the turn after this one. */
  readNext({ key }: TurnOperation): void {
    const turns = this.#plan.operations.filter(({ kind }) => kind === 'roll-member' || kind === 'restart-member') as TurnOperation[];
    const next = turns[turns.findIndex((turn) => turn.key === key) + 1];
    // Whoever takes the turn gets the error.
    if (next) this.isReady(next).catch(() => undefined);
  }
}
