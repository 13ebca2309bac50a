/** Every command keeps the rules of the contract for flags, help and examples. */
import { describe, expect, it } from 'vitest';
import { flagsOf, loadCommands, type CommandClass } from '../../support/commands.js';

const commands = [...(await loadCommands())];
const CONSENTS = ['yes', 'force', 'volumes', 'prune', 'accept-data-loss', 'json', 'watch'];

/** The words of an example as a shell would hand them over, less the program and what it is to run itself; undefined where another program is typed around it. */
function argvOf(example: string): string[] {
  const typed = /(?:^|[$<]\(|\| |^\w+=(?:'[^']*'|\S+) )<%= config\.bin %> ([^|)">]*)/.exec(example)?.[1] ?? '';
  return (typed.split(' -- ')[0] ?? '').trim().split(/\s+/);
}

const examplesOf = (command: CommandClass): { command: string; description: string }[] =>
  (command.examples ?? []).map((example) => {
    if (typeof example === 'string') throw new Error(`An example without words: ${example}`);
    return example;
  });

it('finds the commands of this issue', () => {
  expect(commands.map(([id]) => id)).toEqual(
    expect.arrayContaining([
      'cluster:down',
      'cluster:env',
      'cluster:ls',
      'cluster:ps',
      'cluster:rm',
      'cluster:run',
      'cluster:status',
      'cluster:up',
    ]),
  );
});

describe.each(commands)('%s', (id, command) => {
  const flags = Object.entries(flagsOf(command));

  it('has a variable ZKD_<FLAG> for every flag that sets a value', () => {
    for (const [name, { type, env, allowNo }] of flags) {
      const sets = (type === 'option' || allowNo === true) && !CONSENTS.includes(name);
      const variable = `ZKD_${name.toUpperCase().replaceAll('-', '_')}`;
      if (sets) expect(env, `--${name}`).toBe(variable);
      else expect([undefined, variable], `--${name}`).toContain(env);
    }
  });

  it('has no variable for a flag that is a consent', () => {
    for (const [name, { env }] of flags) if (CONSENTS.includes(name)) expect(env, `--${name}`).toBeUndefined();
  });

  it('says of every flag what it does, in one short sentence', () => {
    for (const [name, { summary }] of flags) {
      expect(summary, `--${name}`).toMatch(/^[A-Z].*[.\]]$/s);
      expect(summary?.length, `--${name}`).toBeLessThan(140);
    }
  });

  it('has no two flags with one letter', () => {
    const letters = flags.flatMap(([, { char }]) => char ?? []);
    expect(new Set(letters).size).toBe(letters.length);
  });

  it('does not take for an argument what waits on stdin', () => {
    for (const argument of Object.values(command.args)) expect(argument).toMatchObject({ ignoreStdin: true });
  });

  it('has a summary, a description and at least two examples with words', () => {
    expect(command.summary).toMatch(/^[A-Z].*\.$/);
    expect(command.description).not.toBe(command.summary);
    expect(examplesOf(command).length).toBeGreaterThanOrEqual(2);
    for (const { description } of examplesOf(command)) expect(description).not.toBe('');
  });

  it('has examples that name this command and known long flags', () => {
    for (const { command: text } of examplesOf(command)) {
      const words = argvOf(text);
      const rest = words.splice(id.split(':').length);
      expect(words.join(':'), text).toBe(id);
      // What stands behind "--" is not this command's.
      const own = rest.slice(0, rest.includes('--') ? rest.indexOf('--') : undefined);
      for (const flag of own.filter((part) => part.startsWith('-'))) {
        expect([...flags.map(([name]) => `--${name}`), '--json'], text).toContain(flag.split('=')[0]);
      }
    }
  });
});
