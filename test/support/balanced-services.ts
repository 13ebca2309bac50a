/** Services of real containers behind real balancers, for stories: servers, their records, and what HAProxy says of itself. */
import { createServer } from 'node:net';
import { once } from 'node:events';
import { beforeAll } from 'vitest';
import type { BalancerSummary } from '../../src/balancer/index.js';
import { look } from '../../src/balancer/inside.js';
import { usedOf } from '../../src/balancer/running.js';
import { keyOf } from '../../src/balancer/servers.js';
import { formatRecord } from '../../src/registry/records.js';
import { retryUntil } from '../../src/runtime/retry-until.js';
import { openSession, parseConnectString, type ZooKeeperSession } from '../../src/zookeeper/index.js';
import { httpServerImage } from './http-server.js';
import { docker, IMAGE, succeed, up, useEnsembles, type Cluster } from './story.js';
import { endOf, startZkd, type ZkdOptions } from './zkd.js';

export interface Served {
  readonly id: string;
  readonly name: string;
  readonly address: string;
  /** `address:port` */
  readonly key: string;
}

export interface UpDocument {
  readonly balancer: BalancerSummary;
  readonly changed: boolean;
  readonly plan: readonly string[];
}

/** One ensemble of one member for all of a test file, and what stands around it. */
export function useBalancedServices() {
  const ensembles = useEnsembles();
  let cluster: Cluster;
  let session: ZooKeeperSession;
  let image: string;
  let count = 0;
  beforeAll(async () => {
    [{ cluster }, image] = await Promise.all([
      up(ensembles.name(), '--image', IMAGE, '--size', '1', '--client-port', 'auto'),
      httpServerImage(),
    ]);
    session = await openSession({ servers: parseConnectString(cluster.connect).servers });
    ensembles.later(() => session.close());
  });
  const here = {
    ensembles,
    get cluster(): Cluster {
      return cluster;
    },
    get session(): ZooKeeperSession {
      return session;
    },
    /** For every zkd of a test. */
    get only(): ZkdOptions {
      return { env: { ZKD_CLUSTER: cluster.name } };
    },
    /** A service and a container name nobody else has; the container goes at the end. */
    balancerName(): string {
      const name = `${cluster.name}-lb-${(count += 1)}`;
      ensembles.later(() => docker('rm', '--force', '--volumes', name));
      ensembles.later(() => docker('rm', '--force', '--volumes', `${name}-new`));
      return name;
    },
    /** Starts HTTP servers, and registers each. */
    async serve(service: string, howMany: number): Promise<Served[]> {
      const started = await Promise.all(Array.from({ length: howMany }, () => here.start(service)));
      for (const served of started) await here.register(service, served);
      return started;
    },
    async start(service: string): Promise<Served> {
      const name = `${cluster.name}-${service}-${(count += 1)}`;
      ensembles.later(() => docker('rm', '--force', '--volumes', name));
      const network = `zkd-${cluster.name}`;
      const id = await docker('run', '--detach', '--name', name, '--network', network, '--env', `NAME=${name}`, image);
      const address = await docker('inspect', '--format', `{{(index .NetworkSettings.Networks "${network}").IPAddress}}`, name);
      return { id, name, address, key: `${address}:80` };
    },
    /** Persistent: it stays while the ensemble is down. */
    async register(service: string, { id, name, address }: Pick<Served, 'id' | 'name' | 'address'>, weight = 1): Promise<void> {
      for (const parent of ['/docker', `/docker/${service}`]) await session.create(parent, Buffer.alloc(0)).catch(() => undefined);
      const data = formatRecord({
        ...{ service, id: name, address, port: 80, registeredAtMs: Date.now(), payload: 'none', tags: [], metadata: {}, weight },
        container: { id, name, image },
        engine: await ensembles.engine.identify(),
      });
      await session.create(`/docker/${service}/${name}`, Buffer.from(data));
    },
    forget: (service: string, { name }: Pick<Served, 'name'>): Promise<void> => session.delete(`/docker/${service}/${name}`),
    up: (service: string, name: string, ...args: string[]): Promise<UpDocument> =>
      succeed<UpDocument>(['lb', 'up', service, '--name', name, '--image', 'zkd/haproxy:2.6', ...args], here.only),
    /** Follows the registry beside the test, from when this resolves on; `stop` is Ctrl-C, and answers the exit code. */
    async watch(name: string, ...args: string[]) {
      const child = startZkd(['lb', 'sync', name, '--watch', ...args], here.only);
      ensembles.later(async () => child.kill('SIGKILL'));
      await new Promise<void>((resolve, reject) => {
        child.stderr.on('data', (chunk: Buffer) => {
          if (chunk.toString().includes('Watching')) resolve();
        });
        void child.then((end) => reject(new Error(`it ended: ${end.stderr}`)));
      });
      return {
        stop: async (): Promise<number> => {
          child.kill('SIGINT');
          return endOf(await child).exitCode;
        },
      };
    },
    /** What HAProxy has, and which worker takes connections. */
    async haproxy(name: string) {
      const { running } = await look(ensembles.engine, name);
      return {
        servers: usedOf(running?.slots ?? [])
          .map(keyOf)
          .sort(),
        worker: running?.master.worker ?? null,
        slots: running?.slots ?? [],
      };
    },
    /** Waits until HAProxy has exactly these. */
    async awaitServers(name: string, wanted: readonly Served[]): Promise<void> {
      const keys = wanted.map(({ key }) => key).sort();
      const has = async (): Promise<true | undefined> => {
        // While its container is started again it is not to be talked to.
        const servers = await here.haproxy(name).then(
          (found) => found.servers,
          () => [],
        );
        return JSON.stringify(servers) === JSON.stringify(keys) ? true : undefined;
      };
      if (await retryUntil(has, { timeoutMs: 30_000, intervalMs: 50 })) return;
      throw new Error(`${name} has ${(await here.haproxy(name)).servers.join(', ')} and not ${keys.join(', ')}`);
    },
  };
  return here;
}

/** The one at this place; there has to be one. */
export function at<T>(list: readonly T[], index: number): T {
  const found = list[index];
  if (found === undefined) throw new Error(`there is none at ${index}`);
  return found;
}

/** One that is free now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return address.port;
}
