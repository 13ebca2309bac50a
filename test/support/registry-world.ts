/** Commands about registered containers, on a registry and an engine in memory. */
import { formatRecord, type OwnRecord } from '../../src/registry/records.js';
import type { FakeEngine } from '../fakes/fake-engine.js';
import { FakeZooKeeper } from '../fakes/fake-session.js';
import { createWorld } from './ensemble-world.js';
import { runCommand, runJson, type RunOptions, type RunResult } from './run-command.js';
import { CONNECT } from './znode-world.js';

export interface RegistryWorld {
  readonly znodes: FakeZooKeeper;
  readonly engine: FakeEngine;
  /** Starts a container on the network `app`, and registers it. */
  serve(service: string, name: string, record?: Partial<OwnRecord>): Promise<string>;
  /** Registers a container that is there, as an agent would. */
  register(service: string, name: string, record?: Partial<OwnRecord>): Promise<void>;
  /** Runs `zkd containers <id> <argv> --connect ...`. */
  run(id: string, argv: readonly string[], options?: RunOptions): Promise<RunResult>;
  json(id: string, argv: readonly string[], options?: RunOptions): Promise<RunResult & { readonly document: Record<string, unknown> }>;
}

export async function createRegistryWorld(): Promise<RegistryWorld> {
  const znodes = new FakeZooKeeper();
  const world = { ...createWorld(), znodes };
  const { engine } = world;
  engine.addImage('web:1');
  await engine.createNetwork({ name: 'app' });
  const env = (options: RunOptions): RunOptions => ({ ...options, env: { ZKD_CONNECT: CONNECT, ...options.env } });
  const register: RegistryWorld['register'] = async (service, name, record = {}) => {
    const container = await engine.findContainer(name);
    const address = container?.networks.find((network) => network.name === 'app')?.address ?? '';
    const data = formatRecord({
      service,
      id: name,
      address,
      port: 80,
      registeredAtMs: Date.now() - 90_000,
      payload: 'none',
      tags: [],
      metadata: {},
      weight: 1,
      container: { id: container?.id ?? '', name, image: 'web:1' },
      engine: await engine.identify(),
      ...record,
    });
    znodes.put(`/docker/${service}/${name}`, { data });
  };
  return {
    znodes,
    engine,
    register,
    async serve(service, name, record) {
      const id = await engine.createContainer({ name, image: 'web:1', network: 'app' });
      await engine.startContainer(id);
      await register(service, name, record);
      return id;
    },
    run: (id, argv, options = {}) => runCommand(`containers:${id}`, argv, world, env(options)),
    json: (id, argv, options = {}) => runJson(`containers:${id}`, argv, world, env(options)),
  };
}
