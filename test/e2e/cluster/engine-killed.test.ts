/** The engine dies under an ensemble, or in the middle of `up`, and comes back: nothing is lost, and `up` finds or makes all well. */
import { execa } from 'execa';
import { beforeAll, describe, expect, it } from 'vitest';
import { retryUntil } from '../../../src/runtime/retry-until.js';
import { openCountingEngine, type EngineCall } from '../../support/counting-engine.js';
import { expectUpMakesWhole, nth } from '../../support/killed-up.js';
import { usePrivateEngine } from '../../support/private-engine.js';
import {
  belongingsOf,
  expectFailure,
  expectJsonFailure,
  IMAGE,
  keep,
  readFrom,
  status,
  up,
  useEnsembles,
  wholeEnsemble,
  type Cluster,
} from '../../support/story.js';
import { endOf, startZkd, zkd } from '../../support/zkd.js';

const engine = usePrivateEngine();
const ensembles = useEnsembles();
const ARGS = ['--image', IMAGE, '--heap', '64m'] as const;
/** An engine that is gone is found out at once; most of this is the start of Node on a busy machine. */
const IN_TIME_MS = 10_000;

describe('an engine that is killed under a running ensemble', () => {
  let name = '';
  let cluster: Cluster;
  const containerIds = (seen: Cluster): (string | null)[] => seen.members.map(({ containerId }) => containerId);

  beforeAll(async () => {
    name = ensembles.name();
    ({ cluster } = await up(name, ...ARGS));
    await keep(cluster, '/kept', 'before-the-fall');
  });

  /** Nobody did anything but start the engine. */
  async function healthyByItself(): Promise<void> {
    const healthy = await retryUntil(async () => ((await status(name)).healthy ? true : undefined), { timeoutMs: 60_000, intervalMs: 200 });
    expect(healthy, JSON.stringify((await status(name)).causes)).toBe(true);
  }

  async function expectNothingLost(seen: Cluster): Promise<void> {
    expect(await status(name)).toMatchObject({ healthy: true, causes: [] });
    expect(containerIds(seen)).toEqual(containerIds(cluster));
    expect(seen.connect).toBe(cluster.connect);
    expect(await belongingsOf(name)).toEqual(wholeEnsemble(name, 3));
    expect(await Promise.all(seen.members.map((member) => readFrom(member, '/kept')))).toEqual(Array(3).fill('before-the-fall'));
  }

  it('is said with 5 in time by every command while it is down; up makes all well when it is back', async () => {
    await engine.kill();
    for (const command of ['up', 'run', 'status', 'ps', 'env', 'down', 'rm']) {
      const startedAt = performance.now();
      const failure = await expectFailure(['cluster', command, name], {
        exitCode: 5,
        code: 'engine-unavailable',
        says: [`Cannot reach the container engine at unix://${engine.socket} (DOCKER_HOST)`],
      });
      expect(performance.now() - startedAt, command).toBeLessThan(2 * IN_TIME_MS);
      expect(failure.details, command).toMatchObject({ reason: 'unreachable' });
      expect(failure.suggestions.length, command).toBeGreaterThan(0);
    }
    await engine.start();
    // Without live-restore, 20.10 stops what outlived it, and takes that for somebody's wish: unless-stopped does not bring it back.
    const { plan, cluster: seen } = await up(name);
    expect(plan.filter((step) => !/^start member [123]: exited with code 143$/.test(step))).toEqual([]);
    await expectNothingLost(seen);
    expect(await up(name)).toMatchObject({ changed: false });
  });

  it('has its power cut, members and all: they come back by themselves, and up finds nothing to do', async () => {
    await engine.cutPower();
    await engine.start();
    await healthyByItself();
    const found = await up(name);
    expect(found).toMatchObject({ changed: false, plan: [] });
    await expectNothingLost(found.cluster);
  });

  it('has its power cut and meets up at once when it is back', async () => {
    await engine.cutPower();
    await engine.start();
    await expectNothingLost((await up(name)).cluster);
  });

  it('comes back with members that were stopped by hand: up starts them', async () => {
    await execa('docker', ['stop', ...cluster.members.map(({ container }) => container)]);
    await engine.kill();
    await engine.start();
    const repaired = await up(name);
    expect(repaired.plan).toEqual([1, 2, 3].map((id) => `start member ${id}: exited with code 143`));
    await expectNothingLost(repaired.cluster);
  });
});

describe('an engine that is killed in the middle of up', () => {
  /** Kills the engine when it has done a call for which `isThePoint` holds, before zkd has the answer. */
  async function upUntilKilled(name: string, isThePoint: (call: EngineCall) => boolean): Promise<void> {
    const proxy = await openCountingEngine(engine.socket);
    try {
      let point: EngineCall | undefined;
      let killed: Promise<void> | undefined;
      proxy.onAnswer = async (call) => {
        if (!point && isThePoint(call)) {
          point = call;
          killed = engine.kill().then(() => proxy.close());
        }
        await killed;
      };
      const args = ['cluster', 'up', name, '--size', '3', '--client-port', 'auto', ...ARGS, '--timeout', '60s', '--json'];
      const result = endOf(await startZkd(args, { env: { DOCKER_HOST: proxy.url } }));
      expect(point, result.stderr).toBeDefined();
      const killedAt = performance.now();
      const failure = expectJsonFailure(result, {
        exitCode: 5,
        code: 'engine-unavailable',
        says: ['Cannot reach the container engine', proxy.socketPath],
      });
      expect(performance.now() - killedAt).toBeLessThan(IN_TIME_MS);
      expect(failure.details).toMatchObject({ reason: 'unreachable' });
    } finally {
      await proxy.close().catch(() => undefined);
    }
    await engine.start();
  }

  // Other points: killed-up.test.ts, which leaves the same behind but the engine's own remains.
  it.each([
    ['the network was made', nth(1, /^POST \/networks\/create$/)],
    ['two members were configured', nth(2, /^PUT \/containers\/\w+\/archive$/)],
    ['one member was started', nth(1, /^POST \/containers\/\w+\/start$/)],
  ])('when %s: exit 5, and the next up makes one whole ensemble', async (_, isThePoint) => {
    const name = ensembles.name();
    await upUntilKilled(name, isThePoint);
    await freePorts(name);
    await expectUpMakesWhole(name);
  });

  /** An engine that dies while it publishes a port may hold it for nobody after its next start: 20.10 lets it go at the one after that. */
  async function freePorts(name: string): Promise<void> {
    const result = await zkd(['cluster', 'up', name, '--json']);
    if (result.exitCode === 0) return;
    const failure = expectJsonFailure(result, {
      exitCode: 4,
      code: 'conflict',
      says: [/Port 127\.0\.0\.1:\d+ is taken by process \d+ \(docker-proxy\) for a container this engine does not have/],
    });
    expect(failure.suggestions).toEqual(['sudo systemctl restart docker']);
    await engine.kill();
    await engine.start();
  }
});
