/** `up` and `run`: asked -> observed -> planned -> applied -> ready. One direction, no way back but taking away what this run made. */
import { randomBytes } from 'node:crypto';
import type { Engine } from '../engine/index.js';
import { hasReason } from '../errors.js';
import { retryUntil } from '../runtime/retry-until.js';
import type { FourLetterProbe } from '../zookeeper/index.js';
import { applyPlan, takenAway, type Made, type Observer } from './apply.js';
import { lookWhenQuiet } from './await-quiet.js';
import { awaitReady, type AwaitResult } from './await-ready.js';
import { describeCluster, type Cluster } from './describe.js';
import { isAnswering } from './health.js';
import { chooseImage, type PullPolicy } from './image-choice.js';
import type { WantedMember } from './members.js';
import { observe, type ObservedEnsemble } from './observe.js';
import { formatPlan, planEnsemble, type Plan, type PlanRequest } from './plan.js';
import { choosePorts } from './port-choice.js';
import type { EnsembleRecord, ImageChoice } from './record.js';
import { BIRTH_SETTINGS, checkSettings, DEFAULT_IMAGE, withGiven, type GivenSettings, type Settings } from './settings.js';
import { afterFailure, noQuorumBeforeRebirth, notReady } from './up-failure.js';
import { outOfReach, publishedBy, reachOf, sayHowToReach, unreachable, type Vantage } from './reach.js';
import { addressOf, membersOf, viewMembers } from './view.js';

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
}

export interface UpResult {
  readonly cluster: Cluster | null;
  readonly changed: boolean;
  readonly plan: readonly string[];
  readonly tookMs: number;
}

export interface UpContext {
  readonly engine: Engine;
  readonly ask: FourLetterProbe;
  readonly observer: Observer;
  readonly signal: AbortSignal;
}

const CLAIM_ATTEMPTS = 5;

/**
 * Creates the ensemble, or converges it to what is asked. Safe to repeat at any time, also after a SIGKILL and beside another zkd.
 * On failure or interruption what this run made is removed again, unless `keepOnFailure`; what was there before stays.
 */
export async function bringUp(request: UpRequest, context: UpContext): Promise<UpResult> {
  const startedAt = performance.now();
  for (let attempt = 1; ; attempt += 1) {
    try {
      const result = await bringUpOnce(request, context);
      return { ...result, tookMs: Math.round(performance.now() - startedAt) };
    } catch (error) {
      // Another zkd was first with the same name: look again at what it makes. `run` wanted a new one.
      if (request.mode === 'run' || attempt === CLAIM_ATTEMPTS || !hasReason(error, 'claimed')) throw error;
    }
  }
}

async function bringUpOnce(request: UpRequest, context: UpContext): Promise<Omit<UpResult, 'tookMs'>> {
  const { engine, ask, observer, signal } = context;
  const { name } = request;
  const look = (): Promise<ObservedEnsemble> => observe(engine, name, request.given.network ? { networkName: request.given.network } : {});
  const observed = request.dryRun ? await look() : await lookWhenQuiet(look, { name, timeoutMs: request.timeoutMs, observer, signal });
  const plan = planEnsemble(await planRequest(request, observed, context), observed);
  for (const warning of plan.warnings) observer.caution(warning);
  const lines = formatPlan(plan);
  if (request.dryRun) return { cluster: null, changed: lines.length > 0, plan: lines };
  if (observed.record) refuseUnreachableChange(request, plan, { endpoint: engine.endpoint, ownContainer: observed.ownContainer });

  const made: Made = { containers: [], networks: [] };
  try {
    const awaitMembers = async (only?: readonly number[]): Promise<AwaitResult> => {
      const now = lines.length === 0 ? observed : await observe(engine, name, { details: true });
      const step = only ? `wait until members ${only.join(', ')} are in sync` : 'wait until the ensemble is ready';
      if (lines.length > 0) observer.start(step);
      const result = await awaitReady(engine, now, {
        timeoutMs: request.timeoutMs,
        signal,
        ask,
        ...(only ? { only } : {}),
        onWait: ({ causes }) => observer.update(step, causes.map(({ member, cause }) => `member ${member}: ${cause}`).join('; ')),
      });
      if (lines.length > 0) observer.end(step, result.ended === 'ready' ? 'done' : 'failed');
      return result;
    };
    await applyPlan({
      engine,
      plan,
      observed,
      observer,
      signal,
      made,
      awaitAnswer: (members) => awaitAnswer(members, { ...observed, record: plan.record }, request.timeoutMs, context),
      async awaitQuorum(ids) {
        const result = await awaitMembers(ids);
        if (result.ended !== 'ready') throw noQuorumBeforeRebirth(name, ids, result);
      },
    });
    const cluster = request.wait ? await readyCluster(request, await awaitMembers(), engine) : await currentCluster(name, context);
    return { cluster, changed: lines.length > 0, plan: lines };
  } catch (error) {
    throw await afterFailure(error, request, { engine, made, observed, plan });
  }
}

const ANSWER_EVERY_MS = 100;

/** Whether they get there is judged by the wait for readiness that follows. */
async function awaitAnswer(
  members: readonly WantedMember[],
  observed: ObservedEnsemble,
  timeoutMs: number,
  { engine, ask, signal }: UpContext,
): Promise<void> {
  const isUp = (member: WantedMember): Promise<boolean> =>
    isAnswering(addressOf(engine, observed, member), { ask, timeoutMs: 1000, signal });
  const look = async (): Promise<true | undefined> => ((await Promise.all(members.map(isUp))).every(Boolean) ? true : undefined);
  await retryUntil(look, { timeoutMs, intervalMs: ANSWER_EVERY_MS, signal });
}

async function currentCluster(name: string, { engine, ask, signal }: UpContext): Promise<Cluster> {
  const view = await viewMembers(engine, await observe(engine, name, { details: true }), { ask, timeoutMs: 500, signal });
  return describeCluster(view, engine.endpoint, []);
}

async function readyCluster(request: UpRequest, result: AwaitResult, engine: Engine): Promise<Cluster> {
  if (result.ended === 'ready') return describeCluster(result.ensemble, engine.endpoint, []);
  if (result.ended === 'gone') throw takenAway(request.name);
  throw notReady(request.name, request.timeoutMs, result);
}

/** What the plan needs to know beside the observation; asks for image and ports only where something is to be created. */
async function planRequest(request: UpRequest, observed: ObservedEnsemble, { engine, observer, signal }: UpContext): Promise<PlanRequest> {
  const { name, mode, given, acceptDataLoss } = request;
  const base = { name, mode, given, acceptDataLoss };
  if (observed.record) {
    const { ensemble, ports } = observed.record;
    return {
      ...base,
      birth: { ensemble, ports, image: await imageOfLiving(observed.record, observed, { engine, observer, signal }, request) },
    };
  }
  const settings = withGiven(BIRTH_SETTINGS, given);
  checkSettings(settings);
  refuseUnreachableBirth(request, settings, { endpoint: engine.endpoint, ownContainer: observed.ownContainer }, observer);
  // Ports first: a long pull before a conflict that is certain would be in vain.
  const choice = await choosePorts(engine, name, settings, given.clientPort);
  const image = request.dryRun ? await previewImage(engine, given.image) : await birthImage(request, { engine, observer, signal });
  if (choice.movedFrom !== null) {
    observer.caution(`${choice.movedFrom} free; using ${choice.ports[1]} and on instead (--client-port chooses)`);
  }
  return { ...base, birth: { ensemble: randomBytes(8).toString('hex'), ports: choice.ports, image } };
}

/** Nothing is made that zkd could not see become ready; on a remote engine not without a word on where to publish. */
function refuseUnreachableBirth(
  { name, given, wait, dryRun }: UpRequest,
  settings: Settings,
  { endpoint, ownContainer }: Vantage,
  observer: Observer,
): void {
  const reach = reachOf({ endpoint, ownContainer }, publishedBy(name, settings));
  if (reach.kind !== 'none') return;
  const isBindMissing = endpoint.remoteHost !== null && given.bind === undefined;
  if (isBindMissing || (wait && !dryRun)) throw sayHowToReach(name, reach, { endpoint, ownContainer });
  observer.caution(`Its members ${outOfReach(reach)}`);
}

/** A living one: before anything is changed whose outcome could not be seen, or that must wait for what members answer. */
function refuseUnreachableChange({ name, wait }: UpRequest, plan: Plan, vantage: Vantage): void {
  const reach = reachOf(vantage, publishedBy(name, plan.record.settings));
  const mustAsk = wait || plan.operations.some(({ kind }) => kind === 'await-answer' || kind === 'await-quorum');
  if (reach.kind === 'none' && mustAsk) throw unreachable(name, reach);
}

function birthImage(
  request: UpRequest,
  { engine, observer, signal }: Pick<UpContext, 'engine' | 'observer' | 'signal'>,
): Promise<ImageChoice> {
  let step: string | undefined;
  return chooseImage(engine, {
    given: request.given.image,
    pull: request.pull,
    signal,
    onPull(reference) {
      step = `pull image ${reference}`;
      observer.start(step);
    },
    caution(text) {
      if (step) observer.end(step, 'failed');
      step = undefined;
      observer.caution(text);
    },
  }).then(
    (choice) => {
      if (step) observer.end(step, 'done');
      return choice;
    },
    (error: unknown) => {
      if (step) observer.end(step, 'failed');
      throw error;
    },
  );
}

/** The recorded image, pulled again where a container is missing and the image is gone from the engine. */
async function imageOfLiving(
  { image }: EnsembleRecord,
  observed: ObservedEnsemble,
  { engine, observer, signal }: Pick<UpContext, 'engine' | 'observer' | 'signal'>,
  request: UpRequest,
): Promise<ImageChoice> {
  const isComplete = membersOf(observed).every(({ id }) => observed.members.has(id));
  if (isComplete || request.dryRun || (await engine.findImage(image.id))) return image;
  const found = await birthImage({ ...request, given: { image: image.used } }, { engine, observer, signal });
  return { ...image, id: found.id };
}

/** A dry run pulls nothing. */
async function previewImage(engine: Engine, given: string | undefined): Promise<ImageChoice> {
  const wanted = given ?? DEFAULT_IMAGE;
  const local = await engine.findImage(wanted);
  return { wanted, used: wanted, id: local?.id ?? '' };
}
