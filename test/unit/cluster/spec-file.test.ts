import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseSpecFile, readSpecFile } from '../../../src/cluster/spec-file.js';
import { SETTING_KEYS, SETTINGS } from '../../../src/cluster/settings.js';
import { ZkdError } from '../../../src/errors.js';
import { failureOf } from '../../support/failure-of.js';

const problemsOf = async (text: string): Promise<readonly string[]> => {
  const failure = await failureOf(parseSpecFile(text, 'zkd.yaml'));
  expect(failure.code).toBe('usage');
  const { problems } = failure.details;
  for (const problem of problems as string[]) expect(failure.message).toContain(problem);
  return problems as string[];
};

describe('a good file', () => {
  it('gives all settings it has', async () => {
    const text = `name: dev
size: 5
observers: 1
image: zookeeper:3.8
clientPort: 12181
bind: 0.0.0.0
network: shared
heap: 512m
memory: 1g
cpus: 1.5
tickTime: 500ms
set:
  maxSessionTimeout: 60000
  snapCount: "1000"
  fsync.warningthresholdms: 20
restart: "no"
growable: true
ephemeral: false
`;
    expect(await parseSpecFile(text, 'zkd.yaml')).toEqual({
      name: 'dev',
      given: {
        size: 5,
        observers: 1,
        image: 'zookeeper:3.8',
        clientPort: 12_181,
        bind: '0.0.0.0',
        network: 'shared',
        heapBytes: 512 * 1024 ** 2,
        memoryBytes: 1024 ** 3,
        cpus: 1.5,
        tickTimeMs: 500,
        set: { maxSessionTimeout: '60000', snapCount: '1000', 'fsync.warningthresholdms': '20' },
        restart: 'no',
        growable: true,
        ephemeral: false,
      },
    });
  });

  it('counts as given only for the keys it has', async () => {
    expect(await parseSpecFile('size: 3', 'f')).toEqual({ given: { size: 3 } });
    for (const empty of ['', '\n', '# nothing yet\n', '---\n', '{}']) expect(await parseSpecFile(empty, 'f')).toEqual({ given: {} });
  });

  it('means what is written, not what YAML would make of it', async () => {
    expect(await parseSpecFile('name: 007\nimage: 3.10\ncpus: 1.50\ngrowable: True\n', 'f')).toEqual({
      name: '007',
      given: { image: '3.10', cpus: 1.5, growable: true },
    });
    const set = `set: {w: 1.10, x: 0x10, y: 1e3, z: True, q: "a\\tb", o: 010, 1.20: &n 1_0.0, same: *n, text: 'it''s'}`;
    expect((await parseSpecFile(set, 'f')).given.set).toEqual({
      ...{ w: '1.10', x: '0x10', y: '1e3', z: 'True', q: 'a\tb', o: '010', '1.20': '1_0.0', same: '1_0.0', text: "it's" },
    });
  });

  it('is read from a stream for -', async () => {
    expect(await readSpecFile('-', Readable.from([Buffer.from('si'), Buffer.from('ze: 1')]))).toEqual({ given: { size: 1 } });
  });
});

describe('a wrong file', () => {
  it('is named with the line of every wrong field, in the order of the lines', async () => {
    expect(await problemsOf('# mine\nsize: 10\nimage: ""\nheap: 1t\nclientPort: 80\n')).toEqual([
      expect.stringMatching(/^line 2: "size": .*a whole number from 1 to 9/),
      expect.stringMatching(/^line 3: "image": .*an image reference/),
      expect.stringMatching(/^line 4: "heap": .*from 32m to 64g/),
      expect.stringMatching(/^line 5: "clientPort": .*from 1024 to 65535/),
    ]);
  });

  it.each(SETTING_KEYS.filter((key) => key !== 'set'))('says what is allowed for %s', async (key) => {
    const { fileKey } = SETTINGS[key];
    for (const value of ['[1]', '{a: 1}', 'null', '"?"']) {
      const [problem, ...more] = await problemsOf(`name: zk\n${fileKey}: ${value}\n`);
      expect(more).toEqual([]);
      expect(problem).toMatch(new RegExp(`^line 2: "${fileKey}": .*give `));
    }
  });

  it('names unknown keys, also beside other mistakes, and lists the known ones', async () => {
    const problems = await problemsOf('sise: 3\nsize: 0\nZZ: 1\n');
    expect(problems).toHaveLength(3);
    expect(problems[0]).toMatch(/^line 1: "sise" is not known: give name, size, observers, .*ephemeral/);
    expect(problems[1]).toMatch(/^line 2: "size"/);
    expect(problems[2]).toMatch(/^line 3: "ZZ" is not known/);
  });

  it('names a bad ensemble name', async () => {
    expect(await problemsOf('\nname: My_Ensemble\n')).toEqual([expect.stringMatching(/^line 2: "name": .*1-32/)]);
  });

  it.each([
    ['set: [a=b]', /^line 1: "set": .*key=value/],
    ['size: 3\nset:\n  a: 1\n  dataDir: /x', /^line [24]: "set.*cannot be given/],
    ['set:\n  a: [1]', /^line 2: "set\.a"/],
    ['set:\n  a: "x\\ny"', /^line [12]: "set/],
  ])('names what is wrong in set: %j', async (text, problem) => expect(await problemsOf(text)).toEqual([expect.stringMatching(problem)]));

  it('names every wrong field under set, with its line and what is allowed', async () => {
    expect(await problemsOf('set:\n  a: 1\n  dataDir: x\n  b: [1]\n  c:\n  d: "x\\ny"\n  _e: 1\n')).toEqual([
      'line 3: "set.dataDir": cannot be given: zkd owns it',
      'line 4: "set.b": give one value, as in zoo.cfg',
      'line 5: "set.c": give one value, as in zoo.cfg',
      'line 6: "set.d": give key=value on one line, as in zoo.cfg',
      'line 7: "set._e": give key=value on one line, as in zoo.cfg',
    ]);
  });

  it('names a field once, and the value as it was written', async () => {
    expect(await problemsOf('name: -x\nsize: 010\nobservers: 0x1\ngrowable: yes\nnetwork: host\n')).toEqual([
      expect.stringMatching(/^line 1: "name": "-x" is not valid: give 1-32 /),
      'line 2: "size": "010" is not valid: give a whole number from 1 to 9',
      'line 3: "observers": "0x1" is not valid: give a whole number from 0 to 9',
      'line 4: "growable": "yes" is not valid: give true or false',
      expect.stringMatching(/^line 5: "network": "host" is not valid: give .* user-defined network/),
    ]);
  });

  it('never repeats a secret', async () => {
    for (const value of ['hunter2', '"hunter2\\nx"', '[hunter2]', '*hunter2', '@hunter2', '"a" hunter2', '"\\qhunter2"']) {
      const problems = await problemsOf(`set:\n  ssl.keyStore.password: ${value}\n`);
      expect(problems).toEqual([expect.stringMatching(/^line 2: /)]);
      expect(problems[0]).not.toContain('hunter2');
    }
    expect(await problemsOf('set:\n  ssl.keyStore.password: x\n')).toEqual([
      expect.stringMatching(/^line 2: "set\.ssl\.keyStore\.password": cannot be given: .*no secret may be/),
    ]);
  });

  it.each(['- size: 3', 'size', '42'])('wants a mapping, not %j', async (text) => {
    expect(await problemsOf(text)).toEqual([expect.stringMatching(/^line 1: .*mapping/)]);
  });

  it('names the line of a syntax error', async () => {
    const problems = await problemsOf('size: 3\nimage: "zookeeper\nheap: 1g\n');
    expect(problems[0]).toMatch(/^line [234]: /);
    expect((await problemsOf('size: 3\nsize: 5\n'))[0]).toMatch(/^line 2: .*unique/);
    expect(await problemsOf('size: 3\n---\nsize: 5\n')).toEqual(['line 2: one document a file, and a second one starts here']);
    expect((await problemsOf('size: *nowhere\n'))[0]).toMatch(/^line 1: /);
  });

  it('is usage where it cannot be read', async () => {
    expect(await failureOf(readSpecFile('/nowhere/zkd.yaml'))).toMatchObject({
      code: 'usage',
      message: expect.stringContaining('/nowhere/zkd.yaml') as string,
    });
    expect((await failureOf(readSpecFile('/'))).code).toBe('usage');
    expect((await failureOf(readSpecFile(''))).message).toMatch(/^File "" cannot be read: /);
  });

  it('never fails in another way, whatever the text', async () => {
    const bits = fc.constantFrom(
      'size',
      ': ',
      '3',
      '\n',
      '  ',
      '- ',
      '{',
      '}',
      '[',
      '"',
      "'",
      '&a',
      '*a',
      '!!',
      'set',
      '#',
      '|',
      '? ',
      '\t',
      'null',
      'name',
      '<<',
    );
    await fc.assert(
      fc.asyncProperty(fc.array(bits, { maxLength: 14 }), async (parts) => {
        try {
          await parseSpecFile(parts.join(''), 'f');
          return true;
        } catch (error) {
          return error instanceof ZkdError && error.code === 'usage' && /line \d+/.test(error.message);
        }
      }),
      { numRuns: 1500 },
    );
  });
});
