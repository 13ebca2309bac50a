/** What `up` wants is somebody else's: ports, volumes, names. It says whose, exits 4 and has created nothing. */
import { createServer, type AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { listenElsewhere } from '../../support/listener.js';
import { docker, expectFailure, expectNothingLeft, IMAGE, look, succeed, up, useEnsembles } from '../../support/story.js';
import { zkd } from '../../support/zkd.js';

const ensembles = useEnsembles();

/** The first of some consecutive ports that are free now, below the range systems hand out. */
async function freePorts(count: number): Promise<number> {
  for (let first = 18_000; first < 19_900; first += 20) {
    const servers = Array.from({ length: count }, () => createServer());
    const opened = await Promise.all(
      servers.map(
        (server, index) =>
          new Promise<boolean>((resolve) => {
            server.once('error', () => resolve(false));
            server.listen({ port: first + index, host: '127.0.0.1', exclusive: true }, () => resolve(true));
          }),
      ),
    );
    const ports = servers.map((server) => (server.address() as AddressInfo | null)?.port);
    await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
    if (opened.every(Boolean)) return ports[0] ?? first;
  }
  throw new Error('no free ports');
}

/** A running container that is nobody's, on a network of the test's own. */
async function foreignContainer(container: string, ...options: string[]): Promise<void> {
  ensembles.later(() => docker('rm', '--force', '--volumes', container));
  await docker('run', '--detach', '--name', container, ...options, '--entrypoint', 'sleep', IMAGE, '600');
}

describe('a port that is taken', () => {
  it('by a container: exit 4 names it, nothing is created', async () => {
    const name = ensembles.name();
    const port = await freePorts(3);
    await docker('network', 'create', `${name}-outer`);
    ensembles.later(() => docker('network', 'rm', `${name}-outer`));
    await foreignContainer(`${name}-holder`, '--network', `${name}-outer`, '--publish', `127.0.0.1:${port + 1}:80`);
    const failure = await expectFailure(['cluster', 'up', name, '--client-port', String(port), '--image', IMAGE], {
      exitCode: 4,
      code: 'conflict',
      says: [`Port 127.0.0.1:${port + 1} is taken by container "${name}-holder"`],
    });
    expect(failure.details).toMatchObject({ reason: 'port-taken', port: port + 1 });
    await expectNothingLeft(name);
  });

  it('by another process: exit 4 names it, nothing is created', async () => {
    const name = ensembles.name();
    const port = await freePorts(3);
    const holder = await listenElsewhere(port + 2);
    try {
      await expectFailure(['cluster', 'up', name, '--client-port', String(port), '--image', IMAGE], {
        exitCode: 4,
        code: 'conflict',
        says: [`Port 127.0.0.1:${port + 2} is taken by process ${holder.pid} (${holder.command})`],
      });
      await expectNothingLeft(name);
    } finally {
      await holder.end();
    }
  });

  it('between down and up: exit 4 names it, and the data stays', async () => {
    const name = ensembles.name();
    const { cluster } = await up(name, '--size', '1', '--client-port', 'auto', '--image', IMAGE);
    await succeed(['cluster', 'down', name]);
    const port = Number(cluster.connect.split(':')[1]);
    const holder = await listenElsewhere(port);
    try {
      await expectFailure(['cluster', 'up', name], {
        exitCode: 4,
        code: 'conflict',
        says: [`Port 127.0.0.1:${port} is taken by process ${holder.pid} (${holder.command})`],
      });
    } finally {
      await holder.end();
    }
    expect((await docker('ps', '--all', '--quiet', '--filter', `label=zkd.cluster=${name}`)).trim()).toBe('');
    expect((await docker('volume', 'ls', '--quiet', '--filter', `label=zkd.cluster=${name}`)).split('\n')).toHaveLength(3);
    await up(name);
    expect(await look(name)).toMatchObject({ healthy: true });
  });

  it('is passed over where nobody asked for a port, and said', async () => {
    const name = ensembles.name();
    // 2181 may be taken by somebody else already: then that is what is passed over.
    const holder = await listenElsewhere(2181).catch(() => undefined);
    try {
      const { exitCode, stderr, stdout } = await zkd(['cluster', 'up', name, '--size', '1', '--image', IMAGE, '--timeout', '120s']);
      expect(exitCode, stderr).toBe(0);
      expect(stderr).toMatch(/Warning: port 2181 is not free; using \d+ and on/);
      expect(stdout).not.toContain(':2181');
    } finally {
      await holder?.end();
    }
  });
});

describe('a name that is taken', () => {
  it('a volume that is not ours: exit 4, nothing is created, the volume is left alone', async () => {
    const name = ensembles.name();
    const volume = `zkd-${name}-2-data`;
    await docker('volume', 'create', volume);
    ensembles.later(() => docker('volume', 'rm', volume));
    const says = [`Volume "${volume}" exists and does not belong to ensemble "${name}"`];
    const args = ['cluster', 'up', name, '--client-port', 'auto', '--image', IMAGE];
    const failure = await expectFailure(args, { exitCode: 4, code: 'conflict', says });
    expect(failure.details).toMatchObject({ volumes: [volume] });
    await expectNothingLeft(name);
    await succeed(['cluster', 'down', name, '--volumes']);
    expect(await docker('volume', 'ls', '--quiet', '--filter', `name=^${volume}$`)).toBe(volume);
  });

  it("another ensemble's volume is never adopted", async () => {
    const name = ensembles.name();
    await up(name, '--size', '1', '--client-port', 'auto', '--image', IMAGE);
    const volume = `zkd-${name}-2-data`;
    await docker('volume', 'create', '--label', `zkd.cluster=${name}`, '--label', 'zkd.ensemble=0123456789abcdef', volume);
    await succeed(['cluster', 'down', name, '--volumes']);
    expect(await docker('volume', 'ls', '--quiet', '--filter', `name=^${volume}$`)).toBe(volume);
    const args = ['cluster', 'up', name, '--size', '3', '--client-port', 'auto', '--image', IMAGE];
    await expectFailure(args, { exitCode: 4, code: 'conflict', says: [volume] });
    expect((await docker('ps', '--all', '--quiet', '--filter', `label=zkd.cluster=${name}`)).trim()).toBe('');
  });

  it('a container that is not ours: exit 4, what was made is removed, the container is left alone', async () => {
    const name = ensembles.name();
    await foreignContainer(`zkd-${name}-2`, '--network', 'none');
    const args = ['cluster', 'up', name, '--client-port', 'auto', '--image', IMAGE];
    await expectFailure(args, { exitCode: 4, code: 'conflict', says: [`Container name "zkd-${name}-2" is taken`] });
    await expectNothingLeft(name);
    expect(await docker('inspect', '--format', '{{.State.Status}}', `zkd-${name}-2`)).toBe('running');
  });

  it('a network that is not ours: exit 4, nothing is created, the network is left alone', async () => {
    const name = ensembles.name();
    await docker('network', 'create', `zkd-${name}`);
    ensembles.later(() => docker('network', 'rm', `zkd-${name}`));
    const args = ['cluster', 'up', name, '--client-port', 'auto', '--image', IMAGE];
    await expectFailure(args, { exitCode: 4, code: 'conflict', says: [`Network "zkd-${name}" exists`] });
    await expectNothingLeft(name);
    expect(await docker('network', 'ls', '--filter', `name=^zkd-${name}$`, '--format', '{{.Name}}')).toBe(`zkd-${name}`);
  });

  it('a subnet that is in use: exit 4, what was made is removed', async () => {
    const name = ensembles.name();
    await docker('network', 'create', '--subnet', '10.213.78.0/24', `${name}-outer`);
    ensembles.later(() => docker('network', 'rm', `${name}-outer`));
    const args = ['cluster', 'up', name, '--client-port', 'auto', '--image', IMAGE, '--subnet', '10.213.78.0/25'];
    await expectFailure(args, { exitCode: 4, code: 'conflict', says: [/overlap|subnet/i] });
    await expectNothingLeft(name);
  });
});

describe('a foreign container on the network', () => {
  it('keeps down from going on (12, listed) until --force disconnects it', async () => {
    const name = ensembles.name();
    await up(name, '--size', '1', '--client-port', 'auto', '--image', IMAGE);
    await foreignContainer(`${name}-guest`, '--network', `zkd-${name}`);
    const failure = await expectFailure(['cluster', 'down', name], { exitCode: 12, code: 'refused', says: [`${name}-guest`] });
    expect(failure.details).toMatchObject({ containers: [`${name}-guest`], override: '--force' });
    expect(await look(name)).toMatchObject({ healthy: true });
    await succeed(['cluster', 'down', name, '--force', '--volumes']);
    await expectNothingLeft(name);
    expect(await docker('inspect', '--format', '{{.State.Status}} {{len .NetworkSettings.Networks}}', `${name}-guest`)).toBe('running 0');
  });
});
