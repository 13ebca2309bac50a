// Znodes: one-shot reads against zkCli.sh and kazoo; whole trees against kazoo, one request after the other and with 500 under way; memory.
// On an ensemble of three, zkd's default, with credentials, since a part of the tree belongs to somebody. All do the same work: data, ACL
// and stat of each node are exported, data and ACL are written. zkd does more: it counts before it removes, and looks before it copies.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findKazoo } from './kazoo.js';
import { compare, compareSeveral, timeProcess } from './measure.js';
import { openZkCli } from './zkcli.js';

const MOST_MB = 250;
const CREDENTIAL = 'bench:secret';
const HOSTS = '127.0.0.1:24181,127.0.0.1:24182,127.0.0.1:24183';
const TREE = '/tree';
const COPY = '/copy';
const env = { ZKD_CONNECT: HOSTS, ZKD_AUTH: `digest:${CREDENTIAL}`, ZKD_CLUSTER: '', CI: '' };

/** `ensemble` has `up`, `remove` and `container`; `rounds` answers how many, given the usual number; trees have `nodes`; `zkdScript` is what
 * node runs. */
export function znodeBenches({ ensemble, rounds, nodes, zkdScript }) {
  const zkd = (...args) => timeProcess(process.execPath, [zkdScript, 'znode', ...args, '--quiet'], env);

  /** Runs the work with an ensemble and a folder, both gone afterwards. */
  const within = async (work) => {
    const kazoo = findKazoo();
    const folder = mkdtempSync(join(tmpdir(), 'zkd-bench.'));
    try {
      await ensemble.up();
      return await work({ kazoo, seed: (root, count) => kazoo.seed(HOSTS, CREDENTIAL, root, String(count)), folder });
    } finally {
      await ensemble.remove();
      rmSync(folder, { recursive: true });
    }
  };

  /**
   * One operation done by all three in each round. `operate` runs one of them, given `run(operation, ...)` and a file of its own; what it
   * answers counts. `prepare` and `cleanUp` come around each.
   */
  const treeBench = (name, limit, { needsExports = false, prepare = () => undefined, operate, cleanUp = () => undefined }) =>
    within(async ({ kazoo, seed, folder }) => {
      await seed(TREE, nodes);
      const kazooRun =
        (script) =>
        (...args) =>
          script(HOSTS, CREDENTIAL, ...args);
      const runs = {
        sequential: kazooRun(kazoo.sequential),
        asynchronous: kazooRun(kazoo.asynchronous),
        zkd: (operation, ...args) => zkd(operation, ...args, ...(operation === 'rm' ? ['--recursive', '--yes'] : [])),
      };
      // What comes around is done by the quickest.
      const clear = () => runs.zkd('rm', COPY);
      for (const who of needsExports ? ['asynchronous', 'zkd'] : []) await runs[who]('export', TREE, join(folder, who));
      const measure = async (who) => {
        const given = join(folder, who === 'zkd' ? 'zkd' : 'asynchronous');
        const step = { run: runs[who], given, made: join(folder, 'made'), clear, fill: () => runs.zkd('cp', TREE, COPY) };
        await prepare(step);
        const tookMs = await operate(step);
        await cleanUp(step);
        return tookMs;
      };
      return compareSeveral({
        comparisons: [
          { name: `${name}, ${nodes} nodes`, baseline: 'kazoo, one request after the other', limit },
          { name: `${name}, ${nodes} nodes`, baseline: 'kazoo, 500 requests under way', limit: 1 },
        ],
        rounds: rounds(1),
        // The servers are warm from making the tree, and a round takes minutes.
        isWarm: true,
        async measure() {
          const sequential = await measure('sequential');
          const asynchronous = await measure('asynchronous');
          const ours = await measure('zkd');
          return [sequential, ours, asynchronous, ours];
        },
      });
    });

  const peakOf = async (folder, ...args) => {
    const file = join(folder, 'peak');
    const preload = new URL('report-peak.js', import.meta.url).href;
    await timeProcess(process.execPath, ['--import', preload, zkdScript, 'znode', ...args, '--quiet'], { ...env, ZKD_BENCH_PEAK: file });
    return Number(readFileSync(file, 'utf8'));
  };

  return {
    get: () =>
      within(async ({ kazoo, seed }) => {
        await seed(TREE, 1000);
        const path = `${TREE}/app-00/service-000/instance-000000`;
        const zkCli = openZkCli(ensemble.container, 24181);
        const one = { name: 'zkd znode get', rounds: rounds(10), measureSubject: () => zkd('get', path) };
        try {
          return [
            await compare({ ...one, baseline: zkCli.name, limit: 0.35, measureBaseline: () => zkCli.get(path, HOSTS) }),
            await compare({ ...one, baseline: 'a kazoo script', measureBaseline: () => kazoo.get(HOSTS, path) }),
          ];
        } finally {
          zkCli.close();
        }
      }),
    export: () => treeBench('znode export', 1 / 3.5, { operate: ({ run, made }) => run('export', TREE, made) }),
    import: () =>
      treeBench('znode import', 1 / 3, {
        needsExports: true,
        operate: ({ run, given }) => run('import', given, COPY),
        cleanUp: ({ clear }) => clear(),
      }),
    rm: () => treeBench('znode rm -r', 1 / 3.5, { prepare: ({ fill }) => fill(), operate: ({ run }) => run('rm', COPY) }),
    cp: () => treeBench('znode cp', 1 / 3.5, { operate: ({ run }) => run('cp', TREE, COPY), cleanUp: ({ clear }) => clear() }),
    memory: () =>
      within(async ({ seed, folder }) => {
        const file = join(folder, 'export');
        await seed(TREE, nodes);
        await seed('/fewer', nodes / 5);
        const commands = {
          export: ['export', TREE, file],
          import: ['import', file, COPY],
          'rm -r': ['rm', COPY, '--recursive', '--yes'],
          cp: ['cp', TREE, COPY],
        };
        const figures = [];
        const single = { rounds: 1, isWarm: true };
        for (const [name, args] of Object.entries(commands)) {
          const peak = await peakOf(folder, ...args);
          const comparison = { name: `znode ${name}, most memory`, baseline: `${MOST_MB} MB`, limit: 1, unit: 'MB' };
          figures.push(...(await compareSeveral({ ...single, comparisons: [comparison], measure: () => [MOST_MB, peak] })));
        }
        const growth = { name: 'znode export, most memory', baseline: `export of ${nodes / 5} nodes`, limit: 1.1 };
        const measure = async () => [await peakOf(folder, 'export', '/fewer', file), await peakOf(folder, 'export', TREE, file)];
        figures.push(...(await compareSeveral({ comparisons: [{ ...growth, unit: 'MB' }], rounds: rounds(3), isWarm: true, measure })));
        return figures;
      }),
  };
}
