/** All there is to type, as a committed file: what scripts rely on changes on purpose or not at all. */
import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { flagsOf, loadCommands, type CommandClass, type FlagDefinition } from '../support/commands.js';

const FILE = new URL('surface.txt', import.meta.url).pathname;
const HOW =
  'The command surface is not the committed one. Removing and renaming break scripts; to accept what is meant: npm run test:surface';

interface ArgumentDefinition {
  readonly required?: boolean;
  readonly multiple?: boolean;
  readonly options?: readonly string[];
}

function argumentLine([name, { required, multiple, options }]: [string, ArgumentDefinition]): string {
  const word = `${options?.join('|') ?? name.toUpperCase()}${multiple ? '...' : ''}`;
  return required ? word : `[${word}]`;
}

function flagLine([name, flag]: [string, FlagDefinition]): string {
  const value = flag.type === 'option' ? ` ${flag.options?.join('|') ?? flag.helpValue ?? 'VALUE'}` : '';
  const parts = [
    `${flag.char ? `-${flag.char}, ` : ''}--${flag.allowNo ? '[no-]' : ''}${name}${value}`,
    ...(flag.multiple ? ['repeated'] : []),
    ...(flag.env ? [flag.env] : []),
    ...(['string', 'number', 'boolean'].includes(typeof flag.default) ? [`default ${String(flag.default)}`] : []),
    ...(flag.hidden ? ['hidden'] : []),
    ...(flag.required ? ['required'] : []),
    ...(flag.aliases ?? []).map((alias) => `alias --${alias}`),
  ];
  return `  ${parts.join('; ')}`;
}

function describeCommand(id: string, command: CommandClass): string {
  const args = Object.entries(command.args as Readonly<Record<string, ArgumentDefinition>>).map(argumentLine);
  const facts = [
    ...(command.takesChild ? ['-- COMMAND'] : []),
    ...(command.hidden ? ['(hidden)'] : []),
    ...(command.aliases ?? []).map((alias) => `(alias ${alias.replaceAll(':', ' ')})`),
  ];
  const exits = command.exits.length > 0 ? [`  exits ${command.exits.join(', ')}`] : [];
  const flags = Object.entries(flagsOf(command)).sort(([a], [b]) => a.localeCompare(b));
  const json = command.enableJsonFlag ? ['  --json'] : [];
  return [['zkd', ...id.split(':'), ...args, ...facts].join(' '), ...exits, ...json, ...flags.map(flagLine)].join('\n');
}

it('is the committed one', async () => {
  const commands = [...(await loadCommands())].sort(([a], [b]) => a.localeCompare(b));
  const surface = `${commands.map(([id, command]) => describeCommand(id, command)).join('\n\n')}\n`;
  // Vitest would write a file that is missing, and call it a success.
  expect(await readFile(FILE, 'utf8'), HOW).toContain('zkd cluster up');
  await expect(surface, HOW).toMatchFileSnapshot(FILE);
});
