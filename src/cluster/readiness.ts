/**
 * When an ensemble is ready: every member answers, all list the same servers, exactly one leads, every other voter follows in sync in
 * one epoch. Otherwise the cause per member, in plain words. Pure.
 */
import type { ObservedMember } from './observe.js';
import { epochUnder, type MemberHealth } from './health.js';
import { quorumOf } from './members.js';

export interface MemberCause {
  readonly member: number;
  readonly cause: string;
}

/** What else is known of a member that is not well: read from the engine, and only then. */
export interface Evidence {
  /** The last log lines, oldest first. */
  readonly logTail: readonly string[];
  /** What /data/myid says. */
  readonly myid: string | null;
}

export interface MemberView {
  readonly id: number;
  readonly health: MemberHealth;
  /** Undefined where the container is gone. */
  readonly observed: ObservedMember | undefined;
  /** Whether the container is attached to the ensemble's network. */
  readonly isAttached: boolean;
  /** Why it cannot be asked from where zkd runs; null where it can. */
  readonly outOfReach: string | null;
  readonly evidence?: Evidence;
}

export interface Verdict {
  readonly ready: boolean;
  readonly causes: readonly MemberCause[];
}

const CRASH_LOOP_RESTARTS = 2;
const CRASH_LOOP_UPTIME_MS = 30_000;

/**
 * True where the engine restarts the container again and again: waiting longer will not help. Engines count restarts since the last
 * explicit start, so the count alone says nothing of a server that runs well by now.
 */
export function isCrashLoop({ observed, health }: Pick<MemberView, 'observed' | 'health'>, now = Date.now()): boolean {
  const { restarts = 0, startedAt = null } = observed?.details ?? {};
  if (restarts < CRASH_LOOP_RESTARTS || health.status?.mode) return false;
  const isYoung = startedAt !== null && now - Date.parse(startedAt) < CRASH_LOOP_UPTIME_MS;
  return observed?.container.state === 'restarting' || isYoung;
}

/** Judges all members together. */
export function judge(members: readonly MemberView[]): Verdict {
  const voters = members.filter(({ health }) => health.role === 'participant');
  const serving = voters.filter(({ health }) => health.status?.mode);
  const leader = serving.find(({ health }) => health.status?.mode === 'leader');
  const alive = voters.filter(({ observed }) => observed?.container.state === 'running').length;
  const context = { voters: voters.length, alive, leader, members };
  const causes = members.flatMap((member): MemberCause[] => {
    const cause = causeOf(member, context);
    return cause === null ? [] : [{ member: member.id, cause }];
  });
  return { ready: causes.length === 0 && members.length > 0, causes };
}

interface Context {
  readonly voters: number;
  readonly alive: number;
  readonly leader: MemberView | undefined;
  readonly members: readonly MemberView[];
}

function causeOf(member: MemberView, context: Context): string | null {
  return containerCause(member) ?? serverCause(member, context);
}

/** Causes the engine knows of. */
function containerCause(member: MemberView): string | null {
  const { observed, evidence } = member;
  if (!observed) return 'its container is gone';
  const { state } = observed.container;
  const exitCode = observed.details?.exitCode;
  const known = evidence ? (myidCause(evidence, member.id) ?? logCause(evidence.logTail, member.id)) : null;
  const because = known ? `: ${known}` : '';
  if (observed.details?.outOfMemory && state !== 'running') return 'out of memory: the engine ended it at its memory limit';
  if (isCrashLoop(member)) {
    return `crash loop: restarted ${observed.details?.restarts ?? 0} times${exitCode === null || exitCode === undefined ? '' : `, last exit code ${exitCode}`}${because}`;
  }
  if (state === 'created') return observed.details?.startError ? `never started: ${observed.details.startError}` : 'never started';
  if (state === 'paused') return 'paused';
  if (state === 'restarting') return `restarting after it exited with code ${exitCode ?? 'unknown'}${because}`;
  if (state !== 'running') return `not running: exited with code ${exitCode ?? 'unknown'}${exitCode === 137 ? ' (killed)' : ''}${because}`;
  return member.isAttached ? member.outOfReach : 'its container is cut off: not attached to the network of the ensemble';
}

/** Causes the server itself, or its silence, tells. */
function serverCause(member: MemberView, context: Context): string | null {
  const { health, evidence } = member;
  const wrongMyid = evidence ? myidCause(evidence, member.id) : null;
  if (wrongMyid) return wrongMyid;
  if (health.serverId !== null && health.serverId !== member.id) return `wrong myid: it takes itself for member ${health.serverId}`;
  const inLog = evidence ? logCause(evidence.logTail, member.id) : null;
  if (health.silence === 'not-whitelisted') return 'it does not allow the four-letter words zkd asks (4lw.commands.whitelist)';
  if (health.silence === 'silent') return 'it does not answer on its client port';
  if (health.silence === 'port-closed' || health.silence === 'closed') return inLog ?? 'its client port is closed';
  if (health.silence === 'not-serving' || !health.status?.mode) return inLog ?? electionCause(context);
  return membershipCause(member, context) ?? syncCause(member, context);
}

function electionCause({ voters, alive, leader }: Context): string {
  if (alive < quorumOf(voters)) return `no quorum: ${alive} of ${voters} voting members run, ${quorumOf(voters)} are needed`;
  return leader ? `looking for the leader (member ${leader.id} leads)` : 'looking for a leader: the election is not over';
}

function membershipCause(member: MemberView, { members, leader }: Context): string | null {
  const { servers } = member.health;
  const isAlone = member.health.status?.mode === 'standalone';
  if (isAlone) return members.length > 1 ? 'it runs standalone, not as a member of the ensemble' : null;
  if (servers === null) return null;
  const missing = members.filter(({ id }) => !servers.has(id)).map(({ id }) => id);
  if (missing.includes(member.id)) return 'it is not in the peer list of its own configuration';
  if (missing.length > 0) return `its configuration does not list member${missing.length > 1 ? 's' : ''} ${missing.join(', ')}`;
  const reference = leader?.health.servers;
  if (leader && reference && !reference.has(member.id)) return `not in the peer list of the leader (member ${leader.id})`;
  const listed = (map: ReadonlyMap<number, string>): string => [...map].sort(([a], [b]) => a - b).join('\n');
  return reference && listed(reference) !== listed(servers) ? 'it lists other servers than the leader' : null;
}

function syncCause(member: MemberView, context: Context): string | null {
  const { voters, leader, members } = context;
  const { health } = member;
  const mode = health.status?.mode;
  if (mode === 'standalone') return null;
  const leaders = members.filter((other) => other.health.status?.mode === 'leader');
  if (leaders.length > 1) return `more than one leader: members ${leaders.map(({ id }) => id).join(', ')}`;
  if (!leader) return `it ${mode === 'observer' ? 'observes' : 'follows'}, but no member leads`;
  if (mode === 'leader') {
    const synced = health.syncedFollowers;
    // A follower that has a cause of its own is no fault of the leader's.
    const well = members.filter((other) => other !== member && other.health.role === 'participant' && causeOf(other, context) === null);
    return synced !== null && synced < well.length ? `leads, but only ${synced} of ${voters - 1} followers are in sync` : null;
  }
  const wanted = health.role === 'observer' ? 'observer' : 'follower';
  const withArticle = (word: string | null | undefined): string => (word === 'observer' ? 'an observer' : `a ${word}`);
  if (mode !== wanted) return `it is ${withArticle(mode)}, not ${withArticle(wanted)}`;
  const [own, leading] = [epochUnder(leader.health, health), leader.health.epoch];
  return own !== null && leading !== null && own !== leading ? `in epoch ${own}, the leader is in epoch ${leading}` : null;
}

function myidCause({ myid }: Evidence, id: number): string | null {
  return myid !== null && myid !== String(id) ? `wrong myid: its data says it is member ${myid}` : null;
}

/** What a server's own last words say, where they say something a person can act on. */
function logCause(lines: readonly string[], id: number): string | null {
  const text = lines.join('\n');
  if (/My id \d+ not in the peer list/.test(text)) return `not in the peer list: its configuration does not name member ${id}`;
  if (/OutOfMemoryError/.test(text)) return 'out of memory: the Java heap is too small (OutOfMemoryError)';
  if (/No space left on device/.test(text)) return 'no space left on its data volume';
  if (/Permission denied|AccessDeniedException/.test(text)) return 'it may not write its data: permission denied';
  const invalid = /Invalid config[^\n]*|Error processing [^\n]*zoo\.cfg[^\n]*|(?:IllegalArgumentException|ConfigException): [^\n]*/.exec(
    text,
  );
  if (!invalid) return null;
  // Of a chain of exceptions the last one says what it is about.
  const [root] = [...text.matchAll(/(?:NumberFormatException|IllegalArgumentException|ConfigException): [^\n]*/g)].slice(-1);
  return `its configuration is not valid (${(root ?? invalid)[0].trim()})`;
}
