import { expect, it } from 'vitest';
import { identifyRegistry } from '../../../src/registry/identify-registry.js';
import { FakeZooKeeper, openFakeSession } from '../../fakes/fake-session.js';

const open = (znodes: FakeZooKeeper, chroot?: string) =>
  openFakeSession(znodes, { servers: [{ host: 'zoo-1', port: 2181 }], ...(chroot !== undefined && { chroot }) });

it('gives a registry an id once, whoever asks, and keeps it', async () => {
  const znodes = new FakeZooKeeper();
  const sessions = await Promise.all([open(znodes), open(znodes), open(znodes)]);
  const ids = await Promise.all(sessions.map(identifyRegistry));
  expect(ids[0]).toMatch(/^[\da-f]{8}-/);
  expect(new Set(ids)).toEqual(new Set([ids[0]]));
  expect(znodes.text('/zkd/registry')).toBe(ids[0]);
  expect(await identifyRegistry(await open(znodes))).toBe(ids[0]);
});

it('tells registries below different chroots apart', async () => {
  const znodes = new FakeZooKeeper();
  znodes.put('/a');
  znodes.put('/b');
  const ids = await Promise.all([identifyRegistry(await open(znodes, '/a')), identifyRegistry(await open(znodes, '/b'))]);
  expect(ids[0]).not.toBe(ids[1]);
});

it('does not write over what is something else', async () => {
  const znodes = new FakeZooKeeper();
  znodes.put('/zkd/registry', { data: 'mine' });
  await expect(identifyRegistry(await open(znodes))).rejects.toMatchObject({ code: 'conflict' });
  expect(znodes.text('/zkd/registry')).toBe('mine');
});
