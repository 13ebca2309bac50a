/** Help keeps the contract as every other command does. */
import { Config } from '@oclif/core/config';
import { expect, it } from 'vitest';
import ZkdHelp from '../../src/cli/help.js';
import { replacePorts } from '../../src/cli/ports.js';
import { loadCommand } from '../support/commands.js';
import { fakePorts } from '../support/run-command.js';

const ROOT = new URL('../..', import.meta.url).pathname;

/** A program that has shown no help yet: oclif changes the ids in its configuration when it does. */
async function fresh() {
  const { ports, stdout, stderr } = fakePorts(new Error('nobody may open the engine'));
  const config = replacePorts(await Config.load({ root: ROOT }), ports);
  const outcome = () => {
    const exitCode = Number(process.exitCode ?? 0);
    process.exitCode = undefined;
    return { stdout: stdout(), stderr: stderr(), exitCode };
  };
  return { config, outcome };
}

/** `zkd help ...` */
async function helped(...argv: string[]) {
  const { config, outcome } = await fresh();
  await (await loadCommand('help')).run(argv, config);
  return outcome();
}

/** What oclif does for `--help`, and for a topic. */
async function shown(...argv: string[]) {
  const { config, outcome } = await fresh();
  await new ZkdHelp(config, config.pjson.oclif.helpOptions).showHelp(argv);
  return outcome();
}

it.each([
  [[], '$ zkd [COMMAND]'],
  [['cluster'], '$ zkd cluster COMMAND'],
  [['cluster', 'up'], '$ zkd cluster up [NAME]'],
])('of %j is the same by command and by flag, in words and as one document', async (words, usage) => {
  const text = await helped(...words);
  expect(text).toEqual({ stdout: expect.stringContaining(usage) as string, stderr: '', exitCode: 0 });
  expect(await shown(...words, '--help')).toEqual(text);
  const json = await helped(...words, '--json');
  expect(json).toMatchObject({ stderr: '', exitCode: 0 });
  expect(JSON.parse(json.stdout)).toEqual({ help: text.stdout.trimEnd() });
  expect(await shown(...words, '--help', '--json')).toEqual(json);
});

it('of a command that does not exist is the failure for unknown ones', async () => {
  const words = 'Error: Unknown command: zkd cluster statuss\nTry:   zkd cluster status\n       zkd cluster --help\n';
  expect(await helped('cluster', 'statuss')).toEqual({ stdout: '', stderr: words, exitCode: 2 });
  const { stdout, exitCode } = await helped('bogus', '--json');
  expect(exitCode).toBe(2);
  expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'usage', message: 'Unknown command: zkd bogus' } });
});
