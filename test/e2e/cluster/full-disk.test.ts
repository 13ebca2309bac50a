/** No space left on the engine's disk: before an ensemble is there, and under a running one. */
import { execa } from 'execa';
import { afterEach, describe, expect, it } from 'vitest';
import { retryUntil } from '../../../src/runtime/retry-until.js';
import { usePrivateEngine } from '../../support/private-engine.js';
import {
  belongingsOf,
  expectHumanFailure,
  expectJsonFailure,
  expectNothingLeft,
  IMAGE,
  keep,
  readFrom,
  status,
  up,
  useEnsembles,
  wholeEnsemble,
  type Member,
} from '../../support/story.js';
import { zkd } from '../../support/zkd.js';

const engine = usePrivateEngine();
const ensembles = useEnsembles();
const ARGS = ['--image', IMAGE, '--heap', '64m'] as const;
/** As the engine says it; the other where there was no space for a folder of the kernel's own, which the engine then looks for. */
const NO_SPACE = /no space left on device|\/overlay2\/[\w-]+\/work\/work: no such file/;

/** Writes until the servers are gone: zkCli.sh tries for ever to reach them again, and is left to it. */
async function writeUntilTheyEnd(member: Member): Promise<void> {
  // More than the block of the transaction log that is there already.
  const input = Array.from({ length: 30 }, (_, index) => `create /more${index} ${'x'.repeat(1000)}\n`).join('');
  const command = ['exec', '--interactive', member.container, 'timeout', '30', 'zkCli.sh', '-server', member.internalAddress];
  const client = execa('docker', command, { input, reject: false, all: true, buffer: false });
  let said = '';
  for await (const line of client.iterable({ from: 'all' })) {
    said += `${line}\n`;
    if (line.includes('ConnectionLoss')) break;
  }
  client.kill();
  expect(said).toContain('ConnectionLoss');
}

afterEach(() => engine.freeDisk());

describe('up on a full disk', () => {
  // Where it fails differs: at the container's layer, at its volumes, at what is written into them.
  it.each([0, 110_000, 130_000, 200_000, 300_000])(
    "exits 1 in the engine's own words with %i bytes left, and leaves nothing",
    async (free) => {
      const name = ensembles.name();
      await engine.fillDisk('root', free);
      const args = ['cluster', 'up', name, '--client-port', 'auto', ...ARGS];
      expectHumanFailure(await zkd(args), { exitCode: 1, says: [/^Error: Cannot /m, NO_SPACE] });
      await expectNothingLeft(name);
      const failure = expectJsonFailure(await zkd([...args, '--json']), { exitCode: 1, code: 'failure', says: [NO_SPACE] });
      expect(failure.details).toMatchObject({ reason: 'disk-full', engine: expect.stringMatching(NO_SPACE) as string });
      expect(failure.suggestions).toEqual(['docker system df']);
      await expectNothingLeft(name);
    },
  );

  it('exits 7 with the cause of each member where only its servers have no space, leaves nothing, and succeeds when there is some', async () => {
    const name = ensembles.name();
    await engine.fillDisk('others');
    const failure = expectJsonFailure(await zkd(['cluster', 'up', name, ...ARGS, '--json']), {
      exitCode: 7,
      code: 'timeout',
      says: ['cannot become ready', 'crash loop: ', 'no space left on its data volume', 'What was made has been removed again'],
    });
    expect(failure.message).toMatch(/No space left on device/);
    await expectNothingLeft(name);
    await engine.freeDisk();
    await up(name, ...ARGS);
    expect(await status(name)).toMatchObject({ healthy: true });
    await zkd(['cluster', 'down', name, '--volumes']);
  });
});

describe('a disk that fills under a running ensemble', () => {
  it('is named by status; up says the same with 7, and repairs when there is space again; data is kept', async () => {
    const name = ensembles.name();
    const { cluster } = await up(name, ...ARGS);
    await keep(cluster, '/kept', 'before-the-flood');
    await engine.fillDisk('others');
    await writeUntilTheyEnd(cluster.members[0] as Member);

    const causes = await retryUntil(
      async () => {
        const seen = (await status(name)).causes.filter(({ cause }) => cause.endsWith('no space left on its data volume'));
        return seen.length > 1 ? seen : undefined;
      },
      { timeoutMs: 60_000, intervalMs: 500 },
    );
    expect(causes, JSON.stringify((await status(name)).causes)).toBeDefined();
    const failed = await zkd(['cluster', 'up', name]);
    expectHumanFailure(failed, { exitCode: 7, says: ['no space left on its data volume'] });
    expect(failed.stderr).not.toContain('removed');
    expect(await belongingsOf(name)).toEqual(wholeEnsemble(name, 3));

    await engine.freeDisk();
    const repaired = await up(name);
    expect(repaired.cluster.members.map(({ containerId }) => containerId)).toEqual(cluster.members.map(({ containerId }) => containerId));
    expect(await status(name)).toMatchObject({ healthy: true, causes: [] });
    expect(await Promise.all(cluster.members.map((member) => readFrom(member, '/kept')))).toEqual(Array(3).fill('before-the-flood'));
  });
});
