import { expect, it } from 'vitest';
import { within } from '../../../src/runtime/within.js';

it('answers what the work answers in time', async () => {
  expect(await within(10_000, Promise.resolve('done'))).toBe('done');
});

it('answers undefined when the time is up', async () => {
  expect(await within(5, new Promise(() => undefined))).toBeUndefined();
});

it('rejects with what the work rejects with in time, and not any more afterwards', async () => {
  await expect(within(10_000, Promise.reject(new Error('broken')))).rejects.toThrow('broken');
  let fail: (error: Error) => void = () => undefined;
  const work = new Promise((_resolve, reject) => (fail = reject));
  expect(await within(5, work)).toBeUndefined();
  // Node ends a process, and vitest a run, in which nobody has taken a rejection.
  fail(new Error('late'));
});

it('leaves nothing behind that would keep a process alive', async () => {
  const timers = () => process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;
  const before = timers();
  await within(10_000, Promise.resolve('done'));
  expect(timers()).toBe(before);
});
