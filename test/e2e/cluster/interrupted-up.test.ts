/** SIGINT and SIGTERM during `up`: what this run made is removed, what was there before stays. */
import { describe, expect, it } from 'vitest';
import { openCountingEngine } from '../../support/counting-engine.js';
import {
  belongingsOf,
  docker,
  expectHumanFailure,
  expectJsonFailure,
  expectNothingLeft,
  IMAGE,
  look,
  succeed,
  up,
  useEnsembles,
} from '../../support/story.js';
import { endOf, startZkd, type ZkdResult } from '../../support/zkd.js';

const ensembles = useEnsembles();
const ARGS = ['--client-port', 'auto', '--image', IMAGE, '--heap', '64m', '--timeout', '120s'] as const;

/** Sends a signal when the engine has done its `nth` call of a kind, before zkd hears of it. */
async function interruptUp(name: string, signal: NodeJS.Signals, call: RegExp, nth: number, ...extra: string[]): Promise<ZkdResult> {
  const engine = await openCountingEngine();
  try {
    const child = startZkd(['cluster', 'up', name, ...ARGS, ...extra], { env: { DOCKER_HOST: engine.url } });
    let seen = 0;
    engine.onAnswer = ({ what }) => {
      if (call.test(what) && (seen += 1) === nth) child.kill(signal);
    };
    const result = endOf(await child);
    expect(seen, `the point was not reached\n${result.stderr}`).toBeGreaterThanOrEqual(nth);
    return result;
  } finally {
    await engine.close();
  }
}

const CREATE = /^POST \/containers\/create$/;
const START = /^POST \/containers\/\w+\/start$/;

describe('up that is interrupted', () => {
  it.each([
    ['the first container was created', CREATE, 1],
    ['the last container was created', CREATE, 3],
    ['the network was created', /^POST \/networks\/create$/, 1],
    ['a member was configured', /^PUT \/containers\/\w+\/archive$/, 2],
    ['the first member was started', START, 1],
  ] as const)('by SIGINT when %s: exit 130, nothing is left', async (_, call, nth) => {
    const name = ensembles.name();
    expectHumanFailure(await interruptUp(name, 'SIGINT', call, nth), {
      exitCode: 130,
      says: ['Interrupted by SIGINT', 'What was made has been removed again'],
    });
    await expectNothingLeft(name);
  });

  it('by SIGINT while it waits for the quorum: exit 130, nothing is left, one JSON document', async () => {
    const name = ensembles.name();
    const child = startZkd(['cluster', 'up', name, ...ARGS, '--json']);
    child.stderr.on('data', (chunk: Buffer) => {
      if (chunk.toString().includes('wait until the ensemble is ready ...')) child.kill('SIGINT');
    });
    const failure = expectJsonFailure(endOf(await child), { exitCode: 130, code: 'interrupted', says: ['Interrupted by SIGINT'] });
    expect(failure.details).toMatchObject({ left: [] });
    await expectNothingLeft(name);
  });

  it('by SIGTERM: exit 143, nothing is left', async () => {
    const name = ensembles.name();
    expectJsonFailure(await interruptUp(name, 'SIGTERM', START, 2, '--json'), {
      exitCode: 143,
      code: 'terminated',
      says: ['Ended by SIGTERM'],
    });
    await expectNothingLeft(name);
  });

  it('twice ends at once, and another up goes on from what is there', async () => {
    const name = ensembles.name();
    const engine = await openCountingEngine();
    try {
      const child = startZkd(['cluster', 'up', name, ...ARGS], { env: { DOCKER_HOST: engine.url } });
      let reached: () => void = () => undefined;
      const isStuck = new Promise<void>((resolve) => (reached = resolve));
      engine.onAnswer = async ({ what }) => {
        if (!CREATE.test(what)) return;
        reached();
        // An engine that does not answer any more: the clean-up cannot begin.
        await child;
      };
      await isStuck;
      child.kill('SIGINT');
      // The first one is being handled when zkd has said nothing for a while; the second must not wait for the engine.
      const second = setInterval(() => child.kill('SIGINT'), 200);
      const { exitCode } = endOf(await child);
      clearInterval(second);
      expect(exitCode).toBe(130);
    } finally {
      await engine.close();
    }
    expect((await belongingsOf(name)).containers.length).toBeGreaterThan(0);
    await up(name, ...ARGS);
    expect(await look(name)).toMatchObject({ healthy: true });
    await succeed(['cluster', 'down', name, '--volumes']);
    await expectNothingLeft(name);
  });

  it('while it repairs leaves members and data of before alone', async () => {
    const name = ensembles.name();
    await up(name, ...ARGS);
    await docker('rm', '--force', `zkd-${name}-2`);
    const before = await belongingsOf(name);
    const result = await interruptUp(name, 'SIGINT', CREATE, 1);
    expectHumanFailure(result, { exitCode: 130, says: ['Interrupted by SIGINT'] });
    expect(await belongingsOf(name)).toEqual(before);
    expect(before.volumes).toHaveLength(9);
    expect((await look(name)).causes).toEqual([{ member: 2, cause: 'its container is gone' }]);
  });
});
