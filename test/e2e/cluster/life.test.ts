/** One ensemble through its life: nothing -> up -> looked at -> down -> up with its data -> gone. */
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import {
  belongingsOf,
  docker,
  expectFailure,
  expectNothingLeft,
  status,
  succeed,
  up,
  useEnsembles,
  wholeEnsemble,
  type Cluster,
  type Member,
  type RemovalDocument,
} from '../../support/story.js';
import { zkd } from '../../support/zkd.js';

const ensembles = useEnsembles();

interface Inspection {
  readonly Config: { readonly User: string; readonly Hostname: string; readonly Env: string[]; readonly Labels: Record<string, string> };
  readonly HostConfig: {
    readonly CapDrop: string[];
    readonly SecurityOpt: string[];
    readonly RestartPolicy: { readonly Name: string };
    readonly Tmpfs: Record<string, string>;
    readonly Memory: number;
    readonly PidsLimit: number;
    readonly LogConfig: { readonly Type: string; readonly Config: Record<string, string> };
    readonly Privileged: boolean;
  };
  readonly NetworkSettings: { readonly Ports: Record<string, { HostIp: string; HostPort: string }[] | null>; readonly Networks: object };
  readonly Mounts: { readonly Type: string; readonly Name?: string; readonly Destination: string }[];
}

const inspect = async (container: string): Promise<{ text: string; facts: Inspection }> => {
  const text = await docker('inspect', container);
  const [facts] = JSON.parse(text) as Inspection[];
  if (!facts) throw new Error(`${container} is not there`);
  return { text, facts };
};

/** What ZooKeeper's own zkCli.sh says in a member's container; it needs no client on the host. */
const zkCli = async ({ container, internalAddress }: Member, ...command: string[]): Promise<string> =>
  (await execa('docker', ['exec', container, 'zkCli.sh', '-server', internalAddress, ...command], { all: true })).all;

const portOf = ({ address }: Member): string => address.split(':')[1] ?? '';

describe('an ensemble of three', () => {
  const name = ensembles.name();
  let cluster: Cluster;

  it('comes up from nothing with one command, and says where it is', async () => {
    const { exitCode, stdout, stderr } = await zkd(['cluster', 'up', name, '--client-port', 'auto', '--timeout', '120s']);
    expect(exitCode, stderr).toBe(0);
    expect(stdout).toMatch(new RegExp(`^${name}: up, leader is member [123]\nconnect: (127\\.0\\.0\\.1:\\d+,?){3}$`));
    expect(stderr).toContain('Warning: image zookeeper:3.9 cannot be had');
    expect(stderr).toContain('using zkd/zookeeper:3.9 instead');
    expect(stderr).toMatch(new RegExp(`next: zkd cluster status ${name}$`));
    expect(await belongingsOf(name)).toEqual(wholeEnsemble(name, 3));
  });

  it('is healthy, with every field of the contract', async () => {
    const { healthy, causes, cluster: seen } = await status(name);
    cluster = seen;
    expect({ healthy, causes }).toEqual({ healthy: true, causes: [] });
    expect(cluster).toMatchObject({
      name,
      size: 3,
      image: 'zkd/zookeeper:3.9',
      network: `zkd-${name}`,
      epoch: expect.any(Number) as number,
    });
    expect(cluster.connect).toBe(cluster.members.map(({ address }) => address).join(','));
    expect(cluster.internalConnect).toBe(cluster.members.map(({ internalAddress }) => internalAddress).join(','));
    expect(cluster.members.map(({ id }) => id)).toEqual([1, 2, 3]);
    expect(cluster.members.map(({ mode }) => mode).sort()).toEqual(['follower', 'follower', 'leader']);
    expect(cluster.members.find(({ mode }) => mode === 'leader')?.id).toBe(cluster.leader);
    for (const member of cluster.members) {
      expect(member).toEqual({
        id: member.id,
        container: `zkd-${name}-${member.id}`,
        containerId: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
        role: 'participant',
        state: 'running',
        restarts: 0,
        mode: expect.stringMatching(/^(leader|follower)$/) as string,
        version: expect.stringMatching(/^3\.9\.\d+$/) as string,
        zxid: expect.stringMatching(/^0x[0-9a-f]+$/) as string,
        epoch: cluster.epoch,
        lag: 0,
        address: expect.stringMatching(/^127\.0\.0\.1:\d+$/) as string,
        internalAddress: `zkd-${name}-${member.id}:${portOf(member)}`,
        connections: expect.any(Number) as number,
        latencyMs: { min: expect.any(Number) as number, avg: expect.any(Number) as number, max: expect.any(Number) as number },
        outstanding: expect.any(Number) as number,
        error: null,
      });
    }
    const human = await zkd(['cluster', 'status', name]);
    expect(human.exitCode).toBe(0);
    expect(human.stdout).toMatch(new RegExp(`^${name}: healthy, leader ${cluster.leader ?? ''}, epoch ${cluster.epoch ?? ''}`));
  });

  it('is as asked already when asked again: the fallback image that runs is no difference', async () => {
    const again = await up(name, '--client-port', 'auto', '--size', '3', '--image', 'zookeeper:3.9');
    expect(again).toMatchObject({ changed: false, plan: [] });
    expect(again.cluster.members.map(({ containerId }) => containerId)).toEqual(cluster.members.map(({ containerId }) => containerId));
    const human = await zkd(['cluster', 'up', name]);
    expect(human).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('as asked already, nothing to do') as string });
    expect(human.stderr).not.toContain('Warning');
  });

  it('refuses another setting, and changes nothing', async () => {
    const failure = await expectFailure(['cluster', 'up', name, '--size', '5'], {
      exitCode: 12,
      code: 'refused',
      says: ['size is 3, asked for 5'],
    });
    expect(failure.details).toMatchObject({ differences: [{ setting: 'size', is: '3', wanted: '5' }] });
    await expectFailure(['cluster', 'run', name], { exitCode: 4, code: 'conflict', says: [`Ensemble "${name}" exists already`] });
    expect(await belongingsOf(name)).toEqual(wholeEnsemble(name, 3));
  });

  it('is listed by ps and ls in every form', async () => {
    const ps = await succeed<{ members: Member[] }>(['cluster', 'ps', name]);
    expect(ps.members.map(({ container, state }) => [container, state])).toEqual([1, 2, 3].map((id) => [`zkd-${name}-${id}`, 'running']));
    expect((await zkd(['cluster', 'ps', name, '--output', 'name'])).stdout).toBe([1, 2, 3].map((id) => `zkd-${name}-${id}`).join('\n'));
    const { clusters } = await succeed<{ clusters: { name: string }[] }>(['cluster', 'ls']);
    expect(clusters.find((entry) => entry.name === name)).toEqual({
      name,
      size: 3,
      running: 3,
      image: 'zkd/zookeeper:3.9',
      connect: cluster.connect,
      state: 'running',
    });
    expect((await zkd(['cluster', 'ls', '--output', 'name'])).stdout.split('\n')).toContain(name);
  });

  it('is reached by a shell that evaluates env', async () => {
    const shell = `eval "$(${process.execPath} bin/run.js cluster env ${name})" || exit 1
      for address in $(echo "$ZKD_CONNECT" | tr , ' '); do
        exec 3<>"/dev/tcp/\${address%:*}/\${address#*:}" && printf srvr >&3 && printf '%s %s\\n' "$(grep -o '^Mode' <&3)" "$address"
      done; echo "$ZKD_CLUSTER"; echo "$HOSTS_ENTRY"; echo "$ZOOKEEPER_INTERNAL_CONNECT"`;
    const { stdout } = await execa('bash', ['-c', shell]);
    expect(stdout.split('\n')).toEqual([
      ...cluster.connect.split(',').map((address) => `Mode ${address}`),
      name,
      `127.0.0.1 ${cluster.members.map(({ container }) => container).join(' ')}`,
      cluster.internalConnect,
    ]);
  });

  it('is closed by default, and hides its credential', async () => {
    const secrets: string[] = [];
    for (const { container, id } of cluster.members) {
      const { text, facts } = await inspect(container);
      expect(facts.Config).toMatchObject({ User: '1000:1000', Hostname: container });
      expect(facts.HostConfig).toMatchObject({
        CapDrop: ['ALL'],
        SecurityOpt: ['no-new-privileges:true'],
        RestartPolicy: { Name: 'unless-stopped' },
        Memory: 512 * 1024 ** 2,
        PidsLimit: 1024,
        Privileged: false,
        LogConfig: { Type: 'json-file', Config: { 'max-file': '3', 'max-size': '10485760' } },
      });
      expect(Object.keys(facts.HostConfig.Tmpfs)).toEqual(['/logs']);
      expect(
        facts.Mounts.filter(({ Type }) => Type === 'volume')
          .map(({ Destination, Name }) => `${Destination} ${Name ?? ''}`)
          .sort(),
      ).toEqual(['conf', 'data', 'datalog'].map((kind) => `/${kind} zkd-${name}-${id}-${kind}`));
      const published = Object.entries(facts.NetworkSettings.Ports).filter(([, bindings]) => bindings);
      const port = portOf(cluster.members[id - 1] as Member);
      expect(published).toEqual([[`${port}/tcp`, [{ HostIp: '127.0.0.1', HostPort: port }]]]);
      expect(Object.keys(facts.NetworkSettings.Networks)).toEqual([`zkd-${name}`]);
      expect(facts.Config.Labels).toMatchObject({
        'zkd.schema': '1',
        'zkd.cluster': name,
        'zkd.member': String(id),
        'zkd.role': 'participant',
      });
      const secret = (await docker('exec', container, 'cat', '/conf/zkd-super')).trim();
      const [, password = ''] = secret.split(':');
      expect(password.length).toBeGreaterThan(20);
      secrets.push(secret);
      const volumes = await docker('volume', 'inspect', ...(await belongingsOf(name)).volumes);
      expect(text.includes(password) || volumes.includes(password) || (await docker('top', container)).includes(password)).toBe(false);
      expect(await docker('exec', container, 'stat', '-c', '%a %u', '/conf/zkd-super')).toBe('600 1000');
      expect(await docker('exec', container, 'sh', '-c', 'cat /proc/1/status | grep -E "CapEff|NoNewPrivs|^Uid"')).toMatch(
        /Uid:\s+1000[^]*CapEff:\s+0{16}[^]*NoNewPrivs:\s+1/,
      );
      const zooCfg = await docker('exec', container, 'cat', '/conf/zoo.cfg');
      expect(zooCfg).toMatch(/^reconfigEnabled=true$/m);
      expect(zooCfg).toMatch(/^standaloneEnabled=false$/m);
      expect(zooCfg).not.toContain('skipACL');
      expect(zooCfg).not.toContain(password);
      expect(await docker('exec', container, 'sh', '-c', 'cat /conf/zoo.cfg.dynamic.*')).not.toContain('0.0.0.0');
    }
    expect(new Set(secrets).size).toBe(1);
  });

  it('keeps what was written through down and up', async () => {
    const [first, second] = cluster.members as [Member, Member];
    await zkCli(first, 'create', '/kept', 'written-before-down');
    const human = await zkd(['cluster', 'down', name]);
    expect(human).toMatchObject({ exitCode: 0, stdout: `${name}: down` });
    expect(await belongingsOf(name)).toEqual({ ...wholeEnsemble(name, 3), containers: [], networks: [] });
    const { clusters } = await succeed<{ clusters: { name: string; state: string }[] }>(['cluster', 'ls']);
    expect(clusters.find((entry) => entry.name === name)).toMatchObject({ state: 'stopped' });
    await expectFailure(['cluster', 'run', name], { exitCode: 4, code: 'conflict', says: ['data volumes were kept'] });

    const risen = await up(name);
    expect(risen).toMatchObject({ changed: true, cluster: { connect: cluster.connect } });
    expect(await zkCli(second, 'get', '/kept')).toContain('written-before-down');
    expect(await belongingsOf(name)).toEqual(wholeEnsemble(name, 3));
    expect(await status(name)).toMatchObject({ healthy: true });
  });

  it('takes one member away only by force, and has it back with up', async () => {
    await expectFailure(['cluster', 'rm', name, '--member', '2'], { exitCode: 12, code: 'refused', says: ['Member 2'] });
    const removed = await succeed<RemovalDocument>(['cluster', 'rm', name, '--member', '2', '--force']);
    expect(removed).toMatchObject({ changed: true, members: [{ id: 2, action: 'removed', error: null }], volumes: [] });
    const seen = await status(name);
    expect(seen.causes).toEqual([{ member: 2, cause: 'its container is gone' }]);
    expect(seen.cluster.members[1]).toMatchObject({ state: 'gone', containerId: null, error: 'its container is gone' });
    const repaired = await up(name);
    expect(repaired.plan.filter((step) => step.startsWith('create'))).toEqual([expect.stringContaining('create member 2')]);
    expect(await status(name)).toMatchObject({ healthy: true });
  });

  it('leaves nothing behind after down --volumes, and down of nothing changes nothing', async () => {
    const gone = await succeed<RemovalDocument>(['cluster', 'down', name, '--volumes']);
    expect(gone).toMatchObject({ cluster: name, changed: true });
    expect(gone.volumes).toEqual(wholeEnsemble(name, 3).volumes);
    await expectNothingLeft(name);
    expect(await succeed<RemovalDocument>(['cluster', 'down', name])).toMatchObject({ changed: false, members: [], volumes: [] });
    expect(await zkd(['cluster', 'down', name])).toMatchObject({
      exitCode: 0,
      stdout: '',
      stderr: expect.stringContaining('not there') as string,
    });
    await expectFailure(['cluster', 'status', name], { exitCode: 3, code: 'not-found', says: [`Ensemble "${name}" does not exist`] });
  });
});
