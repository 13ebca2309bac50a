/** Asks members how they are, over their client port: never the container's health check. Judges nothing. */
import { ZkdError } from '../errors.js';
import {
  epochOf,
  parseMonitor,
  parseServerConfiguration,
  parseServerStatus,
  type Address,
  type FourLetterProbe,
  type ServerStatus,
} from '../zookeeper/index.js';
import type { Role } from './members.js';

export interface ProbeTarget {
  readonly id: number;
  readonly role: Role;
  readonly address: Address;
}

/** Why a server gave no status. */
export type Silence = 'port-closed' | 'closed' | 'silent' | 'not-serving' | 'not-whitelisted';

export interface MemberHealth {
  readonly id: number;
  readonly role: Role;
  /** Null where it serves. */
  readonly silence: Silence | null;
  readonly status: ServerStatus | null;
  readonly epoch: number | null;
  /** `server.N=` lines it works with; null where it was not asked or does not say. */
  readonly servers: ReadonlyMap<number, string> | null;
  /** Its own id as it sees it; null for a standalone server or where it does not say. */
  readonly serverId: number | null;
  /** On a leader: followers in sync with it. */
  readonly syncedFollowers: number | null;
}

export interface ProbeOptions {
  readonly ask: FourLetterProbe;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

const SILENCES: readonly string[] = ['port-closed', 'closed', 'silent', 'not-serving', 'not-whitelisted'];

/** What a failed ask says about the server. Anything else than a ZooKeeper failure is thrown on. */
function silenceOf(error: unknown): Silence {
  const reason = error instanceof ZkdError ? error.details['reason'] : undefined;
  if (typeof reason === 'string' && SILENCES.includes(reason)) return reason as Silence;
  throw error;
}

/** Asks one member `srvr`, `mntr` and `conf` at the same time. */
export async function probeMember({ id, role, address }: ProbeTarget, { ask, timeoutMs, signal }: ProbeOptions): Promise<MemberHealth> {
  const options = { timeoutMs, ...(signal ? { signal } : {}) };
  const optional = async (word: string): Promise<string> => {
    try {
      return await ask(address, word, options);
    } catch (error) {
      silenceOf(error);
      return '';
    }
  };
  const [answer, monitorText, configurationText] = await Promise.all([
    ask(address, 'srvr', options).then(
      (text) => ({ silence: null, status: parseServerStatus(text) }),
      (error: unknown) => ({ silence: silenceOf(error), status: null }),
    ),
    optional('mntr'),
    optional('conf'),
  ]);
  const configuration = configurationText === '' ? null : parseServerConfiguration(configurationText);
  const synced = parseMonitor(monitorText).get('zk_synced_followers');
  const zxid = answer.status?.zxid ?? null;
  return {
    id,
    role,
    ...answer,
    epoch: zxid === null ? null : epochOf(zxid),
    servers: configuration && configuration.servers.size > 0 ? configuration.servers : null,
    serverId: configuration && configuration.servers.size > 0 ? configuration.serverId : null,
    syncedFollowers: synced === undefined ? null : Number(synced),
  };
}

/** Whether a server is up, in a quorum or not; never where it has no address to be asked at. It opens its client port just before it takes part in elections. */
export async function isAnswering(address: Address | undefined, { ask, timeoutMs, signal }: ProbeOptions): Promise<boolean> {
  if (!address) return false;
  try {
    await ask(address, 'srvr', { timeoutMs, ...(signal ? { signal } : {}) });
    return true;
  } catch (error) {
    return ['not-serving', 'not-whitelisted'].includes(silenceOf(error));
  }
}

/** Whether a server is part of a quorum now: the cheapest question. Never where it has no address to be asked at. */
export async function isServing(address: Address | undefined, { ask, timeoutMs, signal }: ProbeOptions): Promise<boolean> {
  if (!address) return false;
  try {
    return parseServerStatus(await ask(address, 'srvr', { timeoutMs, ...(signal ? { signal } : {}) })).mode !== null;
  } catch (error) {
    silenceOf(error);
    return false;
  }
}

/** True where the leader has committed nothing in its epoch yet: then the zxid of a follower in sync still shows an older epoch. */
const isFreshLeader = (leader: MemberHealth | undefined): boolean => ((leader?.status?.zxid ?? 1n) & 0xffffffffn) === 0n;

/** The epoch a member is in, as far as zxids tell. */
export function epochUnder(leader: MemberHealth | undefined, health: MemberHealth): number | null {
  if (leader && health.status?.mode && isFreshLeader(leader)) return leader.epoch;
  return health.epoch;
}

/** How many transactions a member is behind the leader; null where that cannot be told. */
export function lagBehind(leader: MemberHealth | undefined, health: MemberHealth): number | null {
  const [own, leading] = [health.status?.zxid ?? null, leader?.status?.zxid ?? null];
  if (own === null || leading === null) return null;
  if (health.epoch !== leader?.epoch) return isFreshLeader(leader) ? 0 : null;
  return own >= leading ? 0 : Number(leading - own);
}

/** A member that was not asked because its container does not run. */
export const notAsked = (id: number, role: Role): MemberHealth => ({
  id,
  role,
  silence: 'port-closed',
  status: null,
  epoch: null,
  servers: null,
  serverId: null,
  syncedFollowers: null,
});
