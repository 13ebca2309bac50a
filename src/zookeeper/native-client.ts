/** The client library's addon as far as zkd uses it; its own types are too weak to lean on. Types only. */
import type { RawStat } from './stat.js';

type Done<Answer extends unknown[]> = (code: number, text: string, ...answer: Answer) => void;
/** `type` is -1 for an event of the session, which says nothing of the node. */
type Fired = (type: number, state: number, path: string) => void;

export interface NativeAcl {
  /** Asked as `perm`, answered as `perms`. */
  readonly perm?: number;
  readonly perms?: number;
  readonly scheme: string;
  readonly auth: string;
}

/**
 * Requests answer 0 where they were taken, otherwise the callback never comes. Every argument must be there: undefined becomes text, and
 * one that is no function in a callback's place aborts the process. `a_get_acl` is missing on purpose, see `side-session.ts`.
 */
export interface NativeRequests {
  /** Hexadecimal without prefix. With the password whoever has it takes the session over. */
  readonly client_id: string;
  readonly client_password: string;
  readonly timeout: number;
  /** 0 without a handle, 3 while connected. */
  readonly state: number;
  a_get(path: string, watch: false, done: Done<[stat: RawStat | null, data: Buffer | null]>): number;
  aw_get(path: string, fired: Fired, done: Done<[stat: RawStat | null, data: Buffer | null]>): number;
  a_exists(path: string, watch: false, done: Done<[stat: RawStat | null]>): number;
  aw_exists(path: string, fired: Fired, done: Done<[stat: RawStat | null]>): number;
  a_get_children2(path: string, watch: false, done: Done<[names: string[] | null, stat: RawStat | null]>): number;
  aw_get_children2(path: string, fired: Fired, done: Done<[names: string[] | null, stat: RawStat | null]>): number;
  a_create(path: string, data: Buffer, flags: number, done: Done<[path: string]>): number;
  a_create_ttl(path: string, data: Buffer, flags: number, ttlMs: number, done: Done<[path: string]>): number;
  a_set(path: string, data: Buffer, version: number, done: Done<[stat: RawStat | null]>): number;
  a_delete_(path: string, version: number, done: Done<[]>): number;
  a_set_acl(path: string, version: number, acl: readonly NativeAcl[], done: Done<[]>): number;
  a_sync(path: string, done: Done<[]>): number;
  add_auth(scheme: string, credential: string, done: Done<[]>): number;
}

/** One session's handle. A second `init` aborts the process. */
export interface NativeClient {
  readonly native: NativeRequests;
  init(options: object): unknown;
  /** Blocks up to 1.5 s where the server does not answer. */
  close(): unknown;
  /** `close` carries the state it ended in as its second argument: -112 expired, -113 credentials refused. */
  on(event: 'connect' | 'connecting' | 'close', listener: (client: unknown, code?: number) => void): unknown;
  removeAllListeners(): unknown;
}

export interface NativeOptions {
  readonly connect: string;
  readonly timeout: number;
  readonly debug_level: number;
  readonly response_counter_limit: number;
  /** Both, to go on with a session; neither, to begin one. */
  readonly client_id?: string;
  readonly client_password?: string;
}

export type NativeClientClass = new (options: NativeOptions) => NativeClient;
