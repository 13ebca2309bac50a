/** Every example of every command is typed here as it stands, with what its flags need, on an engine that has what it names; those of `znode`, `containers` and `lb` in their own folders. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { useFakeHostPorts } from '../fakes/fake-host-ports.js';
import { loadCommands } from '../support/commands.js';
import { createWorld } from '../support/ensemble-world.js';
import { runCommand } from '../support/run-command.js';

useFakeHostPorts();

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'zkd-examples-'));
  await writeFile(join(folder, 'zkd.yaml'), 'size: 3\n');
});
afterAll(() => rm(folder, { recursive: true }));

const examples = [...(await loadCommands())]
  .filter(([id]) => !/^(znode|containers|lb):/.test(id))
  .flatMap(([id, { examples: list = [] }]) => list.map((example) => [id, (example as { command: string }).command] as const));

it.each(examples)('%s: %s', async (id, text) => {
  const typed = /<%= config\.bin %> ([^|)">]*)/.exec(text)?.[1]?.trim().split(/\s+/).slice(id.split(':').length) ?? [];
  const argv = typed.map((word) => (['zkd.yaml', 'zk-logs'].includes(word) ? join(folder, word) : word));
  const world = createWorld();
  const name = argv.find((word, index) => !word.startsWith('-') && !argv[index - 1]?.startsWith('-')) ?? 'zk';
  if (!['cluster:up', 'cluster:run', 'cluster:ls'].includes(id) && !argv.includes('gone')) await world.up({ name });
  if (id === 'cluster:rm' && !argv.includes('--force')) {
    for (const { id: container } of await world.engine.listContainers({})) await world.engine.stopContainer(container, { timeoutMs: 1 });
  }
  const { exitCode, stderr } = await runCommand(id, argv, world, text.endsWith('| head -1') ? { readerLeavesAfter: 1 } : {});
  expect(stderr).not.toMatch(/^Error/m);
  expect(exitCode).toBe(0);
});
