/**
 * ZooKeeper servers for the containers of a FakeEngine: they read the configuration that was really written into their volumes, elect a
 * leader among the running voters, and answer four-letter words in the words of ZooKeeper 3.9. As the real ones they refuse a transaction log without its snapshot. A test tells single members to misbehave.
 */
import { posix } from 'node:path';
import type { ContainerState } from '../../src/engine/index.js';
import { ZkdError } from '../../src/errors.js';
import type { FourLetterProbe } from '../../src/zookeeper/index.js';
import type { FakeContainer, FakeEngine } from './fake-engine.js';

/** What a member does instead of serving well. */
export interface Misbehaviour {
  /** It gives no status, for this reason. */
  readonly silence?: 'port-closed' | 'closed' | 'silent' | 'not-serving' | 'not-whitelisted';
  /** It takes itself for another member. */
  readonly serverId?: number;
  /** It does not know of this member. */
  readonly without?: number;
  /** It claims this mode. */
  readonly mode?: 'leader' | 'follower' | 'observer' | 'standalone';
  /** Transactions it is behind. */
  readonly lag?: number;
  /** It stayed in an earlier epoch. */
  readonly epoch?: number;
  /** Ends at every start with this code, after these words. */
  readonly crash?: { readonly exitCode: number; readonly words?: readonly string[]; readonly oom?: boolean };
}

interface Server {
  readonly container: FakeContainer;
  readonly cluster: string;
  readonly id: number;
  readonly servers: ReadonlyMap<number, string>;
  readonly standalone: boolean;
}

interface Quorum {
  leader: number;
  epoch: number;
  counter: number;
}

const SNAPSHOT = '/data/version-2/snapshot.0';
const LOG = '/datalog/version-2/log.1';
const UP: ContainerState = 'running';
const NOT_SERVING = 'This ZooKeeper instance is not currently serving requests';

/** See the head of the file. Takes the engine's `onStart` for itself. */
export class FakeMembers {
  readonly #engine: FakeEngine;
  readonly #servers = new Map<string, Server>();
  readonly #quorums = new Map<string, Quorum>();
  readonly #misbehaviours = new Map<string, Misbehaviour>();
  #isBroken: (zooCfg: string) => boolean = () => false;
  /** Every question, as `word host:port`. */
  readonly questions: string[] = [];

  constructor(engine: FakeEngine) {
    this.#engine = engine;
    engine.onStart = (container) => this.#start(container);
  }

  /** Lets a member, by its container's name, misbehave from now on; undefined lets it be well again. */
  tell(container: string, misbehaviour: Misbehaviour | undefined): void {
    if (misbehaviour) this.#misbehaviours.set(container, misbehaviour);
    else this.#misbehaviours.delete(container);
  }

  /** Every server whose zoo.cfg fits ends at its start, as one does that cannot read a value. */
  crashWhere(isBroken: (zooCfg: string) => boolean): void {
    this.#isBroken = isBroken;
  }

  /** Commits transactions. Until then a new leader's epoch shows in its own zxid only, as with the real thing. */
  commit(cluster: string, count = 1): void {
    const quorum = this.#quorumOf(cluster);
    if (quorum) quorum.counter += count;
  }

  /** Who leads now. */
  leader(cluster: string): number | undefined {
    return this.#quorumOf(cluster)?.leader;
  }

  readonly ask: FourLetterProbe = async (address, word, { signal }) => {
    this.questions.push(`${word} ${address.host}:${address.port}`);
    await Promise.resolve();
    signal?.throwIfAborted();
    const fail = (reason: string, message: string): never => {
      throw new ZkdError('zookeeper-unavailable', message, { details: { reason, address: `${address.host}:${address.port}` } });
    };
    const server = [...this.#servers.values()].find(
      ({ container }) => container.state === UP && container.ports.some(({ hostPort }) => hostPort === address.port),
    );
    if (!server) return fail('port-closed', `${address.host}:${address.port} cannot be reached: connect ECONNREFUSED`);
    const misbehaviour = this.#misbehaviours.get(server.container.name) ?? {};
    if (misbehaviour.silence) return fail(misbehaviour.silence, `${server.container.name} is told to be ${misbehaviour.silence}`);
    if (word === 'conf') return conf(server, misbehaviour);
    const state = this.#stateOf(server, misbehaviour);
    if (!state) return fail('not-serving', NOT_SERVING);
    return word === 'mntr' ? mntr(state) : srvr(state);
  };

  #start(container: FakeContainer): void {
    const crash = this.#misbehaviours.get(container.name)?.crash;
    if (crash) {
      for (const line of crash.words ?? []) this.#engine.log(container.id, line);
      this.#engine.exit(container.id, crash.exitCode, { oom: crash.oom ?? false });
      return;
    }
    if (container.files.get(LOG) && !container.files.get(SNAPSHOT)) {
      this.#engine.log(container.id, 'java.io.IOException: No snapshot found, but there are log entries. Something is broken!');
      this.#engine.exit(container.id, 1);
      return;
    }
    if (this.#isBroken(container.files.get('/conf/zoo.cfg')?.content?.toString() ?? '')) {
      this.#engine.log(container.id, 'Invalid config, exiting abnormally');
      this.#engine.exit(container.id, 2);
      return;
    }
    for (const path of [SNAPSHOT, LOG]) {
      container.files.put({ path: posix.dirname(path), mode: 0o755, uid: 1000, gid: 1000 });
      container.files.put({ path, content: '', mode: 0o644, uid: 1000, gid: 1000 });
    }
    const zooCfg = container.files.get('/conf/zoo.cfg')?.content?.toString() ?? '';
    const dynamic = container.files.get('/conf/zoo.cfg.dynamic.100000000')?.content?.toString() ?? '';
    const myid = container.files.get('/data/myid')?.content?.toString().trim();
    const servers = new Map(
      [...`${zooCfg}\n${dynamic}`.matchAll(/^server\.(\d+)=(\S+)$/gm)].map(([, id, line]) => [Number(id), line ?? ''] as const),
    );
    // Without a configuration the image's entrypoint invents a standalone one.
    const standalone = servers.size < 2 && !/^standaloneEnabled=false$/m.test(zooCfg);
    this.#servers.set(container.id, {
      container,
      cluster: container.spec.labels?.['zkd.cluster'] ?? '',
      id: Number(myid ?? Number.NaN),
      servers,
      standalone,
    });
    if (!standalone && dynamic === '') rewrite(container, zooCfg);
  }

  #running(cluster: string): Server[] {
    return [...this.#servers.values()].filter(
      (server) =>
        server.cluster === cluster &&
        server.container.state === UP &&
        [...server.container.networks.values()].some(({ address }) => address),
    );
  }

  /** The leader of the running voters; elected anew where it went away, undefined without a quorum. */
  #quorumOf(cluster: string): Quorum | undefined {
    const running = this.#running(cluster);
    const [first] = running;
    if (!first) return undefined;
    if (first.standalone) return this.#remember(cluster, first.id);
    const isVoter = (server: Server): boolean =>
      !(first.servers.get(server.id) ?? ':observer').includes(':observer') &&
      this.#misbehaviours.get(server.container.name)?.silence === undefined;
    const voters = running.filter(isVoter).map(({ id }) => id);
    const all = [...first.servers.values()].filter((line) => !line.includes(':observer')).length;
    if (voters.length * 2 <= all) return undefined;
    const known = this.#quorums.get(cluster);
    return known && voters.includes(known.leader) ? known : this.#remember(cluster, Math.max(...voters));
  }

  #remember(cluster: string, leader: number): Quorum {
    const known = this.#quorums.get(cluster);
    if (known?.leader === leader) return known;
    const quorum = { leader, epoch: (known?.epoch ?? 0) + 1, counter: 0 };
    this.#quorums.set(cluster, quorum);
    return quorum;
  }

  #stateOf(server: Server, misbehaviour: Misbehaviour): State | undefined {
    const quorum = this.#quorumOf(server.cluster);
    if (!quorum) return undefined;
    const leads = quorum.leader === server.id;
    const isObserver = (server.servers.get(server.id) ?? '').includes(':observer');
    const mode = misbehaviour.mode ?? (server.standalone ? 'standalone' : leads ? 'leader' : isObserver ? 'observer' : 'follower');
    const epoch = misbehaviour.epoch ?? (quorum.counter === 0 && !leads ? quorum.epoch - 1 : quorum.epoch);
    const followers = this.#running(server.cluster).filter(
      ({ id, servers, container }) =>
        id !== quorum.leader &&
        !(servers.get(id) ?? ':observer').includes(':observer') &&
        this.#misbehaviours.get(container.name)?.silence === undefined,
    );
    return { mode, zxid: (BigInt(epoch) << 32n) + BigInt(quorum.counter - (misbehaviour.lag ?? 0)), synced: followers.length };
  }
}

interface State {
  readonly mode: string;
  readonly zxid: bigint;
  readonly synced: number;
}

/** As ZooKeeper rewrites its configuration when it boots. */
function rewrite({ files }: FakeContainer, zooCfg: string): void {
  const lines = zooCfg.split('\n').filter(Boolean);
  const owner = { mode: 0o644, uid: 1000, gid: 1000 };
  const isServer = (line: string): boolean => line.startsWith('server.');
  files.put({ path: '/conf/zoo.cfg.dynamic.100000000', content: lines.filter(isServer).join('\n'), ...owner });
  const kept = [...lines.filter((line) => !isServer(line)), 'dynamicConfigFile=/conf/zoo.cfg.dynamic.100000000'];
  files.put({ path: '/conf/zoo.cfg', content: kept.join('\n'), ...owner });
}

const srvr = ({
  mode,
  zxid,
}: State): string => `Zookeeper version: 3.9.3-c26634f34490bb0ea7a09cc51e05ede3b4e320ee, built on 2024-10-17 23:21 UTC
Latency min/avg/max: 0/0.5/3
Received: 12
Sent: 11
Connections: 1
Outstanding: 0
Zxid: 0x${zxid.toString(16)}
Mode: ${mode}
Node count: 5
`;

const mntr = ({ mode, synced }: State): string =>
  `zk_version\t3.9.3\nzk_server_state\t${mode}\n${mode === 'leader' ? `zk_learners\t${synced}\nzk_synced_followers\t${synced}\n` : ''}`;

function conf({ id, servers, standalone, container }: Server, { serverId, without }: Misbehaviour): string {
  const head = `clientPort=${container.spec.ports?.[0]?.containerPort}\ndataDir=/data/version-2\nserverId=${standalone ? 0 : (serverId ?? id)}\n`;
  if (standalone) return head;
  const lines = [...servers].filter(([peer]) => peer !== without).map(([peer, line]) => `server.${peer}=${line}`);
  return `${head}membership: \n${lines.join('\n')}\nversion=100000000`;
}
