/** zkd in a container with the engine's socket mounted: on the ensemble's network, off it, and with the host's network. */
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  docker,
  expectHumanFailure,
  expectJsonFailure,
  expectNothingLeft,
  IMAGE,
  up,
  useEnsembles,
  type StatusDocument,
  type UpDocument,
} from '../../support/story.js';
import { startZkdContainer, type ZkdContainer } from '../../support/zkd-container.js';
import { zkd, type ZkdResult } from '../../support/zkd.js';

const ensembles = useEnsembles();

async function parsed<T>(run: Promise<ZkdResult>, expected = 0): Promise<T> {
  const { exitCode, stdout, stderr } = await run;
  expect(exitCode, `${stdout}\n${stderr}`).toBe(expected);
  return JSON.parse(stdout) as T;
}

const UP = ['--image', IMAGE, '--client-port', 'auto', '--timeout', '60s'];

describe('on the network of the ensemble', () => {
  const network = `zkdtest-${process.pid}-${randomBytes(4).toString('hex')}-net`;
  let job: ZkdContainer;
  let name: string;
  beforeAll(async () => {
    await docker('network', 'create', network);
    ensembles.later(() => docker('network', 'rm', network));
    job = await startZkdContainer(ensembles, '--network', network);
    name = ensembles.name();
  });

  it('up sees it become ready, by the names of its members', async () => {
    const { cluster } = await parsed<UpDocument>(job.zkd('cluster', 'up', name, '--network', network, ...UP, '--json'));
    expect(cluster?.members.map(({ address, internalAddress }) => address === internalAddress)).toEqual([true, true, true]);
    expect(cluster?.leader).not.toBeNull();
    const seen = await parsed<StatusDocument>(job.zkd('cluster', 'status', name, '--json'));
    expect(seen).toMatchObject({ healthy: true, causes: [] });
    // The host sees the same ensemble at other addresses.
    const outside = await parsed<StatusDocument>(zkd(['cluster', 'status', name, '--json']));
    expect(outside.cluster.connect).toMatch(/^127\.0\.0\.1:\d+,/);
    expect(outside.cluster.internalConnect).toBe(seen.cluster.connect);
  });

  it('env prints a connection string that works there, and a hosts entry is not needed', async () => {
    const { ZKD_CONNECT, ZOOKEEPER_INTERNAL_CONNECT, HOSTS_ENTRY } = await parsed<Record<string, string>>(
      job.zkd('cluster', 'env', name, '--json'),
    );
    expect({ ZKD_CONNECT, HOSTS_ENTRY }).toEqual({ ZKD_CONNECT: ZOOKEEPER_INTERNAL_CONNECT, HOSTS_ENTRY: '' });
    const [host = '', port = ''] = (ZKD_CONNECT ?? '').split(',')[0]?.split(':') ?? [];
    expect(await docker('exec', job.name, 'bash', '-c', `exec 3<>/dev/tcp/${host}/${port}; echo srvr >&3; cat <&3`)).toContain('Mode: ');
  });

  it('status tells a member that is down from those that are well, and down takes all away', async () => {
    await docker('kill', `zkd-${name}-1`);
    const { causes } = await parsed<StatusDocument>(job.zkd('cluster', 'status', name, '--json'), 10);
    expect(causes).toEqual([{ member: 1, cause: expect.stringContaining('killed') as string }]);
    await parsed(job.zkd('cluster', 'down', name, '--volumes', '--json'));
    await expectNothingLeft(name);
  });
});

describe('off the network of the ensemble', () => {
  let job: ZkdContainer;
  let living: string;
  beforeAll(async () => {
    job = await startZkdContainer(ensembles);
    living = ensembles.name();
    await up(living, '--size', '1', '--image', IMAGE, '--client-port', 'auto');
  });

  it('up makes nothing and says on which network to put it', async () => {
    const name = ensembles.name();
    const says = [`zkd runs in container "${job.name}"`, `not on network "zkd-${name}"`];
    expectHumanFailure(await job.zkd('cluster', 'up', name, ...UP), { exitCode: 2, says });
    const failure = expectJsonFailure(await job.zkd('cluster', 'up', name, ...UP, '--json'), { exitCode: 2, code: 'usage', says });
    expect(failure.suggestions).toContain(`docker network connect ${name}-net ${job.name}`);
    await expectNothingLeft(name);
  });

  it('status and env say why and what to do; once that is done they work', async () => {
    const remedy = `docker network connect zkd-${living} ${job.name}`;
    const { causes } = await parsed<StatusDocument>(job.zkd('cluster', 'status', living, '--json'), 10);
    expect(causes).toEqual([{ member: 1, cause: expect.stringContaining(`(${remedy})`) as string }]);
    const refused = expectJsonFailure(await job.zkd('cluster', 'env', living, '--json'), {
      exitCode: 6,
      code: 'zookeeper-unavailable',
      says: ['cannot be reached from here', job.name],
    });
    expect(refused.suggestions[0]).toBe(remedy);
    await docker(...remedy.split(' ').slice(1));
    expect((await parsed<StatusDocument>(job.zkd('cluster', 'status', living, '--json'))).healthy).toBe(true);
    expect((await job.zkd('cluster', 'env', living)).stdout).toContain(`export ZKD_CONNECT='zkd-${living}-1:`);
  });

  it('reaches what is published everywhere through its gateway', async () => {
    const other = await startZkdContainer(ensembles);
    const name = ensembles.name();
    const { cluster } = await parsed<UpDocument>(other.zkd('cluster', 'up', name, '--size', '1', '--bind', '0.0.0.0', ...UP, '--json'));
    expect(cluster?.members[0]?.mode).toBe('standalone');
    expect(cluster?.connect).not.toMatch(/^(127|0)\./);
  });
});

describe('with the network of the host', () => {
  // It shares the host's ports: what this process holds, the container must see as taken.
  const server = createServer();
  afterAll(() => server.close());

  it('all is as on the host', async () => {
    const job = await startZkdContainer(ensembles, '--network', 'host');
    const name = ensembles.name();
    const { cluster } = await parsed<UpDocument>(job.zkd('cluster', 'up', name, '--size', '1', ...UP, '--json'));
    expect(cluster?.connect).toMatch(/^127\.0\.0\.1:\d+$/);
    const port = await new Promise<number>((resolve) =>
      server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port)),
    );
    const failure = expectJsonFailure(
      await job.zkd('cluster', 'up', ensembles.name(), '--size', '1', '--client-port', String(port), '--image', IMAGE, '--json'),
      { exitCode: 4, code: 'conflict', says: [`127.0.0.1:${port} is taken`] },
    );
    expect(failure.details).toMatchObject({ reason: 'port-taken', port });
  });
});

it('knows the container whose network it shares', async () => {
  const name = ensembles.name();
  await up(name, '--size', '1', '--image', IMAGE, '--client-port', 'auto');
  const owner = await startZkdContainer(ensembles, '--network', `zkd-${name}`);
  const guest = await startZkdContainer(ensembles, '--network', `container:${owner.name}`);
  expect((await parsed<StatusDocument>(guest.zkd('cluster', 'status', name, '--json'))).cluster.connect).toMatch(`zkd-${name}-1:`);
});
