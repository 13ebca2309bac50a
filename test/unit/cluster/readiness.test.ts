import { describe, expect, it } from 'vitest';
import { epochUnder, lagBehind, notAsked, type MemberHealth } from '../../../src/cluster/health.js';
import { isCrashLoop, judge, type MemberView } from '../../../src/cluster/readiness.js';
import type { ContainerDetails } from '../../../src/engine/index.js';
import { observedMember } from '../../support/observed-ensemble.js';
import { sampleMembers, sampleRecord } from '../../support/sample-ensemble.js';

const RECORD = sampleRecord({ size: 3, observers: 1 });
const SERVERS = new Map(
  sampleMembers(RECORD).map(({ id, role, container, port }) => [id, `${container}:2888:3888:${role};${container}:${port}`]),
);
const zxidOf = (epoch: number, counter: number): bigint => (BigInt(epoch) << 32n) + BigInt(counter);

interface Differing {
  readonly health?: Partial<MemberHealth>;
  readonly mode?: 'leader' | 'follower' | 'observer' | 'standalone' | null;
  readonly zxid?: bigint;
  readonly container?: Partial<ContainerDetails>;
  readonly view?: Partial<MemberView>;
}

/** A member of a healthy ensemble, led by 3, in epoch 2 after 5 transactions, but for what is said. */
function member(id: number, { health, mode, zxid = zxidOf(2, 5), container, view }: Differing = {}): MemberView {
  const role = id === 4 ? 'observer' : 'participant';
  const usual = id === 3 ? 'leader' : id === 4 ? 'observer' : 'follower';
  return {
    id,
    isAttached: true,
    outOfReach: null,
    observed: observedMember(RECORD, id, container),
    health: {
      id,
      role,
      silence: null,
      status: { version: '3.9.3', mode: mode === undefined ? usual : mode, zxid, connections: 1, outstanding: 0, latencyMs: null },
      epoch: Number(zxid >> 32n),
      servers: SERVERS,
      serverId: id,
      syncedFollowers: usual === 'leader' ? 2 : null,
      ...health,
    },
    ...view,
  };
}

const silent = (silence: NonNullable<MemberHealth['silence']>) => ({ silence, status: null, epoch: null, servers: null, serverId: null });
const ensemble = (differing: Readonly<Record<number, Differing>> = {}): MemberView[] => [1, 2, 3, 4].map((id) => member(id, differing[id]));
const causesOf = (differing: Readonly<Record<number, Differing>>) =>
  Object.fromEntries(judge(ensemble(differing)).causes.map(({ member: id, cause }) => [id, cause]));

describe('an ensemble is ready', () => {
  it('when one leads and all others follow in sync in one epoch', () => expect(judge(ensemble())).toEqual({ ready: true, causes: [] }));

  it('when the leader is fresh: its followers’ zxids still show the epoch before', () => {
    const before = { zxid: zxidOf(1, 9) };
    expect(judge(ensemble({ 1: before, 2: { zxid: 0n }, 3: { zxid: zxidOf(2, 0) }, 4: before })).ready).toBe(true);
  });

  it('when the one member runs standalone', () => {
    expect(judge([member(1, { mode: 'standalone', health: { servers: null, serverId: null } })]).ready).toBe(true);
  });

  it('never when there is nobody', () => expect(judge([]).ready).toBe(false));

  it('also where servers do not say what they are configured with', () => {
    const silentOnConf = { health: { servers: null, serverId: null } };
    expect(judge(ensemble({ 1: silentOnConf, 2: silentOnConf, 3: silentOnConf })).ready).toBe(true);
  });
});

describe('it is not, and the engine knows why', () => {
  const young = { restarts: 3, startedAt: new Date().toISOString() };
  it.each<[string, Partial<ContainerDetails>, string | RegExp]>([
    ['exited', { state: 'exited', exitCode: 1 }, 'not running: exited with code 1'],
    ['killed', { state: 'exited', exitCode: 137 }, 'not running: exited with code 137 (killed)'],
    ['dead', { state: 'dead', exitCode: null }, 'not running: exited with code unknown'],
    ['out of memory', { state: 'exited', exitCode: 137, outOfMemory: true }, /^out of memory: the engine ended it/],
    ['created', { state: 'created', exitCode: null }, 'never started'],
    ['paused', { state: 'paused' }, 'paused'],
    ['a crash loop', { state: 'restarting', exitCode: 2, ...young }, 'crash loop: restarted 3 times, last exit code 2'],
    ['a crash loop between two crashes', { ...young }, 'crash loop: restarted 3 times'],
    ['restarting once', { state: 'restarting', restarts: 1, exitCode: 3 }, /code 3/],
  ])('%s', (_, container, cause) => {
    const differing = { container, health: silent('port-closed') };
    expect(causesOf({ 1: differing })).toEqual({ 1: typeof cause === 'string' ? cause : (expect.stringMatching(cause) as string) });
  });

  it('the container is gone', () => {
    expect(causesOf({ 2: { health: notAsked(2, 'participant'), view: { observed: undefined } } })).toEqual({ 2: 'its container is gone' });
  });

  it('the container is cut off', () => {
    expect(causesOf({ 1: { view: { isAttached: false }, health: silent('port-closed') } })[1]).toMatch(/^its container is cut off/);
  });
});

describe('a crash loop', () => {
  it('is none where the server serves, or has run for long, or restarted once', () => {
    const old = new Date(Date.now() - 3_600_000).toISOString();
    const now = new Date().toISOString();
    expect(isCrashLoop(member(1, { container: { restarts: 9, startedAt: now } }))).toBe(false);
    expect(isCrashLoop(member(1, { container: { restarts: 9, startedAt: old }, health: silent('not-serving') }))).toBe(false);
    expect(isCrashLoop(member(1, { container: { restarts: 1, startedAt: now }, health: silent('port-closed') }))).toBe(false);
    expect(isCrashLoop(member(1, { container: { restarts: 2, startedAt: now }, health: silent('port-closed') }))).toBe(true);
  });
});

describe('it is not, and the servers tell why', () => {
  it.each([
    ['port-closed', 'its client port is closed'],
    ['closed', 'its client port is closed'],
    ['silent', 'it does not answer on its client port'],
    ['not-serving', 'looking for the leader (member 3 leads)'],
  ] as const)('%s', (silence, cause) => expect(causesOf({ 1: { health: silent(silence) } })).toEqual({ 1: cause }));

  it('the words are not whitelisted', () => {
    expect(causesOf({ 1: { health: silent('not-whitelisted') } })[1]).toContain('4lw.commands.whitelist');
  });

  it('nobody leads yet although enough run', () => {
    const electing = { health: silent('not-serving') };
    expect(causesOf({ 1: electing, 2: electing, 3: electing, 4: electing })).toEqual(
      Object.fromEntries([1, 2, 3, 4].map((id) => [id, 'looking for a leader: the election is not over'])),
    );
  });

  it('too few run: no quorum, and observers do not help', () => {
    const stopped = { container: { state: 'exited', exitCode: 143 }, health: notAsked(1, 'participant') } as const;
    const electing = { health: silent('not-serving') };
    const causes = causesOf({ 1: stopped, 2: stopped, 3: electing, 4: electing });
    expect(causes[3]).toBe('no quorum: 1 of 3 voting members run, 2 are needed');
    expect(causes[4]).toBe(causes[3]);
  });

  it('more than one leads', () => {
    const causes = causesOf({ 1: { mode: 'leader' } });
    expect(causes[1]).toBe('more than one leader: members 1, 3');
    expect(causes[3]).toBe('more than one leader: members 1, 3');
  });

  it('somebody follows, but nobody leads', () => {
    expect(causesOf({ 3: { mode: 'follower' } })).toMatchObject({
      1: 'it follows, but no member leads',
      4: 'it observes, but no member leads',
    });
  });

  it('a follower is not in sync with the leader', () => {
    expect(causesOf({ 3: { health: { syncedFollowers: 1 } } })).toEqual({ 3: 'leads, but only 1 of 2 followers are in sync' });
  });

  it('a follower is in another epoch', () => {
    expect(causesOf({ 2: { zxid: zxidOf(1, 900) } })).toEqual({ 2: 'in epoch 1, the leader is in epoch 2' });
  });

  it('a voter observes, an observer follows', () => {
    expect(causesOf({ 1: { mode: 'observer' } })[1]).toBe('it is an observer, not a follower');
    expect(causesOf({ 4: { mode: 'follower' } })[4]).toBe('it is a follower, not an observer');
  });

  it('a member runs standalone', () => {
    expect(causesOf({ 1: { mode: 'standalone', health: { servers: null } } })[1]).toMatch(/^it runs standalone/);
  });

  it('a member has another id', () => {
    expect(causesOf({ 2: { health: { serverId: 9 } } })).toEqual({ 2: 'wrong myid: it takes itself for member 9' });
  });

  it('a member does not know of others, or of itself, or differently', () => {
    const without = (...ids: number[]) => ({ health: { servers: new Map([...SERVERS].filter(([id]) => !ids.includes(id))) } });
    expect(causesOf({ 1: without(4) })).toEqual({ 1: 'its configuration does not list member 4' });
    expect(causesOf({ 1: without(2, 4) })).toEqual({ 1: 'its configuration does not list members 2, 4' });
    expect(causesOf({ 1: without(1) })[1]).toMatch(/not in the peer list of its own/);
    const moved = new Map([...SERVERS, [2, 'elsewhere:2888:3888:participant;elsewhere:2182'] as const]);
    expect(causesOf({ 1: { health: { servers: moved } } })).toEqual({ 1: 'it lists other servers than the leader' });
  });

  it('the leader itself does not list a member', () => {
    const servers = new Map([...SERVERS].filter(([id]) => id !== 2));
    const causes = causesOf({ 3: { health: { servers } } });
    expect(causes[2]).toBe('not in the peer list of the leader (member 3)');
    expect(causes[3]).toBe('its configuration does not list member 2');
  });
});

describe('last words', () => {
  it.each([
    ['My id 1 not in the peer list', /^not in the peer list: its configuration does not name member 1$/],
    ['java.lang.OutOfMemoryError: Java heap space', /^out of memory: the Java heap/],
    ['java.io.IOException: No space left on device', /^no space left/],
    ['java.nio.file.AccessDeniedException: /data/version-2', /permission denied/],
    ['ERROR [main] - Invalid config, exiting abnormally', /^its configuration is not valid \(Invalid config, exiting abnormally\)$/],
    ['ConfigException: Error processing /conf/zoo.cfg', /^its configuration is not valid/],
  ])('say why a port is closed: %s', (line, cause) => {
    const evidence = { logTail: ['INFO starting', line], myid: '1' };
    expect(causesOf({ 1: { health: silent('port-closed'), view: { evidence } } })[1]).toMatch(cause);
    const exited = { container: { state: 'exited', exitCode: 1 }, health: silent('port-closed'), view: { evidence } } as const;
    expect(causesOf({ 1: exited })[1]).toMatch(/^not running: exited with code 1: /);
  });

  it('do not excuse a myid of another member', () => {
    const evidence = { logTail: ['No space left on device'], myid: '2' };
    expect(causesOf({ 1: { health: silent('port-closed'), view: { evidence } } })[1]).toBe('wrong myid: its data says it is member 2');
  });
});

describe('epoch and lag', () => {
  const leader = member(3).health;
  const fresh = member(3, { zxid: zxidOf(2, 0) }).health;
  it('count transactions within an epoch', () => {
    expect(lagBehind(leader, member(1, { zxid: zxidOf(2, 2) }).health)).toBe(3);
    expect(lagBehind(leader, member(1, { zxid: zxidOf(2, 7) }).health)).toBe(0);
  });

  it('are unknown across epochs, but for a fresh leader', () => {
    const earlier = member(1, { zxid: zxidOf(1, 2) }).health;
    expect([lagBehind(leader, earlier), epochUnder(leader, earlier)]).toEqual([null, 1]);
    expect([lagBehind(fresh, earlier), epochUnder(fresh, earlier)]).toEqual([0, 2]);
  });

  it('are unknown without a leader or an answer', () => {
    expect([lagBehind(undefined, leader), epochUnder(undefined, leader)]).toEqual([null, 2]);
    expect([lagBehind(leader, notAsked(1, 'participant')), epochUnder(fresh, notAsked(1, 'participant'))]).toEqual([null, null]);
  });
});
