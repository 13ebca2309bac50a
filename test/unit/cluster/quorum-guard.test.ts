import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { MemberHealth, Silence } from '../../../src/cluster/health.js';
import { quorumOf } from '../../../src/cluster/members.js';
import { findQuorumLoss } from '../../../src/cluster/quorum-guard.js';
import type { MemberView } from '../../../src/cluster/readiness.js';

type Is = 'serving' | 'observing' | Silence;

function member(id: number, is: Is): MemberView {
  const isSilent = is !== 'serving' && is !== 'observing';
  const mode = is === 'observing' ? 'observer' : 'follower';
  const health: MemberHealth = {
    id,
    role: is === 'observing' ? 'observer' : 'participant',
    silence: isSilent ? is : null,
    status: isSilent ? null : { version: '3.9.3', mode, zxid: 1n, connections: 1, outstanding: 0, latencyMs: null },
    epoch: 1,
    servers: null,
    serverId: null,
    syncedFollowers: null,
  };
  return { id, health, observed: undefined, isAttached: true, outOfReach: null };
}

const ensemble = (...members: Is[]): MemberView[] => members.map((is, index) => member(index + 1, is));
const lossOf = (members: readonly MemberView[], ...away: number[]) => findQuorumLoss({ name: 'zk', members, away, command: 'stop' });

describe('taking members away', () => {
  it('is refused where the quorum goes with them, and names the way past it', () => {
    const loss = lossOf(ensemble('serving', 'serving', 'serving'), 3, 1);
    expect(loss).toMatchObject({
      code: 'refused',
      suggestions: ['zkd cluster status zk', 'zkd cluster stop zk --member 3 --member 1 --force'],
      details: { cluster: 'zk', members: [3, 1], serving: [1, 2, 3], needed: 2, override: '--force' },
    });
    expect(loss?.message).toBe(
      'Stopping members 3, 1 would take the quorum of ensemble "zk" away: 3 of 3 voting members serve, 1 would be left, 2 are needed',
    );
  });

  it('is said in the word of the command', () => {
    const members = ensemble('serving');
    const words = (['stop', 'restart', 'rm'] as const).map(
      (command) => findQuorumLoss({ name: 'zk', members, away: [1], command })?.message,
    );
    expect(words).toEqual([
      expect.stringMatching(/^Stopping member 1 /),
      expect.stringMatching(/^Restarting member 1 /),
      expect.stringMatching(/^Removing member 1 /),
    ]);
  });

  it.each<[string, Is[], number[]]>([
    ['one of three', ['serving', 'serving', 'serving'], [2]],
    ['two of five', ['serving', 'serving', 'serving', 'serving', 'serving'], [1, 5]],
    ['the same one twice', ['serving', 'serving', 'serving'], [2, 2]],
    ['all observers', ['serving', 'observing', 'observing'], [2, 3]],
    ['a voter that does not serve', ['serving', 'serving', 'port-closed'], [3]],
    ['what has no quorum', ['serving', 'port-closed', 'silent'], [1]],
    ['what is all silent', ['not-serving', 'not-serving', 'not-serving'], [1, 2, 3]],
    ['nobody', ['serving'], []],
  ])('is allowed: %s', (_, members, away) => expect(lossOf(ensemble(...members), ...away)).toBeUndefined());

  it.each<[string, Is[], number[]]>([
    ['the only one', ['serving'], [1]],
    ['one of two', ['serving', 'serving'], [1]],
    ['two of four', ['serving', 'serving', 'serving', 'serving'], [1, 2]],
    ['the second of three', ['serving', 'serving', 'port-closed'], [1]],
    ['a voter that observers do not make up for', ['serving', 'serving', 'port-closed', 'observing', 'observing'], [2]],
    ['a voter that answers but may not say how it is', ['not-whitelisted', 'not-whitelisted', 'port-closed'], [1]],
  ])('is refused: %s', (_, members, away) => expect(lossOf(ensemble(...members), ...away)).toMatchObject({ code: 'refused' }));

  it('is refused exactly where a quorum that is there would not be any more', () => {
    const is = fc.constantFrom<Is>('serving', 'observing', 'port-closed', 'silent', 'not-serving');
    fc.assert(
      fc.property(fc.array(is, { minLength: 1, maxLength: 9 }), fc.array(fc.integer({ min: 1, max: 9 })), (members, away) => {
        const voters = members.filter((state) => state !== 'observing').length;
        const serving = members.filter((state) => state === 'serving').length;
        const left = members.filter((state, index) => state === 'serving' && !away.includes(index + 1)).length;
        const isLost = serving >= quorumOf(voters) && left < quorumOf(voters);
        expect(lossOf(ensemble(...members), ...away) !== undefined).toBe(isLost);
      }),
    );
  });
});
