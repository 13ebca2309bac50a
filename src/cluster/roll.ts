/**
 * Takes one member of a living ensemble down and up again: replaced or restarted, its data, identity and place kept. At no moment more
 * than one member is down by the hand of any zkd: a turn is a container under a name of which there is one per ensemble (docs/adr/0013), and
 * only who has it may stop a member. A member that was well is stopped only while all others are in sync, and waited for until it is again.
 */
import type { ContainerSpec, Engine } from '../engine/index.js';
import type { ZkdError } from '../errors.js';
import type { AwaitResult } from './await-ready.js';
import { claimed, createContainer } from './claim.js';
import { rollName } from './names.js';
import type { ObservedMember } from './observe.js';
import type { EnsembleRecord } from './record.js';
import { endContainer } from './stop-container.js';

/** How long a member did not serve because it was replaced or restarted. */
export interface Outage {
  readonly member: number;
  readonly ms: number;
}

export interface RollContext {
  readonly engine: Engine;
  readonly record: EnsembleRecord;
  readonly signal: AbortSignal;
  /** Waits until all members are in sync, or the time is up. */
  awaitAll(): Promise<AwaitResult>;
  /** Whether a member serves at this moment. */
  serves(member: number): Promise<boolean>;
  /** The error of a wait that did not end well. */
  notReady(when: 'before' | 'after', member: number, result: AwaitResult): ZkdError;
  /** The error of a member that was stopped and cannot be started. */
  notStarted(member: number, error: unknown): unknown;
}

export interface RollRequest {
  readonly id: number;
  readonly old: ObservedMember;
  /** The container of this member as it shall be: of it the turn is made. */
  readonly spec: ContainerSpec;
  readonly isWell: boolean;
  /** Reads what `settle` needs while the old container still runs, so that the member is not down for it. */
  lookAhead(): Promise<void>;
  /** Done while the old container still runs: what only a quorum can do. */
  prepare(): Promise<void>;
  /** Makes the container ready to be started, while nothing of the member runs. */
  settle(containerId: string): Promise<void>;
  start(containerId: string): Promise<void>;
}

/** An interruption does not leave a member down: what was stopped is started again first. */
const TO_ITS_END = new AbortController().signal;

interface Rolled {
  readonly containerId: string;
  readonly outage: Outage | null;
}

/** Puts a new container in the place of the old one. Before the old one is stopped, a failure changes nothing. */
export async function replaceMember(request: RollRequest, context: RollContext): Promise<Rolled> {
  const { engine, record } = context;
  const { old, spec } = request;
  const { turn, isCareful } = await takeTurn(request, context);
  const stoppedAt = performance.now();
  let settled: Promise<void> | undefined;
  await orElse(
    async () => {
      await endContainer(engine, old.container, TO_ITS_END);
      // A stop takes its time: who has lost the turn by now must not leave the member without a container.
      if (!(await engine.findContainer(turn))) throw claimed(record.cluster);
      settled = request.settle(turn);
      settled.catch(() => undefined);
      await engine.removeContainer(old.container.id, { anonymousVolumes: true });
      await engine.renameContainer(turn, spec.name);
    },
    async () => {
      await endTurn(turn, engine);
      if (await engine.findContainer(old.container.id)) await engine.startContainer(old.container.id);
    },
  );
  return { containerId: turn, outage: await startAndWait(turn, { settled, stoppedAt, isCareful }, request, context) };
}

/** Stops the member's container and starts it again; one that does not run is only started. */
export async function restartMember(request: RollRequest, context: RollContext): Promise<Rolled> {
  const { engine } = context;
  const { old } = request;
  const { turn, isCareful } = await takeTurn(request, context);
  const stoppedAt = performance.now();
  try {
    await endContainer(engine, old.container, TO_ITS_END);
    const { id } = old.container;
    return { containerId: id, outage: await startAndWait(id, { settled: request.settle(id), stoppedAt, isCareful }, request, context) };
  } finally {
    await endTurn(turn, engine).catch(() => undefined);
  }
}

const endTurn = (turn: string, engine: Engine): Promise<void> => engine.removeContainer(turn, { anonymousVolumes: true });

interface Turn {
  /** The id of its container. */
  readonly turn: string;
  /** Others may hang on the member: it is waited for. */
  readonly isCareful: boolean;
}

/** Waits for the turn's conditions while having it. */
async function takeTurn(request: RollRequest, context: RollContext): Promise<Turn> {
  const { engine, record, signal } = context;
  const { id, old, spec } = request;
  let isCareful = request.isWell;
  const turn = await createContainer({ ...spec, name: rollName(record.cluster) }, { engine, record, made: [] });
  await orElse(
    async () => {
      // It may have come to itself since the plan was made.
      isCareful ||= await context.serves(id);
      await Promise.all([request.lookAhead(), isCareful && inSync('before', id, context)]);
      if (isCareful) await request.prepare();
      signal.throwIfAborted();
      const [own, its] = await Promise.all([engine.findContainer(turn), engine.findContainer(old.container.id)]);
      // Whoever took this zkd for dead has shut it out; or another one has replaced this member already.
      if (!own || !its) throw claimed(record.cluster);
    },
    () => endTurn(turn, engine),
  );
  return { turn, isCareful };
}

interface Stopped {
  readonly settled: Promise<void> | undefined;
  readonly stoppedAt: number;
  readonly isCareful: boolean;
}

/** Null where nobody waited for the member. */
async function startAndWait(
  containerId: string,
  { settled, stoppedAt, isCareful }: Stopped,
  request: RollRequest,
  context: RollContext,
): Promise<Outage | null> {
  try {
    await settled;
    await request.start(containerId);
  } catch (error) {
    throw context.notStarted(request.id, error);
  }
  if (!isCareful) return null;
  await inSync('after', request.id, context);
  return { member: request.id, ms: Math.round(performance.now() - stoppedAt) };
}

async function inSync(when: 'before' | 'after', member: number, context: RollContext): Promise<void> {
  const result = await context.awaitAll();
  if (result.ended !== 'ready') throw context.notReady(when, member, result);
}

/** Where the work fails, puts back what can be put back; the first error is the one that counts. */
async function orElse(work: () => Promise<void>, putBack: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    await putBack().catch(() => undefined);
    throw error;
  }
}
