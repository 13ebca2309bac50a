import { PassThrough } from 'node:stream';
import { beforeEach, describe, expect, it } from 'vitest';
import { createAppendedScreen, createJsonScreen, createLiveScreen } from '../../../src/cli/status-screen.js';
import { PLAIN_STYLE } from '../../../src/cli/style.js';
import type { StatusResult } from '../../../src/cluster/index.js';
import { linesOnScreen } from '../../support/screen.js';

const status = (name: string, healthy = true): StatusResult => ({
  cluster: {
    name,
    size: 1,
    image: 'zookeeper:3.9',
    network: 'zkd-zk',
    connect: '127.0.0.1:2181',
    internalConnect: 'zkd-zk-1:2181',
    leader: 1,
    epoch: 1,
    members: [],
  },
  healthy,
  causes: healthy ? [] : [{ member: 1, cause: 'paused' }],
});

let stream: PassThrough & { isTTY: boolean; columns: number; rows: number };
let written: string;
beforeEach(() => {
  written = '';
  stream = Object.assign(new PassThrough(), { isTTY: true, columns: 120, rows: 40 });
  stream.on('data', (chunk: Buffer) => (written += chunk.toString()));
});

const TIME = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g;
const plain = (): string => written.replace(TIME, 'TIME');

describe('a status that is watched', () => {
  it('is a document a line with --json, with its time, at every change', () => {
    const screen = createJsonScreen(stream);
    screen.show(status('zk'), true);
    screen.show(status('zk'), false);
    screen.show(status('zk', false), true);
    const documents = written
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    expect(documents).toEqual([
      { time: expect.stringMatching(TIME) as string, ...status('zk') },
      { time: expect.stringMatching(TIME) as string, ...status('zk', false) },
    ]);
  });

  it('is a table at every change elsewhere, with an empty line between two', () => {
    const screen = createAppendedScreen(stream, PLAIN_STYLE);
    screen.show(status('one'), true);
    screen.show(status('one'), false);
    screen.show(status('one'), false);
    screen.show(status('two'), true);
    screen.show(status('three'), true);
    const heads = plain()
      .split('\n\n')
      .filter((part) => part.startsWith('TIME'))
      .map((part) => part.split('\n')[1]?.split(':')[0]);
    expect(heads).toEqual(['one', 'two', 'three']);
    expect(written).not.toContain('\n\n\n');
  });

  it('is redrawn in place on a terminal, and what is said meanwhile stays above it', async () => {
    const screen = await createLiveScreen(stream, PLAIN_STYLE);
    screen.show(status('one'), true);
    screen.show(status('two'), false);
    screen.aside(() => stream.write('Warning: no engine\n'));
    screen.show(status('three', false), true);
    screen.close();
    screen.close();
    const lines = linesOnScreen(plain());
    expect(lines[0]).toBe('Warning: no engine');
    expect(lines.filter((line) => /^(one|two|three):/.test(line))).toEqual([expect.stringMatching(/^three: unhealthy/)]);
    expect(lines).toContain('✗ member 1: paused');
    expect(lines.at(-1)).toMatch(/Ctrl-C ends$/);
  });
});
