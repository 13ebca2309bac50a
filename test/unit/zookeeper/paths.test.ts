import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkPath, joinPath, nodeName, parentPath } from '../../../src/zookeeper/index.js';
import { failureOf } from '../../support/failure-of.js';

const complaint = async (path: string): Promise<string> => {
  const failure = await failureOf(() => checkPath(path));
  expect(failure).toMatchObject({ code: 'usage', details: { reason: 'invalid-path', path } });
  return failure.message;
};

describe('checkPath', () => {
  it('takes what ZooKeeper takes', () => {
    for (const path of ['/', '/a', '/a b/c', '/ü/日本', '/...', '/a.b', '/%2F', '/..a', '/zookeeper/config'])
      expect(checkPath(path)).toBe(path);
  });

  it('says what is wrong', async () => {
    expect(await complaint('a/b')).toBe('"a/b" is no path of a znode: it does not begin with "/"');
    expect(await complaint('/a/')).toContain('it ends with "/"');
    expect(await complaint('/a//b')).toContain('it contains "//"');
    expect(await complaint('/a/../b')).toContain('".." is not allowed');
    expect(await complaint('/.')).toContain('"." is not allowed');
  });

  it('refuses a NUL and what the server refuses, without putting it on the terminal', async () => {
    for (const [path, name] of [
      ['/a\0b', 'U+0000'],
      ['/a\u001b[2J', 'U+001B'],
      ['/\u0085', 'U+0085'],
      ['/\u{1F600}', 'U+D83D'],
      ['/\uffff', 'U+FFFF'],
    ] as const) {
      const message = await complaint(path);
      expect(message).toContain(name);
      expect(message).not.toContain('\0');
      expect(message).not.toContain('\u001b');
    }
  });

  it('suggests the slash that is missing', async () => {
    expect((await failureOf(() => checkPath('a'))).suggestions).toEqual(['Did you mean "/a"?']);
    for (const path of ['', '.', 'a//b', 'a/', 'a/../b', 'a\0']) expect((await failureOf(() => checkPath(path))).suggestions).toEqual([]);
  });
});

describe('parts of a path', () => {
  const name = fc.string({ minLength: 1, maxLength: 8 }).filter((text) => !text.includes('/'));

  it('come together again', () => {
    fc.assert(
      fc.property(fc.array(name, { minLength: 1, maxLength: 5 }), (names) => {
        const path = names.reduce(joinPath, '/');
        expect(joinPath(parentPath(path) ?? '', nodeName(path))).toBe(path);
        expect(path).toBe(`/${names.join('/')}`);
      }),
    );
  });

  it('know the root', () => {
    expect([parentPath('/'), nodeName('/'), parentPath('/a')]).toEqual([null, '', '/']);
    expect([joinPath('/', '/'), joinPath('/a', ''), joinPath('/a', '/b/c')]).toEqual(['/', '/a', '/a/b/c']);
  });
});
