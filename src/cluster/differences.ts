/** What was given against what an ensemble lives with. Only what was given is compared: defaults apply at birth only. Pure. */
import type { EnsembleRecord } from './record.js';
import { formatSetting, SETTING_KEYS, SETTINGS, type GivenSettings, type Settings } from './settings.js';

export interface Difference {
  /** The flag's name; for zoo.cfg settings with the key behind it, as in `set snapCount`. */
  readonly setting: string;
  readonly is: string;
  readonly wanted: string;
}

/** The given settings that differ, in the order of the settings table. */
export function differences(given: GivenSettings, record: EnsembleRecord): Difference[] {
  return SETTING_KEYS.flatMap((key): Difference[] => {
    if (key === 'set') return setDifferences(given.set ?? {}, record.settings.set);
    const wanted = given[key];
    if (wanted === undefined || isSame(key, given, record)) return [];
    const is =
      key === 'clientPort' ? String(record.ports[1]) : key === 'image' ? record.image.used : formatSetting(key, record.settings[key]);
    return [{ setting: SETTINGS[key].flag, is, wanted: formatSetting(key, wanted as never) }];
  });
}

/** Key by key: those that nobody gave keep their values as other settings do. */
function setDifferences(given: Settings['set'], living: Settings['set']): Difference[] {
  return Object.entries(given).flatMap(([key, wanted]): Difference[] => {
    const is = Object.hasOwn(living, key) ? living[key] : undefined;
    return is === wanted ? [] : [{ setting: `${SETTINGS.set.flag} ${key}`, is: is ?? 'none', wanted }];
  });
}

function isSame(key: keyof GivenSettings, given: GivenSettings, record: EnsembleRecord): boolean {
  if (key === 'clientPort') return given.clientPort === 'auto' || given.clientPort === record.ports[1];
  // A fallback that runs already is what asking for the default gave.
  if (key === 'image') return given.image === record.image.wanted || given.image === record.image.used;
  return formatSetting(key, given[key] as never) === formatSetting(key, record.settings[key] as never);
}
