/** What stories about registered containers share: servers in containers, agents that run, and what is registered. */
import { createInterface } from 'node:readline';
import { ZkdError } from '../../src/errors.js';
import { listRegistrations, viewEngine, type Registration } from '../../src/registry/index.js';
import { retryUntil } from '../../src/runtime/retry-until.js';
import { httpServerImage } from './http-server.js';
import type { ZooKeeperSession } from '../../src/zookeeper/index.js';
import { docker, type Cluster, type Ensembles } from './story.js';
import { endOf, startZkd, type ZkdResult } from './zkd.js';

/** A line of an agent's log. */
export interface AgentLine {
  readonly time: string;
  readonly level: string;
  readonly event: string;
  readonly message: string;
  readonly service?: string;
  readonly container?: string;
}

export interface RunningAgent {
  readonly lines: readonly AgentLine[];
  /** Resolves with the first line of this event. */
  tells(event: string): Promise<AgentLine>;
  signal(name: NodeJS.Signals): void;
  end(): Promise<ZkdResult>;
}

/** One story, with a registry of its own. Other containers of the engine may be in there too: they are not shown. */
export interface RegistryStory {
  readonly root: string;
  /** Starts an HTTP server; answers the container's name. */
  readonly serve: (suffix: string, ...flags: string[]) => Promise<string>;
  readonly agent: (...flags: string[]) => Promise<RunningAgent>;
  /** What is registered of this story's containers, and what is nobody's. */
  readonly list: () => Promise<readonly Registration[]>;
  /** Waits until exactly these containers are registered and usable; answers how long that took, in milliseconds. */
  readonly shows: (...containers: string[]) => Promise<number>;
}

const TIMEOUT_MS = 30_000;

export interface RegistryStoryOptions {
  readonly ensembles: Ensembles;
  readonly cluster: Cluster;
  /** To look with: a process each time would be most of a story's time. */
  readonly session: () => ZooKeeperSession;
  /** In names, and where the registry is. */
  readonly topic: string;
}

/** A story on the ensemble's network, registered in the ensemble. */
export function registryStory({ ensembles, cluster: { name: cluster, connect }, session, topic }: RegistryStoryOptions): RegistryStory {
  const only = { env: { ZKD_CONNECT: connect } };
  const [root, prefix] = [`/${topic}`, `${cluster}-${topic}`];
  const list = async (): Promise<readonly Registration[]> => {
    const { registrations } = await listRegistrations(session(), { root }, viewEngine(ensembles.engine));
    return registrations.filter(({ container }) => container === null || container.name.startsWith(prefix));
  };
  return {
    root,
    list,
    async serve(suffix, ...flags) {
      const container = `${prefix}-${suffix}`;
      ensembles.later(() => docker('rm', '--force', '--volumes', container));
      const network = flags.includes('--network') ? [] : ['--network', `zkd-${cluster}`];
      await docker('run', '--detach', '--name', container, ...network, ...flags, await httpServerImage('checked'));
      return container;
    },
    async agent(...flags) {
      const child = startZkd(['containers', 'agent', '--json', '--explicit', '--root', root, ...flags], only);
      const lines: AgentLine[] = [];
      createInterface({ input: child.stdout }).on('line', (line) => lines.push(JSON.parse(line) as AgentLine));
      ensembles.later(async () => child.kill('SIGKILL'));
      return {
        lines,
        async tells(event) {
          const isTold = async (): Promise<AgentLine | undefined> => lines.find((line) => line.event === event);
          const found = await retryUntil(isTold, { timeoutMs: TIMEOUT_MS, intervalMs: 10 });
          if (!found) throw new Error(`The agent does not tell "${event}":\n${JSON.stringify(lines, null, 1)}`);
          return found;
        },
        signal: (signal) => void child.kill(signal),
        end: async () => endOf(await child),
      };
    },
    async shows(...containers) {
      const startedAt = performance.now();
      let seen: unknown;
      const wanted = JSON.stringify(containers.toSorted());
      const isSo = async (): Promise<true | undefined> => {
        // Who looks may be a moment behind the ensemble, too.
        const registrations = await list().catch((error: unknown) => {
          if (error instanceof ZkdError && error.code === 'zookeeper-unavailable') return undefined;
          throw error;
        });
        if (!registrations) return undefined;
        seen = registrations;
        const names = registrations.filter(({ usable }) => usable).map(({ container }) => container?.name ?? '');
        return JSON.stringify(names.sort()) === wanted && registrations.length === containers.length ? true : undefined;
      };
      if (await retryUntil(isSo, { timeoutMs: TIMEOUT_MS, intervalMs: 50 })) return performance.now() - startedAt;
      throw new Error(`Registered is not ${wanted} but:\n${JSON.stringify(seen, null, 1)}`);
    },
  };
}
