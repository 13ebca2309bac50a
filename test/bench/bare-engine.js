// The floor for `cluster up`: three containers created and started at once by bare engine calls, until all three answer with a mode.
// Same image, heap and JVM flags as zkd gives; no volumes of its own, no checks, no process start, the network made beforehand.
import { request } from 'node:http';
import { createConnection } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

const SOCKET = '/var/run/docker.sock';
const LABEL = 'zkd.bench';

/** What zkd gives small servers. */
export const SERVER_JVMFLAGS = '-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:CompileThresholdScaling=5 -Xms64m -XX:MetaspaceSize=64m';

/** One call of the engine's API; rejects where it refuses. */
export function call(method, path, body) {
  return new Promise((resolve, reject) => {
    const payload = body === undefined ? undefined : JSON.stringify(body);
    const outgoing = request(
      {
        socketPath: SOCKET,
        method,
        path,
        headers: payload ? { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) } : {},
      },
      (incoming) => {
        let text = '';
        incoming.on('data', (chunk) => (text += chunk));
        incoming.on('end', () => {
          if (incoming.statusCode >= 400) reject(new Error(`${method} ${path}: ${incoming.statusCode} ${text}`));
          else resolve(text === '' ? undefined : JSON.parse(text));
        });
      },
    );
    outgoing.on('error', reject);
    outgoing.end(payload);
  });
}

function mode(port) {
  return new Promise((resolve) => {
    const socket = createConnection({ host: '127.0.0.1', port });
    let text = '';
    socket.setTimeout(2000, () => socket.destroy());
    socket.on('connect', () => socket.write('srvr'));
    socket.on('data', (chunk) => (text += chunk));
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(/^Mode: (\w+)/m.exec(text)?.[1]));
  });
}

export async function measureBareEngine(image, ports) {
  const name = `zkdbench-${process.pid}`;
  const network = await call('POST', '/networks/create', { Name: name, Labels: { [LABEL]: name } });
  const ids = [1, 2, 3];
  const servers = ids.map((id) => `server.${id}=${name}-${id}:2888:3888;2181`).join(' ');
  const startedAt = performance.now();
  const containers = [];
  try {
    await Promise.all(
      ids.map(async (id) => {
        const { Id } = await call('POST', `/containers/create?name=${name}-${id}`, {
          Image: image,
          Hostname: `${name}-${id}`,
          Labels: { [LABEL]: name },
          Env: [`ZOO_MY_ID=${id}`, `ZOO_SERVERS=${servers}`, 'ZK_SERVER_HEAP=256', 'JMXDISABLE=true', `SERVER_JVMFLAGS=${SERVER_JVMFLAGS}`],
          ExposedPorts: { '2181/tcp': {} },
          HostConfig: { NetworkMode: name, PortBindings: { '2181/tcp': [{ HostIp: '127.0.0.1', HostPort: String(ports[id - 1]) }] } },
        });
        containers.push(Id);
        await call('POST', `/containers/${Id}/start`);
      }),
    );
    await allAnswer(ports, 'three bare containers');
    return performance.now() - startedAt;
  } finally {
    await Promise.all(containers.map((id) => call('DELETE', `/containers/${id}?force=1&v=1`)));
    await call('DELETE', `/networks/${network.Id}`);
  }
}

/** The floor for a roll: one bare restart call after the other, each waited for until all three answer with a mode again. */
export async function measureBareRestarts(containers, ports) {
  const startedAt = performance.now();
  for (const container of containers) {
    await call('POST', `/containers/${container}/restart?t=10`);
    await allAnswer(ports, 'three restarted containers');
  }
  return performance.now() - startedAt;
}

async function allAnswer(ports, what) {
  const startedAt = performance.now();
  for (;;) {
    const modes = await Promise.all(ports.map(mode));
    if (modes.every(Boolean)) return;
    if (performance.now() - startedAt > 60_000) throw new Error(`${what} reach no quorum within 60 s`);
    await sleep(20);
  }
}

/** The engine's own events of containers from now on: `next(id, action)` resolves when one is told. */
export async function listenToEngine() {
  const waiting = [];
  const incoming = await new Promise((resolve, reject) => {
    const filters = encodeURIComponent(JSON.stringify({ type: ['container'] }));
    request({ socketPath: SOCKET, path: `/events?filters=${filters}` }, resolve)
      .on('error', reject)
      .end();
  });
  createInterface({ input: incoming }).on('line', (line) => {
    const { Action, Actor } = JSON.parse(line);
    for (const one of waiting.filter(({ id, action }) => id === Actor.ID && action === Action)) {
      waiting.splice(waiting.indexOf(one), 1);
      one.resolve();
    }
  });
  return {
    next: (id, action) => new Promise((resolve) => waiting.push({ id, action, resolve })),
    close: () => incoming.destroy(),
  };
}
