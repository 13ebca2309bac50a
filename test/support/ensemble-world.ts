/** A container engine and its ZooKeeper servers in memory, and the rooms' functions on them with the arguments tests rarely change. */
import {
  removeContainers,
  startMembers,
  stopMembers,
  takeDown,
  waitFor,
  type ActionResult,
  type RemovalResult,
  type WaitResult,
} from '../../src/cluster/index.js';
import type { StartRequest } from '../../src/cluster/start.js';
import type { StopRequest } from '../../src/cluster/stop.js';
import type { WaitRequest } from '../../src/cluster/wait.js';
import { bringUp, type UpResult } from '../../src/cluster/up.js';
import type { UpRequest } from '../../src/cluster/up-request.js';
import type { Observer } from '../../src/cluster/apply.js';
import type { Engine } from '../../src/engine/index.js';
import { FakeEngine } from '../fakes/fake-engine.js';
import { FakeMembers } from '../fakes/fake-members.js';

export interface World {
  readonly engine: FakeEngine;
  readonly zooKeeper: FakeMembers;
  /** What was said to the observer, a line each. */
  readonly said: string[];
  readonly observer: Observer;
  up(request?: Partial<UpRequest>, signal?: AbortSignal): Promise<UpResult>;
  down(request?: { readonly name?: string; readonly volumes?: boolean; readonly force?: boolean }): Promise<RemovalResult>;
  rm(request?: { readonly members?: readonly number[]; readonly force?: boolean; readonly volumes?: boolean }): Promise<RemovalResult>;
  start(request?: Partial<StartRequest>, signal?: AbortSignal): Promise<ActionResult>;
  stop(request?: Partial<StopRequest>, signal?: AbortSignal): Promise<ActionResult>;
  wait(request?: Partial<WaitRequest>, signal?: AbortSignal): Promise<WaitResult>;
  /** Lets zkd run in a container `ci` on this network, which is made where it does not exist. */
  runIn(network: string): Promise<void>;
  /** Everything on the engine, by kind and name, sorted; networks and volumes of others included. */
  inventory(): Promise<string[]>;
}

export const TEST_IMAGE = 'zookeeper:3.9';

/** A new engine that has the default image, and nothing else. `through` stands between zkd and the engine. */
export function createWorld(through: (engine: Engine) => Engine = (engine) => engine): World {
  const engine = new FakeEngine();
  const seen = through(engine);
  engine.addImage(TEST_IMAGE, { labels: { 'zkd.zookeeper.version': '3.9.3' }, volumes: ['/data', '/datalog', '/logs'] });
  const zooKeeper = new FakeMembers(engine);
  const said: string[] = [];
  const observer: Observer = {
    start: (step) => said.push(`start: ${step}`),
    end: (step, outcome) => said.push(`${outcome}: ${step}`),
    update() {},
    caution: (text) => said.push(`caution: ${text}`),
  };
  const never = new AbortController().signal;
  const context = { engine: seen, ask: zooKeeper.ask, observer };
  return {
    engine,
    zooKeeper,
    said,
    observer,
    up: (request = {}, signal = never) =>
      bringUp(
        {
          name: 'zk',
          mode: 'up',
          given: {},
          pull: 'missing',
          wait: true,
          timeoutMs: 300,
          keepOnFailure: false,
          acceptDataLoss: false,
          dryRun: false,
          yes: false,
          ...request,
        },
        { engine: seen, ask: zooKeeper.ask, observer, signal },
      ),
    down: (request = {}) => takeDown({ name: 'zk', volumes: false, force: false, ...request }, { engine: seen, observer, signal: never }),
    rm: (request = {}) =>
      removeContainers({ name: 'zk', members: [], force: false, volumes: false, ...request }, { ...context, signal: never }),
    start: (request = {}, signal = never) =>
      startMembers({ name: 'zk', members: [], wait: true, timeoutMs: 300, ...request }, { ...context, signal }),
    stop: (request = {}, signal = never) => stopMembers({ name: 'zk', members: [], force: false, ...request }, { ...context, signal }),
    wait: (request = {}, signal = never) => waitFor({ name: 'zk', for: 'ready', timeoutMs: 300, ...request }, { ...context, signal }),
    async runIn(network) {
      const isThere = network === 'bridge' || (await engine.listNetworks({ name: network })).length > 0;
      if (!isThere) await engine.createNetwork({ name: network });
      await engine.startContainer(await engine.createContainer({ name: 'ci', image: TEST_IMAGE, network }));
      engine.ownContainer = 'ci';
    },
    async inventory() {
      const [containers, networks, volumes] = await Promise.all([
        engine.listContainers({}),
        engine.listNetworks({}),
        engine.listVolumes({}),
      ]);
      return [
        ...containers.map(({ name, state }) => `container ${name} ${state}`),
        ...networks.map(({ name }) => `network ${name}`),
        ...volumes.map(({ name }) => `volume ${name}`),
      ].sort();
    },
  };
}
