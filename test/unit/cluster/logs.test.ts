/** Reading and following logs on a fake engine, with a clock that makes long waits short. */
import { beforeEach, describe, expect, it } from 'vitest';
import { readLogs, type LogsRequest } from '../../../src/cluster/logs.js';
import type { MemberLine } from '../../../src/cluster/log-merge.js';
import { ZkdError } from '../../../src/errors.js';
import { systemClock, type Clock } from '../../../src/runtime/retry-until.js';
import { useFakeHostPorts } from '../../fakes/fake-host-ports.js';
import { createWorld, type World } from '../../support/ensemble-world.js';
import { failureOf } from '../../support/failure-of.js';

useFakeHostPorts();

/** A hundredth of the time. */
const quick: Clock = {
  now: () => performance.now() * 100,
  sleep: (ms, signal) => systemClock.sleep(ms / 100, signal),
};

let world: World;
beforeEach(async () => {
  world = createWorld();
  await world.up({ given: { size: 3 } });
});

const never = new AbortController().signal;
const request = (given: Partial<LogsRequest> = {}): LogsRequest => ({ name: 'zk', members: [], follow: false, ...given });
const words = (lines: readonly MemberLine[]): string[] => lines.map(({ member, line }) => `${member} ${line}`);

async function read(given: Partial<LogsRequest> = {}): Promise<string[]> {
  const lines: MemberLine[] = [];
  for await (const batch of readLogs(request(given), { engine: world.engine, signal: never })) lines.push(...batch);
  return words(lines);
}

/** Follows in the background, and lets a test wait for what comes. */
function follow(given: Partial<LogsRequest> = {}, signal = never) {
  const lines: MemberLine[] = [];
  const engine: boolean[] = [];
  const end = (async () => {
    const context = { engine: world.engine, signal, clock: quick, onEngine: (isThere: boolean) => void engine.push(isThere) };
    for await (const batch of readLogs(request({ follow: true, ...given }), context)) lines.push(...batch);
  })();
  end.catch(() => undefined);
  const sees = (line: string) => expect.poll(() => words(lines), { timeout: 3000, interval: 5 }).toContain(line);
  return { lines: () => words(lines), engine, end, sees };
}

const say = (member: number, line: string): void => world.engine.log(`zkd-zk-${member}`, line);

describe('the logs of an ensemble', () => {
  beforeEach(() => {
    say(2, 'a');
    say(1, 'b');
    say(3, 'c');
    say(1, 'd');
  });

  it('are interleaved by time', async () => expect(await read()).toEqual(['2 a', '1 b', '3 c', '1 d']));

  it('are those of the members asked for', async () => {
    expect(await read({ members: [1] })).toEqual(['1 b', '1 d']);
    expect(await read({ members: [3, 2] })).toEqual(['2 a', '3 c']);
  });

  it('are the last ones of each member, or those since a time', async () => {
    expect(await read({ tail: 1 })).toEqual(['2 a', '3 c', '1 d']);
    expect(await read({ tail: 0 })).toEqual([]);
    const since = world.engine.container('zkd-zk-3').log.at(-1)?.time;
    expect(await read({ since })).toEqual(['3 c', '1 d']);
  });

  it('are there when members have ended; those of a removed container are not', async () => {
    await world.engine.killContainer('zkd-zk-1', 'KILL');
    await world.engine.removeContainer('zkd-zk-2', { force: true });
    expect(await read()).toEqual(['1 b', '3 c', '1 d']);
  });

  it('are nothing where the ensemble is down', async () => {
    await world.down();
    expect(await read()).toEqual([]);
  });

  it('are not found where there is no such ensemble or member', async () => {
    expect(await failureOf(read({ name: 'other' }))).toMatchObject({ code: 'not-found', details: { cluster: 'other' } });
    expect(await failureOf(read({ members: [1, 4] }))).toMatchObject({ code: 'not-found', details: { cluster: 'zk', member: 4 } });
  });
});

describe('following', () => {
  it('goes on where the past ended, with each line once', async () => {
    say(1, 'past');
    const { sees, lines } = follow();
    await sees('1 past');
    say(2, 'now');
    await sees('2 now');
    expect(lines()).toEqual(['1 past', '2 now']);
    await world.down();
  });

  it('begins with what comes where no past is wanted', async () => {
    say(1, 'past');
    const { sees, lines } = follow({ tail: 0 });
    await expect.poll(() => world.engine.calls.filter(({ method }) => method === 'logs').length).toBeGreaterThan(3);
    say(1, 'now');
    await sees('1 now');
    expect(lines()).toEqual(['1 now']);
  });

  it('goes through a restart, with what was said meanwhile', async () => {
    const { sees, lines } = follow();
    say(1, 'before');
    await sees('1 before');
    await world.engine.stopContainer('zkd-zk-1', { timeoutMs: 1 });
    say(1, 'last words');
    await sees('1 last words');
    await world.engine.startContainer('zkd-zk-1');
    say(1, 'after');
    await sees('1 after');
    expect(lines()).toEqual(['1 before', '1 last words', '1 after']);
  });

  it('goes over to the container that takes a removed one’s place, with all it says', async () => {
    const { sees, lines } = follow({ members: [2] });
    say(2, 'old');
    await sees('2 old');
    await world.engine.removeContainer('zkd-zk-2', { force: true });
    await world.up();
    say(1, 'somebody else');
    say(2, 'new');
    await sees('2 new');
    expect(lines()).toEqual(['2 old', '2 new']);
  });

  it('goes through an engine that is away for a while, and says so once each way', async () => {
    const { sees, lines, engine } = follow();
    say(1, 'before');
    await sees('1 before');
    const away = new ZkdError('engine-unavailable', 'Cannot reach the container engine', { details: { reason: 'unreachable' } });
    for (let time = 0; time < 3; time++) world.engine.failNext('listContainers', away);
    world.engine.failNext('logs', away);
    // Its end lets the follower look again.
    await world.engine.stopContainer('zkd-zk-1', { timeoutMs: 1 });
    await expect.poll(() => engine, { timeout: 3000 }).toEqual([false, true]);
    await world.engine.startContainer('zkd-zk-1');
    say(1, 'after');
    await sees('1 after');
    expect(lines()).toEqual(['1 before', '1 after']);
  });

  it('ends by itself when the ensemble is taken down, with its last words', async () => {
    const { sees, end, lines } = follow();
    say(1, 'before');
    await sees('1 before');
    await world.down();
    await end;
    expect(lines()).toEqual(['1 before']);
  });

  it('goes on where it is taken down and brought up again at once', async () => {
    const { sees, end } = follow();
    say(1, 'before');
    await sees('1 before');
    await world.down();
    await world.up();
    say(1, 'after');
    await sees('1 after');
    await world.down();
    await end;
  });

  it('ends with the signal’s reason, while it follows and while it reads the past', async () => {
    const stop = new AbortController();
    const { sees, end } = follow({}, stop.signal);
    say(1, 'before');
    await sees('1 before');
    const reason = new ZkdError('interrupted', 'Interrupted by SIGINT');
    stop.abort(reason);
    await expect(end).rejects.toBe(reason);
    await expect(follow({}, AbortSignal.abort(reason)).end).rejects.toBe(reason);
  });

  it('ends its readers when nobody reads any more', async () => {
    say(1, 'one');
    const lines = readLogs(request({ follow: true }), { engine: world.engine, signal: never, clock: quick });
    await lines.next();
    const next = lines.next();
    say(1, 'two');
    await next;
    await lines.return();
    const before = world.engine.calls.length;
    say(1, 'three');
    await quick.sleep(2000);
    expect(world.engine.calls.length).toBe(before);
  });

  it('gives up on a log that cannot be read at all', async () => {
    const unreadable = new ZkdError('failure', 'configured logging driver does not support reading', { details: { reason: 'other' } });
    const { sees, end } = follow();
    say(1, 'before');
    await sees('1 before');
    for (let time = 0; time < 40; time++) world.engine.failNext('logs', unreadable);
    await world.engine.stopContainer('zkd-zk-1', { timeoutMs: 1 });
    await expect(end).rejects.toBe(unreadable);
  });
});
