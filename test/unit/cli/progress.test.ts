import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createLineProgress, SILENT_PROGRESS, type Progress } from '../../../src/cli/progress.js';

let lines: string[];
let progress: Progress;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
  lines = [];
  progress = createLineProgress((line) => lines.push(line));
});
afterEach(() => {
  progress.close();
  vi.useRealTimers();
});

it('says one line when a step starts and one when it ends, with how long it took and what came of it', () => {
  progress.start('create network');
  vi.advanceTimersByTime(1500);
  progress.end('create network', 'done');
  progress.start('wait');
  progress.end('wait', 'failed', 'no quorum');
  expect(lines).toEqual(['create network ...', 'create network: done (1.5 s)', 'wait ...', 'wait: failed (0 ms): no quorum']);
});

it('says nothing for an update, but keeps it for the heartbeat of a long wait', () => {
  progress.start('wait');
  progress.update('wait', 'member 1: paused');
  progress.update('unknown', 'x');
  expect(lines).toEqual(['wait ...']);
  vi.advanceTimersByTime(10_000);
  expect(lines[1]).toBe('wait: still at it (10 s): member 1: paused');
  progress.end('wait', 'done');
  vi.advanceTimersByTime(60_000);
  expect(lines).toHaveLength(3);
});

it('has no heartbeat after it is closed', () => {
  progress.start('wait');
  progress.close();
  vi.advanceTimersByTime(60_000);
  expect(lines).toEqual(['wait ...']);
});

it('says lines of their own as they are', () => {
  progress.say('Warning: x');
  expect(lines).toEqual(['Warning: x']);
});

it('says nothing at all when it is silent', () => {
  SILENT_PROGRESS.start('x');
  SILENT_PROGRESS.end('x', 'done');
  SILENT_PROGRESS.say('x');
  SILENT_PROGRESS.close();
  expect(lines).toEqual([]);
});
