// Registered containers: how long after the engine's own event a record is there, or gone; a whole look at many containers; a long list. On an ensemble of
// three, zkd's default, with containers of a minimal image. What the engine takes for its event is measured beside it, in the same run, for the same start.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { listenToEngine, call } from './bare-engine.js';
import { findKazoo } from './kazoo.js';
import { compare, median, timeProcess } from './measure.js';
import { openSession, parseConnectString } from '../../dist/zookeeper/index.js';

const HOSTS = '127.0.0.1:24181,127.0.0.1:24182,127.0.0.1:24183';
const IMAGE = 'zkdbench/http';
const NETWORK = 'zkd-zkdbench';
/** What the record may take longer than the engine's event. */
const ALLOWED_MS = 20;
const CONTAINERS = 50;
const MANY_CONTAINERS = 200;
const RECORDS = 10_000;
const env = { ZKD_CONNECT: HOSTS, ZKD_CLUSTER: '', CI: '' };

/** As in `znodes.js`. */
export function registryBenches({ ensemble, rounds, zkdScript }) {
  const zkd = (...args) => timeProcess(process.execPath, [zkdScript, 'containers', ...args], env);

  const within = async (work) => {
    makeImage();
    const made = [];
    const create = async (name, labels) => {
      const { Id } = await call('POST', `/containers/create?name=${name}`, {
        Image: IMAGE,
        Labels: labels,
        HostConfig: { NetworkMode: NETWORK },
      });
      made.push(Id);
      return Id;
    };
    try {
      await ensemble.up();
      return await work(create);
    } finally {
      for (const id of made) await call('DELETE', `/containers/${id}?force=true`).catch(() => undefined);
      await ensemble.remove();
    }
  };

  return {
    register: () =>
      within(async (create) => {
        const session = await openSession({ servers: parseConnectString(HOSTS).servers, sessionTimeoutMs: 40_000 });
        const agent = spawn(process.execPath, [zkdScript, 'containers', 'agent', '--explicit', '--json'], {
          env: { ...process.env, ...env },
        });
        const events = await listenToEngine();
        try {
          await once(createInterface({ input: agent.stdout }), 'line');
          const times = { start: [], kill: [] };
          for (let count = -1; count < CONTAINERS; count += 1) {
            const service = `bench${count + 1}`;
            const id = await create(`zkdbench-${process.pid}-${count + 1}`, { 'zkd.service': service });
            const path = `/docker/${service}/${id.slice(0, 12)}-80`;
            const started = await timeBoth(events, { id, action: 'start', act: 'start' }, untilNode(session, path, true));
            const killed = await timeBoth(events, { id, action: 'kill', act: 'kill' }, untilNode(session, path, false));
            if (count < 0) continue;
            times.start.push(started);
            times.kill.push(killed);
          }
          return [...figures('docker start to record', times.start), ...figures('docker kill to record gone', times.kill)];
        } finally {
          agent.kill('SIGTERM');
          await once(agent, 'exit');
          events.close();
          await session.close();
        }
      }),
    look: () =>
      within(async (create) => {
        const ids = [];
        for (let count = 0; count < MANY_CONTAINERS; count += 1) {
          const id = await create(`zkdbench-${process.pid}-${count}`, { 'zkd.service': `bench${count % 10}` });
          await call('POST', `/containers/${id}/start`);
          ids.push(id);
        }
        await zkd('agent', '--once', '--explicit');
        return compare({
          name: `containers agent --once, nothing to do, ${MANY_CONTAINERS} containers`,
          baseline: 'docker inspect of them all',
          rounds: rounds(5),
          measureBaseline: () => timeProcess('docker', ['inspect', ...ids]),
          measureSubject: () => zkd('agent', '--once', '--explicit', '--quiet'),
        });
      }),
    ls: () =>
      within(async () => {
        const kazoo = findKazoo();
        const folder = mkdtempSync(join(tmpdir(), 'zkd-bench.'));
        const session = await openSession({ servers: parseConnectString(HOSTS).servers });
        try {
          await seed(session);
          return await compare({
            name: `containers ls, ${RECORDS} records`,
            baseline: 'kazoo reads them, 500 requests under way',
            rounds: rounds(3),
            measureBaseline: () => kazoo.asynchronous(HOSTS, 'bench:secret', 'export', '/docker', join(folder, 'export')),
            measureSubject: () => zkd('ls', '--json'),
          });
        } finally {
          await session.close();
          rmSync(folder, { recursive: true });
        }
      }),
  };
}

function makeImage() {
  const folder = mkdtempSync(join(tmpdir(), 'zkd-bench.'));
  const source = new URL('../support/http-server/server.c', import.meta.url).pathname;
  try {
    execFileSync('gcc', ['-static', '-O2', '-s', '-pthread', '-o', join(folder, 'server'), source]);
    const tar = execFileSync('tar', ['--create', '--directory', folder, 'server']);
    execFileSync('docker', ['import', '--change', 'ENTRYPOINT ["/server"]', '--change', 'EXPOSE 80', '-', IMAGE], { input: tar });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Milliseconds from the call on: until the engine has told of it, and until `isSo`. */
async function timeBoth(events, { id, action, act }, isSo) {
  const told = events.next(id, action);
  // Nothing of the container before is under way any more.
  await sleep(50);
  const startedAt = performance.now();
  const [, event, record] = await Promise.all([
    call('POST', `/containers/${id}/${act}`),
    told.then(() => performance.now() - startedAt),
    isSo.then(() => performance.now() - startedAt),
  ]);
  return { event, record };
}

async function untilNode(session, path, isWanted) {
  for (;;) {
    const { node, watch } = await session.watchNode(path);
    if ((node !== null) === isWanted) return;
    while ((await watch.next()) !== 'fired');
  }
}

/** Against the engine's own event, and against that and what is allowed on top of it. */
function figures(name, samples) {
  const of = (which) => samples.map((sample) => sample[which]).sort((a, b) => a - b);
  const row = (kind, pick, limitMs) => {
    const [baselineMedian, subjectMedian] = [pick(of('event')), pick(of('record'))];
    const limit = limitMs === undefined ? undefined : (baselineMedian + limitMs) / baselineMedian;
    const ratio = subjectMedian / baselineMedian;
    const met = ratio <= (limit ?? Infinity);
    return {
      unit: 'ms',
      name: `${name}, ${kind}`,
      baseline: "the engine's event",
      rounds: samples.length,
      baselineMedian,
      subjectMedian,
      ratio,
      limit,
      met,
      samples,
    };
  };
  return [row('median', median, ALLOWED_MS), row('p99', (sorted) => sorted[Math.ceil(sorted.length * 0.99) - 1])];
}

/** A hundred services with as many instances, as Curator writes them. */
async function seed(session) {
  const make = (path, data = '') => session.create(path, Buffer.from(data));
  await make('/docker');
  const instance = (service, id) =>
    JSON.stringify({
      name: service,
      id,
      address: '10.0.0.1',
      port: 80,
      sslPort: null,
      payload: null,
      registrationTimeUTC: 0,
      serviceType: 'DYNAMIC',
      uriSpec: null,
    });
  for (let service = 0; service < 100; service += 1) {
    const path = `/docker/service-${service}`;
    await make(path);
    await Promise.all(Array.from({ length: RECORDS / 100 }, (_, id) => make(`${path}/${id}`, instance(`service-${service}`, String(id)))));
  }
}
