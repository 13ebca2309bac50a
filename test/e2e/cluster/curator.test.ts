/**
 * Programs on the host, written with Curator: one with its default EnsembleTracker and the hosts entry that `zkd cluster env` prints, one
 * without either. Both keep writing through the death of the leader.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { until, useWriters } from '../../support/curator-writer.js';
import { docker, IMAGE, look, succeed, up, useEnsembles } from '../../support/story.js';

const ensembles = useEnsembles();
const writersOf = useWriters(ensembles);

describe('Curator programs on the host', () => {
  it('keep writing through the death of the leader and lose nothing that was acknowledged', async () => {
    const name = ensembles.name();
    const { cluster } = await up(name, '--client-port', 'auto', '--image', IMAGE, '--heap', '64m', '--tick-time', '500ms');
    const environment = await succeed<Record<string, string>>(['cluster', 'env', name]);
    const { ZKD_CONNECT: connect = '', HOSTS_ENTRY: entry = '', ZOOKEEPER_INTERNAL_CONNECT: internal = '' } = environment;
    const hosts = join(writersOf.folder(), 'hosts');
    await writeFile(hosts, `${await readFile('/etc/hosts', 'utf8')}\n${entry}\n`);

    const tracking = writersOf.start({ connect, tracker: 'tracker', root: '/tracking', hosts });
    const plain = writersOf.start({ connect, tracker: 'no-tracker', root: '/plain' });
    const writers = [tracking, plain];
    await until('both write', () => writers.every(({ acknowledged }) => acknowledged() >= 20));
    await until("the tracker took over the members' own names", () => tracking.connection().includes(`zkd-${name}-`));
    expect(tracking.connection().split(',').sort()).toEqual(internal.split(',').sort());
    expect(plain.connection()).toBe(connect);

    await docker('kill', `zkd-${name}-${cluster.leader ?? 0}`);
    const before = writers.map(({ acknowledged }) => acknowledged());
    await until('both write on', () => writers.every(({ acknowledged }, index) => acknowledged() >= (before[index] ?? 0) + 50));
    const seen = await look(name);
    expect(seen.causes).toEqual([{ member: cluster.leader, cause: 'not running: exited with code 137 (killed)' }]);
    expect(seen.cluster.epoch).toBeGreaterThan(cluster.epoch ?? 0);

    await up(name);
    const then = writers.map(({ acknowledged }) => acknowledged());
    await until('both write on', () => writers.every(({ acknowledged }, index) => acknowledged() >= (then[index] ?? 0) + 20));
    for (const writer of writers) await writer.end();
  });
});
