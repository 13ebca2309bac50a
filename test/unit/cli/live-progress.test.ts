import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { createLiveProgress } from '../../../src/cli/progress.js';
import { PLAIN_STYLE } from '../../../src/cli/style.js';

/** A terminal of 120 columns that keeps what was drawn on it. */
function screen(): { stream: NodeJS.WriteStream; drawn: () => string } {
  const stream = Object.assign(new PassThrough(), { isTTY: true, columns: 120, rows: 40 });
  const chunks: string[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk.toString()));
  return { stream: stream as unknown as NodeJS.WriteStream, drawn: () => chunks.join('') };
}

it('leaves a line for every step on the screen, with what came of it', async () => {
  const { stream, drawn } = screen();
  const progress = await createLiveProgress(stream, PLAIN_STYLE);
  progress.start('create network zkd-zk');
  progress.start('wait');
  progress.update('wait', 'member 1: paused');
  progress.update('unknown', 'x');
  progress.end('create network zkd-zk', 'done');
  progress.end('wait', 'failed', 'no quorum');
  progress.end('unknown', 'done');
  progress.close();
  const last = drawn().slice(drawn().lastIndexOf('create network'));
  expect(drawn()).toContain('✓ create network zkd-zk ');
  expect(last).toMatch(/✗ wait \d+ ms {2}no quorum/);
});

it('draws nothing where no step began, and nothing after it is closed', async () => {
  const { stream, drawn } = screen();
  const progress = await createLiveProgress(stream, PLAIN_STYLE);
  progress.close();
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(drawn()).not.toContain('✓');
});
