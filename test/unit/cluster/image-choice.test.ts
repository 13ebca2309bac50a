import { afterEach, describe, expect, it, vi } from 'vitest';
import { chooseImage, type ImageRequest } from '../../../src/cluster/image-choice.js';
import { ZkdError } from '../../../src/errors.js';
import { FakeEngine } from '../../fakes/fake-engine.js';
import { failureOf } from '../../support/failure-of.js';

const OURS = { labels: { 'zkd.zookeeper.version': '3.9.3' } };

afterEach(() => vi.useRealTimers());

function choose(engine: FakeEngine, request: Partial<ImageRequest> = {}) {
  const said: string[] = [];
  const choice = chooseImage(engine, {
    given: undefined,
    pull: 'missing',
    signal: new AbortController().signal,
    onPull: (reference) => said.push(`pull ${reference}`),
    caution: (text) => said.push(`caution: ${text}`),
    ...request,
  });
  return { choice, said };
}

const pulls = (engine: FakeEngine): unknown[] => engine.calls.filter(({ method }) => method === 'pullImage').map(({ args }) => args[0]);

describe('an image that is there', () => {
  it('is used without asking a registry', async () => {
    const engine = new FakeEngine();
    engine.addImage('zookeeper:3.9');
    const { choice, said } = choose(engine);
    expect(await choice).toMatchObject({ wanted: 'zookeeper:3.9', used: 'zookeeper:3.9', id: expect.stringMatching(/^sha256:/) as string });
    expect(said).toEqual([]);
    expect(pulls(engine)).toEqual([]);
  });

  it('is pulled nevertheless with always, and no other is used where that fails', async () => {
    const engine = new FakeEngine();
    engine.addImage('zookeeper:3.9', OURS);
    engine.onPull = () => ({});
    await choose(engine, { pull: 'always' }).choice;
    expect(pulls(engine)).toEqual(['zookeeper:3.9']);
    engine.onPull = () => 'toomanyrequests: slow down';
    const failure = await failureOf(choose(engine, { pull: 'always' }).choice);
    expect(failure).toMatchObject({ code: 'engine-unavailable', details: { reason: 'image-unavailable' } });
    expect(failure.message).toContain('toomanyrequests: slow down');
  });
});

describe('an image that is missing', () => {
  it('is pulled', async () => {
    const engine = new FakeEngine();
    engine.onPull = () => ({ labels: { from: 'registry' } });
    const { choice, said } = choose(engine, { given: 'elsewhere:1' });
    expect(await choice).toMatchObject({ wanted: 'elsewhere:1', used: 'elsewhere:1' });
    expect(said).toEqual(['pull elsewhere:1']);
  });

  it('is never pulled with never', async () => {
    const engine = new FakeEngine();
    engine.addImage('zkd/zookeeper:3.9', OURS);
    const failure = await failureOf(choose(engine, { given: 'elsewhere:1', pull: 'never' }).choice);
    expect(failure).toMatchObject({ code: 'engine-unavailable', details: { image: 'elsewhere:1' } });
    expect(failure.message).toMatch(/"elsewhere:1" cannot be had: .*never/);
    expect(pulls(engine)).toEqual([]);
  });

  it('is an error with the engine’s reason where it was asked for, whatever else is there', async () => {
    const engine = new FakeEngine();
    engine.addImage('zkd/zookeeper:3.9', OURS);
    engine.onPull = () => 'manifest for elsewhere:1 not found';
    const failure = await failureOf(choose(engine, { given: 'elsewhere:1' }).choice);
    expect(failure.code).toBe('engine-unavailable');
    expect(failure.message).toContain('manifest for elsewhere:1 not found');
    const asked = await failureOf(choose(engine, { given: 'zookeeper:3.9' }).choice);
    expect(asked.code).toBe('engine-unavailable');
  });
});

describe('the default image that cannot be had', () => {
  it('falls back to the newest local one of ours, with a warning that says why', async () => {
    const engine = new FakeEngine();
    engine.addImage('zkd/zookeeper:3.8', { labels: { 'zkd.zookeeper.version': '3.8.4' } });
    engine.addImage('zkd/zookeeper:3.10', { labels: { 'zkd.zookeeper.version': '3.10.0' } });
    engine.addImage('zkd/zookeeper:3.9', OURS);
    engine.addImage('zookeeper-of-others:9', {});
    const { choice, said } = choose(engine);
    expect(await choice).toMatchObject({ wanted: 'zookeeper:3.9', used: 'zkd/zookeeper:3.10' });
    expect(said[1]).toMatch(/^caution: image zookeeper:3\.9 cannot be had \(.*no such host.*\); using zkd\/zookeeper:3\.10 instead$/);
  });

  it('falls back with never, too', async () => {
    const engine = new FakeEngine();
    engine.addImage('zkd/zookeeper:3.9', OURS);
    expect(await choose(engine, { pull: 'never' }).choice).toMatchObject({ used: 'zkd/zookeeper:3.9' });
  });

  it('is an error where there is none of ours', async () => {
    const engine = new FakeEngine();
    engine.addImage('zookeeper-of-others:9', {});
    expect((await failureOf(choose(engine).choice)).code).toBe('engine-unavailable');
  });

  it('is no reason to go on where the engine itself cannot be reached', async () => {
    const engine = new FakeEngine();
    engine.addImage('zkd/zookeeper:3.9', OURS);
    engine.failNext('pullImage', new ZkdError('engine-unavailable', 'gone', { details: { reason: 'unreachable' } }));
    expect(await failureOf(choose(engine).choice)).toMatchObject({ message: 'gone', details: { reason: 'unreachable' } });
  });
});

describe('a pull that hangs', () => {
  function hangingEngine(): FakeEngine {
    vi.useFakeTimers();
    const engine = new FakeEngine();
    engine.addImage('zkd/zookeeper:3.9', OURS);
    engine.onPull = () => new Promise(() => undefined);
    return engine;
  }

  it('of the default image is given up after five seconds without a sign of life', async () => {
    const { choice, said } = choose(hangingEngine());
    let chosen: unknown;
    void choice.then((value) => (chosen = value));
    await vi.advanceTimersByTimeAsync(4900);
    expect(chosen).toBeUndefined();
    await vi.advanceTimersByTimeAsync(200);
    expect(chosen).toMatchObject({ used: 'zkd/zookeeper:3.9' });
    expect(said[1]).toContain('no progress within 5 s');
  });

  it('is waited for as long as it shows signs of life', async () => {
    const engine = hangingEngine();
    let progress: (() => void) | undefined;
    let finish: (() => void) | undefined;
    engine.pullImage = (reference, options) =>
      new Promise((resolve) => {
        progress = options?.onProgress;
        finish = () => {
          engine.addImage(reference);
          resolve();
        };
      });
    const { choice } = choose(engine);
    for (let second = 0; second < 20; second += 4) {
      await vi.advanceTimersByTimeAsync(4000);
      progress?.();
    }
    finish?.();
    expect(await choice).toMatchObject({ used: 'zookeeper:3.9' });
  });

  it('of an image that was asked for is not given up', async () => {
    const { choice } = choose(hangingEngine(), { given: 'elsewhere:1' });
    let settled = false;
    choice.then(
      () => (settled = true),
      () => (settled = true),
    );
    await vi.advanceTimersByTimeAsync(60_000);
    expect(settled).toBe(false);
  });

  it('ends with an interruption, and nothing else is used', async () => {
    const stop = new AbortController();
    const { choice } = choose(hangingEngine(), { signal: stop.signal });
    const failure = failureOf(choice);
    await vi.advanceTimersByTimeAsync(1000);
    stop.abort(new ZkdError('interrupted', 'Interrupted by SIGINT'));
    expect((await failure).code).toBe('interrupted');
  });
});
