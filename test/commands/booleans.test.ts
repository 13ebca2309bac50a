/** Variables of boolean flags: a word that is not understood must not count as "no". */
import { beforeEach, describe, expect, it } from 'vitest';
import { useFakeHostPorts } from '../fakes/fake-host-ports.js';
import { flagsOf, loadCommands } from '../support/commands.js';
import { createWorld, type World } from '../support/ensemble-world.js';
import { runCommand, runJson } from '../support/run-command.js';

useFakeHostPorts();

let world: World;
beforeEach(() => {
  world = createWorld();
});

const variables = [...(await loadCommands())].flatMap(([id, command]) =>
  Object.values(flagsOf(command)).flatMap(({ type, env }) => (type === 'boolean' && env !== undefined ? [[id, env] as const] : [])),
);

it.each(variables)('%s refuses %s=maybe, and names it', async (id, variable) => {
  const { exitCode, stderr, openings } = await runCommand(id, [], world, { env: { [variable]: 'maybe' } });
  expect({ exitCode, openings }).toEqual({ exitCode: 2, openings: [] });
  expect(stderr).toMatch(new RegExp(`^Error: ${variable}="maybe"`));
  expect(await runJson(id, [], world, { env: { [variable]: 'maybe' } })).toMatchObject({
    exitCode: 2,
    document: { error: { code: 'usage' } },
  });
});

describe.each(['1', 'true', 'Yes', 'ON'])('%s', (word) => {
  it('makes a dry run, and silence', async () => {
    const { exitCode, stderr } = await runCommand('cluster:up', [], world, { env: { ZKD_DRY_RUN: word, ZKD_QUIET: word } });
    expect({ exitCode, stderr, made: await world.inventory() }).toEqual({ exitCode: 0, stderr: '', made: [] });
  });
});

it.each(['0', 'false', 'No', 'OFF'])('%s makes neither, and switches off what is on', async (word) => {
  const env = { ZKD_DRY_RUN: word, ZKD_QUIET: word, ZKD_WAIT: word };
  const { exitCode, stderr } = await runCommand('cluster:up', ['--size', '1'], world, { env });
  expect(exitCode).toBe(0);
  expect(stderr).toContain('next: ');
  expect(await world.inventory()).not.toEqual([]);
});
