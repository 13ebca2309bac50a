/** Commands on a tree in memory, reached by `--connect`: no engine is there to be opened. */
import { FakeZooKeeper } from '../fakes/fake-session.js';
import { createWorld } from './ensemble-world.js';
import { runCommand, runJson, type RunOptions, type RunResult } from './run-command.js';

export interface ZnodeWorld {
  readonly znodes: FakeZooKeeper;
  /** Runs `zkd znode <id> <argv> --connect ...`. */
  run(id: string, argv: readonly string[], options?: RunOptions): Promise<RunResult>;
  /** The same with `--json`. */
  json(id: string, argv: readonly string[], options?: RunOptions): Promise<RunResult & { readonly document: Record<string, unknown> }>;
}

export const CONNECT = 'zoo-1:2181,zoo-2:2182';

export function createZnodeWorld(): ZnodeWorld {
  const znodes = new FakeZooKeeper();
  const world = { ...createWorld(), znodes };
  const env = (options: RunOptions): RunOptions => ({ ...options, env: { ZKD_CONNECT: CONNECT, ...options.env } });
  return {
    znodes,
    run: (id, argv, options = {}) => runCommand(`znode:${id}`, argv, world, env(options)),
    json: (id, argv, options = {}) => runJson(`znode:${id}`, argv, world, env(options)),
  };
}
