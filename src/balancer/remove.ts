/** Taking a balancer away. */
import type { Engine } from '../engine/index.js';
import { ZkdError } from '../errors.js';
import { successorName } from './names.js';
import { asBalancer, findBalancers, type Balancer } from './observe.js';

/** The one of this container name, else that of this service. Rejects with `not-found`, and with `usage` where a service has several. */
export async function getBalancer(engine: Engine, nameOrService: string): Promise<Balancer> {
  const balancers = await findBalancers(engine);
  const named = balancers.find(({ name }) => name === nameOrService);
  const [first, ...others] = named ? [named] : chosen(balancers, [nameOrService]);
  if (!first) throw noSuchBalancer(nameOrService);
  if (others.length === 0) return first;
  const names = [first, ...others].map(({ name }) => name);
  throw new ZkdError('usage', `Service "${nameOrService}" has several balancers; say which: ${names.join(', ')}`, {
    details: { balancers: names },
  });
}

export const noSuchBalancer = (name: string): ZkdError =>
  new ZkdError('not-found', `There is no balancer "${name}" on this engine`, { suggestions: ['zkd lb ls'], details: { balancer: name } });

/** Those of these container names or services. */
export const chosen = (balancers: readonly Balancer[], names: readonly string[]): Balancer[] =>
  balancers.filter(({ name, birth }) => names.includes(name) || names.includes(birth.service));

/** Removes its container; one that runs only with `force` (rejects with `refused`), and connections are cut then. */
export async function removeBalancer(engine: Engine, nameOrService: string, options: { readonly force: boolean }): Promise<Balancer> {
  const balancer = await getBalancer(engine, nameOrService);
  const { name, container } = balancer;
  const isUp = ['running', 'paused', 'restarting'].includes(container.state);
  if (isUp && !options.force) {
    throw new ZkdError('refused', `Balancer "${name}" still runs`, {
      suggestions: [`zkd lb rm ${name} --force`],
      details: { balancer: name, override: '--force' },
    });
  }
  await engine.removeContainer(container.id, { force: options.force, anonymousVolumes: true });
  // Left by an `up` that was killed while it replaced the container.
  const successor = await engine.findContainer(successorName(name));
  if (successor && asBalancer(successor)?.birth.service === balancer.birth.service) {
    await engine.removeContainer(successor.id, { force: true, anonymousVolumes: true });
  }
  return balancer;
}
