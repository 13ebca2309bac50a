/** `env`: how to reach an ensemble, as variables in the formats shells and CI systems read. */
import type { Engine } from '../engine/index.js';
import { describeAddresses } from './describe.js';
import { wantedMembers } from './members.js';
import { noSuchEnsemble, observe } from './observe.js';
import { reachableHost } from './view.js';

export interface Environment {
  readonly ZKD_CONNECT: string;
  readonly ZKD_CLUSTER: string;
  readonly ZOOKEEPER_INTERNAL_CONNECT: string;
  /** A line for /etc/hosts: with it the members' own names are true on the host too. */
  readonly HOSTS_ENTRY: string;
}

/** Reads how an ensemble can be reached; whether it runs does not matter. */
export async function readEnvironment(engine: Engine, name: string): Promise<Environment> {
  const observed = await observe(engine, name);
  const { record } = observed;
  if (!record) throw noSuchEnsemble(name);
  const { connect, internalConnect } = describeAddresses(observed, record, engine.endpoint);
  const hosts = wantedMembers(name, record.settings, record.ports).map(({ container }) => container);
  return {
    ZKD_CONNECT: connect,
    ZKD_CLUSTER: name,
    ZOOKEEPER_INTERNAL_CONNECT: internalConnect,
    HOSTS_ENTRY: `${reachableHost(engine.endpoint, record.settings.bind)} ${hosts.join(' ')}`,
  };
}

export const ENVIRONMENT_FORMATS = ['shell', 'dotenv', 'json', 'github'] as const;
export type EnvironmentFormat = (typeof ENVIRONMENT_FORMATS)[number];

/** Single quotes, so that nothing in a value is ever expanded by a shell. */
const quoteForShell = (value: string): string => `'${value.replaceAll("'", "'\\''")}'`;

/** The variables as text. `shell` is safe to `eval`. Pure. */
export function formatEnvironment(environment: Environment, format: EnvironmentFormat): string {
  const entries = Object.entries(environment) as [string, string][];
  switch (format) {
    case 'shell':
      return entries.map(([key, value]) => `export ${key}=${quoteForShell(value)}`).join('\n');
    // Without quotes: docker's --env-file would keep them as part of the value.
    case 'dotenv':
    case 'github':
      return entries.map(([key, value]) => `${key}=${value}`).join('\n');
    case 'json':
      return JSON.stringify(environment, null, 2);
  }
}
