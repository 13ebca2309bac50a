import { beforeEach, describe, expect, it } from 'vitest';
import { ZkdError } from '../../../src/errors.js';
import { followRegistry } from '../../../src/registry/follow-registry.js';
import type { RegistryView } from '../../../src/registry/read-registry.js';
import type { ZooKeeperSession } from '../../../src/zookeeper/index.js';
import { FakeZooKeeper, openFakeSession } from '../../fakes/fake-session.js';

const record = (port: number): string => JSON.stringify({ name: 'x', address: '10.0.0.1', port, serviceType: 'DYNAMIC' });

let server: FakeZooKeeper;
beforeEach(() => {
  server = new FakeZooKeeper();
});

function following(query: { root: string; service?: string }) {
  const stop = new AbortController();
  const sessions: ZooKeeperSession[] = [];
  const open = async (): Promise<ZooKeeperSession> => {
    const session = await openFakeSession(server);
    sessions.push(session);
    return session;
  };
  const views: string[][] = [];
  const brief = ({ instances }: RegistryView): string[] => instances.map(({ path, record: { port } }) => `${path} ${port ?? '-'}`);
  const end = (async () => {
    for await (const view of followRegistry(query, { open, signal: stop.signal })) views.push(brief(view));
  })();
  end.catch(() => undefined);
  return {
    views,
    sessions,
    stop: async () => {
      stop.abort(new ZkdError('interrupted', 'stop'));
      await expect(end).rejects.toThrow('stop');
    },
    shows: (...wanted: string[]) => expect.poll(() => views.at(-1), { timeout: 2000, interval: 5 }).toEqual(wanted),
  };
}

describe('a registry that is followed', () => {
  it('is shown whole at once, then after each change', async () => {
    server.put('/docker/web/a', { data: record(1) });
    server.put('/docker/web/b', { data: record(2) });
    server.put('/docker/api/c', { data: 'junk' });
    const registry = following({ root: '/docker' });
    await registry.shows('/docker/api/c -', '/docker/web/a 1', '/docker/web/b 2');
    expect(registry.views).toHaveLength(1);
    server.put('/docker/web/a', { data: record(3) });
    await registry.shows('/docker/api/c -', '/docker/web/a 3', '/docker/web/b 2');
    server.remove('/docker/web/b');
    server.put('/docker/new/d', { data: record(4) });
    await registry.shows('/docker/api/c -', '/docker/new/d 4', '/docker/web/a 3');
    await registry.stop();
  });

  it('may be of one service, which need not be there yet', async () => {
    server.put('/docker/api/c', { data: record(1) });
    const registry = following({ root: '/docker', service: 'we/b' });
    await registry.shows();
    server.put('/docker/we%2Fb/a', { data: record(2) });
    await registry.shows('/docker/we%2Fb/a 2');
    await registry.stop();
  });

  it('is that of the top of the tree, and what is below an instance is none', async () => {
    server.put('/web/a', { data: record(1) });
    server.put('/web/a/below', { data: record(9) });
    const registry = following({ root: '/' });
    await registry.shows('/web/a 1');
    await registry.stop();
  });

  it('is shown as it is after a session that was lost', async () => {
    server.put('/docker/web/a', { data: record(1) });
    const registry = following({ root: '/docker' });
    await registry.shows('/docker/web/a 1');
    for (const session of registry.sessions) server.expire(session);
    server.put('/docker/web/b', { data: record(2) });
    await registry.shows('/docker/web/a 1', '/docker/web/b 2');
    await registry.stop();
  });
});
