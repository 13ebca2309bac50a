import { describe, expect, it } from 'vitest';
import { ZkdError } from '../../../src/errors.js';
import { createWithAcl, makeIdentity, type CreationSteps } from '../../../src/zookeeper/create-with-acl.js';
import { formatAclEntry, parseAcl } from '../../../src/zookeeper/index.js';
import { failureOf } from '../../support/failure-of.js';

const { entry } = makeIdentity();

/** Steps that are written down; the named ones fail. */
function recorded(...failing: readonly string[]): { steps: CreationSteps; log: string[] } {
  const log: string[] = [];
  const step = async (what: string): Promise<void> => {
    log.push(what);
    if (failing.includes(what)) throw new ZkdError('denied', `no ${what}`, { details: { reason: 'no-auth', path: '/a' } });
  };
  const nameOf = (acl: string): string => (acl === formatAclEntry(entry) ? 'closed' : acl);
  return {
    log,
    steps: {
      createEmpty: async () => {
        await step('create');
        return '/a';
      },
      setAcl: (_path, acl, version) => step(`acl ${nameOf(acl.map(formatAclEntry).join())} ${version}`),
      set: (_path, version) => step(`set ${version}`),
      remove: () => step('remove'),
    },
  };
}

const options = { acl: parseAcl('world:anyone:r'), isEmpty: false, onlyThisSession: async () => entry };
const WHOLE = ['create', 'acl closed 0', 'set 0', 'acl world:anyone:r 1'];

describe('createWithAcl', () => {
  it('closes the node before there is anything to read, and opens it last', async () => {
    const { steps, log } = recorded();
    expect(await createWithAcl(steps, options)).toBe('/a');
    expect(log).toEqual(WHOLE);
  });

  it('needs no closing where there is nothing to read', async () => {
    const { steps, log } = recorded();
    await createWithAcl(steps, { ...options, isEmpty: true });
    expect(log).toEqual(['create', 'acl world:anyone:r 0']);
  });

  it.each(WHOLE.slice(1))('removes the node where "%s" fails', async (failing) => {
    const { steps, log } = recorded(failing);
    expect((await failureOf(createWithAcl(steps, options))).message).toBe(`no ${failing}`);
    expect(log).toEqual([...WHOLE.slice(0, WHOLE.indexOf(failing) + 1), 'remove']);
  });

  it('removes nothing it has not made', async () => {
    const { steps, log } = recorded('create');
    await failureOf(createWithAcl(steps, options));
    expect(log).toEqual(['create']);
  });

  it('says what is left where it cannot be removed', async () => {
    const { steps } = recorded('set 0', 'remove');
    const failure = await failureOf(createWithAcl(steps, options));
    expect(failure).toMatchObject({ code: 'denied', details: { left: '/a', reason: 'no-auth' } });
    expect(failure.suggestions).toContain('zkd znode rm /a');
  });

  it('closes with an identity nobody else has', () => {
    expect(formatAclEntry(makeIdentity().entry)).toMatch(/^digest:zkd-[0-9a-f]{16}:.{28}:cdrwa$/);
    expect(makeIdentity().entry.id).not.toBe(entry.id);
  });
});
