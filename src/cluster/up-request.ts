/** What `up` and `run` are asked, and what they work with. */
import type { Engine } from '../engine/index.js';
import type { FourLetterProbe } from '../zookeeper/index.js';
import type { Observer } from './apply.js';
import type { PullPolicy } from './image-choice.js';
import type { GivenSettings } from './settings.js';

export interface UpRequest {
  readonly name: string;
  readonly mode: 'up' | 'run';
  readonly given: GivenSettings;
  readonly pull: PullPolicy;
  readonly wait: boolean;
  readonly timeoutMs: number;
  readonly keepOnFailure: boolean;
  readonly acceptDataLoss: boolean;
  readonly dryRun: boolean;
  /** Agrees to what has to be agreed to. */
  readonly yes: boolean;
}

export interface UpContext {
  readonly engine: Engine;
  readonly ask: FourLetterProbe;
  readonly observer: Observer;
  readonly signal: AbortSignal;
  /** Asks a person; undefined where nobody can be asked. */
  readonly confirm?: ((message: string) => Promise<boolean>) | undefined;
}
