import { beforeEach, describe, expect, it, afterEach } from 'vitest';
import { ZkdError } from '../../../src/errors.js';
import { runAgent, type AgentEntry, type AgentRules } from '../../../src/registry/agent.js';
import { formatRecord, parseRecord } from '../../../src/registry/records.js';
import { registerOnce } from '../../../src/registry/register-once.js';
import type { ContainerSpec } from '../../../src/engine/index.js';
import { makeNode } from '../../../src/znodes/index.js';
import type { ZooKeeperSession } from '../../../src/zookeeper/index.js';
import { FakeEngine } from '../../fakes/fake-engine.js';
import { FakeZooKeeper, openFakeSession } from '../../fakes/fake-session.js';
import { failureOf } from '../../support/failure-of.js';

const RULES: AgentRules = {
  ...{ root: '/docker', how: 'network', isExplicit: false, tags: [], payload: 'none', resyncMs: 60_000, onExit: 'deregister' },
};
const WEB = { 'zkd.service': 'web' };

let engine: FakeEngine;
let server: FakeZooKeeper;
let agents: { stop(): Promise<void> }[];
beforeEach(async () => {
  engine = new FakeEngine();
  engine.addImage('web:1', { exposes: [80] });
  engine.addImage('odd:1', { exposes: [80], stopSignal: 'SIGQUIT' });
  await engine.createNetwork({ name: 'app' });
  await engine.createNetwork({ name: 'back' });
  server = new FakeZooKeeper();
  agents = [];
});
afterEach(() => Promise.all(agents.map((agent) => agent.stop())));

function start(rules: Partial<AgentRules> = {}) {
  const stop = new AbortController();
  const entries: AgentEntry[] = [];
  const sessions: ZooKeeperSession[] = [];
  const open = async (): Promise<ZooKeeperSession> => {
    const session = await openFakeSession(server);
    sessions.push(session);
    return session;
  };
  const tell = (entry: AgentEntry): void => void entries.push(entry);
  const end = runAgent({ ...RULES, ...rules }, { engine, open, signal: stop.signal, tell });
  end.catch(() => undefined);
  const agent = {
    entries,
    sessions,
    end,
    told: (event: AgentEntry['event']) => entries.filter((entry) => entry.event === event).map(({ message }) => message),
    async stop() {
      stop.abort(new ZkdError('terminated', 'stop'));
      await end.catch(() => undefined);
    },
  };
  agents.push(agent);
  return agent;
}

const WAIT = { timeout: 3000, interval: 5 };

async function run(name: string, spec: Partial<ContainerSpec> = {}): Promise<string> {
  const id = await engine.createContainer({ name, image: 'web:1', network: 'app', labels: WEB, ...spec });
  await engine.startContainer(id);
  return id;
}

/** What is registered: `service/container address:port`, by service and container. */
function registered(): string[] {
  const paths = server.tree.paths.filter((path) => /^\/docker\/[^/]+\/[^/]+$/.test(path));
  return paths
    .map((path) => {
      const { container, address, port } = parseRecord(path, Buffer.from(server.text(path) ?? ''));
      return `${path.split('/')[2] ?? ''}/${container?.name ?? '?'} ${address === null ? '-' : address.replace(/^172\.[\d.]+$/, 'IP')}:${port ?? '-'}`;
    })
    .sort();
}
const shows = (...wanted: string[]) => expect.poll(registered, WAIT).toEqual(wanted);
const settled = () => new Promise((resolve) => setTimeout(resolve, 50));
const writes = (): string[] =>
  server.requests.filter(({ method }) => ['create', 'set', 'delete'].includes(method)).map(({ method, path }) => `${method} ${path}`);

describe('an agent', () => {
  it('registers what runs, and what starts later, and nothing else', async () => {
    await run('web-1');
    await engine.createContainer({ name: 'web-0', image: 'web:1', network: 'app', labels: WEB });
    await run('silent', { labels: {} });
    await run('member', { labels: { 'zkd.schema': '1', 'zkd.service': 'member' } });
    const agent = start();
    await shows('web/web-1 IP:80');
    await run('api', { labels: { SERVICE_NAME: 'api' } });
    await shows('api/api IP:80', 'web/web-1 IP:80');
    expect(agent.told('leading')).toEqual(['Registering the containers of fake-host below /docker']);
    expect(agent.told('registered')).toHaveLength(2);
    const id = engine.container('web-1').id;
    expect(server.tree.stat(`/docker/web/${id.slice(0, 12)}-80`)?.ephemeralOwner).toBe(agent.sessions[0]?.id);
  });

  it('takes a record away as soon as its container is told to stop, and not for other signals', async () => {
    const id = await run('web-1');
    const odd = await run('odd-1', { image: 'odd:1' });
    start();
    await shows('web/odd-1 IP:80', 'web/web-1 IP:80');
    await engine.killContainer(id, 'USR1');
    await engine.killContainer(odd, 'WINCH');
    await settled();
    expect(registered()).toEqual(['web/odd-1 IP:80', 'web/web-1 IP:80']);
    // It is asked to end, and takes its time.
    engine.tell(id, 'kill', { signal: '15' });
    await shows('web/odd-1 IP:80');
    expect(engine.container(id).state).toBe('running');
    await engine.stopContainer(id, { timeoutMs: 10 });
    await engine.killContainer(odd, 'QUIT');
    await shows();
    await engine.startContainer(id);
    await shows('web/web-1 IP:80');
    await engine.removeContainer(id, { force: true });
    await shows();
  });

  it('goes by the health check, unless it is told not to', async () => {
    const [one, other] = [await run('web-1'), await run('web-2', { labels: { ...WEB, 'zkd.health': 'ignore' } })];
    engine.setHealth(one, 'starting');
    engine.setHealth(other, 'unhealthy');
    start();
    await shows('web/web-2 IP:80');
    engine.setHealth(one, 'healthy');
    await shows('web/web-1 IP:80', 'web/web-2 IP:80');
    engine.setHealth(one, 'unhealthy');
    await shows('web/web-2 IP:80');
  });

  it('follows pauses, names and networks', async () => {
    const id = await run('web-1', { labels: { ...WEB, 'zkd.network': 'back' } });
    const agent = start();
    await expect.poll(() => agent.told('problem'), WAIT).toEqual(['web-1: Container "web-1" has no address on network "back"']);
    await engine.connectNetwork('back', id);
    await shows('web/web-1 IP:80');
    await engine.pauseContainer(id);
    await shows();
    await engine.unpauseContainer(id);
    await shows('web/web-1 IP:80');
    await engine.renameContainer(id, 'web-one');
    await shows('web/web-one IP:80');
    await engine.disconnectNetwork('back', id);
    await shows();
  });

  it('finds at a whole look what no event has told, and writes nothing where nothing changed', async () => {
    const id = await run('web-1');
    const agent = start({ resyncMs: 20 });
    await shows('web/web-1 IP:80');
    const before = writes().length;
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(writes().slice(before)).toEqual([]);
    // Behind everybody's back.
    engine.container(id).health = 'unhealthy';
    await shows();
    engine.container(id).health = 'healthy';
    await shows('web/web-1 IP:80');
    server.remove(`/docker/web/${id.slice(0, 12)}-80`);
    await shows('web/web-1 IP:80');
    expect(agent.told('problem')).toEqual([]);
  });

  it('registers again in a new session where the old one has expired', async () => {
    await run('web-1');
    const agent = start();
    await shows('web/web-1 IP:80');
    const [first] = agent.sessions;
    if (first) server.expire(first);
    await shows('web/web-1 IP:80');
    expect(agent.sessions).toHaveLength(2);
    expect(agent.told('session')).toHaveLength(1);
    await run('web-2');
    await shows('web/web-1 IP:80', 'web/web-2 IP:80');
  });

  it('waits for a ZooKeeper that is away, and says so once', async () => {
    const id = await run('web-1');
    const agent = start();
    await shows('web/web-1 IP:80');
    server.unreachable = 'nobody there';
    const [first] = agent.sessions;
    if (first) server.expire(first);
    await expect.poll(() => agent.told('connection'), WAIT).toEqual(['nobody there; trying again']);
    await engine.killContainer(id, 'KILL');
    await run('web-2');
    server.unreachable = undefined;
    await shows('web/web-2 IP:80');
  });

  it('tries again what ZooKeeper did not answer', async () => {
    const agent = start();
    await expect.poll(() => agent.told('leading'), WAIT).toHaveLength(1);
    server.failNext('create', 'connection-lost', { path: '/docker' });
    await run('web-1');
    await shows('web/web-1 IP:80');
  });

  it('takes the record of a container away that was removed while ZooKeeper did not answer, and says so', async () => {
    const [one, other] = [await run('web-1'), await run('web-2')];
    const agent = start();
    await shows('web/web-1 IP:80', 'web/web-2 IP:80');
    server.failNext('delete', 'connection-lost');
    await engine.removeContainer(one, { force: true });
    await shows('web/web-2 IP:80');
    // Done, but the answer was lost.
    server.failNext('delete', 'connection-lost', { applied: true });
    await engine.removeContainer(other, { force: true });
    await shows();
    await expect.poll(() => agent.told('deregistered'), WAIT).toHaveLength(2);
    await expect.poll(() => agent.told('connection').at(-1), WAIT).toBe('ZooKeeper answers again');
    expect(agent.told('connection')[0]).toContain('trying again');
  });

  it('goes on with another stream of events where one breaks, and sees what it missed', async () => {
    const [ended, removed] = [await run('web-1'), await run('web-0')];
    const agent = start();
    await shows('web/web-0 IP:80', 'web/web-1 IP:80');
    engine.failNext('listContainers', new ZkdError('engine-unavailable', 'the engine is away'));
    engine.container(ended).state = 'exited';
    engine.breakEvents();
    await engine.removeContainer(removed, { force: true });
    await shows();
    expect(agent.told('engine')).toEqual([expect.stringContaining('the records stay as they are') as string, 'The engine answers again']);
    await run('web-2');
    await shows('web/web-2 IP:80');
  });

  it('takes over what an agent that was killed has left behind, and takes away what is over', async () => {
    const id = await run('web-1');
    const dead = await openFakeSession(server);
    const leave = async (container: string, containerId: string, engineId: string): Promise<void> => {
      const path = `/docker/web/${containerId.slice(0, 12)}-80`;
      const place = { service: 'web', id: 'x', address: '172.20.0.9', port: 80, registeredAtMs: 1, tags: [], metadata: {}, weight: 1 };
      const about = { container: { id: containerId, name: container, image: 'web:1' }, engine: { id: engineId, name: 'h' } };
      await makeNode(dead, {
        ...{ path, parents: true, mode: 'ephemeral' },
        data: Buffer.from(formatRecord({ ...place, ...about, payload: 'none', isAgents: true })),
      });
    };
    await leave('web-1', id, 'FAKE:ENGINE');
    await leave('gone', 'a'.repeat(64), 'FAKE:ENGINE');
    await leave('elsewhere', 'b'.repeat(64), 'OTHER:ENGINE');
    const agent = start();
    await shows('web/elsewhere IP:80', 'web/web-1 IP:80');
    expect(agent.told('deregistered')).toEqual([`web/${'a'.repeat(12)}-80: gone`]);
    // Its session ends at last, and takes nothing with it that is not its own.
    server.expire(dead);
    expect(registered()).toEqual(['web/web-1 IP:80']);
    expect(server.tree.stat(`/docker/web/${id.slice(0, 12)}-80`)?.ephemeralOwner).toBe(agent.sessions[0]?.id);
  });

  it('stands by while another one leads, and takes its place', async () => {
    await run('web-1');
    const one = start();
    await shows('web/web-1 IP:80');
    const other = start();
    await expect.poll(() => other.told('standing-by'), WAIT).toHaveLength(1);
    expect(other.told('standing-by')[0]).toMatch(/another agent.*process \d+ on /i);
    await one.stop();
    expect(one.told('stopped')).toEqual(['Stopped; records taken away: 1']);
    await expect.poll(() => other.told('registered'), WAIT).toHaveLength(1);
    await shows('web/web-1 IP:80');
  });

  it('leaves the records to the next one where it is told to', async () => {
    await run('web-1');
    const one = start({ onExit: 'keep' });
    await shows('web/web-1 IP:80');
    await one.stop();
    expect(registered()).toEqual(['web/web-1 IP:80']);
    const next = start();
    await expect.poll(() => next.told('registered'), WAIT).toHaveLength(1);
    expect(next.told('standing-by')).toEqual([]);
    const [first] = one.sessions;
    if (first) server.expire(first);
    await settled();
    expect(registered()).toEqual(['web/web-1 IP:80']);
  });

  it('says where a label asks for what other readers fail at', async () => {
    const id = await run('web-1', { labels: { ...WEB, 'zkd.payload': 'spring' } });
    const agent = start();
    await shows('web/web-1 IP:80');
    await expect.poll(() => agent.told('problem'), WAIT).toEqual(['web-1: plain Curator readers of "web" fail at the Spring payload']);
    expect(server.text(`/docker/web/${id.slice(0, 12)}-80`)).toContain('"instance_status":"UP"');
  });

  it('gives an id two containers want to one of them, and to the other when that is gone', async () => {
    const labels = { ...WEB, 'zkd.id': 'one' };
    const first = await run('web-1', { labels });
    const agent = start();
    await shows('web/web-1 IP:80');
    await run('web-2', { labels });
    await expect.poll(() => agent.told('problem'), WAIT).toEqual(['web-2: Another instance is registered as "/docker/web/one"']);
    await engine.killContainer(first, 'KILL');
    await shows('web/web-2 IP:80');
  });

  it('leaves what others have registered alone', async () => {
    server.put('/docker/web/one', { data: 'somebody else’s' });
    server.put('/docker/web/two', { data: JSON.stringify({ name: 'x', address: '1.2.3.4', port: 1, serviceType: 'DYNAMIC' }) });
    await run('web-1', { labels: { ...WEB, 'zkd.id': 'one' } });
    const agent = start();
    await expect.poll(() => agent.told('problem'), WAIT).toHaveLength(1);
    await shows('web/? -:-', 'web/? 1.2.3.4:1');
  });
});

describe('looking once', () => {
  const once = async (rules: Partial<AgentRules> = {}) => {
    const session = await openFakeSession(server);
    try {
      return await registerOnce({ ...RULES, ...rules }, engine, session);
    } finally {
      await session.close();
    }
  };

  it('writes records that stay, and only what is not so yet', async () => {
    const id = await run('web-1');
    const gone = await run('web-2');
    expect(await once()).toMatchObject({ registered: 2, changes: [{ type: 'registered' }, { type: 'registered' }], problems: [] });
    expect(registered()).toEqual(['web/web-1 IP:80', 'web/web-2 IP:80']);
    const before = server.text(`/docker/web/${id.slice(0, 12)}-80`);
    expect(await once()).toEqual({ registered: 2, changes: [], problems: [], notes: [] });
    expect(server.text(`/docker/web/${id.slice(0, 12)}-80`)).toBe(before);
    await engine.removeContainer(gone, { force: true });
    await engine.renameContainer(id, 'web-one');
    expect((await once()).changes).toMatchObject([
      { type: 'changed', container: 'web-one' },
      { type: 'deregistered', container: 'web-2' },
    ]);
    expect(registered()).toEqual(['web/web-one IP:80']);
  });

  it('is refused while an agent runs, and is taken over by one', async () => {
    const id = await run('web-1');
    await once();
    const agent = start();
    await expect.poll(() => server.tree.stat(`/docker/web/${id.slice(0, 12)}-80`)?.ephemeralOwner, WAIT).toMatch(/^0x/);
    expect(await failureOf(once())).toMatchObject({ code: 'conflict' });
    await agent.stop();
    expect(registered()).toEqual([]);
    expect((await once()).registered).toBe(1);
  });
});
