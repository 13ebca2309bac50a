/**
 * The door of the engine room: the port's types, and the one way to open an engine.
 * Cheap to import: the adapter and its client library load when an engine is opened.
 * Rooms import from here only, and of it the interface only.
 */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { remoteHostOf, resolveEndpoint } from './endpoint.js';
import type { EndpointOptions, EngineConnection, Machine } from './endpoint.js';
import type { Engine } from './engine.js';

export type * from './engine.js';
export type { EndpointOptions } from './endpoint.js';

/**
 * Opens the engine the options, the environment and the docker configuration name. Does not talk to it yet: whether it answers shows the
 * first call (`info()`). The caller closes it. Throws ZkdError `usage` where no engine can be made out.
 */
export async function openEngine(options: EndpointOptions = {}): Promise<Engine> {
  const connection = await withEffectiveHost(resolveEndpoint(options, thisMachine()));
  const { DockerEngine } = await import('./docker.js');
  return new DockerEngine(connection);
}

/** Published ports are at the host ssh goes to, whatever it is called in ssh's configuration. */
async function withEffectiveHost({ endpoint, transport }: EngineConnection): Promise<EngineConnection> {
  if (transport.kind !== 'ssh') return { endpoint, transport };
  const { effectiveHost } = await import('./docker-ssh.js');
  return { endpoint: { ...endpoint, remoteHost: remoteHostOf(await effectiveHost(transport)) }, transport };
}

function thisMachine(): Machine {
  return {
    env: process.env,
    home: process.env['HOME'] || homedir(),
    readFile: (path) => (existsSync(path) ? readFileSync(path, 'utf8') : undefined),
    exists: existsSync,
    list: (path) => (existsSync(path) ? readdirSync(path) : []),
  };
}
