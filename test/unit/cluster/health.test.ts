import { describe, expect, it } from 'vitest';
import { probeMember, type MemberHealth } from '../../../src/cluster/health.js';
import { ZkdError } from '../../../src/errors.js';
import type { FourLetterProbe } from '../../../src/zookeeper/index.js';

const SRVR = 'Zookeeper version: 3.9.3-abc, built on 2024\nZxid: 0x200000005\nMode: leader\n';
const MNTR = 'zk_synced_followers\t2\n';
const CONF = 'serverId=1\nserver.1=a:2888:3888:participant;a:2181\nserver.2=b:2888:3888:participant;b:2181\n';

const silent = (reason: string): ZkdError => new ZkdError('zookeeper-unavailable', reason, { details: { reason } });

/** Probes a member that answers this, word by word. */
function probe(answers: Readonly<Record<string, string | Error>>, signal?: AbortSignal): Promise<MemberHealth> {
  const ask: FourLetterProbe = async (_, word) => {
    const answer = answers[word] ?? silent('closed');
    if (answer instanceof Error) throw answer;
    return answer;
  };
  const target = { id: 1, role: 'participant', address: { host: '127.0.0.1', port: 2181 } } as const;
  return probeMember(target, { ask, timeoutMs: 100, ...(signal ? { signal } : {}) });
}

describe('probing a member', () => {
  it('reads all three answers into one', async () => {
    expect(await probe({ srvr: SRVR, mntr: MNTR, conf: CONF })).toMatchObject({
      id: 1,
      role: 'participant',
      silence: null,
      status: { mode: 'leader', zxid: 0x200000005n },
      epoch: 2,
      serverId: 1,
      syncedFollowers: 2,
    });
  });

  it.each(['port-closed', 'closed', 'silent', 'not-serving', 'not-whitelisted'])('keeps %s as its silence', async (reason) => {
    expect(await probe({ srvr: silent(reason), mntr: silent(reason), conf: silent(reason) })).toMatchObject({
      silence: reason,
      status: null,
      epoch: null,
      servers: null,
      serverId: null,
      syncedFollowers: null,
    });
  });

  it('knows the membership of a server that does not serve yet', async () => {
    const health = await probe({ srvr: silent('not-serving'), mntr: silent('not-serving'), conf: CONF });
    expect(health).toMatchObject({ silence: 'not-serving', serverId: 1 });
    expect([...(health.servers?.keys() ?? [])]).toEqual([1, 2]);
  });

  it('does without mntr and conf', async () => {
    expect(await probe({ srvr: SRVR })).toMatchObject({ silence: null, status: { mode: 'leader' }, servers: null, syncedFollowers: null });
  });

  it('takes a standalone server’s id for none', async () => {
    expect(await probe({ srvr: SRVR, conf: 'serverId=0\n' })).toMatchObject({ servers: null, serverId: null });
  });

  it('does not take an interruption, or any other failure, for silence', async () => {
    await expect(probe({ srvr: new ZkdError('interrupted', 'Interrupted by SIGINT') })).rejects.toThrow('Interrupted');
    await expect(probe({ srvr: SRVR, mntr: new TypeError('a bug') })).rejects.toThrow('a bug');
  });
});
