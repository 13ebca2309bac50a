/** Gathers what the plan has to know beside the observation: image, ports, and where members are replaced how they are. */
import { randomBytes } from 'node:crypto';
import type { Engine } from '../engine/index.js';
import { ZkdError } from '../errors.js';
import { chooseImage } from './image-choice.js';
import { compareVersions, imageVersion, upgradeQuestions } from './image-version.js';
import type { Ports } from './members.js';
import type { ObservedEnsemble } from './observe.js';
import { needsWellbeing, planEnsemble, type Plan, type PlanRequest } from './plan.js';
import { checkBindAddress, choosePorts } from './port-choice.js';
import type { EnsembleRecord, ImageChoice } from './record.js';
import { outOfReach, publishedBy, reachOf, sayHowToReach, unreachable, type Vantage } from './reach.js';
import { BIRTH_SETTINGS, checkSettings, DEFAULT_IMAGE, withGiven, type GivenSettings, type Settings } from './settings.js';
import type { Observer } from './apply.js';
import type { UpContext, UpRequest } from './up-request.js';
import { membersOf, type EnsembleView } from './view.js';
import { readWellbeing } from './wellbeing.js';

/** The plan; where members are to be replaced it takes a look at how they are. */
export async function makePlan(request: UpRequest, observed: ObservedEnsemble, context: UpContext): Promise<Plan> {
  const { engine, ask, signal } = context;
  const asked = await planRequest(request, observed, context);
  if (!needsWellbeing(asked, observed)) return planEnsemble(asked, observed);
  const [{ wellbeing, view }, images] = await Promise.all([
    readWellbeing(engine, observed, { timeoutMs: request.timeoutMs, signal, ask }),
    Promise.all([observed.record?.image.id ?? '', asked.birth.image.id].map((id) => engine.findImage(id))),
  ]);
  const [from, to] = images.map(imageVersion);
  const isOther = observed.record?.image.id !== asked.birth.image.id;
  const upgrade = isOther ? upgradeQuestions(request.name, runningVersion(view) ?? from ?? null, to ?? null) : [];
  return planEnsemble({ ...asked, wellbeing, upgrade }, observed);
}

/** The newest version a member says it runs: a roll may have stopped half-way. */
function runningVersion({ members }: EnsembleView): string | null {
  const versions = members.flatMap(({ health }) => health.status?.version ?? []);
  return versions.sort(compareVersions).at(-1) ?? null;
}

/** What the plan needs to know beside the observation; asks for image and ports only where something is to be created. */
async function planRequest(request: UpRequest, observed: ObservedEnsemble, { engine, observer, signal }: UpContext): Promise<PlanRequest> {
  const { name, mode, given, acceptDataLoss } = request;
  const base = { name, mode, given, acceptDataLoss };
  if (observed.record) {
    const { ensemble } = observed.record;
    return {
      ...base,
      birth: {
        ensemble,
        ports: await portsOfLiving(observed.record, given, engine),
        image: await imageOfLiving(observed.record, observed, { engine, observer, signal }, request),
      },
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
export function refuseUnreachableChange({ name, wait }: UpRequest, plan: Plan, vantage: Vantage): void {
  const reach = reachOf(vantage, publishedBy(name, plan.record.settings));
  const mustAsk = wait || plan.operations.some(({ kind }) => ['await-answer', 'await-quorum', 'roll-member'].includes(kind));
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

/** Other ports than they are only where a number was given; they must be free, also of the ensemble itself, whose members move one by one. */
async function portsOfLiving({ cluster, settings, ports }: EnsembleRecord, given: GivenSettings, engine: Engine): Promise<Ports> {
  const { clientPort } = given;
  if (given.bind !== undefined && given.bind !== settings.bind) await checkBindAddress(engine, given.bind);
  if (typeof clientPort !== 'number' || clientPort === ports[1]) return ports;
  return (await choosePorts(engine, cluster, { ...settings, bind: given.bind ?? settings.bind }, clientPort)).ports;
}

/** The recorded image, pulled again where a container is missing and the image is gone from the engine. */
async function imageOfLiving(
  { image }: EnsembleRecord,
  observed: ObservedEnsemble,
  { engine, observer, signal }: Pick<UpContext, 'engine' | 'observer' | 'signal'>,
  request: UpRequest,
): Promise<ImageChoice> {
  const { given, pull } = request;
  const isSame = given.image === undefined || given.image === image.wanted || given.image === image.used;
  if (!isSame || (given.image === image.used && pull === 'always')) {
    return request.dryRun ? previewImage(engine, given.image) : birthImage(request, { engine, observer, signal });
  }
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

/** Nothing to agree to, `--yes`, or a person who says so; otherwise nothing is done. */
export async function agree(name: string, questions: readonly string[], yes: boolean, confirm: UpContext['confirm']): Promise<void> {
  if (questions.length === 0 || yes) return;
  const what = questions.join('; ');
  if (!confirm) {
    throw new ZkdError('usage', `This changes ensemble "${name}" with ${what}: say --yes`, {
      suggestions: ['The same command with --yes'],
      details: { cluster: name, questions },
    });
  }
  if (!(await confirm(`Change ensemble "${name}" with ${what}?`))) {
    throw new ZkdError('refused', `Ensemble "${name}" is left as it is`, { details: { cluster: name, override: '--yes' } });
  }
}
