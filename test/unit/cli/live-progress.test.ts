import { PassThrough } from 'node:stream';
import { beforeEach, expect, it } from 'vitest';
import { createLiveProgress, type Progress } from '../../../src/cli/progress.js';
import { PLAIN_STYLE } from '../../../src/cli/style.js';
import { linesOnScreen } from '../../support/screen.js';

let progress: Progress;
let drawn: string;
beforeEach(async () => {
  drawn = '';
  const stream = Object.assign(new PassThrough(), { isTTY: true, columns: 120, rows: 40 });
  stream.on('data', (chunk: Buffer) => (drawn += chunk.toString()));
  progress = await createLiveProgress(stream, PLAIN_STYLE);
});

/** What is to be seen, less how long it took. */
const seen = (): string[] => linesOnScreen(drawn).map((line) => line.replace(/ \d+ ms/, ''));

it('leaves a line for every step on the screen, with what came of it', () => {
  progress.start('create network zkd-zk');
  progress.start('wait');
  progress.update('wait', 'member 1: paused');
  progress.update('unknown', 'x');
  progress.end('create network zkd-zk', 'done');
  progress.end('wait', 'failed', 'no quorum');
  progress.end('unknown', 'done');
  progress.close();
  expect(seen()).toEqual(['✓ create network zkd-zk', '✗ wait  no quorum']);
});

it('says a line above the list, and nothing erases it', () => {
  progress.say('before the first step');
  progress.start('pull');
  progress.end('pull', 'done');
  progress.start('wait');
  progress.say('Warning: port 2181 is taken');
  progress.end('wait', 'done');
  progress.say('one more');
  progress.close();
  progress.say('after all');
  expect(seen()).toEqual(['before the first step', 'Warning: port 2181 is taken', 'one more', '✓ pull', '✓ wait', 'after all']);
});

it('shows steps that did not end as stopped, draws nothing after it is closed, and can be closed twice', async () => {
  progress.start('pull');
  progress.end('pull', 'done');
  progress.start('wait');
  progress.close();
  const before = drawn;
  progress.end('wait', 'failed');
  progress.start('clean up');
  progress.close();
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(drawn).toBe(before);
  expect(seen()).toEqual(['✓ pull', '- wait']);
});

it('draws nothing where no step began', async () => {
  await new Promise((resolve) => setTimeout(resolve, 200));
  progress.close();
  expect(drawn).toBe('');
});
