/** An ensemble as data, for tests of pure code: whole values to start from, changed where a test is about the change. */
import { wantedMembers, type WantedMember } from '../../src/cluster/members.js';
import { consecutivePorts } from '../../src/cluster/port-choice.js';
import type { EnsembleRecord } from '../../src/cluster/record.js';
import { BIRTH_SETTINGS, type GivenSettings } from '../../src/cluster/settings.js';

export const IMAGE_ID = 'sha256:0123';

/** The record of ensemble `zk`: three voters from port 2181 on, where nothing else is given. */
export function sampleRecord(given: GivenSettings = {}, firstPort = 2181): EnsembleRecord {
  const settings = { ...BIRTH_SETTINGS, ...given };
  return {
    cluster: 'zk',
    ensemble: 'c0ffee',
    settings,
    ports: consecutivePorts(firstPort, settings.size + settings.observers),
    image: { wanted: settings.image, used: settings.image, id: IMAGE_ID },
    revision: 1,
  };
}

export const sampleMembers = (record: EnsembleRecord): WantedMember[] => wantedMembers(record.cluster, record.settings, record.ports);
