/** Looking what became of a write whose reply was lost; what it means is judged in `lost-replies.ts`. */
import { hasReason } from '../errors.js';
import { formatAclEntry } from './acl.js';
import type { Asked } from './errors.js';
import { judgeCreate, judgeDelete, judgeSet, sequentialCandidates, type Judgement, type Seen } from './lost-replies.js';
import type { Reads } from './native-reads.js';
import type { Found } from './native-requests.js';
import { joinPath, nodeName, parentPath } from './paths.js';
import type { AclEntry, CreateMode, Stat } from './port.js';

/** A node to look at. */
export interface Look {
  readonly asked: Asked;
  readonly deadline: number;
  readonly reads: Reads;
}

/** What is known of the session that created. */
export interface LookForCreation extends Look {
  readonly knownZxid: bigint;
  readonly sessionId: string;
}

interface Creation {
  readonly mode: CreateMode;
  readonly data: Buffer;
}

/** As many young children as this are looked at. */
const MOST_CANDIDATES = 64;

async function see({ asked, deadline, reads }: Look): Promise<Seen | null> {
  try {
    return await reads.get(asked, deadline);
  } catch (error) {
    if (hasReason(error, 'no-node')) return null;
    if (!hasReason(error, 'no-auth')) throw error;
    const stat = await reads.exists(asked, deadline);
    return stat && { stat, data: null };
  }
}

const foundAs = <Answer>(judgement: Judgement, answer: Answer): Found<Answer> => (judgement === 'applied' ? { answer } : judgement);

/** Answers the stat as it is now. */
export async function lookUpSet(
  look: Look,
  asked: { readonly version: number; readonly data: Buffer },
): Promise<Found<{ readonly seen: Stat | undefined }>> {
  const now = await see(look);
  return foundAs(judgeSet(asked, now), { seen: now?.stat });
}

export async function lookUpDelete(look: Look, asked: { readonly version: number; readonly knownZxid: bigint }): Promise<Found<undefined>> {
  return foundAs(judgeDelete(asked, await look.reads.exists(look.asked, look.deadline)), undefined);
}

export async function lookUpSetAcl(
  look: Look,
  asked: { readonly version: number; readonly acl: readonly AclEntry[] },
): Promise<Found<undefined>> {
  const stat = await look.reads.exists(look.asked, look.deadline);
  if (stat === null || stat.aversion < asked.version || stat.aversion > asked.version + 1) return 'unknown';
  if (stat.aversion === asked.version) return 'not-applied';
  try {
    const { acl } = await look.reads.getAcl(look.asked, look.deadline);
    const [wanted, is] = [asked.acl, acl].map((entries) => entries.map(formatAclEntry).sort().join());
    // The scheme "auth" comes back as whoever it meant, digests may come back masked: then nobody can tell.
    return wanted === is ? { answer: undefined } : 'unknown';
  } catch (error) {
    if (hasReason(error, 'no-auth')) return 'unknown';
    throw error;
  }
}

/** `isStrict`: a node that anybody may have made just so is not taken for ours. */
export async function lookUpCreate(look: LookForCreation, made: Creation & { readonly isStrict: boolean }): Promise<Found<string>> {
  const isEphemeral = made.mode === 'ephemeral';
  const { knownZxid, sessionId } = look;
  const judgement = judgeCreate({ isEphemeral, data: made.data, knownZxid, sessionId }, await see(look));
  if (judgement === 'applied' && made.isStrict && !isEphemeral) return 'unknown';
  return foundAs(judgement, look.asked.path);
}

/** The ephemeral sequential nodes of this session. */
export interface OwnSequentials {
  /** Whether it is known already whose request made it. */
  isAnswered(path: string): boolean;
  /** Whether one request of that name only is under way. */
  isAlone(): boolean;
}

/**
 * A child that is younger than the request may be the one it made. An ephemeral one of this session with the same data is, where no other
 * request can have made it; of others nobody can tell whose they are.
 */
export async function lookUpSequential(look: LookForCreation, { mode, data }: Creation, own: OwnSequentials): Promise<Found<string>> {
  const parent = parentPath(look.asked.path) ?? '/';
  const on = (path: string): Look => ({ ...look, asked: { verb: look.asked.verb, path } });
  const children = await childrenOf(on(parent));
  const young: { path: string; seen: Seen }[] = [];
  for (const name of sequentialCandidates(nodeName(look.asked.path), children).slice(0, MOST_CANDIDATES)) {
    const path = joinPath(parent, name);
    const seen = await see(on(path));
    if (seen === null) continue;
    if (BigInt(seen.stat.czxid) <= look.knownZxid) break;
    young.push({ path, seen });
  }
  if (mode !== 'ephemeral-sequential') return young.length === 0 ? 'not-applied' : 'unknown';
  const mine = young.filter(
    ({ path, seen }) =>
      seen.stat.ephemeralOwner === look.sessionId && seen.data !== null && data.equals(seen.data) && !own.isAnswered(path),
  );
  const [only] = mine;
  if (only === undefined) return 'not-applied';
  return mine.length === 1 && own.isAlone() ? { answer: only.path } : 'unknown';
}

async function childrenOf(look: Look): Promise<readonly string[]> {
  try {
    return (await look.reads.children(look.asked, look.deadline)).children;
  } catch (error) {
    if (hasReason(error, 'no-node')) return [];
    throw error;
  }
}
