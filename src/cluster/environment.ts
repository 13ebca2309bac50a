/** `env`: how to reach an ensemble, as variables in the formats shells and CI systems read. */
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { Engine } from '../engine/index.js';
import { describeAddresses } from './describe.js';
import { wantedMembers } from './members.js';
import { noSuchEnsemble, observe } from './observe.js';
import { unreachable } from './reach.js';
import { reachFrom } from './view.js';

export interface Environment {
  readonly ZKD_CONNECT: string;
  readonly ZKD_CLUSTER: string;
  readonly ZOOKEEPER_INTERNAL_CONNECT: string;
  /** A line for /etc/hosts: with it the members' own names are true here too. Empty where they are already. */
  readonly HOSTS_ENTRY: string;
}

/**
 * Reads how an ensemble can be reached from where zkd runs; whether the ensemble runs does not matter. Rejects with `zookeeper-unavailable`
 * where it cannot be: an address that leads nowhere, or to somebody else's server, would fail much later.
 */
export async function readEnvironment(engine: Engine, name: string): Promise<Environment> {
  const observed = await observe(engine, name);
  const { record } = observed;
  if (!record) throw noSuchEnsemble(name);
  const reach = reachFrom(engine, observed);
  if (reach.kind === 'none') throw unreachable(name, reach);
  const { connect, internalConnect } = describeAddresses(observed, record, engine.endpoint);
  const hosts = wantedMembers(name, record.settings, record.ports).map(({ container }) => container);
  return {
    ZKD_CONNECT: connect,
    ZKD_CLUSTER: name,
    ZOOKEEPER_INTERNAL_CONNECT: internalConnect,
    HOSTS_ENTRY: reach.kind === 'internal' ? '' : `${await ipOf(reach.host)} ${hosts.join(' ')}`,
  };
}

/** How containers on the ensemble's network reach it; whether it runs does not matter. Rejects with `not-found` without such an ensemble. */
export async function readInside(engine: Engine, name: string): Promise<{ readonly network: string; readonly connect: string }> {
  const observed = await observe(engine, name);
  if (!observed.record) throw noSuchEnsemble(name);
  const { network, internalConnect } = describeAddresses(observed, observed.record, engine.endpoint);
  return { network, connect: internalConnect };
}

/** /etc/hosts takes addresses only; a name nobody resolves here is kept, so that one sees what is missing. */
async function ipOf(host: string): Promise<string> {
  if (isIP(host) !== 0) return host;
  return lookup(host).then(
    ({ address }) => address,
    () => host,
  );
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
