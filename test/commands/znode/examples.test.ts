/** Every example of every command about znodes is typed here as it stands, on a tree that has what it names. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { loadCommands } from '../../support/commands.js';
import { createZnodeWorld, type ZnodeWorld } from '../../support/znode-world.js';

let folder: string;
const home = process.cwd();
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'zkd-znode-examples-'));
  process.chdir(folder);
  await writeFile('logo.png', Buffer.from([0x89, 0x50]));
});
afterAll(async () => {
  process.chdir(home);
  await rm(folder, { recursive: true });
});

let world: ZnodeWorld;
beforeEach(async () => {
  world = createZnodeWorld();
  world.znodes.put('/app/config', { data: '{"color":"blue"}' });
  world.znodes.put('/app/logo', { data: 'logo' });
  await world.run('export', ['/app', 'app.jsonl']);
});

const examples = [...(await loadCommands())]
  .filter(([id]) => id.startsWith('znode:'))
  .flatMap(([id, { examples: list = [] }]) =>
    list.map((example) => [id.slice('znode:'.length), (example as { command: string }).command] as const),
  );

/** Words as a shell takes them, as far as the examples need it. */
const shellWords = (line: string): string[] => (line.match(/(?:'[^']*'|[^\s'])+/g) ?? []).map((word) => word.replaceAll("'", ''));

it.each(examples)('znode %s: %s', async (id, text) => {
  const [before = '', after = ''] = text.split('<%= config.bin %> ');
  const env = Object.fromEntries(shellWords(before).map((word) => word.split(/=(.*)/s).slice(0, 2) as [string, string]));
  // What nano would do with nobody there.
  const editor = env['VISUAL'] === undefined ? env : { VISUAL: 'true' };
  const [typed = ''] = after.split(/ [|>] /);
  const argv = shellWords(typed).slice(1 + id.split(':').length);
  const isWatch = id === 'watch';
  const change = isWatch ? setTimeout(() => world.znodes.put('/app/config', { data: 'x' }), 100) : undefined;
  const cut = argv.indexOf('--');
  // A command that fails ends the watch; what it is given went well until then.
  const ending = isWatch && cut !== -1 ? [...argv.slice(0, cut), '--', 'sh', '-c', `${argv.at(-1) ?? ''} && exit 42`] : argv;
  const leaves = isWatch ? { readerLeavesAfter: 0 } : {};
  const { exitCode, stderr } = await world.run(id, ending, { env: editor, ...leaves });
  clearTimeout(change);
  expect(stderr).not.toMatch(/^Error/m);
  expect(exitCode).toBe(cut === -1 ? 0 : 42);
});
