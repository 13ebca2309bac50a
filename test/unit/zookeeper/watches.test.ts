import { describe, expect, it } from 'vitest';
import { sessionError } from '../../../src/zookeeper/errors.js';
import type { RawStat } from '../../../src/zookeeper/stat.js';
import { Watches, watchedState } from '../../../src/zookeeper/watches.js';
import { failureOf } from '../../support/failure-of.js';

describe('watches of a session', () => {
  it('fire for their node and kind only, once, all that are there', async () => {
    const watches = new Watches();
    const [one, other, children] = [
      watches.add('node', '/a', '1 1'),
      watches.add('node', '/a', '1 2'),
      watches.add('children', '/a', '1 1'),
    ];
    const waiting = one.next();
    watches.fire('node', '/b');
    watches.fire('node', '/a');
    watches.fire('node', '/a');
    expect([await waiting, await other.next()]).toEqual(['fired', 'fired']);
    for (const spent of [one, other]) expect((await failureOf(spent.next())).details['reason']).toBe('closed');
    watches.fire('children', '/a');
    expect(await children.next()).toBe('fired');
  });

  it('keep signals in order until somebody asks, and stay over a lost connection', async () => {
    const watches = new Watches();
    const watch = watches.add('node', '/a', '1 1');
    watches.tellAll('disconnected');
    watches.tellAll('connected');
    watches.fire('node', '/a');
    expect([await watch.next(), await watch.next(), await watch.next()]).toEqual(['disconnected', 'connected', 'fired']);
  });

  it('end with the session, after what they were told before', async () => {
    const watches = new Watches();
    const [told, waiting] = [watches.add('node', '/a', '1 1'), watches.add('children', '/b', '1 1')];
    const failing = failureOf(waiting.next());
    watches.fire('node', '/a');
    watches.endAll((path) => sessionError('session-expired', { verb: 'watch', path }));
    expect((await failing).details).toMatchObject({
      reason: 'session-expired',
      path: '/b',
    });
    expect(await told.next()).toBe('fired');
  });

  it('fire, of those left at another state than the one there is now', async () => {
    const watches = new Watches();
    const [old, young, absent] = [watches.add('node', '/a', '1 1'), watches.add('node', '/a', '1 2'), watches.add('node', '/b', 'absent')];
    watches.compare('node', '/a', '1 2');
    watches.compare('node', '/b', 'absent');
    watches.tellAll('connected');
    expect([await old.next(), await young.next(), await absent.next()]).toEqual(['fired', 'connected', 'connected']);
    expect(watches.all()).toEqual([
      { kind: 'node', path: '/a' },
      { kind: 'node', path: '/b' },
    ]);
    watches.compare('node', '/b', '3 3');
    expect(await absent.next()).toBe('fired');
    watches.fire('node', '/a');
    expect(await young.next()).toBe('fired');
    expect(watches.all()).toEqual([]);
  });

  it('are settled when they fire, also where their watchers are told later', async () => {
    const toDo: (() => void)[] = [];
    const watches = new Watches((tell) => toDo.push(tell));
    const first = watches.add('node', '/a', '1 1');
    watches.fire('node', '/a');
    const second = watches.add('node', '/a', '1 2');
    for (const tell of toDo.splice(0)) tell();
    expect(await first.next()).toBe('fired');
    watches.tellAll('disconnected');
    for (const tell of toDo.splice(0)) tell();
    expect(await second.next()).toBe('disconnected');
  });

  it.each([
    ['node', { czxid: 1, mzxid: 2, pzxid: 3 }, { czxid: 1, mzxid: 2, pzxid: 9 }, { czxid: 1, mzxid: 9, pzxid: 3 }],
    ['children', { czxid: 1, mzxid: 2, pzxid: 3 }, { czxid: 1, mzxid: 9, pzxid: 3 }, { czxid: 1, mzxid: 2, pzxid: 9 }],
  ] as const)('of the kind %s wait for what changes it', (kind, seen, same, changed) => {
    const state = (stat: object) => watchedState(kind, stat as RawStat);
    expect(state(same)).toBe(state(seen));
    for (const other of [changed, { ...seen, czxid: 5 }]) expect(state(other)).not.toBe(state(seen));
    expect(watchedState(kind, null)).toBe(watchedState(kind, undefined));
    expect(watchedState(kind, null)).not.toBe(state(seen));
  });
});
