// What people run today: `docker compose` with the same three members (image, ids, servers, volumes, published ports) and a health check
// every 500 ms, which is what its `up --wait` waits for. Either written as the image's documentation writes them, or tuned: with the heap,
// limits and JVM flags that zkd gives. Project, volumes and all are gone afterwards.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SERVER_JVMFLAGS } from './bare-engine.js';
import { timeProcess } from './measure.js';

const IDS = [1, 2, 3];
const KINDS = ['conf', 'data', 'datalog'];

/** The command words of a compose that runs here: what bin/setup brought, or the machine's own. Throws where there is none. */
function findCompose() {
  const brought = join(process.env.ZKD_CACHE_DIR ?? '/var/cache/zkd', 'compose/docker-compose');
  const candidates = [[brought], ['docker', 'compose'], ['docker-compose']];
  const found = candidates.find(([file, ...words]) => spawnSync(file, [...words, 'version']).status === 0);
  if (!found) throw new Error('there is no docker compose to measure against: bin/setup --with-tests brings one');
  return found;
}

/** What zkd sets and a compose file as documented does not. */
const TUNED = {
  environment: {
    ZOO_4LW_COMMANDS_WHITELIST: 'srvr',
    ZOO_ADMINSERVER_ENABLED: 'false',
    ZOO_STANDALONE_ENABLED: 'false',
    ZK_SERVER_HEAP: 256,
    JMXDISABLE: 'true',
    SERVER_JVMFLAGS,
  },
  member: { mem_limit: '512m', tmpfs: ['/logs:uid=1000,gid=1000'] },
};

function projectOf(name, image, ports, tuning) {
  const host = (id) => `${name}-${id}`;
  const member = (id) => ({
    image,
    hostname: host(id),
    container_name: host(id),
    environment: {
      ZOO_MY_ID: id,
      ZOO_SERVERS: IDS.map((other) => `server.${other}=${host(other)}:2888:3888;2181`).join(' '),
      ...tuning?.environment,
    },
    ...tuning?.member,
    restart: 'unless-stopped',
    ports: [`127.0.0.1:${ports[id - 1]}:2181`],
    volumes: KINDS.map((kind) => `${kind}${id}:/${kind}`),
    healthcheck: {
      test: ['CMD', 'bash', '-c', 'exec 3<>/dev/tcp/127.0.0.1/2181 && printf srvr >&3 && grep -q ^Mode <&3'],
      interval: '500ms',
      timeout: '5s',
      retries: 120,
    },
  });
  return {
    services: Object.fromEntries(IDS.map((id) => [`zoo${id}`, member(id)])),
    volumes: Object.fromEntries(IDS.flatMap((id) => KINDS.map((kind) => [`${kind}${id}`, {}]))),
  };
}

/** Opens a project of one name; `up`, `down` and `remove` answer the milliseconds their process took, `close` leaves nothing behind. */
export function openCompose(image, ports, { isTuned }) {
  const [file, ...words] = findCompose();
  const name = `zkdbench-${process.pid}-${isTuned ? 'tuned' : 'documented'}`;
  const folder = mkdtempSync(join(tmpdir(), 'zkd-bench.'));
  const project = join(folder, 'compose.json');
  writeFileSync(project, JSON.stringify(projectOf(name, image, ports, isTuned ? TUNED : undefined)));
  const run = (...args) => timeProcess(file, [...words, '--project-name', name, '--file', project, ...args]);
  return {
    up: () => run('up', '--wait', '--quiet-pull'),
    /** Containers and network; the volumes stay, as with zkd. */
    down: () => run('down'),
    remove: () => run('down', '--volumes'),
    async close() {
      await run('down', '--volumes');
      rmSync(folder, { recursive: true });
    },
  };
}
