/** Watching more nodes than the client library can carry over a lost connection in one session. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ZkdError } from '../../../src/errors.js';
import { watchTree } from '../../../src/znodes/index.js';
import { openSession, parseConnectString, type ServerAddress, type ZooKeeperSession } from '../../../src/zookeeper/index.js';
import { failureOf } from '../../support/failure-of.js';
import { IMAGE, up, useEnsembles } from '../../support/story.js';
import { openWire } from '../zookeeper/proxy.js';

const NODES = 5000;
/** All their watches in one packet would be more than the 1 MB that servers take. */
const leaf = (number: number): string => `/large/${'n'.repeat(110)}-${number}`;
const last = leaf(NODES - 1);
const numbers = Array.from({ length: NODES }, (_, number) => number);

const ensembles = useEnsembles();
let servers: readonly ServerAddress[];
let session: ZooKeeperSession;
beforeAll(async () => {
  const { cluster } = await up(ensembles.name(), '--size', '1', '--image', IMAGE, '--client-port', 'auto');
  ({ servers } = parseConnectString(cluster.connect));
  session = await openSession({ servers, timeoutMs: 60_000 });
  await session.create('/large', Buffer.alloc(0));
  await Promise.all(numbers.map((number) => session.create(leaf(number), Buffer.alloc(0))));
});
afterAll(() => session.close());

it('a large tree is watched to its end, and what happened while the connection was away is told', async () => {
  const wire = await openWire(servers);
  const seen: string[] = [];
  const stop = new AbortController();
  const open = () => openSession({ servers: [wire.address], timeoutMs: 60_000 });
  const context = {
    open,
    signal: stop.signal,
    onStart: () => seen.push('start'),
    onConnection: (isThere: boolean) => seen.push(isThere ? 'connected' : 'disconnected'),
  };
  const end = failureOf(
    (async () => {
      for await (const { type, path } of watchTree({ path: '/large', recursive: true }, context)) seen.push(`${type} ${path}`);
    })(),
  );
  const told = async (...wanted: string[]): Promise<void> => {
    await expect.poll(() => seen.slice().sort(), { timeout: 40_000 }).toEqual(wanted.sort());
    seen.length = 0;
  };
  await told('start');
  await session.set(last, Buffer.from('seen'));
  await told(`changed ${last}`);

  wire.become('cut');
  await told('disconnected');
  await session.set(last, Buffer.from('meanwhile'));
  await session.delete(leaf(0));
  await session.create('/large/new', Buffer.alloc(0));
  wire.become('open');
  await told('connected', `changed ${last}`, `deleted ${leaf(0)}`, 'created /large/new');

  stop.abort(new ZkdError('interrupted', 'stop'));
  expect((await end).code).toBe('interrupted');
  await wire.close();
});
