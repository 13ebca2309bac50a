import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { Cluster, ClusterSummary, Member } from '../../../src/cluster/index.js';
import { clusterList, memberList, renderStatus, renderUp } from '../../../src/cli/render/cluster.js';
import { renderList } from '../../../src/cli/render/list.js';
import { loadStyle, PLAIN_STYLE } from '../../../src/cli/style.js';
import { formatTable } from '../../../src/cli/table.js';

const SUMMARIES: ClusterSummary[] = [
  { name: 'dev', size: 1, running: 0, image: 'zookeeper:3.9', connect: '127.0.0.1:3181', state: 'stopped' },
  { name: 'zk', size: 3, running: 3, image: 'zookeeper:3.9', connect: '127.0.0.1:2181', state: 'running' },
];

const member = (id: number, differing: Partial<Member> = {}): Member => ({
  id,
  container: `zkd-zk-${id}`,
  containerId: `${id}abc`.padEnd(64, '0'),
  role: 'participant',
  state: 'running',
  restarts: 0,
  mode: 'follower',
  version: '3.9.3',
  zxid: '0x100000003',
  epoch: 1,
  lag: 0,
  address: `127.0.0.1:${2180 + id}`,
  internalAddress: `zkd-zk-${id}:${2180 + id}`,
  connections: 1,
  latencyMs: { min: 0, avg: 0.5, max: 3 },
  outstanding: 0,
  error: null,
  ...differing,
});

const CLUSTER: Cluster = {
  name: 'zk',
  size: 2,
  image: 'zookeeper:3.9',
  network: 'zkd-zk',
  connect: '127.0.0.1:2181,127.0.0.1:2182',
  internalConnect: 'zkd-zk-1:2181,zkd-zk-2:2182',
  leader: 2,
  epoch: 1,
  members: [member(1), member(2, { mode: 'leader' })],
};

const escape = String.fromCharCode(27);
const list = (format: 'table' | 'wide' | 'name' | 'json' | 'yaml') =>
  renderList(SUMMARIES, { clusters: SUMMARIES }, clusterList(PLAIN_STYLE), format, PLAIN_STYLE);

describe('a list', () => {
  it('is a table without borders or trailing blanks', async () => {
    expect(await list('table')).toBe(`NAME  STATE    SIZE  RUNNING  IMAGE          CONNECT
dev   stopped  1     0        zookeeper:3.9  127.0.0.1:3181
zk    running  3     3        zookeeper:3.9  127.0.0.1:2181`);
  });

  it('is one bare name a line for pipes', async () => expect(await list('name')).toBe('dev\nzk'));

  it('is the document as JSON and as YAML', async () => {
    expect(JSON.parse(await list('json'))).toEqual({ clusters: SUMMARIES });
    expect(parse(await list('yaml'))).toEqual({ clusters: SUMMARIES });
  });

  it('shows more columns only when it is wide', async () => {
    const members = [member(1)];
    const text = (format: 'table' | 'wide') => renderList(members, {}, memberList(PLAIN_STYLE), format, PLAIN_STYLE);
    expect(await text('table')).not.toContain('zkd-zk-1:2181');
    expect(await text('wide')).toContain('zkd-zk-1:2181');
    expect(await text('wide')).toContain('1abc00000000');
  });

  it('of nothing is its heads, or nothing at all', async () => {
    expect(await renderList([], {}, clusterList(PLAIN_STYLE), 'table', PLAIN_STYLE)).toMatch(/^NAME /);
    expect(await renderList([], {}, clusterList(PLAIN_STYLE), 'name', PLAIN_STYLE)).toBe('');
  });
});

describe('a table', () => {
  it('does not count colour as width', async () => {
    const style = await loadStyle(true);
    const plain = formatTable(
      ['A', 'B'],
      [
        ['x', 'y'],
        ['long', 'z'],
      ],
    );
    const coloured = formatTable(
      ['A', 'B'],
      [
        [style.good('x'), 'y'],
        ['long', 'z'],
      ],
      style,
    );
    expect(coloured).toContain(escape);
    expect(coloured.replace(new RegExp(`${escape}\\[[0-9;]*m`, 'g'), '')).toBe(plain);
  });

  it('has no colour of its own', () => expect(formatTable(['A'], [['x']])).not.toContain(escape));
});

describe('the status', () => {
  it('of a healthy ensemble is a heading and a table', () => {
    expect(renderStatus({ cluster: CLUSTER, healthy: true, causes: [] }, PLAIN_STYLE)).toBe(`zk: healthy, leader 2, epoch 1, zookeeper:3.9

ID  ROLE         STATE    MODE      VERSION  ZXID         LAG  CONNS  LATENCY     ADDRESS
1   participant  running  follower  3.9.3    0x100000003  0    1      0/0.5/3 ms  127.0.0.1:2181
2   participant  running  leader    3.9.3    0x100000003  0    1      0/0.5/3 ms  127.0.0.1:2182`);
  });

  it('of an unhealthy one names each cause, and shows a dash for what is unknown', () => {
    const unknown = { mode: null, version: null, zxid: null, epoch: null, lag: null, connections: null, latencyMs: null };
    const cluster = { ...CLUSTER, leader: null, epoch: null, members: [member(1, { ...unknown, state: 'exited' })] };
    const text = renderStatus({ cluster, healthy: false, causes: [{ member: 1, cause: 'not running: exited with code 1' }] }, PLAIN_STYLE);
    expect(text).toMatch(/^zk: unhealthy, no leader/);
    expect(text).toMatch(/\n1 {3}participant {2}exited {2}- +- +- +- +- +- +127\.0\.0\.1:2181\n/);
    expect(text).toMatch(/\n✗ member 1: not running: exited with code 1$/);
  });
});

it('says of an ensemble that came up where it is, and of one that was up that nothing was done', () => {
  expect(renderUp({ cluster: CLUSTER, changed: true, outages: [] }, PLAIN_STYLE)).toBe(
    'zk: up, leader is member 2\nconnect: 127.0.0.1:2181,127.0.0.1:2182',
  );
  expect(renderUp({ cluster: { ...CLUSTER, leader: null }, changed: false, outages: [] }, PLAIN_STYLE)).toContain('nothing to do');
});
