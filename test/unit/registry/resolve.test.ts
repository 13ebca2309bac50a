import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Registration } from '../../../src/registry/join-containers.js';
import { choose, usableOf, type Choice } from '../../../src/registry/resolve.js';
import { FakeZooKeeper, openFakeSession } from '../../fakes/fake-session.js';
import { failureOf } from '../../support/failure-of.js';

const instance = (id: string, weight = 1, usable = true): Registration => ({
  service: 'web',
  id,
  name: id,
  address: `10.0.0.${id}`,
  port: 80,
  path: `/docker/web/${id}`,
  format: 'curator',
  session: '0x1',
  registeredAt: '2026-01-01T00:00:00.000Z',
  tags: [],
  metadata: {},
  weight,
  usable,
  container: null,
  stale: false,
  problem: null,
});

async function world() {
  const server = new FakeZooKeeper();
  const session = await openFakeSession(server);
  const pick = async (all: readonly Registration[], choice: Choice, random?: () => number) =>
    (await choose('web', all, choice, { session, root: '/docker', ...(random && { random }) })).id;
  return { server, pick };
}
const times = async <T>(count: number, work: (index: number) => Promise<T>): Promise<T[]> => {
  const all: T[] = [];
  for (let index = 0; index < count; index += 1) all.push(await work(index));
  return all;
};
const countOf = (all: readonly string[], one: string): number => all.filter((id) => id === one).length;

describe('round-robin', () => {
  it('goes through all of them, whoever asks', async () => {
    const { pick, server } = await world();
    const three = ['1', '2', '3'].map((id) => instance(id));
    const picked = await times(6, () => pick(three, { strategy: 'round-robin' }));
    expect(picked.slice(0, 3).sort()).toEqual(['1', '2', '3']);
    expect(picked.slice(3)).toEqual(picked.slice(0, 3));
    expect(server.tree.paths.filter((path) => path.startsWith('/zkd/'))).toEqual(['/zkd/round-robin', '/zkd/round-robin/%2Fdocker%2Fweb']);
  });

  it('counts everybody who asks at once, the first ones too', async () => {
    const { pick } = await world();
    const two = [instance('1'), instance('2')];
    const picked = await Promise.all(Array.from({ length: 10 }, () => pick(two, { strategy: 'round-robin' })));
    expect(countOf(picked, '1')).toBe(5);
  });

  it('gives one of twice the weight two turns of three', async () => {
    const { pick } = await world();
    const picked = await times(9, () => pick([instance('1', 2), instance('2', 1)], { strategy: 'round-robin' }));
    expect(countOf(picked, '1')).toBe(6);
  });
});

it('takes any weight a record may have', async () => {
  const { pick } = await world();
  for (const weight of [0.1, 2.5, 1e12, 1e308, Number.MAX_VALUE]) {
    for (const strategy of ['round-robin', 'random', 'hash'] as const) {
      expect(['1', '2']).toContain(await pick([instance('1', weight), instance('2', weight)], { strategy, key: 'k' }));
    }
  }
});

describe('random', () => {
  it('goes by weight', async () => {
    const { pick } = await world();
    const all = [instance('1', 1), instance('2', 3)];
    const at = (share: number) => pick(all, { strategy: 'random' }, () => share);
    expect(await Promise.all([at(0), at(0.24), at(0.26), at(0.999)])).toEqual(['1', '1', '2', '2']);
  });
});

describe('hash', () => {
  const keys = Array.from({ length: 400 }, (_, index) => `user-${index}`);

  it('moves the keys of one that goes, and no others', async () => {
    const { pick } = await world();
    const three = ['1', '2', '3'].map((id) => instance(id));
    const before = await times(400, (index) => pick(three, { strategy: 'hash', key: keys[index] }));
    const after = await times(400, (index) => pick(three.slice(0, 2), { strategy: 'hash', key: keys[index] }));
    expect(before.filter((id, index) => id !== '3' && id !== after[index])).toEqual([]);
    for (const id of ['1', '2', '3']) expect(countOf(before, id)).toBeGreaterThan(80);
  });

  it('gives one of three times the weight three times the keys', async () => {
    const { pick } = await world();
    const picked = await times(400, (index) => pick([instance('1', 3), instance('2', 1)], { strategy: 'hash', key: keys[index] }));
    expect(countOf(picked, '1')).toBeGreaterThan(260);
    expect(countOf(picked, '1')).toBeLessThan(340);
  });
});

it('never chooses one that is not to be used, whatever the strategy', async () => {
  const { pick } = await world();
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ weight: fc.nat(5), usable: fc.boolean() }), { minLength: 1, maxLength: 6 }),
      fc.constantFrom('round-robin' as const, 'random' as const, 'hash' as const),
      async (given, strategy) => {
        const all = given.map(({ weight, usable }, index) => instance(String(index), weight, usable && weight > 0));
        const usable = usableOf(all).map(({ id }) => id);
        if (usable.length > 0) expect(usable).toContain(await pick(all, { strategy, key: 'k' }));
        else expect(await failureOf(pick(all, { strategy, key: 'k' }))).toMatchObject({ code: 'not-found' });
      },
    ),
  );
});
