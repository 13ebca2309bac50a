/** Commands about balancers, on a registry, an engine and HAProxies in memory. */
import type { FakeContainer } from '../fakes/fake-engine.js';
import { FakeHaproxy } from '../fakes/fake-haproxy.js';
import { createRegistryWorld, type RegistryWorld } from './registry-world.js';
import { createWorld } from './ensemble-world.js';
import { runCommand, runJson, type RunOptions, type RunResult } from './run-command.js';
import { CONNECT } from './znode-world.js';

export interface BalancerWorld extends RegistryWorld {
  readonly haproxy: FakeHaproxy;
  /** Takes the record of an instance away, or of all of a service. */
  forget(service: string, id?: string): void;
  /** What HAProxy of this container has: `s1 10.0.0.1:80 1`. */
  servers(container?: string): string[];
  container(name?: string): FakeContainer;
}

export const HAPROXY_IMAGE = 'haproxy:2.6';

interface Images {
  readonly image?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

/** There is a network `app`, where services are, and `lb up` is told so by a variable. */
export async function createBalancerWorld({ image = HAPROXY_IMAGE, labels = {} }: Images = {}): Promise<BalancerWorld> {
  const registry = await createRegistryWorld();
  const { engine, znodes } = registry;
  engine.addImage(image, { labels });
  const haproxy = new FakeHaproxy(engine);
  const world = { engine, zooKeeper: createWorld().zooKeeper, znodes };
  const env = (options: RunOptions): RunOptions => ({ ...options, env: { ZKD_CONNECT: CONNECT, ZKD_NETWORK: 'app', ...options.env } });
  const container = (name = 'zkd-lb-web'): FakeContainer => engine.container(name);
  return {
    ...registry,
    haproxy,
    container,
    servers: (name) => haproxy.servers(container(name)),
    forget(service, id) {
      znodes.remove(id === undefined ? `/docker/${service}` : `/docker/${service}/${id}`);
      if (id === undefined) znodes.put(`/docker/${service}`);
    },
    run: (id, argv, options = {}): Promise<RunResult> => runCommand(`lb:${id}`, argv, world, env(options)),
    json: (id, argv, options = {}) => runJson(`lb:${id}`, argv, world, env(options)),
  };
}
