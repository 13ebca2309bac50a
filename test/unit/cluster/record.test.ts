import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkSchema, memberLabels, networkLabels, readRecord, volumeLabels } from '../../../src/cluster/record.js';
import { sampleMembers, sampleRecord } from '../../support/sample-ensemble.js';
import { failureOf } from '../../support/failure-of.js';

const RECORD = sampleRecord({ size: 3, observers: 1, set: { snapCount: '1000' } });
const [first] = sampleMembers(RECORD);
const observer = sampleMembers(RECORD)[3];

describe('the record of an ensemble', () => {
  it('is on every container and every volume, and reads back whole', () => {
    if (!first || !observer) throw new Error('no members');
    expect(readRecord(memberLabels(RECORD, first))).toEqual(RECORD);
    expect(readRecord(volumeLabels(RECORD, observer, 'data'))).toEqual(RECORD);
    expect(volumeLabels(RECORD, observer, 'datalog')).toMatchObject({ 'zkd.member': '4', 'zkd.role': 'observer', 'zkd.volume': 'datalog' });
  });

  it('is written under the label keys of the contract', () => {
    if (!first) throw new Error('no member');
    expect(Object.keys(memberLabels(RECORD, first)).sort()).toEqual([
      'zkd.cluster',
      'zkd.ensemble',
      'zkd.image',
      'zkd.member',
      'zkd.ports',
      'zkd.role',
      'zkd.schema',
      'zkd.settings',
    ]);
    expect(networkLabels(RECORD)).toEqual({ 'zkd.schema': '1', 'zkd.cluster': 'zk', 'zkd.ensemble': 'c0ffee' });
  });

  it('reads back for any settings', () => {
    const settings = fc.record({
      size: fc.integer({ min: 1, max: 9 }),
      observers: fc.integer({ min: 0, max: 9 }),
      set: fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), fc.string()),
      cpus: fc.option(fc.double({ min: 0.1, max: 256, noNaN: true })),
      growable: fc.boolean(),
    });
    fc.assert(
      fc.property(settings, (given) => {
        const record = sampleRecord(given);
        const [member] = sampleMembers(record);
        expect(member && readRecord(memberLabels(record, member))).toEqual(record);
      }),
    );
  });

  it('gives settings that an older zkd did not know their value at birth', () => {
    if (!first) throw new Error('no member');
    const labels = { ...memberLabels(RECORD, first), 'zkd.settings': '{"size":1}' };
    expect(readRecord(labels)?.settings).toMatchObject({ size: 1, growable: false, heapBytes: 256 * 1024 ** 2 });
  });

  it.each(['zkd.cluster', 'zkd.ensemble', 'zkd.settings', 'zkd.image', 'zkd.ports'])('is none without %s', (key) => {
    if (!first) throw new Error('no member');
    const labels: Record<string, string> = { ...memberLabels(RECORD, first) };
    expect(readRecord(Object.fromEntries(Object.entries(labels).filter(([name]) => name !== key)))).toBeUndefined();
    if (key.length > 12) expect(readRecord({ ...labels, [key]: '{' })).toBeUndefined();
  });
});

describe('another layout of labels', () => {
  it.each([
    ['2', '2'],
    [undefined, null],
    ['', ''],
  ])('is refused: %j', async (schema, told) => {
    const failure = await failureOf(() => checkSchema({ 'zkd.cluster': 'zk', ...(schema === undefined ? {} : { 'zkd.schema': schema }) }));
    expect(failure).toMatchObject({ code: 'refused', details: { schema: told, known: '1' } });
    expect(failure.message).toContain('"zk"');
  });

  it('is not this one', () => expect(() => checkSchema({ 'zkd.schema': '1' })).not.toThrow());
});
