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
  return { sessions, carriers: new Carriers(first, open) };
}

const takeMany = (all: Carriers, count: number) => Promise.all(Array.from({ length: count }, () => all.take()));

test('many who want room at once share the sessions it takes, and room that was left is given again', async () => {
  const { carriers: all, sessions } = await carriers();
  const taken = await takeMany(all, 4000);
  expect(sessions).toHaveLength(3);
  for (const carrier of taken.slice(500, 2500)) all.leave(carrier);
  await takeMany(all, 2000 + 1999);
  expect(sessions).toHaveLength(3);
  await all.take();
  expect(sessions).toHaveLength(4);
  await all.close();
  expect(sessions.map(({ state }) => state)).toEqual(['closed', 'closed', 'closed', 'closed']);
});
