import { describe, expect, it } from 'vitest';
import { sessionError } from '../../../src/zookeeper/errors.js';
import { Watches } from '../../../src/zookeeper/watches.js';
import { failureOf } from '../../support/failure-of.js';

describe('watches of a session', () => {
  it('fire for their node and kind only, once, all that are there', async () => {
    const watches = new Watches();
    const [one, other, children] = [watches.add('node', '/a'), watches.add('node', '/a'), watches.add('children', '/a')];
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
    const watch = watches.add('node', '/a');
    watches.tellAll('disconnected');
    watches.tellAll('connected');
    watches.fire('node', '/a');
    expect([await watch.next(), await watch.next(), await watch.next()]).toEqual(['disconnected', 'connected', 'fired']);
  });

  it('end with the session, after what they were told before', async () => {
    const watches = new Watches();
    const [told, waiting] = [watches.add('node', '/a'), watches.add('children', '/b')];
    const failing = failureOf(waiting.next());
    watches.fire('node', '/a');
    watches.endAll((path) => sessionError('session-expired', { verb: 'watch', path }));
    expect((await failing).details).toMatchObject({ reason: 'session-expired', path: '/b' });
    expect(await told.next()).toBe('fired');
  });
});
