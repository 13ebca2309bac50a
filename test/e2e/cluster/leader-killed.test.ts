/** The leader is killed: a new epoch, the rest healthy; back again without a write in between, all of it healthy. */
import { describe, expect, it } from 'vitest';
import { retryUntil } from '../../../src/runtime/retry-until.js';
import { docker, IMAGE, look, up, useEnsembles, type StatusDocument } from '../../support/story.js';

const ensembles = useEnsembles();

async function statusOnce(name: string, isWanted: (seen: StatusDocument) => boolean): Promise<StatusDocument> {
  let last: StatusDocument | undefined;
  const found = await retryUntil(
    async () => {
      last = await look(name);
      return isWanted(last) ? last : undefined;
    },
    { timeoutMs: 60_000, intervalMs: 100 },
  );
  if (!found) throw new Error(`status never became what it should: ${JSON.stringify(last)}`);
  return found;
}

describe('a killed leader', () => {
  it('is named, the rest elects another in a higher epoch, and is healthy again when it is back', async () => {
    const name = ensembles.name();
    const born = (await up(name, '--client-port', 'auto', '--image', IMAGE, '--heap', '64m', '--tick-time', '500ms')).cluster;
    let { leader, epoch } = born;
    for (let round = 1; round <= 3; round += 1) {
      const killed = leader ?? 0;
      await docker('kill', `zkd-${name}-${killed}`);
      const seen = await statusOnce(name, ({ causes, cluster }) => causes.length === 1 && cluster.leader !== null);
      expect(seen.causes).toEqual([{ member: killed, cause: 'not running: exited with code 137 (killed)' }]);
      expect(seen.cluster.leader).not.toBe(killed);
      expect(seen.cluster.epoch).toBeGreaterThan(epoch ?? 0);
      for (const member of seen.cluster.members.filter(({ id }) => id !== killed)) {
        expect(member).toMatchObject({ epoch: seen.cluster.epoch, lag: 0, error: null });
      }
      // Nobody writes: the zxids of the followers still show older epochs, and that is healthy.
      await docker('start', `zkd-${name}-${killed}`);
      const back = await statusOnce(name, ({ healthy }) => healthy);
      for (const member of back.cluster.members) expect(member).toMatchObject({ epoch: back.cluster.epoch, lag: 0 });
      expect(await up(name)).toMatchObject({ changed: false });
      ({ leader, epoch } = back.cluster);
    }
  });
});
