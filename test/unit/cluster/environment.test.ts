import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatEnvironment, readEnvironment, type Environment } from '../../../src/cluster/environment.js';
import { useFakeHostPorts } from '../../fakes/fake-host-ports.js';
import { createWorld } from '../../support/ensemble-world.js';
import { failureOf } from '../../support/failure-of.js';

useFakeHostPorts();

const ENVIRONMENT: Environment = {
  ZKD_CONNECT: '127.0.0.1:2181,127.0.0.1:2182',
  ZKD_CLUSTER: 'zk',
  ZOOKEEPER_INTERNAL_CONNECT: 'zkd-zk-1:2181,zkd-zk-2:2182',
  HOSTS_ENTRY: '127.0.0.1 zkd-zk-1 zkd-zk-2',
};

/** What a POSIX shell makes of one line `export KEY='...'`, by its grammar: quotes and escaped quotes only, else undefined. */
function evaluate(line: string): [string, string] | undefined {
  const match = /^export ([A-Z_]+)=((?:'[^']*'|\\')*)$/.exec(line);
  if (!match) return undefined;
  const [, key = '', quoted = ''] = match;
  return [key, quoted.replace(/'([^']*)'|\\'/g, (part, inside?: string) => (part === "\\'" ? "'" : (inside ?? '')))];
}

describe('the environment as text', () => {
  it('for a shell is this', () => {
    expect(formatEnvironment(ENVIRONMENT, 'shell')).toBe(`export ZKD_CONNECT='127.0.0.1:2181,127.0.0.1:2182'
export ZKD_CLUSTER='zk'
export ZOOKEEPER_INTERNAL_CONNECT='zkd-zk-1:2181,zkd-zk-2:2182'
export HOSTS_ENTRY='127.0.0.1 zkd-zk-1 zkd-zk-2'`);
  });

  it('for a shell is safe to eval, whatever a value holds', () => {
    const nasty = fc.string({ unit: fc.constantFrom("'", '"', '$', '`', '\\', '(', ')', ';', '&', '|', ' ', '!', '*', '#', '~', 'x') });
    fc.assert(
      fc.property(nasty, nasty, (connect, hosts) => {
        const lines = formatEnvironment({ ...ENVIRONMENT, ZKD_CONNECT: connect, HOSTS_ENTRY: hosts }, 'shell').split('\n');
        const values = Object.fromEntries(lines.map((line) => evaluate(line) ?? [`not safe: ${line}`, '']));
        expect(values).toEqual({ ...ENVIRONMENT, ZKD_CONNECT: connect, HOSTS_ENTRY: hosts });
      }),
    );
  });

  it('for a shell comes out of a real one as it was', () => {
    const odd = `it's "$HOME" \`id\` \\ $(id) ; & | > * ? # ! ~ \n\t end`;
    const text = formatEnvironment({ ...ENVIRONMENT, ZKD_CONNECT: odd, HOSTS_ENTRY: "'" }, 'shell');
    const script = 'eval "$1"; printf "%s" "$ZKD_CONNECT|$HOSTS_ENTRY|$ZKD_CLUSTER"';
    for (const shell of ['sh', 'bash']) {
      expect(execFileSync(shell, ['-euc', script, shell, text], { encoding: 'utf8' })).toBe(`${odd}|'|zk`);
    }
  });

  it('for GitHub has a line KEY=value each, unquoted', () => {
    expect(formatEnvironment(ENVIRONMENT, 'github').split('\n')).toEqual(
      Object.entries(ENVIRONMENT).map(([key, value]) => `${key}=${String(value)}`),
    );
  });

  it('as dotenv has a line per variable', () => {
    const lines = formatEnvironment(ENVIRONMENT, 'dotenv').split('\n');
    expect(lines.map((line) => line.split('=')[0])).toEqual(Object.keys(ENVIRONMENT));
    expect(lines[1]).toMatch(/^ZKD_CLUSTER="?zk"?$/);
  });

  it('as JSON reads back', () => expect(JSON.parse(formatEnvironment(ENVIRONMENT, 'json'))).toEqual(ENVIRONMENT));
});

describe('reading it', () => {
  it('needs no running member, only an ensemble', async () => {
    const world = createWorld();
    await world.up({ given: { size: 2 } });
    expect(await readEnvironment(world.engine, 'zk')).toEqual(ENVIRONMENT);
    await world.down();
    expect(await readEnvironment(world.engine, 'zk')).toEqual(ENVIRONMENT);
    expect((await failureOf(readEnvironment(world.engine, 'other'))).code).toBe('not-found');
  });

  it('tells the members’ own names in a container on their network, and that no hosts entry is needed', async () => {
    const world = createWorld();
    await world.runIn('job');
    await world.up({ given: { size: 2, network: 'job' } });
    expect(await readEnvironment(world.engine, 'zk')).toEqual({
      ...ENVIRONMENT,
      ZKD_CONNECT: ENVIRONMENT.ZOOKEEPER_INTERNAL_CONNECT,
      HOSTS_ENTRY: '',
    });
  });

  it('tells no address that leads nowhere: exit 6, with what to do', async () => {
    const world = createWorld();
    await world.up({ given: { size: 2 } });
    await world.runIn('bridge');
    const failure = await failureOf(readEnvironment(world.engine, 'zk'));
    expect(failure).toMatchObject({ code: 'zookeeper-unavailable', details: { reason: 'out-of-reach' } });
    expect(failure.suggestions[0]).toBe('docker network connect zkd-zk ci');
  });

  it('tells 127.0.0.1 where members are published everywhere, and the engine’s host where that is elsewhere', async () => {
    const world = createWorld();
    await world.up({ given: { size: 1, bind: '0.0.0.0' } });
    expect((await readEnvironment(world.engine, 'zk')).ZKD_CONNECT).toBe('127.0.0.1:2181');
    world.engine.endpoint = { kind: 'ssh', url: 'ssh://me@far', remoteHost: 'far', source: 'a test' };
    expect(await readEnvironment(world.engine, 'zk')).toMatchObject({
      ZKD_CONNECT: 'far:2181',
      ZOOKEEPER_INTERNAL_CONNECT: 'zkd-zk-1:2181',
    });
    world.engine.endpoint = { kind: 'tcp', url: 'tcp://[fd00::5]:2376', remoteHost: 'fd00::5', source: 'a test' };
    expect(await readEnvironment(world.engine, 'zk')).toMatchObject({
      ZKD_CONNECT: '[fd00::5]:2181',
      HOSTS_ENTRY: 'fd00::5 zkd-zk-1',
    });
  });
});
