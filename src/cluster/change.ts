/** A living ensemble that shall be otherwise: what may change, what a change makes of its record, and which members it concerns. Pure. */
import { ZkdError } from '../errors.js';
import type { Difference } from './differences.js';
import type { WantedMember } from './members.js';
import type { ObservedEnsemble } from './observe.js';
import { readRecord, type EnsembleRecord, type ImageChoice } from './record.js';
import { checkSettings, formatSetting, SETTINGS, withGiven, type GivenSettings, type Settings } from './settings.js';
import type { Ports } from './members.js';

/** Settings that replacing a container cannot change. */
const FIXED: readonly (keyof Settings)[] = ['size', 'observers', 'network', 'subnet', 'growable', 'ephemeral'];
/** Settings a container, or the configuration it is started with, is made from; image and port are compared by what they came to. */
const OF_A_MEMBER = ['bind', 'heapBytes', 'memoryBytes', 'cpus', 'tickTimeMs', 'restart'] as const;

/** Throws `refused` where one of the differences is in a setting an ensemble keeps for life. */
export function refuseFixed(name: string, found: readonly Difference[]): void {
  const flags = FIXED.map((key) => SETTINGS[key].flag);
  const fixed = found.filter(({ setting }) => flags.includes(setting));
  if (fixed.length === 0) return;
  const words = fixed.map(({ setting, is, wanted }) => `${setting} is ${is}, asked for ${wanted}`).join('; ');
  throw new ZkdError('refused', `Ensemble "${name}" keeps some settings as long as it lives: ${words}`, {
    suggestions: [`zkd cluster up ${name}`],
    details: { cluster: name, differences: fixed },
  });
}

/** The given image goes by the name that is used already, and is another one by now. */
export function imageDifference(living: EnsembleRecord, given: GivenSettings, image: ImageChoice): Difference[] {
  if (given.image === undefined || given.image !== living.image.used || image.id === living.image.id || image.id === '') return [];
  const short = (id: string): string => id.replace('sha256:', '').slice(0, 12);
  return [
    { setting: SETTINGS.image.flag, is: `${living.image.used} (${short(living.image.id)})`, wanted: `${image.used} (${short(image.id)})` },
  ];
}

/** The record after the change; the same one where nothing differs. Throws `usage` where the settings do not fit together. */
export function changedRecord(
  living: EnsembleRecord,
  found: readonly Difference[],
  { given, image, ports }: { readonly given: GivenSettings; readonly image: ImageChoice; readonly ports: Ports },
): EnsembleRecord {
  if (found.length === 0) return { ...living, image };
  const settings = withGiven(living.settings, given);
  checkSettings(settings);
  return { ...living, settings, image, ports, revision: living.revision + 1 };
}

/** What of a member is not as the record wants it, in words such as `heap 256m -> 512m`. Empty where it is up to date. */
export function changesOf(own: EnsembleRecord, wanted: EnsembleRecord, id: number): string[] {
  if (own.revision === wanted.revision) return [];
  const changes = OF_A_MEMBER.flatMap((key): string[] => {
    const [is, becomes] = [formatSetting(key, own.settings[key]), formatSetting(key, wanted.settings[key])];
    return is === becomes ? [] : [`${SETTINGS[key].flag} ${is} -> ${becomes}`];
  });
  const keys = [...new Set([...Object.keys(own.settings.set), ...Object.keys(wanted.settings.set)])].sort();
  const sets = keys.flatMap((key): string[] => {
    const [is, becomes] = [own.settings.set[key], wanted.settings.set[key]];
    return is === becomes ? [] : [`${key} ${is ?? 'none'} -> ${becomes ?? 'none'}`];
  });
  const sameName = own.image.used === wanted.image.used ? ' (a newer one of this name)' : '';
  const image = own.image.id === wanted.image.id ? [] : [`image ${own.image.used} -> ${wanted.image.used}${sameName}`];
  const port = own.ports[id] === wanted.ports[id] ? [] : [`port ${own.ports[id]} -> ${wanted.ports[id]}`];
  return [...image, ...port, ...changes, ...sets];
}

/** A member whose container was made for other settings. */
export interface Outdated {
  readonly member: WantedMember;
  readonly changes: readonly string[];
  /** Its port changes, in an ensemble whose members have agreed on ports. */
  readonly isMoved: boolean;
}

/** The members there are whose containers are not as the record wants them. Those never started are made anew anyway. */
export function outdatedMembers(record: EnsembleRecord, members: readonly WantedMember[], observed: ObservedEnsemble): Outdated[] {
  return members.flatMap((member): Outdated[] => {
    const there = observed.members.get(member.id);
    if (!there || there.container.state === 'created') return [];
    const own = readRecord(there.container.labels);
    const changes = own ? changesOf(own, record, member.id) : [];
    const isMoved = members.length > 1 && own?.ports[member.id] !== record.ports[member.id];
    return changes.length > 0 ? [{ member, changes, isMoved }] : [];
  });
}

/** The flags that lead back from a change: what the error of a roll that stopped suggests. Empty where an image was changed too. */
export function flagsBack(found: readonly Difference[]): string {
  if (found.some(({ setting }) => setting === SETTINGS.image.flag)) return '';
  return found
    .map(({ setting, is }) => {
      const [flag = '', key] = setting.split(' ');
      if (key === undefined) return `--${flag} ${is.startsWith('heap +') ? 'none' : is}`;
      return `--${flag} ${key}=${is === 'none' ? '' : is}`;
    })
    .join(' ');
}
