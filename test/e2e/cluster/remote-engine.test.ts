/** An engine over tcp, with TLS, and by a context of the docker CLI: up, status, env, down; what is said where it cannot be reached. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { makeCertificates } from '../../support/certificates.js';
import { openDoor, toEngine, type Door } from '../../support/engine-proxy.js';
import { docker, expectFailure, expectNothingLeft, IMAGE, succeed, useEnsembles } from '../../support/story.js';
import type { StatusDocument, UpDocument } from '../../support/story.js';

const ensembles = useEnsembles();
const folder = mkdtempSync(join(tmpdir(), 'zkd-remote.'));
const doors: Door[] = [];
/** An address of this machine that is not its loopback; behind it stands what an engine elsewhere would be. */
let bridge: string;

const door = async (...args: Parameters<typeof openDoor>): Promise<Door> => {
  const opened = await openDoor(...args);
  doors.push(opened);
  return opened;
};

beforeAll(async () => {
  bridge = await docker('network', 'inspect', 'bridge', '--format', '{{(index .IPAM.Config 0).Gateway}}');
});
afterEach(() => {
  for (const opened of doors.splice(0)) opened.close();
});
afterAll(() => rmSync(folder, { recursive: true }));

/** up, status, env and down of one member; everything at `host`. */
async function wholeStory(env: Readonly<Record<string, string>>, host: string, ...flags: string[]): Promise<void> {
  const name = ensembles.name();
  const args = ['cluster', 'up', name, '--size', '1', '--image', IMAGE, '--client-port', 'auto', ...flags];
  const { cluster } = await succeed<UpDocument>(args, { env });
  expect(cluster?.connect).toMatch(new RegExp(`^${host.replaceAll('.', '\\.')}:\\d+$`));
  expect((await succeed<StatusDocument>(['cluster', 'status', name], { env })).healthy).toBe(true);
  const environment = await succeed<Record<string, string>>(['cluster', 'env', name], { env });
  expect(environment).toMatchObject({ ZKD_CONNECT: cluster?.connect, HOSTS_ENTRY: `${host} zkd-${name}-1` });
  await succeed(['cluster', 'down', name, '--volumes'], { env });
  await expectNothingLeft(name);
}

describe('an engine over tcp', () => {
  it('on this machine is as local', async () => {
    const { port } = await door((socket) => toEngine(socket));
    await wholeStory({ DOCKER_HOST: `tcp://127.0.0.1:${port}` }, '127.0.0.1');
  });

  it('elsewhere publishes where it is told, and is reached at its host', async () => {
    const certs = join(folder, 'elsewhere');
    const { port } = await door((socket) => toEngine(socket), makeCertificates(certs, [bridge]), bridge);
    const env = { DOCKER_HOST: `tcp://${bridge}:${port}`, DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: certs };
    await wholeStory(env, bridge, '--bind', bridge);
    const name = ensembles.name();
    for (const [flags, says] of [
      [[], `The engine is on ${bridge}: say on which of its addresses to publish`],
      [['--bind', '127.0.0.1'], `The engine is on ${bridge}`],
    ] as const) {
      const failure = await expectFailure(['cluster', 'up', name, ...flags], { exitCode: 2, code: 'usage', says: [says] }, { env });
      expect(failure.suggestions).toEqual(['--bind ADDRESS']);
    }
    await expectNothingLeft(name);
  });

  it('is exit 5 where nobody is trusted, with the variable that named it', async () => {
    const certs = join(folder, 'of-others');
    const { port } = await door((socket) => toEngine(socket), makeCertificates(join(folder, 'own'), ['127.0.0.1']));
    makeCertificates(certs, ['127.0.0.1']);
    const env = { ZKD_DOCKER_HOST: `tcp://127.0.0.1:${port}`, DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: certs };
    const says = ['its certificate is not trusted', '(ZKD_DOCKER_HOST)'];
    await expectFailure(['cluster', 'ls'], { exitCode: 5, code: 'engine-unavailable', says }, { env });
  });
});

describe('a context of the docker CLI', () => {
  const config = join(folder, 'docker-config');
  const create = (name: string, host: string): Promise<unknown> =>
    execa('docker', ['context', 'create', name, '--docker', host], { env: { DOCKER_CONFIG: config } });

  it('with TLS is used by flag, by variable and as the current one', async () => {
    const certs = join(folder, 'context');
    const { port } = await door((socket) => toEngine(socket), makeCertificates(certs, ['127.0.0.1']));
    const files = ['ca', 'cert', 'key'].map((file) => `${file}=${join(certs, `${file}.pem`)}`).join(',');
    await create('secure', `host=tcp://127.0.0.1:${port},${files}`);
    await create('dead', 'host=tcp://127.0.0.1:1');
    const env = { DOCKER_CONFIG: config };
    await wholeStory({ ...env, DOCKER_CONTEXT: 'secure' }, '127.0.0.1');
    await succeed(['cluster', 'ls', '--context', 'secure'], { env: { ...env, DOCKER_CONTEXT: 'dead' } });
    await execa('docker', ['context', 'use', 'secure'], { env });
    await succeed(['cluster', 'ls'], { env });
    const wanted = { exitCode: 5, code: 'engine-unavailable' };
    const says = (source: string): string[] => ['tcp://127.0.0.1:1', `(${source})`];
    await expectFailure(['cluster', 'ls', '--context', 'dead'], { ...wanted, says: says('context "dead"') }, { env });
    const named = { ...env, ZKD_CONTEXT: 'dead' };
    await expectFailure(['cluster', 'ls'], { ...wanted, says: says('context "dead" (ZKD_CONTEXT)') }, { env: named });
    const unknown = { exitCode: 2, code: 'usage', says: ['no docker context "typo"; known here: default, dead, secure'] };
    await expectFailure(['cluster', 'ls', '--context', 'typo'], unknown, { env });
  });
});
