/** Every example of every command about registered containers is typed here as it stands, on a registry that has what it names. */
import { expect, it } from 'vitest';
import { loadCommands } from '../../support/commands.js';
import { stepByStep } from '../../support/run-command.js';
import { signalsFromNow } from '../../support/signals.js';
import { createRegistryWorld } from '../../support/registry-world.js';

const examples = [...(await loadCommands())]
  .filter(([id]) => id.startsWith('containers:'))
  .flatMap(([id, { examples: list = [] }]) =>
    list.map((example) => [id.slice('containers:'.length), (example as { command: string }).command] as const),
  );

it.each(examples)('containers %s: %s', async (id, text) => {
  const world = await createRegistryWorld();
  if (id === 'run') {
    world.engine.onPull = () => ({});
    world.engine.onStart = ({ name }) => world.register('web', name);
  } else {
    await world.serve('web', 'web-1');
  }
  const [typed = ''] = (text.split('<%= config.bin %> ')[1] ?? '').split(/ [|>] |\)/);
  const argv = typed.split(' ').slice(2);
  // A record that is held goes with its container.
  const isHeld = id === 'register' && !argv.includes('--persistent');
  if (id === 'agent' && !argv.includes('--once')) {
    const signal = signalsFromNow();
    const ended = await world.run(
      id,
      argv,
      stepByStep(() => signal('SIGTERM')),
    );
    expect([ended.exitCode, ended.stderr]).toEqual([143, expect.stringContaining('Stopped') as string]);
    return;
  }
  if (id === 'watch') {
    const signal = signalsFromNow();
    const ended = await world.run(
      id,
      argv,
      stepByStep(
        () => world.znodes.remove('/docker/web/web-1'),
        () => signal('SIGINT'),
      ),
    );
    expect([ended.exitCode, ended.stdout]).toEqual([130, expect.stringContaining('down') as string]);
    return;
  }
  let isEnded = false;
  const onOutput = (): void => {
    if (!isHeld || isEnded) return;
    isEnded = true;
    setTimeout(() => void world.engine.stopContainer('web-1', { timeoutMs: 0 }), 20);
  };
  const { exitCode, stdout, stderr } = await world.run(id, argv, { onOutput, ...(id === 'run' && { env: { ZKD_NETWORK: 'app' } }) });
  const said = id === 'run' ? (expect.stringMatching(/^Pulling [^]*\nnext: zkd containers ls (web|files)\n$/) as string) : '';
  expect([exitCode, stderr]).toEqual([0, isHeld ? 'Container "web-1" has ended: its record goes\n' : said]);
  expect(stdout).not.toBe('');
});
