import { describe, expect, it } from 'vitest';
import { codeError, sessionError, timeoutError } from '../../../src/zookeeper/errors.js';

const ASKED = { verb: 'read', path: '/a b' };

describe('errors of a session', () => {
  it('say what is the matter with which node', () => {
    expect(
      [-101, -110, -103, -111, -102, -112, -4, -6, -114]
        .map((code) => codeError(code, ASKED))
        .map(({ code, message }) => `${code}: ${message}`),
    ).toMatchInlineSnapshot(`
      [
        "not-found: Znode "/a b" does not exist",
        "conflict: Znode "/a b" exists already",
        "conflict: Znode "/a b" has another version than the one asked for",
        "conflict: Znode "/a b" has children",
        "denied: Cannot read znode "/a b": access control denies it",
        "zookeeper-unavailable: Cannot read znode "/a b": the session has expired",
        "zookeeper-unavailable: Cannot read znode "/a b": the connection to ZooKeeper was lost",
        "failure: Cannot read znode "/a b": the server cannot do this",
        "usage: Cannot read znode "/a b": ZooKeeper refuses the access control list",
      ]
    `);
  });

  it('carry reason and path', () => {
    expect(codeError(-101, ASKED).details).toEqual({ reason: 'no-node', path: '/a b' });
    expect(timeoutError(ASKED, 500)).toMatchObject({ code: 'zookeeper-unavailable', details: { reason: 'timeout', path: '/a b' } });
    expect(timeoutError(ASKED, 500).message).toBe('Cannot read znode "/a b": no answer within 500 ms');
    expect(codeError(-13, ASKED)).toMatchObject({ code: 'failure', details: { code: -13, path: '/a b' } });
  });

  it('say where nobody knows whether it was done, and how to look', () => {
    const error = sessionError('connection-lost', ASKED, { outcome: 'unknown' });
    expect(error.message).toMatch(/; whether it was done is not known$/);
    expect(error.details['outcome']).toBe('unknown');
    expect(error.suggestions).toEqual(["zkd znode stat '/a b'"]);
  });
});
