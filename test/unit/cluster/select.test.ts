import { describe, expect, it } from 'vitest';
import { saidName, selectCluster, type Selection } from '../../../src/cluster/select.js';
import { useFakeHostPorts } from '../../fakes/fake-host-ports.js';
import { createWorld } from '../../support/ensemble-world.js';
import { failureOf } from '../../support/failure-of.js';

useFakeHostPorts();

/** Selects on an engine with these ensembles; answers the name, and whether the engine was asked. */
async function select(names: readonly string[], selection: Partial<Selection> = {}) {
  const world = createWorld();
  for (const name of names) await world.up({ name, given: { size: 1 }, wait: false });
  let isAsked = false;
  const engine = async () => {
    isAsked = true;
    return world.engine;
  };
  const name = await selectCluster(engine, {
    argument: undefined,
    flag: undefined,
    isFlagTyped: false,
    ask: undefined,
    mustBeSaid: false,
    ...selection,
  });
  return { name, isAsked };
}

describe('a name that was said', () => {
  it('counts without asking the engine', async () => {
    expect(await select(['zk'], { argument: 'dev' })).toEqual({ name: 'dev', isAsked: false });
    expect(await select(['zk'], { flag: 'dev', mustBeSaid: true })).toEqual({ name: 'dev', isAsked: false });
  });

  it('as an argument beats a variable, but not a typed flag', async () => {
    expect(saidName({ argument: 'a', flag: 'b', isFlagTyped: false })).toBe('a');
    expect((await failureOf(() => saidName({ argument: 'a', flag: 'b', isFlagTyped: true }))).code).toBe('usage');
    expect(saidName({ argument: 'a', flag: 'a', isFlagTyped: true })).toBe('a');
  });

  it('must be a name', async () => {
    expect((await failureOf(() => saidName({ argument: 'No', flag: undefined, isFlagTyped: false }))).code).toBe('usage');
    expect((await failureOf(() => saidName({ argument: undefined, flag: '', isFlagTyped: true }))).code).toBe('usage');
  });
});

describe('no name', () => {
  it('means the one ensemble there is, even one whose volumes only are left', async () => {
    expect((await select(['dev'])).name).toBe('dev');
    const world = createWorld();
    await world.up({ name: 'dev', given: { size: 1 } });
    await world.down({ name: 'dev' });
    const none = { argument: undefined, flag: undefined, isFlagTyped: false, ask: undefined, mustBeSaid: false };
    expect(await selectCluster(async () => world.engine, none)).toBe('dev');
  });

  it('is usage where there are none or several, listing them', async () => {
    expect(await failureOf(select([]))).toMatchObject({ code: 'usage', details: { clusters: [] } });
    const failure = await failureOf(select(['b', 'a', 'zk']));
    expect(failure).toMatchObject({ code: 'usage', details: { clusters: ['a', 'b', 'zk'] } });
    expect(failure.message).toContain('a, b, zk');
  });

  it('asks a person where there are several, and only then', async () => {
    const ask = async (names: readonly string[]): Promise<string> => names[1] ?? '';
    expect((await select(['a', 'b'], { ask })).name).toBe('b');
    expect((await select(['a'], { ask: () => Promise.reject(new Error('asked')) })).name).toBe('a');
    expect((await failureOf(select([], { ask }))).code).toBe('usage');
  });
});

describe('no name for a command that takes something away', () => {
  it('takes nothing but the default one by guessing, off a terminal', async () => {
    expect((await select(['zk', 'a'], { mustBeSaid: true })).name).toBe('zk');
    expect(await failureOf(select(['dev'], { mustBeSaid: true }))).toMatchObject({ code: 'usage', details: { clusters: ['dev'] } });
    expect((await failureOf(select(['a', 'b'], { mustBeSaid: true }))).code).toBe('usage');
  });

  it('takes the default one where there is none: that is nothing to do', async () => {
    expect((await select([], { mustBeSaid: true })).name).toBe('zk');
  });
});
