/** The HTTP server that other tests put into containers does what they count on. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { Agent, request, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, it, onTestFinished } from 'vitest';
import { retryUntil } from '../../src/runtime/retry-until.js';
import { httpServerImage } from '../support/http-server.js';
import { docker } from '../support/story.js';

interface Server {
  readonly container: string;
  /** Of the first port. */
  readonly port: number;
  readonly state: (of: string) => Promise<string>;
}

async function start(flags: readonly string[] = [], kind: 'plain' | 'checked' = 'plain', inside = 80): Promise<Server> {
  const container = `zkdtest-http-${randomBytes(4).toString('hex')}`;
  onTestFinished(async () => {
    await docker('rm', '--force', container);
  });
  await docker('run', '--detach', '--name', container, '--publish', `127.0.0.1::${inside}`, ...flags, await httpServerImage(kind));
  const ports = 1 + flags.filter((flag) => flag === '--publish').length;
  // The engine accepts for a server that does not listen yet.
  const serves = async (): Promise<true | undefined> =>
    (await docker('logs', container)).split('serving port').length > ports ? true : undefined;
  expect(await retryUntil(serves, { timeoutMs: 20_000, intervalMs: 20 })).toBe(true);
  const port = Number((await docker('port', container, String(inside))).split(':').at(-1));
  return { container, port, state: (of) => docker('inspect', '--format', `{{.State.${of}}}`, container) };
}

interface Answer {
  readonly status: number | undefined;
  readonly connection: string | undefined;
  readonly body: string;
}

async function ask(port: number, path: string, agent: Agent, body?: string): Promise<Answer> {
  const asked = request({ port, path, agent, host: '127.0.0.1', method: body === undefined ? 'GET' : 'POST' });
  asked.end(body);
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  return { status: response.statusCode, connection: response.headers.connection, body: await text(response) };
}

const agent = (): Agent => {
  const made = new Agent({ keepAlive: true, maxSockets: 1 });
  onTestFinished(() => made.destroy());
  return made;
};

describe('the HTTP server', () => {
  it('answers with its name, echoes, and keeps the connection', async () => {
    const { port, container } = await start(['--hostname', 'somebody']);
    const one = agent();
    expect(await ask(port, '/', one)).toEqual({ status: 200, connection: 'keep-alive', body: 'somebody\n' });
    const sent = randomBytes(100_000).toString('hex');
    expect(await ask(port, '/echo', one, sent)).toEqual({ status: 200, connection: 'keep-alive', body: sent });
    expect(await ask(port, '/nowhere', one)).toMatchObject({ status: 404 });
    expect(Object.values(one.freeSockets).flat()).toHaveLength(1);
    expect(await docker('logs', container)).toBe('serving port 80');
  });

  it('has the name and the ports it is given', async () => {
    const first = await start(['--env', 'NAME=me', '--env', 'PORTS=8080,8081', '--publish', '127.0.0.1::8081'], 'plain', 8080);
    const second = Number((await docker('port', first.container, '8081')).split(':').at(-1));
    for (const port of [first.port, second]) expect((await ask(port, '/', agent())).body).toBe('me\n');
  });

  it('serves hundreds at once, slow ones too', async () => {
    const { port } = await start(['--env', 'NAME=x']);
    const many = new Agent({ keepAlive: true });
    onTestFinished(() => many.destroy());
    const began = Date.now();
    const answers = await Promise.all(Array.from({ length: 300 }, () => ask(port, '/slow?ms=1000', many)));
    const tookMs = Date.now() - began;
    expect(new Set(answers.map(({ body }) => body))).toEqual(new Set(['x\n']));
    expect(tookMs).toBeGreaterThanOrEqual(1000);
    expect(tookMs).toBeLessThan(20_000);
  });

  it('told to stop serves on, parts from each client with an answer, and ends with 0', async () => {
    const server = await start(['--env', 'GRACE_MS=1500']);
    const { port, container } = server;
    const [old, silent] = [agent(), connect(port, '127.0.0.1')];
    await ask(port, '/', old);
    const slow = ask(port, '/slow?ms=3000', agent());
    const began = Date.now();
    await docker('kill', '--signal', 'TERM', container);
    await retryUntil(async () => ((await docker('logs', container)).includes('told to stop') ? true : undefined), {
      timeoutMs: 10_000,
      intervalMs: 20,
    });
    expect(await ask(port, '/', old)).toMatchObject({ status: 200, connection: 'close' });
    expect(await ask(port, '/', agent())).toMatchObject({ status: 200, connection: 'close' });
    // Beyond the grace, and nobody who only holds a connection keeps it.
    expect(await slow).toMatchObject({ status: 200, connection: 'close' });
    await docker('wait', container);
    expect(Date.now() - began).toBeLessThan(9000);
    expect(await server.state('ExitCode')).toBe('0');
    silent.destroy();
  });

  it('is well until it is told otherwise', async () => {
    const server = await start([], 'checked');
    const becomes = (wanted: string) =>
      retryUntil(async () => ((await server.state('Health.Status')) === wanted ? wanted : undefined), {
        timeoutMs: 20_000,
        intervalMs: 50,
      });
    expect(await becomes('healthy')).toBe('healthy');
    await docker('exec', server.container, 'server', 'unwell');
    expect(await becomes('unhealthy')).toBe('unhealthy');
    await docker('exec', server.container, 'server', 'well');
    expect(await becomes('healthy')).toBe('healthy');
  });
});
