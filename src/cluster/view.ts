/** An ensemble as engine and servers together show it: what `status`, the readiness wait and every result document are made from. */
import type { Engine, EngineEndpoint } from '../engine/index.js';
import type { Address, FourLetterProbe } from '../zookeeper/index.js';
import { notAsked, probeMember } from './health.js';
import { networkName } from './names.js';
import type { ObservedEnsemble, ObservedMember } from './observe.js';
import type { Evidence, MemberView } from './readiness.js';
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

/** The host part of a published address as a client of this engine reaches it. */
export function reachableHost(endpoint: EngineEndpoint, bind: string): string {
  if (endpoint.remoteHost !== null) return endpoint.remoteHost;
  return bind === '0.0.0.0' ? '127.0.0.1' : bind;
}

/** Where zkd itself reaches a member. */
export function addressOf(engine: Engine, observed: ObservedEnsemble, member: Pick<WantedMember, 'port'>): Address {
  return { host: reachableHost(engine.endpoint, observed.record?.settings.bind ?? '127.0.0.1'), port: member.port };
}

/** The members an ensemble should have, by its record. */
export function membersOf(observed: ObservedEnsemble): WantedMember[] {
  return observed.record ? wantedMembers(observed.name, observed.record.settings, observed.record.ports) : [];
}

/** Asks every member whose container runs; the others are known to be silent. */
export async function viewMembers(engine: Engine, observed: ObservedEnsemble, probe: ViewOptions): Promise<EnsembleView> {
  const network = observed.record?.settings.network ?? networkName(observed.name);
  const members = await Promise.all(
    membersOf(observed).map(async (member): Promise<MemberView> => {
      const there = observed.members.get(member.id);
      const isAttached = there?.container.networks.some(({ name }) => name === network) ?? false;
      const isAsked = there?.container.state === 'running' && isAttached;
      const target = { id: member.id, role: member.role, address: addressOf(engine, observed, member) };
      const health = isAsked ? await probeMember(target, probe) : notAsked(member.id, member.role);
      return { id: member.id, health, observed: there, isAttached };
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
