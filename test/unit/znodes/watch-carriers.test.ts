import { expect, test } from 'vitest';
import { Carriers } from '../../../src/znodes/watch-carriers.js';
import type { ZooKeeperSession } from '../../../src/zookeeper/index.js';
import { FakeZooKeeper, openFakeSession } from '../../fakes/fake-session.js';

async function carriers() {
  const server = new FakeZooKeeper();
  const sessions: ZooKeeperSession[] = [await openFakeSession(server)];
  const open = async (): Promise<ZooKeeperSession> => {
    const session = await openFakeSession(server);
    sessions.push(session);
    return session;
  };
  const [first] = sessions;
  if (!first) throw new Error('no session');
  return { sessions, carriers: new Carriers(first, '/root', open) };
}

const paths = (count: number): string[] => Array.from({ length: count }, (_, number) => `/root/${number}`);

test('many who want room at once share the sessions it takes, and room that was left is given again', async () => {
  const { carriers: all, sessions } = await carriers();
  const taken = await Promise.all(paths(4000).map(async (path) => ({ path, carrier: await all.take(path) })));
  expect(sessions).toHaveLength(3);
  for (const { path, carrier } of taken.slice(500, 2500)) all.leave(carrier, path);
  await Promise.all(paths(2000 + 1999).map((path) => all.take(path)));
  expect(sessions).toHaveLength(3);
  await all.take('/root/one-more');
  expect(sessions).toHaveLength(4);
  await all.close();
  expect(sessions.map(({ state }) => state)).toEqual(['closed', 'closed', 'closed', 'closed']);
});

test('the paths of a session fit into one packet, which has 1 MB, twice; one that is longer has its own', async () => {
  const { carriers: all, sessions } = await carriers();
  const long = (number: number): string => `/${'日'.repeat(999)}${number}`;
  const taken = await Promise.all(Array.from({ length: 240 }, (_, number) => all.take(long(number))));
  for (const { session } of taken) {
    const bytes = taken.reduce(
      (sum, carrier, number) => sum + (carrier.session === session ? 2 * (4 + Buffer.byteLength(long(number))) : 0),
      0,
    );
    expect(bytes).toBeLessThan(1_000_000);
  }
  expect(sessions).toHaveLength(3);
  const { session, nodes } = await all.take(`/${'x'.repeat(200_000)}`);
  expect([nodes, sessions.indexOf(session)]).toEqual([1, 3]);
  await all.close();
});
