/** An ensemble as engine and servers together show it: what `status`, the readiness wait and every result document are made from. */
import type { Engine } from '../engine/index.js';
import type { Address, FourLetterProbe } from '../zookeeper/index.js';
import { notAsked, probeMember } from './health.js';
import { networkName } from './names.js';
import type { ObservedEnsemble, ObservedMember } from './observe.js';
import { hostOf, outOfReach, publishedBy, reachOf, unreachable, type Reach } from './reach.js';
import type { Evidence, MemberView } from './readiness.js';
import { readRecord } from './record.js';
import { wantedMembers, type WantedMember } from './members.js';
import { MYID } from './zoo-cfg.js';

export interface EnsembleView {
  readonly observed: ObservedEnsemble;
  readonly members: readonly MemberView[];
}

export interface ViewOptions {
  readonly ask: FourLetterProbe;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/** From where zkd itself reaches an ensemble; one without a record as one with the settings of birth. */
export function reachFrom({ endpoint }: Pick<Engine, 'endpoint'>, { name, record, ownContainer }: ObservedEnsemble): Reach {
  return reachOf({ endpoint, ownContainer }, publishedBy(name, record?.settings ?? { network: null, bind: '127.0.0.1' }));
}

/** Where zkd itself reaches a member, as its own container was made, which a change may not have reached yet; undefined where it cannot. */
export function addressOf(
  engine: Pick<Engine, 'endpoint'>,
  observed: ObservedEnsemble,
  { id, container, port }: Pick<WantedMember, 'id' | 'container' | 'port'>,
): Address | undefined {
  const record = readRecord(observed.members.get(id)?.container.labels ?? {}) ?? observed.record;
  const reach = reachFrom(engine, { ...observed, record });
  return reach.kind === 'none' ? undefined : { host: hostOf(reach, container), port: record?.ports[id] ?? port };
}

/** Exit 6 where members that have to be asked before anything is done to them cannot be reached from here. */
export function refuseBlind(engine: Pick<Engine, 'endpoint'>, observed: ObservedEnsemble): void {
  const reach = reachFrom(engine, observed);
  if (reach.kind === 'none') throw unreachable(observed.name, reach);
}

/** The members an ensemble should have, by its record. */
export function membersOf(observed: ObservedEnsemble): WantedMember[] {
  return observed.record ? wantedMembers(observed.name, observed.record.settings, observed.record.ports) : [];
}

/** Asks every member whose container runs; the others are known to be silent. */
export async function viewMembers(engine: Engine, observed: ObservedEnsemble, probe: ViewOptions): Promise<EnsembleView> {
  const network = observed.record?.settings.network ?? networkName(observed.name);
  const missed = outOfReach(reachFrom(engine, observed));
  const members = await Promise.all(
    membersOf(observed).map(async (member): Promise<MemberView> => {
      const there = observed.members.get(member.id);
      const isAttached = there?.container.networks.some(({ name }) => name === network) ?? false;
      const address = there?.container.state === 'running' && isAttached ? addressOf(engine, observed, member) : undefined;
      const health = address ? await probeMember({ id: member.id, role: member.role, address }, probe) : notAsked(member.id, member.role);
      return { id: member.id, health, observed: there, isAttached, outOfReach: missed };
    }),
  );
  return { observed, members };
}

const LOG_TAIL = 60;
/** What zkd's own asking leaves in a member's log: it would drown everything else. */
const OWN_WORDS =
  /(?:ServerCnxn|FourLetterCommands)\b.*(?:Processing \w+ command from|The list of (?:known|enabled) four letter word commands)/;
const LOG_LINES_READ = 20_000;

/** Adds what the engine knows of members that are not well: their last log lines and what their data says they are. */
export async function gatherEvidence(engine: Engine, ensemble: EnsembleView): Promise<EnsembleView> {
  const members = await Promise.all(
    ensemble.members.map(async (member) => {
      if (member.health.silence === null || !member.observed) return member;
      return { ...member, evidence: await evidenceOf(engine, member.observed) };
    }),
  );
  return { ...ensemble, members };
}

async function evidenceOf(engine: Engine, { container, details }: ObservedMember): Promise<Evidence> {
  const logTail = async (): Promise<string[]> => {
    const lines: string[] = [];
    // Words from before somebody started it explain an earlier failure, not this one. Where the engine restarts it, they are the same.
    const isRestarted = (details?.restarts ?? 0) > 0;
    const since = details?.startedAt && !isRestarted ? { since: Math.floor(Date.parse(details.startedAt) / 1000) } : {};
    for await (const { line } of engine.logs(container.id, { tail: LOG_LINES_READ, ...since })) {
      if (!OWN_WORDS.test(line)) lines.push(line);
    }
    return lines.slice(-LOG_TAIL);
  };
  const [lines, myid] = await Promise.all([
    logTail().catch(() => []),
    engine.readFile(container.id, MYID).then(
      (content) => content?.toString('utf8').trim() ?? null,
      () => null,
    ),
  ]);
  return { logTail: lines, myid };
}
