import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { trackNodes } from '../../../src/cli/node-progress.js';
import { SILENT_PROGRESS, type Progress } from '../../../src/cli/progress.js';

let said: string[];
let progress: Progress;
beforeEach(() => {
  vi.useFakeTimers();
  said = [];
  progress = {
    ...SILENT_PROGRESS,
    start: (step) => said.push(`start ${step}`),
    update: (_, note) => said.push(note),
    end: (step, outcome, note) => said.push(`${outcome} ${step} ${note ?? ''}`),
  };
});
afterEach(() => {
  vi.useRealTimers();
});

it('tells count and rate of work that takes long', () => {
  const { onProgress, done } = trackNodes(progress, 'Remove /app', 4000);
  vi.advanceTimersByTime(2000);
  onProgress(1000);
  vi.advanceTimersByTime(500);
  onProgress(1500);
  vi.advanceTimersByTime(1500);
  onProgress(4000);
  done();
  expect(said.filter((line) => !line.startsWith('1500'))).toEqual([
    'start Remove /app',
    '1000 of 4000 znodes, 500/s',
    '4000 of 4000 znodes, 1000/s',
    'done Remove /app 4000 of 4000 znodes, 1000/s',
  ]);
});

it('says nothing of work that is over at once', () => {
  const { onProgress, done } = trackNodes(progress, 'Copy /app');
  vi.advanceTimersByTime(500);
  onProgress(1000);
  done();
  expect(said).toEqual([]);
});

it('tells for how long nothing has moved', () => {
  const { onProgress, done } = trackNodes(progress, 'Import');
  vi.advanceTimersByTime(2000);
  onProgress(1000);
  vi.advanceTimersByTime(8000);
  expect(said.at(-1)).toBe('1000 znodes, 100/s, none for 8 s');
  done();
  const before = said.length;
  vi.advanceTimersByTime(5000);
  expect(said).toHaveLength(before);
});
