/** Ensembles and members for people. */
import type { Cluster, ClusterSummary, Member, StatusResult, UpResult } from '../../cluster/index.js';
import { formatDurationMs } from '../../runtime/quantities.js';
import type { Style } from '../style.js';
import { formatTable } from '../table.js';
import type { ListView } from './list.js';

const orDash = (value: string | number | null): string => (value === null ? '-' : String(value));

export const clusterList = (style: Style): ListView<ClusterSummary> => ({
  name: ({ name }) => name,
  columns: [
    { title: 'NAME', cell: ({ name }) => name },
    { title: 'STATE', cell: ({ state }) => (state === 'running' ? style.good(state) : state === 'partial' ? style.warning(state) : state) },
    { title: 'SIZE', cell: ({ size }) => String(size) },
    { title: 'RUNNING', cell: ({ running }) => String(running) },
    { title: 'IMAGE', cell: ({ image }) => image },
    { title: 'CONNECT', cell: ({ connect }) => connect },
  ],
});

export const memberList = (style: Style): ListView<Member> => ({
  name: ({ container }) => container,
  columns: [
    { title: 'ID', cell: ({ id }) => String(id) },
    { title: 'CONTAINER', cell: ({ container }) => container },
    { title: 'ROLE', cell: ({ role }) => role },
    { title: 'STATE', cell: ({ state }) => (state === 'running' ? style.good(state) : style.bad(state)) },
    { title: 'RESTARTS', cell: ({ restarts }) => String(restarts) },
    { title: 'ADDRESS', cell: ({ address }) => address },
    { title: 'INTERNAL', cell: ({ internalAddress }) => internalAddress, wide: true },
    { title: 'CONTAINER ID', cell: ({ containerId }) => containerId?.slice(0, 12) ?? '-', wide: true },
  ],
});

/** The heading, the members as ZooKeeper sees them, and a line per cause. */
export function renderStatus({ cluster, healthy, causes }: StatusResult, style: Style): string {
  const word = healthy ? style.good('healthy') : style.bad('unhealthy');
  const leads = cluster.leader === null ? 'no leader' : `leader ${cluster.leader}, epoch ${orDash(cluster.epoch)}`;
  const table = formatTable(
    ['ID', 'ROLE', 'STATE', 'MODE', 'VERSION', 'ZXID', 'LAG', 'CONNS', 'LATENCY', 'ADDRESS'],
    cluster.members.map((member) => [
      String(member.id),
      member.role,
      member.state === 'running' ? style.good(member.state) : style.bad(member.state),
      member.mode === 'leader' ? style.strong(member.mode) : orDash(member.mode),
      orDash(member.version),
      orDash(member.zxid),
      orDash(member.lag),
      orDash(member.connections),
      member.latencyMs ? `${member.latencyMs.min}/${member.latencyMs.avg}/${member.latencyMs.max} ms` : '-',
      member.address,
    ]),
    style,
  );
  const reasons = causes.map(({ member, cause }) => `${style.bad('✗')} member ${member}: ${cause}`);
  return [
    `${style.strong(cluster.name)}: ${word}, ${leads}, ${cluster.image}`,
    '',
    table,
    ...(reasons.length > 0 ? ['', ...reasons] : []),
  ].join('\n');
}

/** What an ensemble that came up is called and where it is. */
export function renderUp(
  { cluster, changed, outages }: Pick<UpResult, 'changed' | 'outages'> & { readonly cluster: Cluster },
  style: Style,
): string {
  const leads = cluster.leader === null ? '' : `, leader is member ${cluster.leader}`;
  const state = changed ? 'up' : 'as asked already, nothing to do';
  return [`${style.strong(cluster.name)}: ${state}${leads}`, `connect: ${cluster.connect}`, ...renderOutages(outages)].join('\n');
}

/** A line a member that did not serve for a while. */
export const renderOutages = (outages: UpResult['outages']): string[] =>
  outages.map(({ member, ms }) => `member ${member} was away for ${formatDurationMs(ms)}`);
