/** One look at an engine, and its registrations made true to it, for scripts: they outlive the process that wrote them. */
import type { Engine } from '../engine/index.js';
import { ZkdError } from '../errors.js';
import type { ZooKeeperSession } from '../zookeeper/index.js';
import { ContainerObserver } from './container-observer.js';
import { clearLeftovers, RecordKeeper, type RecordChange } from './record-keeper.js';
import { leadPath, tryTurn } from './turns.js';
import { wantedRecords, type RegistrationRules } from './wanted-records.js';

export interface OnceResult {
  /** What was done; empty where all was so already. */
  readonly changes: readonly RecordChange[];
  /** How many records are there now. */
  readonly registered: number;
  readonly problems: readonly { readonly container: string; readonly problem: string }[];
  /** What was registered as asked, and may surprise others. */
  readonly notes: readonly string[];
}

/** Rejects with `conflict` while an agent does the same all the time. May be repeated. */
export async function registerOnce(rules: RegistrationRules, engine: Engine, session: ZooKeeperSession): Promise<OnceResult> {
  const observer = new ContainerObserver(engine, { onChange: () => undefined, stopGraceMs: 0 });
  const [identity] = await Promise.all([engine.identify(), observer.look()]);
  const lead = await tryTurn(session, leadPath(identity.id, rules.root));
  if (typeof lead === 'string') {
    throw new ZkdError('conflict', `An agent registers the containers of ${identity.name} already: ${lead}`, {
      details: { engine: identity.id, agent: lead },
    });
  }
  const changes: RecordChange[] = [];
  const keeper = new RecordKeeper(session, { mode: 'persistent', engineId: identity.id, onChange: (change) => changes.push(change) });
  const problems: { container: string; problem: string }[] = [];
  const notes: string[] = [];
  await Promise.all(
    observer.ids.map(async (id) => {
      const container = observer.find(id);
      if (!container) return;
      const wanted = wantedRecords(container, rules, { identity, find: (other) => observer.find(other) });
      const hindrances = await keeper.settle(id, wanted.records);
      notes.push(...wanted.notes);
      problems.push(...[...wanted.problems, ...hindrances].map((problem) => ({ container: container.name, problem })));
    }),
  );
  await clearLeftovers(session, keeper, rules.root, identity.id);
  await session.delete(lead.path).catch(() => undefined);
  return { changes, registered: keeper.size, problems, notes: [...new Set(notes)] };
}
