import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { containerIdIn } from '../../../src/runtime/own-container.js';

const ID = 'c0ffee'.repeat(11).slice(0, 64);
const OTHER = 'deadbeef'.repeat(8);

const mount = (source: string, target: string): string => `543 532 254:0 ${source} ${target} rw,relatime - ext4 /dev/vda rw`;

describe('the container a process runs in', () => {
  it.each([
    ['Docker', `/var/lib/docker/containers/${ID}/hostname`, '/etc/hostname'],
    ['Docker with its data elsewhere', `/data/my\\040engine/containers/${ID}/hosts`, '/etc/hosts'],
    ['Docker where its data is a mount of its own', `/containers/${ID}/resolv.conf`, '/etc/resolv.conf'],
    ['Podman', `/containers/storage/overlay-containers/${ID}/userdata/hosts`, '/etc/hosts'],
  ])('is known by the files its engine mounts: %s', (_, source, target) => {
    expect(containerIdIn([mount('/', '/'), mount(source, target), mount('/', '/proc')].join('\n'))).toBe(ID);
  });

  it('is known where a user mounted some of these files himself', () => {
    const lines = [mount('/home/ann/hosts', '/etc/hosts'), mount(`/var/lib/docker/containers/${ID}/hostname`, '/etc/hostname')];
    expect(containerIdIn(lines.join('\n'))).toBe(ID);
  });

  it.each([
    [
      'the mounts of the containers on a host',
      `/var/lib/docker/containers/${OTHER}/mounts/shm`,
      `/var/lib/docker/containers/${OTHER}/mounts/shm`,
    ],
    ['a container whose files are looked at from outside', `/var/lib/docker/containers/${OTHER}/hosts`, '/mnt/etc/hosts'],
    ['a volume called like an id', `/var/lib/docker/volumes/${OTHER}/_data`, '/data'],
    ['another file of such a folder', `/var/lib/docker/containers/${OTHER}/hosts`, '/etc/hostname'],
    ['a host name that could be an id', '/srv/deadbeefdead/hostname', '/etc/hostname'],
    ['a pod, whose id is none of a container', '/var/lib/kubelet/pods/6b1f7d0e-4a51-4d0c-9c1d-0a4f4f3c2f11/etc-hosts', '/etc/hosts'],
    ['a longer word', `/var/lib/docker/containers/${OTHER}0/hosts`, '/etc/hosts'],
  ])('is not mistaken: %s', (_, source, target) => {
    expect(containerIdIn(mount(source, target))).toBeUndefined();
  });

  it('is not read out of just any text', () => {
    fc.assert(fc.property(fc.string(), (text) => containerIdIn(text) === undefined));
  });
});
