/** What kazoo and ZooKeeper's own `zkCli.sh` write zkd reads, and the other way round, on servers of both releases. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { digestId, formatAclEntry, type AclEntry, type CreateMode } from '../../../src/zookeeper/index.js';
import { openKazoo, openZkCli, TTL_MS, type ForeignClient, type NewNode } from '../../support/foreign-clients.js';
import { docker, succeed, up, useEnsembles, type Cluster } from '../../support/story.js';
import { endOf, startZkd, zkd, type ZkdOptions } from '../../support/zkd.js';

const ALICE = 'digest:alice:secret';
const HASH = digestId('alice:secret');
const OPEN = ['world:anyone:cdrwa'];
const ACLS: Readonly<Record<string, readonly string[]>> = {
  world: ['world:anyone:dr'],
  digest: [`digest:${HASH}:cdrwa`],
  ip: ['world:anyone:r', 'ip:10.1.0.0/16:cdrwa'],
  auth: ['auth::cdrwa'],
};
/** What `auth` becomes on the server. */
const asStored = (acl: readonly string[]): readonly string[] => acl.map((entry) => entry.replace('auth:', `digest:${HASH}`));

const text = { empty: Buffer.alloc(0), unicode: Buffer.from('übergröße 日本 🦌'), long: Buffer.alloc(10_000, 'zkd ') };
const bytes = { binary: Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)), megabyte: randomBytes(1_000_000) };

/** Data and ACLs of all sorts below a root. */
function samples(root: string, data: Readonly<Record<string, Buffer>>): NewNode[] {
  const plain = Object.entries(data).map(([name, bytes]) => ({ path: `${root}/${name}`, data: bytes, acl: OPEN }));
  const closed = Object.entries(ACLS).map(([name, acl]) => ({ path: `${root}/acl-${name}`, data: Buffer.from(name), acl }));
  return [...plain, { path: `${root}/a b.ü`, data: Buffer.from('x'), acl: OPEN }, ...closed].map((node) => ({
    ...node,
    mode: 'persistent',
  }));
}
const kinds = (root: string, modes: readonly CreateMode[]): NewNode[] =>
  modes.map((mode) => ({ path: `${root}/${mode}-`, data: Buffer.from(mode), acl: OPEN, mode }));
/** In this order: each takes the next number. */
const SEQUENTIALS = ['persistent-sequential', 'ephemeral-sequential', 'persistent-sequential'] as const;

interface Line {
  readonly path: string;
  readonly data?: string;
  readonly base64?: string;
  readonly acl: readonly AclEntry[];
  readonly kind: string;
  readonly stat: { readonly ephemeralOwner: string | null };
}

describe.each(['3.8', '3.9'])('on servers of ZooKeeper %s', (release) => {
  const ensembles = useEnsembles();
  let cluster: Cluster;
  let folder: string;
  let only: ZkdOptions;
  beforeAll(async () => {
    const settings = ['--size', '1', '--client-port', 'auto', '--set', 'extendedTypesEnabled=true'];
    ({ cluster } = await up(ensembles.name(), '--image', `zkd/zookeeper:${release}`, ...settings));
    only = { env: { ZKD_CONNECT: cluster.connect, ZKD_AUTH: ALICE, DOCKER_HOST: 'tcp://127.0.0.1:1' } };
    folder = await mkdtemp(join(tmpdir(), 'zkd-foreign-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  const openers = {
    kazoo: () => openKazoo(cluster.connect, ALICE),
    'zkCli.sh': () => {
      const [{ container, internalAddress: address } = { container: '', internalAddress: '' }] = cluster.members;
      return openZkCli({ container, address, auth: ALICE });
    },
  };
  const withClient = async <T>(name: keyof typeof openers, work: (client: ForeignClient) => Promise<T>): Promise<T> => {
    const client = await openers[name]();
    try {
      return await work(client);
    } finally {
      await client.end();
    }
  };
  const created = async (path: string, ...flags: string[]): Promise<void> => {
    const { exitCode, stdout, stderr } = await zkd(['znode', 'create', path, ...flags], only);
    expect({ exitCode, stdout, stderr }).toMatchObject({ exitCode: 0, stdout: path });
  };

  const writers = [
    { client: 'kazoo', data: { ...text, ...bytes }, modes: ['ephemeral'] },
    { client: 'zkCli.sh', data: text, modes: ['ephemeral', 'container', 'ttl', 'ttl-sequential'] },
  ] as const;
  it.each(writers)('what $client writes zkd reads', async ({ client, data, modes }) => {
    const root = `/${client}`;
    await created(root);
    const nodes = [...kinds(root, SEQUENTIALS), ...samples(root, data), ...kinds(root, modes)];
    const file = join(folder, `${client}.jsonl`);
    const names = await withClient(client, async (session) => {
      const paths = await session.create(nodes);
      expect(paths.slice(0, 3)).toEqual(SEQUENTIALS.map((mode, number) => `${root}/${mode}-000000000${number}`));
      expect(await succeed(['znode', 'export', root, file, '--ephemerals'], only)).toMatchObject({ nodes: nodes.length + 1 });
      const [, , ...lines] = (await readFile(file, 'utf8')).split('\n').slice(0, -2);
      const seen = new Map(lines.map((line) => JSON.parse(line) as Line).map((line) => [`${root}${line.path}`, line]));
      for (const [index, { acl, mode, data }] of nodes.entries()) {
        const path = paths[index] ?? '';
        const { data: plain, base64, kind, stat, acl: entries = [] } = seen.get(path) ?? {};
        const isEphemeral = mode.startsWith('ephemeral');
        expect(Buffer.from(plain ?? base64 ?? 'nothing', plain === undefined ? 'base64' : 'utf8').equals(data), path).toBe(true);
        expect(entries.map(formatAclEntry), path).toEqual(asStored(acl));
        expect({ kind, owner: stat?.ephemeralOwner }, path).toEqual(
          isEphemeral ? { kind: 'ephemeral', owner: session.session } : { kind: 'persistent', owner: null },
        );
      }
      return paths.map((path) => path.slice(root.length + 1));
    });
    // With the session go its ephemeral nodes.
    const left = names.filter((name) => !name.startsWith('ephemeral')).sort();
    expect(await succeed(['znode', 'ls', root], only)).toEqual({ path: root, children: left });
  });

  it('what zkd writes both read, and numbers go on whoever takes the next', async () => {
    const root = '/zkd';
    await created(root);
    const nodes = samples(root, { ...text, ...bytes });
    await Promise.all(
      nodes.map(async ({ path, data, acl }, index) => {
        const file = join(folder, `data-${index}`);
        await writeFile(file, data);
        await created(path, '--file', file, ...acl.flatMap((entry) => ['--acl', entry]));
      }),
    );
    const holder = startZkd(['znode', 'create', `${root}/ephemeral`, '--ephemeral', '--json'], only);
    await new Promise<void>((resolve) => holder.stdout.once('data', () => resolve()));
    const { stat } = await succeed<{ stat: { ephemeralOwner: string } }>(['znode', 'stat', `${root}/ephemeral`], only);
    const next = `${root}/n-`;
    const numbered = async () => (await zkd(['znode', 'create', next, '--sequential'], only)).stdout;
    const taken = [await numbered()];
    const ephemeral = { path: `${root}/ephemeral`, data: Buffer.alloc(0), acl: OPEN };
    for (const client of ['kazoo', 'zkCli.sh'] as const) {
      const read = await withClient(client, async (session) => {
        taken.push(...(await session.create([{ path: next, data: Buffer.from(client), acl: OPEN, mode: 'persistent-sequential' }])));
        return session.read([...nodes, ephemeral].map(({ path }) => path));
      });
      for (const [index, { path, data, acl }] of [...nodes, ephemeral].entries()) {
        const { data: seen, ...rest } = read[index] ?? { data: null };
        const session = path === ephemeral.path ? stat.ephemeralOwner : null;
        expect(rest, `${client}: ${path}`).toEqual({ path, length: data.length, acl: asStored(acl), session });
        // Only zkCli.sh of 3.8 shows text and nothing else.
        const isShown = client === 'kazoo' || release !== '3.8' || !Object.values<Buffer>(bytes).includes(data);
        expect(isShown ? seen?.equals(data) : seen, `${client}: ${path}`).toBe(isShown ? true : null);
      }
    }
    const first = Number(taken[0]?.slice(next.length));
    expect([...taken, await numbered()]).toEqual([0, 1, 2, 3].map((more) => `${next}${`${first + more}`.padStart(10, '0')}`));
    holder.kill('SIGINT');
    expect(endOf(await holder).exitCode).toBe(130);
  });

  it('container and TTL nodes are what the server logs of them, its clients being told nothing', async () => {
    await created('/kinds');
    await created('/kinds/container', '--container');
    await created('/kinds/ttl', '--ttl', `${TTL_MS}ms`);
    expect((await zkd(['znode', 'create', '/kinds/numbered-', '--sequential', '--ttl', `${TTL_MS}ms`], only)).exitCode).toBe(0);
    const main = 'org.apache.zookeeper.server.persistence.TxnLogToolkit';
    const dump = `java -cp "$(echo /apache-zookeeper-*-bin/lib)/*" ${main} --dump /datalog/version-2/log.1`;
    const log = await docker('exec', cluster.members[0]?.container ?? '', 'sh', '-c', dump);
    const creations = log.matchAll(/ (create\w*) (\/[\w./-]+?)(?:\d{10})?,[^\n]*\n\],(.*)$/gm);
    const logged = Object.fromEntries(
      Array.from(creations, ([, what = '', path = '', rest = '']) => [path, [what.toLowerCase(), rest.split(',').at(-1)]]),
    ) as Readonly<Record<string, readonly string[]>>;
    expect(logged['/kinds']?.[0]).toBe('create');
    for (const path of ['/kinds/container', '/zkCli.sh/container-']) expect(logged[path]?.[0], path).toBe('createcontainer');
    for (const path of ['/kinds/ttl', '/kinds/numbered-', '/zkCli.sh/ttl-', '/zkCli.sh/ttl-sequential-']) {
      expect(logged[path], path).toEqual(['createttl', `${TTL_MS}`]);
    }
  });
});
