// npm run bench [-- --only up,version,ps,noop --rounds N]: what zkd costs against what people would run otherwise, in one run.
// Prints a table and writes test-results/bench.json. It asserts nothing: times on a shared machine are no test.
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { measureBareEngine } from './bare-engine.js';
import { compare, timeProcess } from './measure.js';

const { values } = parseArgs({
  options: { only: { type: 'string' }, rounds: { type: 'string' }, image: { type: 'string', default: 'zkd/zookeeper:3.9' } },
});
const root = new URL('../..', import.meta.url).pathname;
const RUN = `${root}bin/run.js`;
const CLUSTER = 'zkdbench';
const node = process.execPath;
const rounds = (usual) => Number(values.rounds ?? usual);
const zkd = (...args) => timeProcess(node, [RUN, ...args], { ZKD_CLUSTER: '', CI: '' });
const bareNode = () => timeProcess(node, ['-e', '0']);
const remove = () => zkd('cluster', 'down', CLUSTER, '--volumes', '--quiet');
const up = () => zkd('cluster', 'up', CLUSTER, '--image', values.image, '--client-port', '24181', '--quiet');

const benches = {
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
};

const results = [];
for (const name of values.only?.split(',') ?? Object.keys(benches)) results.push(await benches[name]());

console.log(`${cpus().length} CPUs, node ${process.version}, ${values.image}; medians in ms\n`);
console.table(
  Object.fromEntries(
    results.map(({ name, baseline, baselineMs, subjectMs, ratio, limit, met, rounds: count }) => [
      name,
      {
        against: baseline,
        rounds: count,
        baseline: Math.round(baselineMs),
        zkd: Math.round(subjectMs),
        ratio: ratio.toFixed(2),
        limit,
        met,
      },
    ]),
  ),
);
mkdirSync(`${root}test-results`, { recursive: true });
writeFileSync(`${root}test-results/bench.json`, `${JSON.stringify(results, null, 2)}\n`);
