/** The life of a balancer on a real engine: made, asked again, restarted, killed in the middle, in the way of others, taken away. */
import { execa } from 'execa';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { BalancerSummary } from '../../../src/balancer/index.js';
import { retryUntil } from '../../../src/runtime/retry-until.js';
import { at, freePort, useBalancedServices, type Served, type UpDocument } from '../../support/balanced-services.js';
import { startLoad } from '../../support/keep-alive-load.js';
import { docker, expectFailure, succeed } from '../../support/story.js';
import { endOf, startZkd, zkd } from '../../support/zkd.js';

const here = useBalancedServices();
const ask = async (port: number): Promise<string> => (await (await fetch(`http://127.0.0.1:${port}/`)).text()).trim();
const list = async (name: string): Promise<BalancerSummary | undefined> =>
  (await succeed<{ balancers: readonly BalancerSummary[] }>(['lb', 'ls'], here.only)).balancers.find((one) => one.name === name);
const inspect = async (name: string, what: string): Promise<unknown> =>
  JSON.parse(await docker('inspect', '--format', `{{json ${what}}}`, name));

describe('a balancer', () => {
  it('serves, closed to all but whom it is published for; again changes nothing; and goes', async () => {
    const [name, port] = [here.balancerName(), await freePort()];
    const servers = await here.serve('life', 2);
    expect(await here.up('life', name, '--publish', String(port))).toMatchObject({
      changed: true,
      balancer: { name, publish: `127.0.0.1:${port}`, up: 2, total: 2, registry: here.cluster.name, network: `zkd-${here.cluster.name}` },
    });
    expect([await ask(port), await ask(port)].sort()).toEqual(servers.map((server) => server.name).sort());
    expect(await docker('port', name)).toBe(`8080/tcp -> 127.0.0.1:${port}`);
    expect(await inspect(name, '.HostConfig')).toMatchObject({
      CapDrop: ['ALL'],
      SecurityOpt: [expect.stringMatching(/^no-new-privileges/)],
      RestartPolicy: { Name: 'unless-stopped' },
      PidsLimit: 4096,
      LogConfig: { Type: 'json-file', Config: { 'max-size': '10485760', 'max-file': '3' } },
    });
    expect(await inspect(name, '.Config.User')).toBe('99:99');
    const { worker } = await here.haproxy(name);
    expect(await here.up('life', name)).toMatchObject({ changed: false, plan: [] });
    expect((await here.haproxy(name)).worker).toBe(worker);

    await docker('stop', '--time', '1', name);
    expect(await list(name)).toMatchObject({ state: 'exited', up: null, problem: 'the container is exited' });
    expect(await here.up('life', name)).toMatchObject({ changed: true, plan: [`start container ${name}`], balancer: { up: 2 } });
    await expectFailure(['lb', 'rm', name], { exitCode: 12, code: 'refused', says: ['still runs'] }, here.only);
    await succeed(['lb', 'rm', name, '--force'], here.only);
    expect(await list(name)).toBeUndefined();
    await expectFailure(['lb', 'rm', name], { exitCode: 3, code: 'not-found', says: [] }, here.only);
  });

  it('comes up after a restart with the last known servers, while no zkd is at work', async () => {
    const [name, port] = [here.balancerName(), await freePort()];
    const servers = await here.serve('restart', 1);
    await here.up('restart', name, '--publish', String(port));
    servers.push(...(await here.serve('restart', 1)));
    await succeed(['lb', 'sync', name], here.only);
    await docker('restart', '--time', '1', name);
    await here.awaitServers(name, servers);
    expect([await ask(port), await ask(port)].sort()).toEqual(servers.map((server) => server.name).sort());
    // A worker that dies takes its master along, which the engine starts again: with the same servers.
    const { worker } = await here.haproxy(name);
    await docker('exec', name, 'sh', '-c', `kill -9 ${worker}`);
    await here.awaitServers(name, servers);
    await docker('kill', '--signal', 'USR2', name);
    await here.awaitServers(name, servers);
  });

  it('is replaced for another address, and stays where that one is taken', async () => {
    const [name, port, other] = [here.balancerName(), await freePort(), await freePort()];
    const server = at(await here.serve('moved', 1), 0);
    await here.up('moved', name, '--publish', String(port), '--mode', 'tcp');
    expect(await here.up('moved', name, '--publish', String(other))).toMatchObject({
      plan: [`replace container ${name} (publish)`],
      balancer: { publish: `127.0.0.1:${other}`, mode: 'tcp', up: 1 },
    });
    expect(await ask(other)).toBe(server.name);
    await expect(ask(port)).rejects.toThrow();
    const second = here.balancerName();
    await expectFailure(
      ['lb', 'up', 'moved', '--name', second, '--publish', String(other), '--image', 'zkd/haproxy:2.6'],
      { exitCode: 4, code: 'conflict', says: [`127.0.0.1:${other} is taken`] },
      here.only,
    );
    expect(await list(second)).toBeUndefined();
    await expectFailure(
      ['lb', 'up', 'moved', '--name', server.name],
      { exitCode: 4, code: 'conflict', says: ['is no balancer of zkd'] },
      here.only,
    );
    expect(await ask(other)).toBe(server.name);
  });

  it('is finished by the next zkd wherever one was killed, and leaves nothing where one was interrupted', async () => {
    const server = at(await here.serve('killed', 1), 0);
    const port = await freePort();
    const name = here.balancerName();
    const args = ['lb', 'up', 'killed', '--name', name, '--publish', String(port), '--image', 'zkd/haproxy:2.6'];
    for (const event of ['create', 'start', 'exec_start']) {
      await killAt(name, event, args, 'SIGKILL');
      expect(await succeed<UpDocument>(args, here.only)).toMatchObject({ balancer: { up: 1, total: 1 } });
      expect(await ask(port)).toBe(server.name);
      // Also where it is the replacement that is cut short.
      await killAt(`${name}-new`, event, [...args, '--publish', String(await freePort())], 'SIGKILL');
      await succeed<UpDocument>(args, here.only);
      expect(await ask(port)).toBe(server.name);
      expect((await docker('ps', '--all', '--format', '{{.Names}}')).split('\n')).not.toContain(`${name}-new`);
      await succeed(['lb', 'rm', name, '--force'], here.only);
    }
    expect(await killAt(name, 'create', args, 'SIGINT')).toBe(130);
    expect(await list(name)).toBeUndefined();
  });

  it('is made for a service without an instance, and for one with an odd name', async () => {
    const port = await freePort();
    const service = 'ödd name/with: %everything "quoted"';
    const { balancer } = await succeed<UpDocument>(
      ['lb', 'up', service, '--publish', String(port), '--image', 'zkd/haproxy:2.6'],
      here.only,
    );
    here.ensembles.later(() => docker('rm', '--force', '--volumes', balancer.name));
    expect(balancer).toMatchObject({ service, up: 0, total: 0 });
    expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(503);
    const server = await here.start('odd');
    await zkd(['containers', 'register', server.name, '--service', service, '--port', '80', '--persistent'], here.only);
    await succeed(['lb', 'sync', service], here.only);
    expect(await ask(port)).toBe(server.name);
  });

  /** Runs zkd and sends it a signal as soon as the engine tells this of the container; answers its exit code. */
  async function killAt(name: string, action: string, args: readonly string[], signal: NodeJS.Signals): Promise<number> {
    const events = execa('docker', ['events', '--filter', `container=${name}`, '--format', '{{.Action}}'], { reject: false });
    events.stdout.on('data', (chunk: Buffer) => {
      if (chunk.toString().includes(action)) child.kill(signal);
    });
    // It has to listen before anything happens.
    await sleep(300);
    const child = startZkd([...args, '--json'], here.only);
    const { exitCode } = endOf(await child);
    events.kill();
    await events;
    return exitCode;
  }
});

describe('servers that come and go under load', () => {
  it('are bridged by the checks where one is killed, and nobody notices when its record goes', async () => {
    const [name, port] = [here.balancerName(), await freePort()];
    const servers = await here.serve('bridge', 3);
    await here.up('bridge', name, '--publish', String(port));
    const load = startLoad(port);
    await sleep(1000);
    await docker('kill', at(servers, 0).name);
    const isSeen = async (): Promise<true | undefined> => ((await list(name))?.up === 2 ? true : undefined);
    expect(await retryUntil(isSeen, { timeoutMs: 20_000, intervalMs: 100 })).toBe(true);
    const { failures: bridged, answered } = await load.stop();
    // What a killed server had taken and not answered: no balancer can repeat a POST then.
    expect(bridged.filter((failure) => failure.startsWith('GET'))).toEqual([]);
    expect(bridged.length).toBeLessThanOrEqual(3);
    const after = startLoad(port);
    await here.forget('bridge', at(servers, 0));
    await succeed(['lb', 'sync', name], here.only);
    await sleep(1500);
    const { failures } = await after.stop();
    expect(failures).toEqual([]);
    expect(answered).toBeGreaterThan(500);
  });

  it('from one to five to two, stopped in order, and no request fails', async () => {
    const [name, port] = [here.balancerName(), await freePort()];
    const servers = await here.serve('scale', 1);
    await here.up('scale', name, '--publish', String(port));
    const watch = await here.watch(name);
    const load = startLoad(port);
    servers.push(...(await here.serve('scale', 4)));
    await here.awaitServers(name, servers);
    await sleep(500);
    const stop = async (server: Served): Promise<void> => {
      // As an agent does that hears of the stop signal.
      const gone = docker('stop', server.name);
      await here.forget('scale', server);
      await gone;
    };
    await Promise.all(servers.slice(0, 3).map(stop));
    await sleep(1000);
    const { failures, answers } = await load.stop();
    expect(failures).toEqual([]);
    expect(answers.size).toBe(5 + 1);
    expect(await watch.stop()).toBe(130);
  });
});
