/** Every example of every command about registered containers is typed here as it stands, on a registry that has what it names. */
import { expect, it } from 'vitest';
import { loadCommands } from '../../support/commands.js';
import { createRegistryWorld } from '../../support/registry-world.js';

const examples = [...(await loadCommands())]
  .filter(([id]) => id.startsWith('containers:'))
  .flatMap(([id, { examples: list = [] }]) =>
    list.map((example) => [id.slice('containers:'.length), (example as { command: string }).command] as const),
  );

it.each(examples)('containers %s: %s', async (id, text) => {
  const world = await createRegistryWorld();
  await world.serve('web', 'web-1');
  const [typed = ''] = (text.split('<%= config.bin %> ')[1] ?? '').split(/ [|>] |\)/);
  const { exitCode, stdout, stderr } = await world.run(id, typed.split(' ').slice(2));
  expect([exitCode, stderr]).toEqual([0, '']);
  expect(stdout).not.toBe('');
});
