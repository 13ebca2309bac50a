/** `up` that is killed in the middle or that meets another one: what must hold of the ensemble afterwards. */
import { createHash } from 'node:crypto';
import { expect } from 'vitest';
import { openCountingEngine, type EngineCall } from './counting-engine.js';
import { belongingsOf, docker, IMAGE, look, succeed, up, wholeEnsemble } from './story.js';
import { endOf, startZkd, zkd, type ZkdResult } from './zkd.js';

const UP = ['--size', '3', '--client-port', 'auto', '--timeout', '120s'] as const;

/** The n-th call of this kind that succeeds. */
export const nth = (number: number, pattern: RegExp): ((call: EngineCall) => boolean) => {
  let seen = 0;
  return ({ what, status }) => status < 300 && pattern.test(what) && (seen += 1) === number;
};

/**
 * Kills an `up`, a fresh one unless said otherwise, with SIGKILL when the engine has done a call for which `isThePoint` holds, before zkd has the answer. Answers that
 * call, or undefined where `up` came to its end first.
 */
export async function killUp(
  name: string,
  isThePoint: (call: EngineCall) => boolean,
  args: readonly string[] = UP,
): Promise<EngineCall | undefined> {
  const engine = await openCountingEngine();
  try {
    const child = startZkd(['cluster', 'up', name, ...args], { env: { DOCKER_HOST: engine.url } });
    let point: EngineCall | undefined;
    engine.onAnswer = async (call) => {
      if (!point && isThePoint(call)) {
        point = call;
        child.kill('SIGKILL');
      }
      // What was asked at the same time gets no answer either.
      if (point) await child;
    };
    const { exitCode, stderr } = endOf(await child);
    expect(exitCode, stderr).toBe(point ? 137 : 0);
    return point;
  } finally {
    await engine.close();
  }
}

/** Another `up` makes it whole: healthy, three containers, one network, nine volumes, one ensemble id, one credential. Then it is removed. */
export async function expectUpMakesWhole(name: string): Promise<void> {
  const { cluster } = await up(name, '--size', '3', '--client-port', 'auto');
  expect(cluster.leader).not.toBeNull();
  await expectWhole(name);
  await succeed(['cluster', 'down', name, '--volumes']);
}

/** A change of the heap is killed when the engine has done a call for which `isThePoint` holds; the same command finishes it. */
export async function expectRollGoesOn(name: string, isThePoint: (call: EngineCall) => boolean): Promise<void> {
  await up(name, '--client-port', 'auto', '--image', IMAGE, '--heap', '64m', '--tick-time', '500ms');
  expect(await killUp(name, isThePoint, ['--heap', '80m', '--timeout', '120s'])).toBeDefined();
  await up(name, '--heap', '80m');
  expect(await look(name)).toMatchObject({ healthy: true });
  const { containers, networks, volumes } = wholeEnsemble(name, 3);
  const memory = await docker('inspect', '--format', '{{.HostConfig.Memory}}', ...containers);
  expect(memory.split('\n')).toEqual(Array(3).fill(String((80 + 256) * 1024 ** 2)));
  expect(await belongingsOf(name)).toEqual({ containers, networks, volumes: [...volumes, `zkd-${name}-settings-2`].sort() });
}

/** The ensemble is healthy, and there is nothing of a second one in it. */
export async function expectWhole(name: string): Promise<void> {
  expect(await look(name)).toMatchObject({ healthy: true, causes: [] });
  const belongings = await belongingsOf(name);
  expect(belongings).toEqual(wholeEnsemble(name, 3));
  const networksOfName = await docker('network', 'ls', '--filter', `name=^zkd-${name}$`, '--format', '{{.ID}}');
  expect(networksOfName.split('\n')).toHaveLength(1);
  const label = '{{index %s "zkd.ensemble"}}';
  const ids = [
    ...(await docker('inspect', '--format', label.replace('%s', '.Config.Labels'), ...belongings.containers)).split('\n'),
    ...(await docker('volume', 'inspect', '--format', label.replace('%s', '.Labels'), ...belongings.volumes)).split('\n'),
    await docker('network', 'inspect', '--format', label.replace('%s', '.Labels'), ...belongings.networks),
  ];
  expect(ids).toEqual(Array(13).fill(ids[0]));
  expect(ids[0]).toMatch(/^[0-9a-f]{16}$/);
  const digests = await Promise.all(
    belongings.containers.map(async (container) => {
      const [credential, zooCfg] = await Promise.all([
        docker('exec', container, 'cat', '/conf/zkd-super'),
        docker('exec', container, 'cat', '/conf/zoo.cfg'),
      ]);
      const digest = createHash('sha1').update(credential.trim()).digest('base64');
      // Properties escape what they must.
      expect(zooCfg.replaceAll('\\', '')).toContain(`superDigest=super:${digest}`);
      return digest;
    }),
  );
  expect(new Set(digests).size).toBe(1);
  const restart = await docker('inspect', '--format', '{{.HostConfig.RestartPolicy.Name}}', ...belongings.containers);
  expect(restart.split('\n')).toEqual(Array(3).fill('unless-stopped'));
}

/**
 * A fresh `up` that gets no answer from the engine, from a call for which `isThePoint` holds, until another one has come to its end.
 * Answers that call, or undefined where the first came to its end before.
 */
export async function expectSlowAndQuickUpMakeOne(
  name: string,
  isThePoint: (call: EngineCall) => boolean,
): Promise<EngineCall | undefined> {
  const engine = await openCountingEngine();
  try {
    let point: EngineCall | undefined;
    let quick: Promise<ZkdResult> | undefined;
    engine.onAnswer = async (call) => {
      if (!point && isThePoint(call)) {
        point = call;
        quick = zkd(['cluster', 'up', name, ...UP]);
      }
      await quick;
    };
    const slow = await zkd(['cluster', 'up', name, ...UP], { env: { DOCKER_HOST: engine.url } });
    await expectOneEnsemble(name, quick ? [slow, await quick] : [slow]);
    return point;
  } finally {
    await engine.close();
  }
}

/** Two `up` of one name at once: each ends with 0 or 4, one at least with 0, and one whole ensemble is there. */
export async function expectTwoUpsMakeOne(name: string): Promise<void> {
  const both = await Promise.all([1, 2].map(() => zkd(['cluster', 'up', name, ...UP, '--image', IMAGE, '--heap', '64m'])));
  await expectOneEnsemble(name, both);
}

async function expectOneEnsemble(name: string, both: readonly ZkdResult[]): Promise<void> {
  const said = both.map(({ exitCode, stdout, stderr }) => `exit ${exitCode}\n${stdout}\n${stderr}`).join('\n=== the other\n');
  expect(
    both.every(({ exitCode }) => exitCode === 0 || exitCode === 4),
    said,
  ).toBe(true);
  expect(
    both.some(({ exitCode }) => exitCode === 0),
    said,
  ).toBe(true);
  await expectWhole(name);
  await succeed(['cluster', 'down', name, '--volumes']);
}
