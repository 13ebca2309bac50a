/** What `lb up` is asked, and what it works with. */
import type { Engine } from '../engine/index.js';
import type { Reachable } from '../registry/index.js';
import type { BalancerSummary } from './describe.js';
import type { FollowedRegistry, LiveSettings, Publication } from './settings.js';
import type { Synced } from './sync.js';

export interface UpRequest {
  readonly service: string;
  /** Of its container; made of the service's name where absent. */
  readonly name?: string | undefined;
  readonly registry: FollowedRegistry;
  /** What nobody gave keeps its value, and has its default at birth only. */
  readonly given: Partial<LiveSettings> & {
    readonly publish?: Publication;
    readonly network?: string;
    readonly image?: string;
  };
  /** The ensemble's own; where there is none, one has to be given. */
  readonly network: string | undefined;
  readonly pull: 'missing' | 'always' | 'never';
  readonly timeoutMs: number;
  /** A session timeout: see `SyncRequest`. */
  readonly windowMs: number;
}

export interface UpContext {
  readonly engine: Engine;
  /** Those of the service that may be used, as they are registered now. */
  readonly instances: () => Promise<readonly Reachable[]>;
  readonly signal: AbortSignal;
  readonly observer: UpObserver;
}

/** Told what is done. */
export interface UpObserver {
  start(step: string): void;
  end(step: string, outcome: 'done' | 'failed'): void;
  caution(text: string): void;
}

export interface UpResult {
  readonly balancer: BalancerSummary;
  readonly changed: boolean;
  /** What was done, a line each. */
  readonly plan: readonly string[];
  readonly servers: Synced;
}
