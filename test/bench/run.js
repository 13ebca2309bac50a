// npm run bench [-- --only compose,up,...,register,look,ls,get,export,import,rm,cp,memory --rounds N --nodes N]: what zkd costs against what people would run otherwise, in one
// run. Prints a table and writes test-results/bench.json. A missed limit is shown and fails nothing: times on a shared machine are no
// test. What could not be measured at all is not met, and the run ends with 1.
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { measureBareEngine, measureBareRestarts } from './bare-engine.js';
import { openCompose } from './compose.js';
import { compare, compareSeveral, timeProcess } from './measure.js';
import { registryBenches } from './registry.js';
import { znodeBenches } from './znodes.js';

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    rounds: { type: 'string' },
    nodes: { type: 'string', default: '100000' },
    image: { type: 'string', default: 'zkd/zookeeper:3.9' },
  },
});
const root = new URL('../..', import.meta.url).pathname;
const RUN = `${root}bin/run.js`;
const CLUSTER = 'zkdbench';
const node = process.execPath;
const rounds = (usual) => Number(values.rounds ?? usual);
const zkd = (...args) => timeProcess(node, [RUN, ...args], { ZKD_CLUSTER: '', CI: '' });
const bareNode = () => timeProcess(node, ['-e', '0']);
const remove = () => zkd('cluster', 'down', CLUSTER, '--volumes', '--quiet');
const up = (...args) => zkd('cluster', 'up', CLUSTER, '--image', values.image, '--client-port', '24181', '--quiet', ...args);

const benches = {
  async compose() {
    const ports = [24171, 24172, 24173];
    const documented = openCompose(values.image, ports, { isTuned: false });
    const tuned = openCompose(values.image, ports, { isTuned: true });
    const upAndDown = async (compose) => {
      const times = [await compose.up(), await compose.down()];
      await compose.remove();
      return times;
    };
    try {
      return await compareSeveral({
        comparisons: [
          { name: 'cluster up --size 3', baseline: 'docker compose up --wait', limit: 0.65 },
          { name: 'cluster down', baseline: 'docker compose down', limit: 1 },
          { name: 'cluster up --size 3', baseline: 'docker compose up --wait, tuned as zkd does' },
          { name: 'cluster down', baseline: 'docker compose down, tuned as zkd does' },
        ],
        rounds: rounds(5),
        async measure() {
          const [theirUp, theirDown] = await upAndDown(documented);
          const [tunedUp, tunedDown] = await upAndDown(tuned);
          const [ourUp, ourDown] = [await up(), await zkd('cluster', 'down', CLUSTER, '--quiet')];
          await remove();
          return [theirUp, ourUp, theirDown, ourDown, tunedUp, ourUp, tunedDown, ourDown];
        },
      });
    } finally {
      await Promise.all([documented.close(), tuned.close()]);
    }
  },
  up: () =>
    compare({
      name: 'cluster up --size 3',
      baseline: 'three bare engine starts',
      subject: 'zkd cluster up',
      rounds: rounds(10),
      limit: 1.25,
      measureBaseline: () => measureBareEngine(values.image, [24191, 24192, 24193]),
      async measureSubject() {
        const tookMs = await up();
        await remove();
        return tookMs;
      },
    }),
  async roll() {
    await up();
    // Another heap each time, so that there is always something to change.
    let heap = 256;
    try {
      return await compare({
        name: 'a changed heap, three members',
        baseline: 'three bare restarts',
        subject: 'zkd cluster up --heap',
        rounds: rounds(5),
        limit: 1.2,
        measureBaseline: () =>
          measureBareRestarts(
            [1, 2, 3].map((id) => `zkd-${CLUSTER}-${id}`),
            [24181, 24182, 24183],
          ),
        measureSubject: () => zkd('cluster', 'up', CLUSTER, '--quiet', '--heap', `${(heap = heap === 256 ? 257 : 256)}m`),
      });
    } finally {
      await remove();
    }
  },
  async status() {
    await up('--size', '5', '--heap', '64m');
    try {
      return await compare({
        name: 'zkd cluster status, 5 members',
        baseline: 'zkd cluster ps',
        subject: 'zkd cluster status',
        rounds: rounds(20),
        limit: 1.3,
        measureBaseline: () => zkd('cluster', 'ps', CLUSTER),
        measureSubject: () => zkd('cluster', 'status', CLUSTER),
      });
    } finally {
      await remove();
    }
  },
  version: () =>
    compare({
      name: 'zkd --version',
      baseline: 'node -e 0',
      subject: 'zkd --version',
      rounds: rounds(20),
      limit: 3,
      measureBaseline: bareNode,
      measureSubject: () => zkd('--version'),
    }),
  async ps() {
    await up();
    try {
      return await compare({
        name: 'zkd cluster ps',
        baseline: 'node -e 0',
        subject: 'zkd cluster ps',
        rounds: rounds(20),
        limit: 5,
        measureBaseline: bareNode,
        measureSubject: () => zkd('cluster', 'ps', CLUSTER),
      });
    } finally {
      await remove();
    }
  },
  async noop() {
    await up();
    try {
      return await compare({
        name: 'cluster up, nothing to do',
        baseline: 'zkd cluster ps',
        subject: 'zkd cluster up',
        rounds: rounds(20),
        limit: 1.5,
        measureBaseline: () => zkd('cluster', 'ps', CLUSTER),
        measureSubject: () => zkd('cluster', 'up', CLUSTER, '--quiet'),
      });
    } finally {
      await remove();
    }
  },
  ...registryBenches({ ensemble: { up, remove }, rounds, zkdScript: RUN }),
  ...znodeBenches({ ensemble: { up, remove, container: `zkd-${CLUSTER}-1` }, rounds, nodes: Number(values.nodes), zkdScript: RUN }),
};

const results = [];
for (const name of values.only?.split(',') ?? Object.keys(benches)) {
  try {
    results.push(...[await benches[name]()].flat());
  } catch (error) {
    console.error(`${name}: not measured, so not met: ${error.message}`);
    process.exitCode = 1;
  }
}

console.log(`${cpus().length} CPUs, node ${process.version}, ${values.image}; medians\n`);
console.table(
  Object.fromEntries(
    results.map(({ name, baseline, baselineMedian, subjectMedian, unit, ratio, limit, met, rounds: count }) => [
      // The same command may be measured against several others.
      `${name} / ${baseline}`,
      {
        rounds: count,
        baseline: Math.round(baselineMedian),
        zkd: Math.round(subjectMedian),
        unit,
        ratio: ratio.toFixed(2),
        limit: limit && Number(limit.toFixed(3)),
        met,
      },
    ]),
  ),
);
mkdirSync(`${root}test-results`, { recursive: true });
writeFileSync(`${root}test-results/bench.json`, `${JSON.stringify(results, null, 2)}\n`);
