import type { Config } from '@oclif/core/config';
import { describe, expect, it } from 'vitest';
import hook from '../../src/hooks/command-not-found.js';
import { replacePorts } from '../../src/cli/ports.js';
import { fakePorts } from '../support/run-command.js';

const KNOWN = ['cluster:up', 'cluster:down', 'cluster:status', 'znode:get', 'znode:acl:get'];

/** Calls the hook as oclif does, with a configuration that knows three commands and runs none. */
async function unknown(id: string, argv: string[] = [], tty = false) {
  const run: string[] = [];
  const config = {
    options: {},
    commands: KNOWN.map((known) => ({ id: known, hidden: false })),
    topics: [{ name: 'cluster' }, { name: 'znode' }, { name: 'znode:acl' }],
    runCommand: (called: string) => run.push(called),
  } as unknown as Config;
  const { ports, stdout, stderr, openings } = fakePorts(new Error('nobody may open the engine'), { tty });
  try {
    await hook.call({} as never, { id, argv, config: replacePorts(config, ports), context: {} as never });
    return { stdout: stdout(), stderr: stderr(), exitCode: process.exitCode, run, openings };
  } finally {
    process.exitCode = undefined;
  }
}

describe('an unknown command', () => {
  it('is exit 2 with what may have been meant on stderr; the guess is never run', async () => {
    for (const tty of [false, true]) {
      const { stdout, stderr, exitCode, run, openings } = await unknown('cluster:stauts', [], tty);
      expect({ stdout, exitCode, run, openings }).toEqual({ stdout: '', exitCode: 2, run: [], openings: [] });
      expect(stderr).toContain('Unknown command: zkd cluster stauts');
      expect(stderr).toContain('zkd cluster status');
      expect(stderr).toContain('zkd cluster --help');
    }
  });

  it('is one document with --json', async () => {
    const { stdout, stderr, exitCode } = await unknown('cluster:stauts', ['--json']);
    expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 2 });
    expect(JSON.parse(stdout)).toEqual({
      error: {
        code: 'usage',
        message: 'Unknown command: zkd cluster stauts',
        exitCode: 2,
        suggestions: ['zkd cluster status', 'zkd cluster --help'],
        details: {},
      },
    });
  });

  it('takes --json before -- only', async () => {
    expect((await unknown('cluster:doen', ['--', '--json'])).stdout).toBe('');
  });

  it('is compared by its own words, not by the topic before them', async () => {
    expect((await unknown('cluster:bogus')).stderr).toBe('Error: Unknown command: zkd cluster bogus\nTry:   zkd cluster --help\n');
  });

  it('is told from the arguments after it, which oclif hands on as words of it', async () => {
    const { stderr, exitCode } = await unknown('znode:gett:/app');
    expect(exitCode).toBe(2);
    expect(stderr).toBe('Error: Unknown command: zkd znode gett /app\nTry:   zkd znode get\n       zkd znode --help\n');
  });

  it('far from all known ones only shows the help', async () => {
    const { stderr } = await unknown('frobnicate');
    expect(stderr).toBe('Error: Unknown command: zkd frobnicate\nTry:   zkd --help\n');
  });
});
