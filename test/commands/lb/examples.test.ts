/** Every example of every command about balancers is typed here as it stands, on a registry that has what it names. */
import { expect, it } from 'vitest';
import { createBalancerWorld } from '../../support/balancer-world.js';
import { loadCommands } from '../../support/commands.js';
import { signalsFromNow } from '../../support/signals.js';

const examples = [...(await loadCommands())]
  .filter(([id]) => id.startsWith('lb:'))
  .flatMap(([id, { examples: list = [] }]) =>
    list.map((example) => [id.slice('lb:'.length), (example as { command: string }).command] as const),
  );

it.each(examples)('lb %s: %s', async (id, text) => {
  const world = await createBalancerWorld();
  for (const service of ['web', 'db']) await world.serve(service, `${service}-1`);
  if (id !== 'up') await world.run('up', ['web']);
  const argv = text.split(' ').slice(5);
  const isWatching = argv.includes('--watch');
  const send = signalsFromNow();
  const onOutput = (): void => {
    if (isWatching) setTimeout(() => send('SIGINT'), 20);
  };
  const { exitCode, stdout } = await world.run(id, argv, { onOutput });
  expect(exitCode).toBe(isWatching ? 130 : 0);
  if (!isWatching) expect(stdout).not.toBe('');
});
