/**
 * What the rooms rely on in a ZooKeeper session, as tests: run for the fake and for the real one, so that they cannot drift apart.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ZkdError } from '../../src/errors.js';
import {
  digestId,
  formatAclEntry,
  OPEN_ACL,
  type AclEntry,
  type SessionOptions,
  type SessionReason,
  type TransactionStep,
  type ZooKeeperSession,
} from '../../src/zookeeper/index.js';

export interface OpenOptions extends Pick<SessionOptions, 'auth' | 'chroot' | 'timeoutMs'> {
  /** The test is going to break its connection. */
  readonly isBreakable?: true;
}

/** What the suite needs besides sessions. */
export interface SessionSubject {
  open(options?: OpenOptions): Promise<ZooKeeperSession>;
  /** The connection of a breakable session is gone, and none comes before `reconnect`. */
  disconnect(session: ZooKeeperSession): Promise<void>;
  reconnect(session: ZooKeeperSession): Promise<void>;
  /** The server has forgotten the session, and the session learns of it. */
  expire(session: ZooKeeperSession): Promise<void>;
  close(): Promise<void>;
}

const EXIT_CODES: Readonly<Partial<Record<SessionReason, string>>> = {
  'no-node': 'not-found',
  'node-exists': 'conflict',
  'bad-version': 'conflict',
  'not-empty': 'conflict',
  'no-children-for-ephemerals': 'conflict',
  'no-auth': 'denied',
  'invalid-acl': 'usage',
  'invalid-path': 'usage',
  'too-large': 'usage',
  'session-expired': 'zookeeper-unavailable',
  'connection-lost': 'zookeeper-unavailable',
  closed: 'failure',
};

const bytes = (text: string): Buffer => Buffer.from(text);
const ALICE = { scheme: 'digest', credential: 'alice:wonder' };
const BOB = { scheme: 'digest', credential: 'bob:builder' };
const entry = (credential: string, permissions: AclEntry['permissions']): AclEntry => ({
  scheme: 'digest',
  id: digestId(credential),
  permissions,
});
const ALL = OPEN_ACL[0]?.permissions ?? [];
/** Permissions are a set: in one order. */
const asText = (acl: readonly AclEntry[]): string[] => acl.map(formatAclEntry);

/** Runs the contract for one way to open sessions. */
export function describeSession(name: string, makeSubject: () => Promise<SessionSubject>): void {
  describe(`the session contract, kept by ${name}`, () => {
    let subject: SessionSubject;
    let session: ZooKeeperSession;
    let root: string;
    let count = 0;
    const opened: ZooKeeperSession[] = [];
    const open = async (options?: OpenOptions): Promise<ZooKeeperSession> => {
      const made = await subject.open(options);
      opened.push(made);
      return made;
    };
    const refusal = async (attempt: Promise<unknown>, reason: SessionReason, path?: string): Promise<ZkdError> => {
      const error: unknown = await attempt.then(
        (value) => expect.fail(`fulfilled with ${JSON.stringify(value)}, should be refused as ${reason}`),
        (thrown: unknown) => thrown,
      );
      if (!(error instanceof ZkdError)) throw error;
      expect(error.details['reason'], error.message).toBe(reason);
      if (path !== undefined) expect(error.details['path']).toBe(path);
      if (EXIT_CODES[reason]) expect(error.code).toBe(EXIT_CODES[reason]);
      return error;
    };

    beforeAll(async () => {
      subject = await makeSubject();
      session = await subject.open();
    });
    afterAll(async () => {
      await session.close();
      await subject.close();
    });
    afterEach(async () => {
      await Promise.all(opened.splice(0).map((one) => one.close()));
    });
    const fresh = async (): Promise<string> => {
      root = `/contract-${process.pid}-${++count}`;
      await session.create(root, bytes(''));
      return root;
    };

    it('reads what it wrote, byte for byte, with its stat', async () => {
      await fresh();
      const data = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
      expect(await session.create(`${root}/a`, data)).toBe(`${root}/a`);
      const node = await session.get(`${root}/a`);
      expect(Buffer.compare(node.data, data)).toBe(0);
      expect(node.stat).toMatchObject({ version: 0, cversion: 0, aversion: 0, kind: 'persistent', ephemeralOwner: null, ttlMs: null });
      expect(node.stat).toMatchObject({ dataLength: 256, numChildren: 0, czxid: node.stat.mzxid });
      expect(node.stat.czxid).toMatch(/^0x[0-9a-f]+$/);
      expect(new Date(node.stat.ctime).toISOString()).toBe(node.stat.ctime);
      expect(await session.exists(`${root}/a`)).toEqual(node.stat);
    });

    it('answers null for a node that is not there, and refuses to read it', async () => {
      await fresh();
      const path = `${root}/none`;
      expect(await session.exists(path)).toBeNull();
      for (const attempt of [
        () => session.get(path),
        () => session.children(path),
        () => session.set(path, bytes('')),
        () => session.delete(path),
        () => session.getAcl(path),
        () => session.setAcl(path, OPEN_ACL),
        () => session.watchChildren(path),
      ]) {
        expect((await refusal(attempt(), 'no-node', path)).message).toContain(`"${path}"`);
      }
      await refusal(session.create(`${path}/child`, bytes('')), 'no-node');
    });

    it('takes data that is a view of something larger, and none at all', async () => {
      await fresh();
      await session.create(`${root}/view`, new Uint8Array(bytes('abcdef')).subarray(2, 4));
      expect((await session.get(`${root}/view`)).data.toString()).toBe('cd');
      await session.create(`${root}/empty`, new Uint8Array());
      expect((await session.get(`${root}/empty`)).data).toHaveLength(0);
    });

    it('refuses what exists already, and what has children', async () => {
      await fresh();
      await session.create(`${root}/a`, bytes(''));
      await refusal(session.create(`${root}/a`, bytes('')), 'node-exists', `${root}/a`);
      await refusal(session.delete(root), 'not-empty', root);
    });

    it('sets and deletes on condition of a version', async () => {
      await fresh();
      await session.create(`${root}/a`, bytes('0'));
      expect(await session.set(`${root}/a`, bytes('1'), { version: 0 })).toMatchObject({ version: 1, dataLength: 1 });
      await refusal(session.set(`${root}/a`, bytes('2'), { version: 0 }), 'bad-version', `${root}/a`);
      expect((await session.set(`${root}/a`, bytes('3'))).version).toBe(2);
      await refusal(session.delete(`${root}/a`, { version: 0 }), 'bad-version');
      expect((await session.get(`${root}/a`)).data.toString()).toBe('3');
      await session.delete(`${root}/a`, { version: 2 });
      expect(await session.exists(`${root}/a`)).toBeNull();
    });

    it('lists children by name, sorted, whatever they are called', async () => {
      await fresh();
      const names = ['b', 'a b', 'ü', 'B', '日本', '%2F', 'a', 'é'];
      await Promise.all(names.map((child) => session.create(`${root}/${child}`, bytes(child))));
      const { children, stat } = await session.children(root);
      expect(children).toEqual([...names].sort());
      expect(stat.numChildren).toBe(names.length);
      for (const child of names) expect((await session.get(`${root}/${child}`)).data.toString()).toBe(child);
    });

    it('refuses paths that are none, before anything is done', async () => {
      await fresh();
      for (const path of [
        '',
        'a',
        `${root}/`,
        `${root}//a`,
        `${root}/.`,
        `${root}/../a`,
        `${root}/a\0b`,
        `${root}/\u0007`,
        `${root}/\u{1F600}`,
      ]) {
        await refusal(session.create(path, bytes('')), 'invalid-path', path);
        await refusal(session.get(path), 'invalid-path', path);
      }
      expect((await session.children(root)).children).toEqual([]);
    });

    it('refuses data that no server takes, and goes on', async () => {
      await fresh();
      await refusal(session.create(`${root}/a`, Buffer.alloc(1_048_576)), 'too-large');
      await session.create(`${root}/a`, Buffer.alloc(1_000_000, 7));
      await refusal(session.set(`${root}/a`, Buffer.alloc(1_048_576)), 'too-large');
      expect((await session.get(`${root}/a`)).data.equals(Buffer.alloc(1_000_000, 7))).toBe(true);
    });

    it('creates nodes of every mode', async () => {
      await fresh();
      for (const mode of ['persistent', 'ephemeral', 'container'] as const) {
        expect(await session.create(`${root}/${mode}`, bytes(mode), { mode })).toBe(`${root}/${mode}`);
      }
      for (const mode of ['persistent-sequential', 'ephemeral-sequential'] as const) {
        const [first, second] = [
          await session.create(`${root}/s-`, bytes(''), { mode }),
          await session.create(`${root}/s-`, bytes(''), { mode }),
        ];
        expect([first, second].every((path) => /\/s-\d{10}$/.test(path))).toBe(true);
        expect(second > first).toBe(true);
      }
      expect(await session.create(`${root}/t`, bytes(''), { mode: 'ttl', ttlMs: 600_000 })).toBe(`${root}/t`);
      expect(await session.create(`${root}/t-`, bytes(''), { mode: 'ttl-sequential', ttlMs: 600_000 })).toMatch(/\/t-\d{10}$/);
      expect(await session.exists(`${root}/ephemeral`)).toMatchObject({ kind: 'ephemeral', ephemeralOwner: session.id });
      await refusal(session.create(`${root}/ephemeral/a`, bytes('')), 'no-children-for-ephemerals');
    });

    it('wants a time to live exactly where the mode has one, and in its range', async () => {
      await fresh();
      for (const options of [{ mode: 'ttl' }, { ttlMs: 5 }, { mode: 'ttl', ttlMs: 0 }, { mode: 'ttl', ttlMs: 2 ** 31 }] as const) {
        await expect(session.create(`${root}/a`, bytes(''), options)).rejects.toMatchObject({ code: 'usage' });
      }
      expect(await session.exists(`${root}/a`)).toBeNull();
    });

    it('takes its ephemeral nodes along when it ends', async () => {
      await fresh();
      const other = await open();
      await other.create(`${root}/e`, bytes(''), { mode: 'ephemeral' });
      expect(await session.exists(`${root}/e`)).toMatchObject({ ephemeralOwner: other.id });
      await other.close();
      await session.sync(root);
      expect(await session.exists(`${root}/e`)).toBeNull();
    });

    it('creates a node with its ACL, which binds others', async () => {
      await fresh();
      const acl = [entry(ALICE.credential, ALL)];
      await session.create(`${root}/closed`, bytes('secret'), { acl });
      await refusal(session.get(`${root}/closed`), 'no-auth', `${root}/closed`);
      await refusal(session.set(`${root}/closed`, bytes('')), 'no-auth');
      await refusal(session.getAcl(`${root}/closed`), 'no-auth');
      await refusal(session.watchNode(`${root}/closed`), 'no-auth');
      const alice = await open({ auth: [ALICE] });
      await alice.sync(root);
      expect((await alice.get(`${root}/closed`)).data.toString()).toBe('secret');
      expect(asText((await alice.getAcl(`${root}/closed`)).acl)).toEqual(asText(acl));
      const bob = await open({ auth: [BOB] });
      await refusal(bob.get(`${root}/closed`), 'no-auth');
    });

    it('gives a node an ACL that lets nobody write it, with its data in it', async () => {
      await fresh();
      const acl: AclEntry[] = [{ scheme: 'world', id: 'anyone', permissions: ['read'] }];
      for (const one of [session, await open({ auth: [ALICE] })]) {
        const path = await one.create(`${root}/r-`, bytes('fixed'), { acl, mode: 'persistent-sequential' });
        expect((await one.get(path)).data.toString()).toBe('fixed');
        expect(asText((await one.getAcl(path)).acl)).toEqual(asText(acl));
        await refusal(one.set(path, bytes('other')), 'no-auth');
      }
    });

    it('does all steps of a transaction or none, and names the one that is refused', async () => {
      await fresh();
      const create = (path: string, data = '', acl: readonly AclEntry[] = OPEN_ACL): TransactionStep => ({
        kind: 'create',
        path,
        data: bytes(data),
        acl,
      });
      const alice = await open({ auth: [ALICE] });
      const hers = [entry(ALICE.credential, ALL)];
      await alice.transact([create(`${root}/a`, 'ü'), create(`${root}/a/b`, 'secret', hers), { kind: 'delete', path: `${root}/a/b` }]);
      await alice.transact([create(`${root}/a/c`, 'secret', hers)]);
      await alice.transact([]);
      expect((await alice.get(`${root}/a`)).data.toString()).toBe('ü');
      expect((await alice.children(`${root}/a`)).children).toEqual(['c']);
      expect(asText((await alice.getAcl(`${root}/a/c`)).acl)).toEqual(asText(hers));
      await session.sync(root);
      await refusal(session.get(`${root}/a/c`), 'no-auth');
      for (const [step, reason] of [
        [create(`${root}/a`), 'node-exists'],
        [create(`${root}/none/x`), 'no-node'],
        [{ kind: 'delete', path: `${root}/a` }, 'not-empty'],
        [{ kind: 'delete', path: `${root}/none` }, 'no-node'],
        [create(`${root}/y`, '', [{ scheme: 'nonsense', id: 'x', permissions: ['read'] }]), 'invalid-acl'],
        [create(`${root}/z`, '', []), 'invalid-acl'],
        [create(`${root}/a//b`), 'invalid-path'],
      ] as const) {
        const error = await refusal(session.transact([create(`${root}/new`), step, create(`${root}/newer`)]), reason, step.path);
        if (reason !== 'invalid-path') expect(error.details['outcome']).toBe('not-applied');
      }
      await refusal(session.transact([create(`${root}/1`, 'x'.repeat(600_000)), create(`${root}/2`, 'x'.repeat(600_000))]), 'too-large');
      expect((await session.children(root)).children).toEqual(['a']);
    });

    it('reads what a transaction wrote, and transacts on what it wrote', async () => {
      await fresh();
      for (let round = 0; round < 20; round++) {
        const path = `${root}/${round}`;
        await session.create(path, bytes(''));
        await session.transact([{ kind: 'create', path: `${path}/a`, data: bytes(String(round)), acl: OPEN_ACL }]);
        expect((await session.get(`${path}/a`)).data.toString()).toBe(String(round));
        expect((await session.children(path)).children).toEqual(['a']);
      }
    });

    it('reads many nodes at once, also those it has just written', async () => {
      await fresh();
      const names = Array.from({ length: 200 }, (_, index) => String(index));
      await Promise.all(names.map((child) => session.create(`${root}/${child}`, bytes(child))));
      await Promise.all(names.map((child) => session.set(`${root}/${child}`, bytes(`${child}!`))));
      const read = names.map((child) => session.get(`${root}/${child}`));
      const others = [session.exists(`${root}/7`), session.exists(`${root}/none`), session.children(root)] as const;
      const denied = refusal(session.get(`${root}/none`), 'no-node', `${root}/none`);
      expect((await Promise.all(read)).map(({ data }) => data.toString())).toEqual(names.map((child) => `${child}!`));
      const [there, none, listed] = await Promise.all(others);
      expect([there?.version, none, listed.children]).toEqual([1, null, [...names].sort()]);
      expect(await session.exists(`${root}/7`)).toEqual(there);
      await denied;
    });

    it('sets an ACL, on condition of its version', async () => {
      await fresh();
      const alice = await open({ auth: [ALICE] });
      await alice.create(`${root}/a`, bytes(''));
      expect(asText((await alice.getAcl(`${root}/a`)).acl)).toEqual(asText(OPEN_ACL));
      const acl = [entry(ALICE.credential, ALL), { scheme: 'world', id: 'anyone', permissions: ['read' as const] }];
      expect((await alice.setAcl(`${root}/a`, acl, { version: 0 })).aversion).toBe(1);
      await refusal(alice.setAcl(`${root}/a`, OPEN_ACL, { version: 0 }), 'bad-version');
      const now = await alice.getAcl(`${root}/a`);
      expect([asText(now.acl), now.stat.aversion]).toEqual([asText(acl), 1]);
      expect((await alice.setAcl(`${root}/a`, OPEN_ACL)).aversion).toBe(2);
    });

    it('refuses an ACL that is none, and leaves no node behind', async () => {
      await fresh();
      const nonsense: AclEntry = { scheme: 'nonsense', id: 'x', permissions: ['read'] };
      const nobody: AclEntry = { scheme: 'auth', id: '', permissions: ['read'] };
      for (const acl of [[], [nonsense], [nobody]]) {
        await refusal(session.create(`${root}/a`, bytes('secret'), { acl }), 'invalid-acl');
        await refusal(session.setAcl(root, acl), 'invalid-acl');
      }
      expect((await session.children(root)).children).toEqual([]);
    });

    it('fires a watch on a node once: created, changed, deleted', async () => {
      await fresh();
      const path = `${root}/w`;
      await refusal(session.watchNode(path, { isExpected: true }), 'no-node', path);
      const created = await session.watchNode(path);
      expect(created.node).toBeNull();
      await session.create(path, bytes('1'));
      expect(await created.watch.next()).toBe('fired');
      const changed = await session.watchNode(path);
      expect(changed.node?.data.toString()).toBe('1');
      const twin = await session.watchNode(path, { isExpected: true });
      expect(twin.node?.data.toString()).toBe('1');
      await session.set(path, bytes('2'));
      expect(await changed.watch.next()).toBe('fired');
      expect(await twin.watch.next()).toBe('fired');
      const deleted = await session.watchNode(path);
      await session.delete(path);
      expect(await deleted.watch.next()).toBe('fired');
      for (const { watch } of [created, changed, twin, deleted]) await refusal(watch.next(), 'closed', path);
    });

    it('is done with a watch that has fired: whoever waits for more is refused, and it hears of no connection', async () => {
      await fresh();
      const other = await open({ isBreakable: true });
      const { watch } = await other.watchNode(root);
      const [first, second] = [watch.next(), refusal(watch.next(), 'closed', root)];
      await session.set(root, bytes('changed'));
      expect(await first).toBe('fired');
      await second;
      await subject.disconnect(other);
      await subject.reconnect(other);
      await refusal(watch.next(), 'closed', root);
    });

    it('fires a watch on children for names that come and go, and for the end of the node', async () => {
      await fresh();
      const other = await open();
      const born = await session.watchChildren(root);
      expect(born.children).toEqual([]);
      await other.create(`${root}/c`, bytes(''));
      expect(await born.watch.next()).toBe('fired');
      const gone = await session.watchChildren(root);
      expect(gone.children).toEqual(['c']);
      await other.set(`${root}/c`, bytes('data'));
      await other.delete(`${root}/c`);
      expect(await gone.watch.next()).toBe('fired');
      const ended = await session.watchChildren(root);
      await other.delete(root);
      expect(await ended.watch.next()).toBe('fired');
    });

    it('sees after sync what another session has done', async () => {
      await fresh();
      const other = await open();
      for (let round = 0; round < 10; round++) {
        await session.set(root, bytes(String(round)));
        await other.sync(root);
        expect((await other.get(root)).data.toString()).toBe(String(round));
      }
    });

    it('sees the tree below its chroot only', async () => {
      await fresh();
      const other = await open({ chroot: root });
      expect([other.chroot, session.chroot, (await open({ chroot: '/' })).chroot]).toEqual([root, null, null]);
      expect(await other.create('/a', bytes('x'))).toBe('/a');
      expect(await other.create('/a/s-', bytes(''), { mode: 'persistent-sequential' })).toBe('/a/s-0000000000');
      expect((await session.get(`${root}/a`)).data.toString()).toBe('x');
      expect((await other.children('/')).children).toEqual(['a']);
      for (const path of ['/a', '/']) expect(asText((await other.getAcl(path)).acl)).toEqual(asText(OPEN_ACL));
      const { watch } = await other.watchNode('/a');
      await session.set(`${root}/a`, bytes('y'));
      expect(await watch.next()).toBe('fired');
      await refusal(watch.next(), 'closed', '/a');
      await refusal(other.get('/none'), 'no-node', '/none');
    });

    it('has many requests under way at once, and answers each its own', async () => {
      await fresh();
      const numbers = Array.from({ length: 500 }, (_, index) => index);
      await Promise.all(numbers.map((number) => session.create(`${root}/${number}`, bytes(`data ${number}`))));
      const read = await Promise.all(numbers.map((number) => session.get(`${root}/${number}`)));
      expect(read.map(({ data }) => data.toString())).toEqual(numbers.map((number) => `data ${number}`));
      const mixed = await Promise.allSettled(numbers.map((number) => session.get(`${root}/${number * 2}`)));
      expect(mixed.filter(({ status }) => status === 'rejected')).toHaveLength(250);
      await Promise.all(numbers.map((number) => session.delete(`${root}/${number}`)));
      expect((await session.children(root)).children).toEqual([]);
    });

    it('waits for what is under way when it is closed, and does nothing afterwards', async () => {
      await fresh();
      const other = await open();
      const writes = Array.from({ length: 100 }, (_, index) => other.create(`${root}/${index}`, bytes('')));
      const closed = other.close();
      await Promise.all([...writes, closed, other.close()]);
      expect(other.state).toBe('closed');
      await refusal(other.get(root), 'closed', root);
      await refusal(other.create(`${root}/x`, bytes('')), 'closed');
      await session.sync(root);
      expect((await session.children(root)).children).toHaveLength(100);
    });

    it('ends its watches when it is closed', async () => {
      await fresh();
      const other = await open();
      const { watch } = await other.watchNode(root);
      const waiting = refusal(watch.next(), 'closed');
      await other.close();
      await waiting;
      await refusal(watch.next(), 'closed');
    });

    it('survives a connection that goes and comes back: requests wait, watches stay and fire for what was missed', async () => {
      await fresh();
      const other = await open({ isBreakable: true });
      const { watch } = await other.watchNode(root);
      await other.create(`${root}/e`, bytes(''), { mode: 'ephemeral' });
      await subject.disconnect(other);
      expect(await watch.next()).toBe('disconnected');
      expect(other.state).toBe('disconnected');
      const waiting = [other.get(root), other.create(`${root}/late`, bytes('late'))];
      await session.set(root, bytes('meanwhile'));
      await subject.reconnect(other);
      await Promise.all(waiting);
      expect(await watch.next()).toBe('connected');
      expect(await watch.next()).toBe('fired');
      expect(other.state).toBe('connected');
      expect(await session.exists(`${root}/e`)).toMatchObject({ ephemeralOwner: other.id });
    });

    it('gives a request up after its time while there is no connection', async () => {
      await fresh();
      const other = await open({ timeoutMs: 1500, isBreakable: true });
      await subject.disconnect(other);
      const error = await refusal(other.create(`${root}/a`, bytes('')), 'connection-lost');
      expect(error.details['outcome'] ?? 'not-applied').toBe('not-applied');
      await refusal(other.get(root), 'connection-lost');
      await subject.reconnect(other);
      expect(await session.exists(`${root}/a`)).toBeNull();
    });

    it('tells everybody that it has expired', async () => {
      await fresh();
      const other = await open({ isBreakable: true });
      await other.create(`${root}/e`, bytes(''), { mode: 'ephemeral' });
      const { watch } = await other.watchNode(root);
      await subject.expire(other);
      expect(other.state).toBe('expired');
      const signals = async (): Promise<never> => {
        for (;;) await watch.next();
      };
      await refusal(signals(), 'session-expired');
      await refusal(other.get(root), 'session-expired');
      await refusal(other.create(`${root}/a`, bytes('')), 'session-expired');
      await session.sync(root);
      expect((await session.children(root)).children).toEqual([]);
      await other.close();
    });
  });
}
