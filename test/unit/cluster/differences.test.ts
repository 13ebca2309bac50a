import { describe, expect, it } from 'vitest';
import { differences } from '../../../src/cluster/differences.js';
import { SETTING_KEYS } from '../../../src/cluster/settings.js';
import { sampleRecord } from '../../support/sample-ensemble.js';

describe('differences', () => {
  it('compares only what was given', () => {
    expect(differences({}, sampleRecord({ size: 5, heapBytes: 1024 ** 3 }))).toEqual([]);
  });

  it('finds none where the same is given again', () => {
    const record = sampleRecord({ size: 5, set: { b: '2', a: '1' }, network: 'n', cpus: 2 });
    expect(differences({ ...record.settings, set: { a: '1', b: '2' } }, record)).toEqual([]);
  });

  it('names each one by its flag, as a person would write it', () => {
    const given = {
      size: 5,
      observers: 1,
      image: 'zookeeper:3.8',
      clientPort: 12_181,
      bind: '0.0.0.0',
      network: 'shared',
      subnet: '10.0.0.0/24',
      heapBytes: 1024 ** 3,
      memoryBytes: 2 * 1024 ** 3,
      cpus: 0.5,
      tickTimeMs: 500,
      set: { a: '1' },
      restart: 'no',
      growable: true,
      ephemeral: true,
    } as const;
    expect(Object.keys(given)).toEqual(SETTING_KEYS);
    expect(differences(given, sampleRecord())).toEqual([
      { setting: 'size', is: '3', wanted: '5' },
      { setting: 'observers', is: '0', wanted: '1' },
      { setting: 'image', is: 'zookeeper:3.9', wanted: 'zookeeper:3.8' },
      { setting: 'client-port', is: '2181', wanted: '12181' },
      { setting: 'bind', is: '127.0.0.1', wanted: '0.0.0.0' },
      { setting: 'network', is: 'none', wanted: 'shared' },
      { setting: 'subnet', is: 'none', wanted: '10.0.0.0/24' },
      { setting: 'heap', is: '256m', wanted: '1g' },
      { setting: 'memory', is: 'heap + 256m', wanted: '2g' },
      { setting: 'cpus', is: 'none', wanted: '0.5' },
      { setting: 'tick-time', is: '2000ms', wanted: '500ms' },
      { setting: 'set a', is: 'none', wanted: '1' },
      { setting: 'restart', is: 'unless-stopped', wanted: 'no' },
      { setting: 'growable', is: 'false', wanted: 'true' },
      { setting: 'ephemeral', is: 'false', wanted: 'true' },
    ]);
  });

  it('compares zoo.cfg settings key by key, and only those that were given', () => {
    const record = sampleRecord({ set: { snapCount: '1000', initLimit: '10' } });
    expect(differences({ set: {} }, record)).toEqual([]);
    expect(differences({ set: { initLimit: '10' } }, record)).toEqual([]);
    expect(differences({ set: { snapCount: '2000', syncLimit: '5', initLimit: '10', constructor: 'x' } }, record)).toEqual([
      { setting: 'set snapCount', is: '1000', wanted: '2000' },
      { setting: 'set syncLimit', is: 'none', wanted: '5' },
      { setting: 'set constructor', is: 'none', wanted: 'x' },
    ]);
  });

  it('takes auto for the ports it has, and the first port for what it is', () => {
    const record = sampleRecord({}, 20_041);
    expect(differences({ clientPort: 'auto' }, record)).toEqual([]);
    expect(differences({ clientPort: 20_041 }, record)).toEqual([]);
    expect(differences({ clientPort: 20_042 }, record)).toEqual([{ setting: 'client-port', is: '20041', wanted: '20042' }]);
  });

  it('takes a fallback that runs already for what asking for the default gave', () => {
    const record = { ...sampleRecord(), image: { wanted: 'zookeeper:3.9', used: 'zkd/zookeeper:3.9', id: 'x' } };
    expect(differences({ image: 'zookeeper:3.9' }, record)).toEqual([]);
    expect(differences({ image: 'zkd/zookeeper:3.9' }, record)).toEqual([]);
    expect(differences({ image: 'zookeeper:3.8' }, record)).toEqual([
      { setting: 'image', is: 'zkd/zookeeper:3.9', wanted: 'zookeeper:3.8' },
    ]);
  });
});
