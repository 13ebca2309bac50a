/** Ensembles of other shapes than three voters on a network of their own. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  belongingsOf,
  docker,
  expectFailure,
  expectNothingLeft,
  IMAGE,
  look,
  succeed,
  up,
  useEnsembles,
  wholeEnsemble,
  type RemovalDocument,
  type UpDocument,
} from '../../support/story.js';
import { zkd } from '../../support/zkd.js';

const ensembles = useEnsembles();
const AUTO = ['--client-port', 'auto', '--image', IMAGE] as const;
const gone = (name: string): Promise<unknown> => succeed(['cluster', 'down', name, '--volumes']);

describe('sizes', () => {
  it('runs one member standalone', async () => {
    const name = ensembles.name();
    const { cluster } = await up(name, '--size', '1', ...AUTO);
    expect(cluster).toMatchObject({ size: 1, leader: 1, members: [{ id: 1, mode: 'standalone' }] });
    expect(await look(name)).toMatchObject({ healthy: true });
    await docker('restart', `zkd-${name}-1`);
    expect(await up(name)).toMatchObject({ changed: false, cluster: { members: [{ mode: 'standalone' }] } });
    await gone(name);
    await expectNothingLeft(name);
  });

  it('runs one member that can grow as a leader of a quorum of one', async () => {
    const name = ensembles.name();
    const { cluster } = await up(name, '--size', '1', '--growable', ...AUTO);
    expect(cluster).toMatchObject({ size: 1, leader: 1, members: [{ id: 1, mode: 'leader' }] });
    expect(await docker('exec', `zkd-${name}-1`, 'cat', '/conf/zoo.cfg')).toContain('standaloneEnabled=false');
    expect(await look(name)).toMatchObject({ healthy: true });
    await gone(name);
  });

  it('warns of an even size, and runs it', async () => {
    const name = ensembles.name();
    const human = await zkd(['cluster', 'up', name, '--size', '2', '--timeout', '120s', ...AUTO]);
    expect(human.exitCode, human.stderr).toBe(0);
    expect(human.stderr).toContain('Warning: 2 voting members survive the loss of 0, as 1 does: an odd size is better');
    expect((await look(name)).cluster.members.map(({ mode }) => mode).sort()).toEqual(['follower', 'leader']);
    await gone(name);
  });

  it('runs five voters and two observers, who do not vote', async () => {
    const name = ensembles.name();
    const { cluster } = await up(name, '--size', '5', '--observers', '2', '--heap', '64m', ...AUTO);
    expect(cluster.members.map(({ role }) => role)).toEqual([...Array<string>(5).fill('participant'), 'observer', 'observer']);
    expect(cluster.members.map(({ mode }) => mode).sort()).toEqual([
      ...Array<string>(4).fill('follower'),
      'leader',
      'observer',
      'observer',
    ]);
    expect(await look(name)).toMatchObject({ healthy: true });
    expect(await docker('inspect', '--format', '{{.HostConfig.Memory}}', `zkd-${name}-7`)).toBe(String((64 + 256) * 1024 ** 2));
    await gone(name);
    await expectNothingLeft(name);
  });
});

describe('settings', () => {
  it('uses the image asked for, and puts settings, subnet, limits and restart policy where they belong', async () => {
    const name = ensembles.name();
    const { cluster } = await up(
      name,
      ...['--size', '1', '--client-port', 'auto', '--image', 'zkd/zookeeper:3.8', '--subnet', '10.213.77.0/24', '--tick-time', '1500ms'],
      ...['--set', 'globalOutstandingLimit=777', '--set', 'initLimit=12', '--restart', 'no', '--cpus', '1.5', '--memory', '400m'],
    );
    expect(cluster).toMatchObject({ image: 'zkd/zookeeper:3.8', members: [{ version: expect.stringMatching(/^3\.8\./) as string }] });
    const zooCfg = await docker('exec', `zkd-${name}-1`, 'cat', '/conf/zoo.cfg');
    expect(zooCfg).toMatch(/^globalOutstandingLimit=777$/m);
    expect(zooCfg.match(/^initLimit=.*$/gm)).toEqual(['initLimit=12']);
    expect(zooCfg).toMatch(/^tickTime=1500$/m);
    expect(await docker('network', 'inspect', '--format', '{{(index .IPAM.Config 0).Subnet}}', `zkd-${name}`)).toBe('10.213.77.0/24');
    const limits = '{{.HostConfig.RestartPolicy.Name}} {{.HostConfig.NanoCpus}} {{.HostConfig.Memory}}';
    expect(await docker('inspect', '--format', limits, `zkd-${name}-1`)).toBe(`no 1500000000 ${400 * 1024 ** 2}`);
    await gone(name);
  });

  it('runs three members of 3.8', async () => {
    const name = ensembles.name();
    await up(name, '--client-port', 'auto', '--image', 'zkd/zookeeper:3.8');
    const seen = await look(name);
    expect(seen.healthy).toBe(true);
    expect(seen.cluster.members.map(({ version }) => version)).toEqual(Array(3).fill(expect.stringMatching(/^3\.8\./)));
    await gone(name);
  });

  it('reads a file, from a path and from stdin; flags win over it', async () => {
    const name = ensembles.name();
    const folder = await mkdtemp(join(tmpdir(), 'zkd-file.'));
    ensembles.later(() => rm(folder, { recursive: true }));
    const file = join(folder, 'zkd.yaml');
    await writeFile(file, `name: ${name}\nsize: 5\nimage: ${IMAGE}\nclientPort: auto\nheap: 64m\nset:\n  jute.maxbuffer: 2000000\n`);
    const { cluster } = await succeed<UpDocument>(['cluster', 'up', '--file', file, '--size', '1']);
    expect(cluster).toMatchObject({ name, size: 1 });
    expect(await docker('exec', `zkd-${name}-1`, 'cat', '/conf/zoo.cfg')).toMatch(/^jute\.maxbuffer=2000000$/m);
    const again = await succeed<UpDocument>(['cluster', 'up', '--file', '-'], { input: `name: ${name}\nsize: 1\n` });
    expect(again).toMatchObject({ changed: false, cluster: { name } });
    await expectFailure(['cluster', 'up', 'other', '--file', file], { exitCode: 2, code: 'usage', says: [name, 'other'] });
    await gone(name);
  });

  it('names every wrong field of a file with its line, and touches nothing', async () => {
    const input = 'name: Bad_Name\nsize: 12\nsise: 3\nset:\n  dataDir: /tmp\nclientPort: 80\n';
    const says = ['line 1:', 'line 2:', '1 to 9', 'line 3: "sise" is not known', 'line 5: "set.dataDir"', 'line 6:', '1024 to 65535'];
    await expectFailure(['cluster', 'up', '--file', '-'], { exitCode: 2, code: 'usage', says }, { input });
    await expectFailure(['cluster', 'up', '--file', '-'], { exitCode: 2, code: 'usage', says: ['line 1'] }, { input: 'size: [1, 2' });
    await expectFailure(['cluster', 'up', '--file', '/does/not/exist.yaml'], {
      exitCode: 2,
      code: 'usage',
      says: ['/does/not/exist.yaml'],
    });
  });

  it('shows what it would do and does nothing with --dry-run', async () => {
    const name = ensembles.name();
    const { cluster, changed, plan } = await succeed<UpDocument>(['cluster', 'up', name, '--dry-run', '--size', '1', ...AUTO]);
    expect({ cluster, changed }).toEqual({ cluster: null, changed: true });
    expect(plan.map((step) => step.split(' ').slice(0, 2).join(' ')).sort()).toEqual([
      'configure member',
      'create member',
      'create network',
      'start member',
    ]);
    const human = await zkd(['cluster', 'up', name, '--dry-run', '--size', '1', ...AUTO]);
    expect(human.stdout).toBe(plan.join('\n'));
    const four = await zkd(['cluster', 'up', name, '--dry-run', '--size', '4', ...AUTO]);
    expect(four.stderr).toContain('Warning: 4 voting members survive the loss of 1, as 3 do');
    await expectNothingLeft(name);
  });
});

describe('volumes and networks', () => {
  it('lets rm take stopped containers and their network, and keeps the data', async () => {
    const name = ensembles.name();
    await up(name, '--size', '1', ...AUTO);
    const failure = await expectFailure(['cluster', 'rm', name], {
      exitCode: 12,
      code: 'refused',
      says: [`of ensemble "${name}" still runs`],
    });
    expect(failure.details).toMatchObject({ running: [1], override: '--force' });
    await docker('stop', `zkd-${name}-1`);
    const removed = await succeed<RemovalDocument>(['cluster', 'rm', name]);
    expect(removed).toMatchObject({ changed: true, members: [{ id: 1, action: 'removed' }], volumes: [] });
    expect(await belongingsOf(name)).toEqual({ ...wholeEnsemble(name, 1), containers: [], networks: [] });
    await expectFailure(['cluster', 'rm', name, '--member', '1'], { exitCode: 3, code: 'not-found', says: ['no container for member 1'] });
    await gone(name);
    await expectNothingLeft(name);
  });

  it('keeps ephemeral data in anonymous volumes that go with the containers', async () => {
    const name = ensembles.name();
    await up(name, '--size', '1', '--ephemeral', ...AUTO);
    const mounts = '{{range .Mounts}}{{if eq .Type "volume"}}{{.Name}} {{end}}{{end}}';
    const volumes = (await docker('inspect', '--format', mounts, `zkd-${name}-1`)).trim().split(' ');
    expect(volumes).toHaveLength(3);
    for (const volume of volumes) expect(volume).toMatch(/^[0-9a-f]{64}$/);
    await succeed(['cluster', 'down', name]);
    await expectNothingLeft(name);
    const all = (await docker('volume', 'ls', '--quiet')).split('\n');
    expect(all.filter((volume) => volumes.includes(volume))).toEqual([]);
  });

  it('joins a network that exists, and never removes it', async () => {
    const name = ensembles.name();
    const network = `${name}-outer`;
    await docker('network', 'create', network);
    ensembles.later(() => docker('network', 'rm', network));
    const { cluster } = await up(name, '--size', '3', '--network', network, ...AUTO);
    expect(cluster.network).toBe(network);
    expect((await belongingsOf(name)).networks).toEqual([]);
    expect(await look(name)).toMatchObject({ healthy: true });
    await gone(name);
    await expectNothingLeft(name);
    expect(await docker('network', 'ls', '--filter', `name=^${network}$`, '--format', '{{.Name}}')).toBe(network);
    const missing = { exitCode: 3, code: 'not-found', says: [`Network "${name}-nowhere" does not exist`] };
    await expectFailure(['cluster', 'up', name, '--network', `${name}-nowhere`, ...AUTO], missing);
    await expectNothingLeft(name);
  });

  it('runs several ensembles side by side', async () => {
    const names = [ensembles.name(), ensembles.name()];
    const made = await Promise.all(names.map((name) => up(name, '--heap', '64m', ...AUTO)));
    const ports = made.flatMap(({ cluster }) => cluster.connect.split(','));
    expect(new Set(ports).size).toBe(6);
    for (const name of names) expect(await look(name)).toMatchObject({ healthy: true });
    await expectFailure(['cluster', 'ps'], { exitCode: 2, code: 'usage', says: ['several ensembles', ...names] });
    await gone(names[0] as string);
    await expectNothingLeft(names[0] as string);
    expect(await belongingsOf(names[1] as string)).toEqual(wholeEnsemble(names[1] as string, 3));
    expect(await look(names[1] as string)).toMatchObject({ healthy: true });
    await gone(names[1] as string);
  });
});
