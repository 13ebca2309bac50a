/** An engine over ssh: the real ssh, an sshd of the test's own, the docker CLI behind it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { docker, expectFailure, expectJsonFailure, expectNothingLeft, IMAGE, succeed, useEnsembles } from '../../support/story.js';
import type { StatusDocument, UpDocument } from '../../support/story.js';
import { startSshd, type Sshd } from '../../support/sshd.js';
import { zkd } from '../../support/zkd.js';

const ensembles = useEnsembles();
const folders: string[] = [];
let local: Sshd;
let far: Sshd;

beforeAll(async () => {
  // An address of this machine that is not its loopback; behind it stands what an engine elsewhere would be.
  const bridge = await docker('network', 'inspect', 'bridge', '--format', '{{(index .IPAM.Config 0).Gateway}}');
  [local, far] = await Promise.all([start('127.0.0.1'), start(bridge)]);
});
afterAll(async () => {
  await Promise.all([local.close(), far.close()]);
  for (const folder of folders) rmSync(folder, { recursive: true });
});

function start(address: string): Promise<Sshd> {
  const folder = mkdtempSync(join(tmpdir(), 'zkd-sshd.'));
  folders.push(folder);
  return startSshd(folder, address);
}

const upOf = (name: string, ...flags: string[]): string[] => ['cluster', 'up', name, '--image', IMAGE, '--client-port', 'auto', ...flags];

describe('an engine over ssh', () => {
  it('on this machine is as local', async () => {
    const name = ensembles.name();
    const env = { PATH: local.path(), DOCKER_HOST: `ssh://127.0.0.1:${local.port}` };
    const { cluster } = await succeed<UpDocument>(upOf(name, '--size', '5', '--heap', '64m'), { env });
    expect(cluster?.connect).toMatch(/^127\.0\.0\.1:/);
    expect((await succeed<StatusDocument>(['cluster', 'status', name], { env })).healthy).toBe(true);
    await succeed(['cluster', 'down', name, '--volumes'], { env });
    await expectNothingLeft(name);
  });

  it('is reached at the host that its alias stands for, and wants to be told where to publish', async () => {
    const name = ensembles.name();
    const config = `Host build-box\n  HostName ${far.address}\n  Port ${far.port}\n`;
    const env = { PATH: far.path({ config }), DOCKER_HOST: 'ssh://build-box' };
    const says = [`The engine is on ${far.address}`];
    await expectFailure(upOf(name), { exitCode: 2, code: 'usage', says }, { env });
    await expectNothingLeft(name);
    const { cluster } = await succeed<UpDocument>(upOf(name, '--size', '1', '--bind', far.address), { env });
    expect(cluster?.connect).toMatch(new RegExp(`^${far.address.replaceAll('.', '\\.')}:\\d+$`));
    await succeed(['cluster', 'down', name, '--volumes'], { env });
  });

  it('is used by a context of the docker CLI', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'zkd-context.'));
    folders.push(folder);
    const env = { PATH: local.path(), DOCKER_CONFIG: folder };
    await execa('docker', ['context', 'create', 'box', '--docker', `host=ssh://127.0.0.1:${local.port}`], { env });
    await succeed(['cluster', 'ls', '--context', 'box'], { env });
  });
});

describe('an engine over ssh that cannot be reached: exit 5, in good time', () => {
  const wanted = { exitCode: 5, code: 'engine-unavailable' };
  const ls = (says: string, env: Readonly<Record<string, string>>) =>
    expectFailure(['cluster', 'ls'], { ...wanted, says: [says, '(DOCKER_HOST)'] }, { env });

  it('because its host key is not known', async () => {
    const env = { PATH: local.path({ known: false }), DOCKER_HOST: `ssh://127.0.0.1:${local.port}` };
    const { suggestions } = await ls('its host key is not known here', env);
    expect(suggestions[0]).toBe(`ssh -p ${local.port} 127.0.0.1 docker version`);
  });

  it('because its host key is another one than it was', async () => {
    const config = `Host ${far.address}\n  HostKeyAlias [127.0.0.1]:${local.port}\n`;
    // What is known of the local one is asked of the other.
    const env = { PATH: local.path({ config }), DOCKER_HOST: `ssh://${far.address}:${far.port}` };
    await ls('its host key is not the one that is known here', env);
  });

  it('because it does not know our key', async () => {
    const env = { PATH: local.path({ key: false }), DOCKER_HOST: `ssh://127.0.0.1:${local.port}` };
    await ls('Permission denied (publickey)', env);
  });

  it('because nobody listens, or no such host exists', async () => {
    await ls('Connection refused', { PATH: local.path(), DOCKER_HOST: 'ssh://127.0.0.1:1' });
    await ls('Could not resolve hostname', { PATH: local.path(), DOCKER_HOST: 'ssh://engine.invalid' });
  });

  it('because its engine is not where it is said to be', async () => {
    const env = { PATH: local.path(), DOCKER_HOST: `ssh://127.0.0.1:${local.port}/no/such.sock` };
    await ls('/no/such.sock', env);
  });

  it('because what listens says nothing', async () => {
    const mute = createServer();
    const port = await new Promise<number>((resolve) =>
      mute.listen(0, '127.0.0.1', () => resolve((mute.address() as { port: number }).port)),
    );
    try {
      const env = { PATH: local.path(), DOCKER_HOST: `ssh://127.0.0.1:${port}` };
      // Once only: it takes as long as ssh is patient.
      expectJsonFailure(await zkd(['cluster', 'ls', '--json'], { env }), { ...wanted, says: ['Connection timed out'] });
    } finally {
      mute.close();
    }
  });

  it('because there is no ssh here', async () => {
    await ls('there is no ssh command here', { PATH: '/nowhere', DOCKER_HOST: `ssh://127.0.0.1:${local.port}` });
  });
});
