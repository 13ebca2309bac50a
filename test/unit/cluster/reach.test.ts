import { describe, expect, it } from 'vitest';
import { outOfReach, reachOf, sayHowToReach, sharesHostNetwork, type Reach, type Vantage } from '../../../src/cluster/reach.js';
import type { ContainerDetails, ContainerNetwork, EngineEndpoint } from '../../../src/engine/index.js';
import { observedMember } from '../../support/observed-ensemble.js';
import { sampleRecord } from '../../support/sample-ensemble.js';

const LOCAL: EngineEndpoint = { kind: 'unix', url: 'unix:///x.sock', remoteHost: null, source: 'a test' };
const FAR: EngineEndpoint = { kind: 'ssh', url: 'ssh://me@far', remoteHost: 'far', source: 'a test' };

const on = (name: string, gateway?: string): ContainerNetwork => ({
  name,
  id: name,
  address: '172.30.0.9',
  ...(gateway ? { gateway } : {}),
});
const inside = (...networks: ContainerNetwork[]): ContainerDetails => {
  const { details } = observedMember(sampleRecord(), 1, { name: 'ci', networks });
  return details as ContainerDetails;
};
const HOST_NETWORK: ContainerNetwork = { name: 'host', id: '', address: '' };

/** As one line: how, and where. */
function told(reach: Reach): string {
  return reach.kind === 'internal' ? 'internal' : `${reach.kind} ${reach.host}`;
}

describe('members are reached', () => {
  it.each<[string, EngineEndpoint, ContainerDetails | undefined, string, string]>([
    ['where they are published, from the host of a local engine', LOCAL, undefined, '127.0.0.1', 'published 127.0.0.1'],
    ['on one address of that host', LOCAL, undefined, '10.0.0.5', 'published 10.0.0.5'],
    ['on its loopback where they are published everywhere', LOCAL, undefined, '0.0.0.0', 'published 127.0.0.1'],
    ['by their names, from a container on their network', LOCAL, inside(on('bridge'), on('zkd-zk')), '127.0.0.1', 'internal'],
    ['by their names also where the engine is spoken to by tcp', FAR, inside(on('zkd-zk')), '0.0.0.0', 'internal'],
    ['as from the host, from a container with its network', LOCAL, inside(HOST_NETWORK), '127.0.0.1', 'published 127.0.0.1'],
    ['not on its loopback, from another container', LOCAL, inside(on('bridge', '172.17.0.1')), '127.0.0.1', 'none 127.0.0.1'],
    ['not, from a container without a network', LOCAL, inside({ name: 'none', id: '', address: '' }), '0.0.0.0', 'none 127.0.0.1'],
    ['not by a network that is only configured', LOCAL, inside({ name: 'zkd-zk', id: '', address: '' }), '127.0.0.1', 'none 127.0.0.1'],
    ['through the gateway, from another container', LOCAL, inside(on('bridge', '172.17.0.1')), '0.0.0.0', 'published 172.17.0.1'],
    ['at their address, from another container', LOCAL, inside(on('bridge', '172.17.0.1')), '10.0.0.5', 'published 10.0.0.5'],
    ['at the host of a remote engine', FAR, undefined, '0.0.0.0', 'published far'],
    ['at that host, from a container of a remote engine', FAR, inside(on('bridge')), '10.0.0.5', 'published far'],
    ['not on the loopback of a remote engine', FAR, undefined, '127.0.0.1', 'none 127.0.0.1'],
  ])('%s', (_, endpoint, ownContainer, bind, expected) => {
    expect(told(reachOf({ endpoint, ownContainer }, { network: 'zkd-zk', bind }))).toBe(expected);
  });

  it('or it is said why not, and what to do', () => {
    const off = reachOf({ endpoint: LOCAL, ownContainer: inside(on('bridge')) }, { network: 'zkd-zk', bind: '127.0.0.1' });
    expect(outOfReach(off)).toBe(
      'cannot be reached from here: zkd runs in container "ci", which is not on network "zkd-zk" (docker network connect zkd-zk ci)',
    );
    const far = reachOf({ endpoint: FAR, ownContainer: undefined }, { network: 'zkd-zk', bind: '127.0.0.1' });
    expect(outOfReach(far)).toBe('cannot be reached from here: its port is published on 127.0.0.1 of far only');
    expect(outOfReach({ kind: 'internal' })).toBeNull();
  });
});

describe('the network of the engine’s host', () => {
  it.each<[string, Vantage, boolean]>([
    ['is a process’s on that host', { endpoint: LOCAL, ownContainer: undefined }, true],
    ['is a container’s that was given it', { endpoint: LOCAL, ownContainer: inside(HOST_NETWORK) }, true],
    ['is not another container’s', { endpoint: LOCAL, ownContainer: inside(on('bridge')) }, false],
    ['is not another machine’s', { endpoint: FAR, ownContainer: undefined }, false],
  ])('%s', (_, vantage, expected) => expect(sharesHostNetwork(vantage)).toBe(expected));
});

describe('what is said before anything is made', () => {
  const say = (vantage: Vantage): string[] => {
    const reach = reachOf(vantage, { network: 'zkd-zk', bind: '127.0.0.1' });
    if (reach.kind !== 'none') throw new Error('reached');
    const { code, suggestions } = sayHowToReach('zk', reach, vantage);
    expect(code).toBe('usage');
    return [...suggestions];
  };

  it('is a network zkd’s container is on already', () => {
    expect(say({ endpoint: LOCAL, ownContainer: inside(on('bridge'), on('job')) })[0]).toBe('zkd cluster up zk --network job');
  });

  it('is a new one where it is on none that answers names', () => {
    expect(say({ endpoint: LOCAL, ownContainer: inside(on('bridge')) }).slice(0, 3)).toEqual([
      'docker network create zk-net',
      'docker network connect zk-net ci',
      'zkd cluster up zk --network zk-net',
    ]);
  });

  it('is --bind on a remote engine', () => {
    expect(say({ endpoint: FAR, ownContainer: undefined })).toEqual(['--bind ADDRESS']);
  });
});
