import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ZkdError } from '../../../src/errors.js';
import { openEngine } from '../../../src/engine/index.js';
import type { Engine, EngineErrorReason } from '../../../src/engine/index.js';
import { makeCertificates } from '../../support/certificates.js';
import { openDoor, toEngine } from '../../support/engine-proxy.js';
import type { Door } from '../../support/engine-proxy.js';
import { startSshd } from '../../support/sshd.js';

const RUN = `c${process.pid}`;
const IMAGE = 'zkd/zookeeper:3.9';
const folder = mkdtempSync(join(tmpdir(), 'zkd-engine-'));
const doors: Door[] = [];
const environment = { ...process.env };

async function door(...args: Parameters<typeof openDoor>): Promise<Door> {
  const opened = await openDoor(...args);
  doors.push(opened);
  return opened;
}

async function refusal(engine: Engine, attempt: Promise<unknown>, reason: EngineErrorReason): Promise<ZkdError> {
  const error = (await attempt.then(
    () => expect.fail('should be refused'),
    (thrown: unknown) => thrown,
  )) as ZkdError;
  expect(error.details['reason'], String(error)).toBe(reason);
  await engine.close();
  return error;
}

/** What keeps the process alive; the test runner's own is there before. */
const handles = (): string =>
  process
    .getActiveResourcesInfo()
    .filter((kind) => /Socket|Pipe|TLS|Process|TCP/.test(kind))
    .sort()
    .join(' ');

/** The handles once what earlier tests closed is gone. */
async function settledHandles(): Promise<string> {
  for (;;) {
    const before = handles();
    await delay(100);
    if (handles() === before) return before;
  }
}

/** What only works where requests, streams and taken-over connections all do. */
async function worksThrough(engine: Engine): Promise<void> {
  const name = `zkd-${RUN}-${Math.random().toString(36).slice(2)}`;
  const id = await engine.createContainer({
    name,
    image: IMAGE,
    network: 'none',
    labels: { 'zkd.test': RUN },
    command: ['sh', '-c', 'echo up; sleep 60'],
  });
  try {
    await engine.startContainer(id);
    const big = 'x'.repeat(300_000);
    const { stdout, exitCode } = await engine.exec(id, { command: ['cat'], stdin: big });
    expect([exitCode, stdout.toString() === big]).toEqual([0, true]);
    await engine.writeFiles(id, [{ path: '/tmp/big', content: big, mode: 0o600, uid: 0, gid: 0 }]);
    expect((await engine.readFile(id, '/tmp/big'))?.length).toBe(big.length);
    for await (const { line } of engine.logs(id, { follow: true })) {
      expect(line).toBe('up');
      break;
    }
    const stop = new AbortController();
    const seen: string[] = [];
    const watching = (async () => {
      for await (const { action } of engine.events({ labels: { 'zkd.test': RUN }, signal: stop.signal })) seen.push(action);
    })();
    await delay(300);
    await engine.pauseContainer(id);
    await expect.poll(() => seen).toContain('pause');
    stop.abort();
    await watching;
    expect((await Promise.all(Array.from({ length: 20 }, () => engine.findContainer(name)))).every((found) => found?.id === id)).toBe(true);
  } finally {
    await engine.removeContainer(id, { force: true, anonymousVolumes: true });
  }
}

beforeAll(async () => {
  // The client library is loaded once, before the tests that change users or count handles.
  const engine = await openEngine();
  await engine.info();
  await engine.close();
});
afterEach(() => {
  process.env = { ...environment };
  for (const opened of doors.splice(0)) opened.close();
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('an engine that cannot be reached', () => {
  it('is named, with what decided it and what to do', async () => {
    const engine = await openEngine({ dockerHost: `unix://${folder}/no-such.sock` });
    const error = await refusal(engine, engine.info(), 'unreachable');
    expect(error.code).toBe('engine-unavailable');
    expect(error.message).toBe(
      `Cannot reach the container engine at unix://${folder}/no-such.sock (--docker-host) to ask for its version: there is no such socket`,
    );
    expect(error.suggestions).toContain('docker context ls');
    expect(error.cause).toMatchObject({ code: 'ENOENT' });
  });

  it('is a port or a socket nobody listens on', async () => {
    const closed = await door(() => undefined);
    closed.close();
    const engine = await openEngine({ dockerHost: `tcp://127.0.0.1:${closed.port}` });
    expect((await refusal(engine, engine.listContainers({}), 'unreachable')).message).toContain('nothing is listening there');
    const path = join(folder, 'stale.sock');
    // Killed, so that the socket's file stays.
    spawnSync(process.execPath, [
      '-e',
      `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`,
    ]);
    const stale = await openEngine({ dockerHost: `unix://${path}` });
    expect((await refusal(stale, stale.info(), 'unreachable')).message).toContain('nothing is listening there');
  });

  it('is a host name nobody knows', async () => {
    const engine = await openEngine({ dockerHost: 'tcp://engine.invalid:2375' });
    expect((await refusal(engine, engine.info(), 'unreachable')).message).toContain('the host name is not known');
  });

  it('refuses streams the same way', async () => {
    const engine = await openEngine({ dockerHost: `unix://${folder}/no-such.sock` });
    const read = async (items: AsyncIterable<unknown>): Promise<void> => {
      for await (const item of items) expect.fail(`gave ${JSON.stringify(item)}`);
    };
    await refusal(engine, read(engine.logs('x', { follow: true })), 'unreachable');
    await refusal(engine, read(engine.events({ labels: {}, signal: new AbortController().signal })), 'unreachable');
    await refusal(engine, engine.pullImage('x'), 'unreachable');
  });

  it('may only lack permission', async () => {
    const path = join(folder, 'locked.sock');
    const server = createServer().listen(path);
    await new Promise((resolve) => server.once('listening', resolve));
    chmodSync(path, 0);
    const engine = await openEngine({ dockerHost: `unix://${path}` });
    try {
      // Root may open anything; the socket is connected to in this thread, so its effective user counts.
      if (process.getuid?.() === 0) chmodSync(folder, 0o755);
      if (process.getuid?.() === 0) process.seteuid?.(65534);
      const error = await refusal(engine, engine.info(), 'permission-denied');
      expect(error.code).toBe('engine-unavailable');
      expect(error.message).toBe(`No permission to use the container engine at unix://${path} (--docker-host), to ask for its version`);
      expect(error.suggestions).toEqual(['sudo usermod -aG docker "$USER"', 'newgrp docker']);
    } finally {
      if (process.getuid?.() === 0) process.seteuid?.(0);
      server.close();
    }
  });

  it('is told from one that is no engine at all', async () => {
    const answers: Record<string, string> = {
      html: 'HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>',
      moved: 'HTTP/1.1 301 Moved\r\nLocation: http://elsewhere.invalid/\r\nConnection: close\r\nContent-Length: 0\r\n\r\n',
      'not http': 'SSH-2.0-OpenSSH_9.2\r\n',
    };
    for (const [what, answer] of Object.entries(answers)) {
      const wrong = await door((socket) => socket.once('data', () => socket.end(answer)));
      const engine = await openEngine({ dockerHost: `tcp://127.0.0.1:${wrong.port}` });
      await refusal(engine, engine.info(), what === 'moved' ? 'other' : 'unreachable');
    }
  });

  it('is given up where it takes connections and says nothing', async () => {
    const mute = await door((socket) => void socket.resume().on('end', () => socket.end()));
    const engine = await openEngine({ dockerHost: `tcp://127.0.0.1:${mute.port}` });
    expect((await refusal(engine, engine.info(), 'unreachable')).message).toMatch(/to ask for its version: no answer within \d+ s$/);
    await expect.poll(() => mute.sockets.size).toBe(0);
  });

  it('is told from one that speaks TLS, and one that does not', async () => {
    const certs = join(folder, 'one-sided');
    const secure = await door((socket) => toEngine(socket), makeCertificates(certs, ['localhost']));
    const plain = await openEngine({ dockerHost: `tcp://127.0.0.1:${secure.port}` });
    await refusal(plain, plain.info(), 'unreachable');
    const open = await door((socket) => toEngine(socket));
    Object.assign(process.env, { DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: certs });
    const wanting = await openEngine({ dockerHost: `tcp://127.0.0.1:${open.port}` });
    expect((await refusal(wanting, wanting.info(), 'unreachable')).message).toContain('it does not speak TLS');
  });

  it('ends what waits for it when it goes away in the middle of an answer', async () => {
    for (const cutAfter of [0, 10, 150, 400]) {
      const cut = await door((socket) => toEngine(socket, { cutAfter }));
      const engine = await openEngine({ dockerHost: `tcp://127.0.0.1:${cut.port}` });
      await refusal(engine, engine.listImages({}), 'unreachable');
    }
  });

  it('ends an event stream with an error, so that nobody takes silence for peace', async () => {
    const way = await door((socket) => toEngine(socket));
    const engine = await openEngine({ dockerHost: `tcp://127.0.0.1:${way.port}` });
    const watching = (async () => {
      for await (const event of engine.events({ labels: { 'zkd.test': 'nobody' }, signal: new AbortController().signal }))
        expect.fail(JSON.stringify(event));
    })();
    await expect.poll(() => way.sockets.size).toBe(1);
    await delay(200);
    for (const socket of way.sockets) socket.destroy();
    await refusal(engine, watching, 'unreachable');
  });
});

describe('an engine that is reached', () => {
  it('by tcp does all it does by its socket', async () => {
    const way = await door((socket) => toEngine(socket));
    const engine = await openEngine({ dockerHost: `tcp://127.0.0.1:${way.port}` });
    await worksThrough(engine);
    await engine.close();
    await expect.poll(() => way.sockets.size).toBe(0);
  });

  it('by tcp with TLS proves who it is', async () => {
    const certs = join(folder, 'certs');
    const tls = makeCertificates(certs, ['localhost', '127.0.0.1']);
    const way = await door((socket) => toEngine(socket), tls);
    const dockerHost = `tcp://127.0.0.1:${way.port}`;

    Object.assign(process.env, { DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: certs });
    const engine = await openEngine({ dockerHost });
    await worksThrough(engine);
    await engine.close();

    // Without the authority's certificate the engine is not believed.
    Object.assign(process.env, { DOCKER_CERT_PATH: folder });
    const doubting = await openEngine({ dockerHost });
    expect((await refusal(doubting, doubting.info(), 'unreachable')).message).toContain('its certificate is not trusted');
  });

  it("by ssh goes through the user's own ssh, and ends it", async () => {
    const record = join(folder, 'ssh-arguments');
    const relay = `
      if (process.argv[2] === '-G') process.exit(console.log('hostname 10.9.8.7'));
      require('fs').appendFileSync(${JSON.stringify(record)}, JSON.stringify(process.argv.slice(2)) + '\\n');
      const engine = require('net').connect({ path: '/var/run/docker.sock', allowHalfOpen: true });
      process.stdin.pipe(engine).pipe(process.stdout);`;
    writeFileSync(join(folder, 'relay.cjs'), relay);
    writeFileSync(join(folder, 'ssh'), `#!/bin/sh\nexec ${process.execPath} ${join(folder, 'relay.cjs')} "$@"\n`, { mode: 0o755 });
    process.env['PATH'] = `${folder}:${process.env['PATH'] ?? ''}`;
    const before = await settledHandles();
    const engine = await openEngine({ dockerHost: 'ssh://ann@far:2222' });
    expect(engine.endpoint).toMatchObject({ kind: 'ssh', remoteHost: '10.9.8.7' });
    await worksThrough(engine);
    await engine.close();
    await expect.poll(handles).toBe(before);
    const [first] = readFileSync(record, 'utf8').split('\n');
    expect(JSON.parse(first ?? '')).toEqual([
      '-o',
      'ConnectTimeout=15',
      '-T',
      '-l',
      'ann',
      '-p',
      '2222',
      '--',
      'far',
      'docker',
      'system',
      'dial-stdio',
    ]);
  });

  it('by ssh takes no more logins at once than sshd gives, and no stream holds up a request', async () => {
    const home = mkdtempSync(join(folder, 'sshd-'));
    const sshd = await startSshd(home);
    process.env['PATH'] = sshd.path();
    const engine = await openEngine({ dockerHost: `ssh://127.0.0.1:${sshd.port}` });
    const stops = Array.from({ length: 15 }, () => new AbortController());
    try {
      const watching = stops.map(async ({ signal }) => {
        for await (const { id } of engine.events({ labels: { 'zkd.test': RUN }, signal })) expect.fail(id);
      });
      const asked = await Promise.all(Array.from({ length: 40 }, () => engine.info()));
      expect(new Set(asked.map(({ os }) => os))).toEqual(new Set(['linux']));
      for (const stop of stops) stop.abort();
      await Promise.all(watching);
    } finally {
      for (const stop of stops) stop.abort();
      await engine.close();
      await sshd.close();
    }
  });

  it('by ssh says what ssh says where that fails', async () => {
    writeFileSync(join(folder, 'ssh'), '#!/bin/sh\necho "ann@far: Permission denied (publickey)." >&2\nexit 255\n', { mode: 0o755 });
    process.env['PATH'] = `${folder}:${process.env['PATH'] ?? ''}`;
    const engine = await openEngine({ dockerHost: 'ssh://ann@far' });
    const error = await refusal(engine, engine.info(), 'unreachable');
    expect(error.message).toContain('ann@far: Permission denied (publickey).');
    expect(error.suggestions[0]).toBe('ssh ann@far docker version');
    expect(engine.endpoint.remoteHost).toBe('far');
  });

  it('is the one that was named, whatever DOCKER_HOST says', async () => {
    for (const value of ['tcp://engine.invalid:1', 'no URL', 'unix:///no/such.sock', 'tcp://127.0.0.1:2376']) {
      Object.assign(process.env, { DOCKER_HOST: value, DOCKER_CERT_PATH: '/no/such/folder', DOCKER_TLS_VERIFY: '1' });
      const engine = await openEngine({ dockerHost: 'unix:///var/run/docker.sock' });
      expect((await engine.info()).os).toBe('linux');
      expect(process.env['DOCKER_HOST']).toBe(value);
      await engine.close();
    }
  });

  it('leaves nothing open when it is closed, also in the middle of streams', async () => {
    const before = await settledHandles();
    const engine = await openEngine();
    const stop = new AbortController();
    const watching = (async () => {
      for await (const event of engine.events({ labels: { 'zkd.test': 'nobody' }, signal: stop.signal }))
        expect.fail(JSON.stringify(event));
    })();
    await Promise.all([engine.info(), engine.listContainers({}), delay(100)]);
    stop.abort();
    await watching;
    await engine.close();
    await expect.poll(handles).toBe(before);
  });
});
