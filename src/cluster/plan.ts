/**
 * (what is asked, what is there) -> what to do. Pure: no engine, no clock, no randomness. The plan has a text form, which
 * `--dry-run` prints and tests assert.
 */
import { bornAt } from './claim.js';
import { changedRecord, imageDifference, outdatedMembers, refuseFixed, type Outdated } from './change.js';
import { differences, type Difference } from './differences.js';
import { quorumOf, wantedMembers, type Ports, type WantedMember } from './members.js';
import { LABEL, networkName, volumeName } from './names.js';
import { volumeKey, type ObservedEnsemble, type ObservedMember } from './observe.js';
import { formatOperation, type Operation } from './operations.js';
import { existsAlready, refuseDataLoss, refuseEphemeralLoss, refusePortChange, refuseStrangers } from './plan-guards.js';
import { outageQuestions, rollOperations, surplusOperations, type Wellbeing } from './plan-roll.js';
import type { EnsembleRecord, ImageChoice } from './record.js';
import { BIRTH_SETTINGS, checkSettings, withGiven, type GivenSettings } from './settings.js';

export interface PlanRequest {
  readonly name: string;
  /** `run` wants a new ensemble, `up` one that is as asked. */
  readonly mode: 'up' | 'run';
  readonly given: GivenSettings;
  readonly acceptDataLoss: boolean;
  /** What a birth would take; of a living ensemble image and ports as they shall be. */
  readonly birth: { readonly ensemble: string; readonly ports: Ports; readonly image: ImageChoice };
  /** How the members are; only needed where members are replaced. */
  readonly wellbeing?: Wellbeing;
  /** What has to be agreed to for a change of the image. */
  readonly upgrade?: readonly string[];
}

export interface Plan {
  readonly record: EnsembleRecord;
  readonly members: readonly WantedMember[];
  /** Nothing of this ensemble was there. */
  readonly isBirth: boolean;
  /** The network to attach to: our own or the one given. */
  readonly network: string;
  readonly operations: readonly Operation[];
  /** What of the living ensemble is to be changed. */
  readonly differences: readonly Difference[];
  /** What a person has to agree to first. */
  readonly questions: readonly string[];
  readonly warnings: readonly string[];
}

/** Decides what to do. Throws `conflict` or `refused` where it must not be done; nothing has been touched then. */
export function planEnsemble(request: PlanRequest, observed: ObservedEnsemble): Plan {
  const { name, given } = request;
  const isBirth = observed.record === undefined;
  if (request.mode === 'run' && !isBirth) throw existsAlready(name, observed);
  const found = observed.record ? allDifferences(request, observed.record) : [];
  refuseFixed(name, found);
  const record = observed.record ? changedRecord(observed.record, found, { given, ...request.birth }) : birthRecord(request);
  const members = wantedMembers(name, record.settings, record.ports);
  refuseStrangers(name, record, members, observed);
  const network = record.settings.network ?? networkName(name);
  const outdated = outdatedMembers(record, members, observed);
  refusePortChange(name, record, members, observed);
  const { wellbeing = NOBODY_WELL } = request;
  if (record.settings.ephemeral && !request.acceptDataLoss) refuseEphemeralLoss(name, members, outdated, wellbeing);
  return {
    record,
    members,
    isBirth,
    network,
    operations: operationsFor(request, record, members, observed, outdated),
    differences: found,
    questions: outdated.length > 0 ? [...(request.upgrade ?? []), ...outageQuestions(members, outdated, wellbeing)] : [],
    warnings: isBirth ? birthWarnings(record) : [],
  };
}

const NOBODY_WELL: Wellbeing = { leader: null, well: new Set() };

const allDifferences = ({ given, birth }: PlanRequest, living: EnsembleRecord): Difference[] => [
  ...differences(given, living),
  ...imageDifference(living, given, birth.image),
];

/** Whether planning this needs to know how the members are. */
export function needsWellbeing(request: PlanRequest, observed: ObservedEnsemble): boolean {
  if (!observed.record) return false;
  const record = changedRecord(observed.record, allDifferences(request, observed.record), { given: request.given, ...request.birth });
  return outdatedMembers(record, wantedMembers(request.name, record.settings, record.ports), observed).length > 0;
}

function birthRecord({ name, given, birth }: PlanRequest): EnsembleRecord {
  const settings = withGiven(BIRTH_SETTINGS, given);
  checkSettings(settings);
  return { cluster: name, ensemble: birth.ensemble, settings, ports: birth.ports, image: birth.image, revision: 1 };
}

function birthWarnings({ settings }: EnsembleRecord): string[] {
  const { size } = settings;
  if (size % 2 === 1) return [];
  const survives = size - quorumOf(size);
  return [`${size} voting members survive the loss of ${survives}, as ${size - 1} ${size === 2 ? 'does' : 'do'}: an odd size is better`];
}

/** True where no member ever ran: a birth that was cut short, with nothing to lose yet. */
export function isUnborn(observed: ObservedEnsemble): boolean {
  const containers = [...observed.members.values()];
  if (containers.length === 0 || containers.some(({ details }) => details === undefined || details.startedAt !== null)) return false;
  const oldest = Math.min(...containers.map((member) => Date.parse(bornAt(member))));
  // Volumes that are older than every container were kept from an earlier life. Engines give whole seconds.
  return [...observed.volumes.values()].every(({ createdAt }) => Date.parse(createdAt) >= oldest - 2000);
}

/** Voters that would come up empty: no container, and the data or transaction log volume gone. */
function votersWithoutData(record: EnsembleRecord, members: readonly WantedMember[], observed: ObservedEnsemble): WantedMember[] {
  if (observed.record === undefined || isUnborn(observed)) return [];
  return members.filter(({ id, role }) => {
    if (role === 'observer' || observed.members.has(id)) return false;
    return !observed.volumes.has(volumeKey(id, 'data')) || !observed.volumes.has(volumeKey(id, 'datalog'));
  });
}

function operationsFor(
  request: PlanRequest,
  record: EnsembleRecord,
  members: readonly WantedMember[],
  observed: ObservedEnsemble,
  outdated: readonly Outdated[],
): Operation[] {
  const { name, acceptDataLoss } = request;
  const lost = votersWithoutData(record, members, observed);
  const isLost = (member: WantedMember): boolean => lost.includes(member) && !acceptDataLoss;
  if (lost.length > 0 && !acceptDataLoss) refuseDataLoss(name, members, lost);

  const network = record.settings.network ?? networkName(name);
  const networkOperations = networksFor(record, network, observed);
  const unstarted = new Map([...observed.members].filter(([, { container }]) => container.state === 'created'));
  const missing = members.filter(({ id }) => !observed.members.has(id) || unstarted.has(id));
  const cause = observed.record === undefined ? 'new' : isUnborn(observed) ? 'not made yet' : 'container is gone';
  // Only container names are exclusive: the first container that is made is the claim on all that is to be made.
  const claim = missing.find((member) => !isLost(member));
  const afterClaim = claim ? [`create-${claim.id}`] : [];
  const create = (member: WantedMember, afterOthers: readonly string[]): Operation => {
    const key = `create-${member.id}`;
    const after = member === claim ? [] : afterOthers;
    const old = unstarted.get(member.id);
    if (old) return { key, after, kind: 'replace-member', member, old, cause: 'never started' };
    const useless = uselessRest(name, member, observed);
    const isEmpty = lost.includes(member) || useless.discards !== undefined;
    return { key, after, kind: 'create-member', member, cause: isEmpty ? 'its data is gone' : cause, ...useless };
  };

  // Whoever made what never started may still be at work: nothing is configured before it is shut out of every one of them.
  const shutOut = [...unstarted.keys()].map((id) => `create-${id}`);
  // Where volumes were kept, the first member's tell the credential of all.
  const toldBy = claim && observed.record !== undefined ? [`configure-${claim.id}`] : [];
  const configure = (member: WantedMember): Operation => ({
    key: `configure-${member.id}`,
    after: [...new Set([`create-${member.id}`, ...shutOut, ...(member === claim ? [] : toldBy)])],
    kind: 'configure-member',
    member,
  });
  const toMake = missing.filter((member) => !isLost(member));
  const creations =
    shutOut.length > 0
      ? [...toMake.map((member) => create(member, afterClaim)), ...toMake.map(configure)]
      : toMake.flatMap((member) => [create(member, afterClaim), configure(member)]);
  const isClaim = ({ key }: Operation): boolean => afterClaim.includes(key);
  const prepared = [
    ...creations.filter(isClaim),
    ...surplusOperations(observed, afterClaim),
    ...networkOperations.map((operation) => ({ ...operation, after: [...operation.after, ...afterClaim] })),
    ...creations.filter((operation) => !isClaim(operation)),
  ];
  // All containers exist before the first one starts: that is how a birth that was cut short is told from a life (isUnborn).
  const existing = prepared.filter(({ kind }) => kind !== 'configure-member' && kind !== 'remove-surplus').map(({ key }) => key);
  const startNew = (member: WantedMember, after: readonly string[]): Operation => ({
    key: `start-${member.id}`,
    after,
    kind: 'start-member',
    member,
    cause: 'new container',
  });
  // Voters without data that find each other first elect one of themselves, and whoever has data will not follow into an older epoch.
  const holders = members.filter((member) => member.role === 'participant' && !lost.includes(member));
  const letHoldersFirst = acceptDataLoss && lost.length > 0 && holders.length > 0;
  const startKeysOf = (some: readonly WantedMember[]): string[] =>
    some.filter(({ id }) => observed.members.get(id)?.container.state !== 'running').map(({ id }) => `start-${id}`);
  const answered: Operation[] = letHoldersFirst
    ? [{ key: 'await-answer', after: [...existing, ...startKeysOf(holders)], kind: 'await-answer', members: holders }]
    : [];
  const afterHolders = (member: WantedMember): string[] => (letHoldersFirst && lost.includes(member) ? ['await-answer'] : []);
  // One that shall move to another port is started as it is: the others have to agree on the new one first.
  const isOutdated = (member: WantedMember): boolean => outdated.some((other) => other.member.id === member.id && !other.isMoved);
  const starts = members
    .filter((member) => !isLost(member))
    .flatMap((member): Operation[] => {
      const there = observed.members.get(member.id);
      return there && !unstarted.has(member.id)
        ? repairsFor(member, there, network, existing).filter(({ kind }) => kind === 'unpause-member' || !isOutdated(member))
        : [startNew(member, [...existing, `configure-${member.id}`, ...afterHolders(member)])];
    });
  const voters = members.filter((member) => member.role === 'participant' && !isLost(member));
  const awaited: Operation[] = lost.some(isLost)
    ? [{ key: 'await-quorum', after: starts.map(({ key }) => key), kind: 'await-quorum', members: voters, before: lost }]
    : [];
  const reborn = lost
    .filter(isLost)
    .flatMap((member) => [create(member, ['await-quorum']), configure(member), startNew(member, [`configure-${member.id}`])]);
  const isLate = ({ after }: Operation): boolean => after.includes('await-answer');
  const inOrder = [...starts.filter((start) => !isLate(start)), ...answered, ...starts.filter(isLate)];
  const isChange = record.revision !== observed.record?.revision && observed.record !== undefined;
  const remembered: Operation[] = isChange ? [{ key: 'record-change', after: [], kind: 'record-change', revision: record.revision }] : [];
  const repaired = [...prepared.map((operation) => afterAll(operation, remembered)), ...inOrder, ...awaited, ...reborn];
  const rolled = rollOperations(
    outdated,
    observed,
    request.wellbeing ?? NOBODY_WELL,
    [...remembered, ...repaired].map(({ key }) => key),
  );
  return [...remembered, ...repaired, ...rolled];
}

const afterAll = (operation: Operation, before: readonly Operation[]): Operation => ({
  ...operation,
  after: [...before.map(({ key }) => key), ...operation.after],
});

/** A transaction log without its snapshots: ZooKeeper refuses to start with it ("No snapshot found, but there are log entries"). */
function uselessRest(name: string, { id }: WantedMember, observed: ObservedEnsemble): { readonly discards?: readonly string[] } {
  const { volumes } = observed;
  const isUseless = !volumes.has(volumeKey(id, 'data')) && volumes.has(volumeKey(id, 'datalog')) && !isUnborn(observed);
  return isUseless ? { discards: [volumeName(name, id, 'datalog')] } : {};
}

function networksFor(record: EnsembleRecord, name: string, observed: ObservedEnsemble): Operation[] {
  if (record.settings.network !== null) return [];
  const [kept, ...surplus] = observed.networks;
  if (!kept) return [{ key: 'network', after: [], kind: 'create-network', name }];
  return surplus.map(({ id }) => ({ key: `network-${id}`, after: [], kind: 'remove-network', name, id }));
}

function repairsFor(member: WantedMember, there: ObservedMember, network: string, after: readonly string[]): Operation[] {
  const { state, networks } = there.container;
  const isAttached = networks.some((attached) => attached.name === network);
  const isCutOff = !isAttached && there.container.labels[LABEL.member] !== undefined && state !== 'removing';
  if (state === 'paused' && !isCutOff) return [{ key: `start-${member.id}`, after, kind: 'unpause-member', member }];
  if (isCutOff) {
    // A paused container cannot be stopped in an orderly way.
    const unpause: Operation[] = state === 'paused' ? [{ key: `unpause-${member.id}`, after, kind: 'unpause-member', member }] : [];
    const afterUnpause = [...after, ...unpause.map(({ key }) => key)];
    return [...unpause, { key: `start-${member.id}`, after: afterUnpause, kind: 'reconnect-member', member, network }];
  }
  if (state === 'running' || state === 'restarting' || state === 'removing') return [];
  return [{ key: `start-${member.id}`, after, kind: 'start-member', member, cause: stoppedCause(there) }];
}

function stoppedCause({ container, details }: ObservedMember): string {
  if (details?.outOfMemory) return 'was out of memory';
  return details?.exitCode === null || details === undefined ? container.state : `exited with code ${details.exitCode}`;
}

/** The plan, a line a step, in an order in which it can be done. Empty where nothing is to be done. */
export function formatPlan(plan: Plan): string[] {
  return plan.operations.map((operation) => formatOperation(operation, plan.record.settings.bind));
}
