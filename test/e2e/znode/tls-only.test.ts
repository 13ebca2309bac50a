/** A real server that speaks TLS and nothing else, with netty and a certificate of its own: what zkd cannot do yet it says. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { retryUntil } from '../../../src/runtime/retry-until.js';
import { parseConnectString } from '../../../src/zookeeper/index.js';
import { makeCertificates } from '../../support/certificates.js';
import { docker, expectFailure, useEnsembles } from '../../support/story.js';

const SETTINGS = `dataDir=/data
secureClientPort=2281
serverCnxnFactory=org.apache.zookeeper.server.NettyServerCnxnFactory
ssl.keyStore.location=/conf/server.pem
ssl.keyStore.type=PEM
ssl.clientAuth=none
admin.enableServer=false
`;

const ensembles = useEnsembles();
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'zkd-tls-'));
  makeCertificates(folder, ['127.0.0.1']);
  const parts = await Promise.all(['key.pem', 'cert.pem'].map((file) => readFile(join(folder, file))));
  await writeFile(join(folder, 'server.pem'), Buffer.concat(parts));
  await writeFile(join(folder, 'zoo.cfg'), SETTINGS);
});
afterAll(() => rm(folder, { recursive: true }));

/** What a server says of itself over TLS; undefined as long as none answers. */
async function askOverTls(server: { readonly host: string; readonly port: number }): Promise<string | undefined> {
  const socket = connectTls({ ...server, rejectUnauthorized: false });
  let answer = '';
  socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
  socket.on('error', () => undefined);
  socket.write('srvr');
  await new Promise((resolve) => socket.once('close', resolve));
  return answer === '' ? undefined : answer;
}

it.each(['3.8', '3.9'])('a server %s that speaks TLS only is named as one, within the time', async (release) => {
  const id = await docker('create', '--label', 'zkd.test=tls-only', '--publish', '127.0.0.1::2281', `zkd/zookeeper:${release}`);
  ensembles.later(() => docker('rm', '--force', '--volumes', id));
  for (const file of ['zoo.cfg', 'server.pem']) await docker('cp', join(folder, file), `${id}:/conf/${file}`);
  await docker('start', id);
  const address = await docker('port', id, '2281');
  const [server = { host: '', port: 0 }] = parseConnectString(address).servers;
  const answer = await retryUntil(() => askOverTls(server), { timeoutMs: 60_000, intervalMs: 200 });
  expect(answer).toContain(`Zookeeper version: ${release}.`);

  const startedAt = performance.now();
  const says = [`${address} wants TLS`];
  const failure = { exitCode: 6, code: 'zookeeper-unavailable', says };
  const { suggestions } = await expectFailure(['znode', 'get', '/', '--connect', address, '--timeout', '3s'], failure);
  expect(suggestions.join()).toContain('plain client port');
  // Twice, and node starts slowly on a busy machine.
  expect(performance.now() - startedAt).toBeLessThan(2 * 3000 + 10_000);
});
