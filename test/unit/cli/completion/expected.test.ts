import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expectedAt, type Expected } from '../../../../src/cli/completion/expected.js';
import type { Surface, SurfaceFlag } from '../../../../src/cli/completion/line.js';

const boolean = (name: string, more: Partial<SurfaceFlag> = {}): SurfaceFlag => ({ name, type: 'boolean', summary: `${name}.`, ...more });
const option = (name: string, more: Partial<SurfaceFlag> = {}): SurfaceFlag => ({ name, type: 'option', summary: `${name}.`, ...more });
const byName = (...flags: SurfaceFlag[]) => Object.fromEntries(flags.map((flag) => [flag.name, flag]));
const name = { name: { name: 'name' } };

const SURFACE: Surface = {
  topics: [{ name: 'cluster', description: 'Ensembles.' }],
  commands: [
    {
      id: 'cluster:rm',
      summary: 'Remove.',
      args: name,
      flags: byName(
        boolean('force'),
        boolean('wait', { allowNo: true }),
        boolean('secret', { hidden: true }),
        option('cluster'),
        option('member', { multiple: true }),
        option('pull', { options: ['missing', 'always'] }),
        option('client-port', { helpValue: 'PORT|auto' }),
        option('output', { char: 'o', options: ['table', 'name'] }),
        option('file', { char: 'f', helpValue: 'zkd.yaml|-' }),
        option('result', { helpValue: 'FILE' }),
        option('export', { helpValue: 'DIR' }),
        option('heap', { helpValue: 'SIZE' }),
      ),
    },
    { id: 'cluster:run', summary: 'Run.', args: name, flags: {} },
    { id: 'cluster:exec', summary: 'Execute.', args: name, flags: {}, takesChild: true },
    { id: 'help', summary: 'Help.', args: { command: { name: 'command', multiple: true } }, flags: {} },
    { id: 'shell', summary: 'Shell.', args: { shell: { name: 'shell', options: ['bash', 'zsh'] } }, flags: {} },
    { id: 'shell:hidden', hidden: true, args: {}, flags: {} },
  ],
};

const at = (...words: string[]): Expected => expectedAt(SURFACE, words);
/** What may stand there, in one line. */
const told = (...words: string[]): string => {
  const expected = at(...words);
  return expected.what === 'words' ? expected.words.map(({ value }) => value).join(' ') : expected.what;
};

describe('before a command', () => {
  it.each([
    [[], 'cluster help shell'],
    [[''], 'cluster help shell'],
    [['cl'], 'cluster help shell'],
    [['-'], '--help --version'],
    [['cluster', ''], 'rm run exec'],
    [['cluster', '--'], '--help'],
    [['bogus', ''], ''],
    [['cluster', 'bogus', ''], ''],
  ])('after %j stand %j', (words, wanted) => expect(told(...words)).toBe(wanted));

  it('says what each word means', () => {
    expect(at('')).toMatchObject({
      words: [
        { value: 'cluster', description: 'Ensembles.' },
        { value: 'help', description: 'Help.' },
        { value: 'shell', description: 'Shell.' },
      ],
    });
  });
});

describe('an argument', () => {
  it.each([
    [['cluster', 'rm', ''], 'ensemble'],
    [['cluster', 'rm', '--force', 'z'], 'ensemble'],
    [['cluster', 'rm', '--pull', 'always', ''], 'ensemble'],
    [['cluster', 'rm', 'zk', ''], ''],
    [['cluster', 'run', ''], ''],
    [['help', ''], 'cluster help shell'],
    [['help', 'cluster', ''], 'rm run exec'],
    [['help', 'cluster', 'rm', ''], ''],
    [['shell', ''], 'bash zsh'],
    [['shell', 'bash', ''], ''],
  ])('after %j is %j', (words, wanted) => expect(told(...words)).toBe(wanted));

  it('behind -- is the child’s, where there may be one', () => {
    expect(told('cluster', 'exec', 'zk', '--', 'ca')).toBe('file');
    expect(told('cluster', 'exec', 'zk', '--', 'cat', '--he')).toBe('file');
    expect(told('cluster', 'rm', '--', '')).toBe('');
  });
});

describe('a flag', () => {
  const ALL = '--force --wait --no-wait --cluster --member --pull --client-port --output --file --result --export --heap --help';

  it('is any that is not hidden', () => expect(told('cluster', 'rm', '-')).toBe(ALL));

  it('that was given is left out unless it can be repeated', () => {
    const words = ['cluster', 'rm', '--force', '--no-wait', '--member', '1', '-o', 'name', '--pull=always', '--'];
    expect(told(...words)).toBe('--cluster --member --client-port --file --result --export --heap --help');
  });

  it.each([
    ['--cluster', 'ensemble'],
    ['--member', 'member'],
    ['--pull', 'missing always'],
    ['--client-port', 'auto'],
    ['--output', 'table name'],
    ['--file', 'file'],
    ['--result', 'file'],
    ['--export', 'folder'],
    ['--heap', ''],
  ])('%s takes %j, as the next word and behind =', (flag, wanted) => {
    expect(told('cluster', 'rm', flag, '')).toBe(wanted);
    expect(told('cluster', 'rm', `${flag}=`)).toBe(wanted);
    expect(at('cluster', 'rm', `${flag}=x=y`)).toMatchObject({ before: `${flag}=`, typed: 'x=y' });
  });

  it('takes its value by its letter too', () => {
    expect(told('cluster', 'rm', '-o', '')).toBe('table name');
    expect(told('cluster', 'rm', '-oname', '')).toBe('ensemble');
    expect(told('cluster', 'rm', '-f', 'zk')).toBe('file');
  });

  it('without a value has none behind =', () => {
    expect(told('cluster', 'rm', '--force=')).toBe('');
    expect(told('cluster', 'rm', '--bogus=')).toBe('');
  });
});

it('reads what was given on the line', () => {
  const { line } = at('cluster', 'rm', 'zk', '--member', '1', '--member=2', '--bogus', '--cluster', 'dev', '--member', '');
  expect(line.args).toEqual(['zk']);
  expect([...line.flags]).toEqual([
    ['member', ['1', '2']],
    ['cluster', ['dev']],
  ]);
});

it('has an answer to any words at all', () => {
  const known = ['cluster', 'rm', 'exec', 'help', '--', '-', '--member', '--member=', '-o', '--no-wait', '__proto__', '--constructor=', ''];
  const word = fc.oneof(fc.constantFrom(...known), fc.string({ unit: 'binary' }));
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 8 }), (words) => {
      const { before, typed } = at(...words);
      expect(`${before}${typed}`).toBe(words.at(-1));
    }),
  );
});
