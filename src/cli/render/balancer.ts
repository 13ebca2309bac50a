/** Balancers. */
import type { BalancerSummary, Synced } from '../../balancer/index.js';
import { formatDurationMs } from '../../runtime/quantities.js';
import type { Style } from '../style.js';
import type { ListView } from './list.js';

const serversOf = ({ up, total }: BalancerSummary): string => (up === null || total === null ? '-' : `${up}/${total}`);

function colouredServers(balancer: BalancerSummary, style: Style): string {
  const { up, total } = balancer;
  const text = serversOf(balancer);
  if (up === null || total === null) return text;
  return up === 0 ? style.bad(text) : up < total ? style.warning(text) : text;
}

/** What is wrong, or may be. */
function noteOf({ problem, up, total, held }: BalancerSummary, style: Style): string {
  if (problem !== null) return style.bad(problem);
  if (total === 0) return style.warning('no server is registered');
  const down = up === 0 ? [style.bad('no server answers its check')] : [];
  return [...down, ...(held > 0 ? [style.warning(`${held} held, registered no more`)] : [])].join(', ');
}

export const balancerList = (style: Style): ListView<BalancerSummary> => ({
  name: ({ name }) => name,
  columns: [
    { title: 'NAME', cell: ({ name }) => name },
    { title: 'SERVICE', cell: ({ service }) => service },
    { title: 'PUBLISHED', cell: ({ publish }) => publish ?? '-' },
    { title: 'MODE', cell: ({ mode }) => mode },
    { title: 'SERVERS UP', cell: (balancer) => colouredServers(balancer, style) },
    { title: 'STATE', cell: ({ state }) => state },
    { title: 'REGISTRY', cell: ({ registry }) => registry ?? '-' },
    { title: 'ROOT', wide: true, cell: ({ root }) => root },
    { title: 'NETWORK', wide: true, cell: ({ network }) => network },
    { title: 'IMAGE', wide: true, cell: ({ image }) => image },
    { title: 'CHECK', wide: true, cell: ({ checkPath }) => checkPath ?? 'connection' },
    { title: 'HOLD', wide: true, cell: ({ holdMs }) => formatDurationMs(holdMs) },
    { title: 'SLOTS', wide: true, cell: ({ slots }) => String(slots) },
    { title: 'NOTE', cell: (balancer) => noteOf(balancer, style) },
  ],
});

/** One line of what was changed, e.g. `zkd-lb-web: added 10.0.0.2:80 (reload)`. */
export function renderSynced(name: string, synced: Synced, style: Style): string {
  const { added, removed, reweighted, held, how } = synced;
  const list = (word: string, servers: readonly string[]): string[] => (servers.length > 0 ? [`${word} ${servers.join(', ')}`] : []);
  const parts = [...list('added', added), ...list('removed', removed), ...list('weighted', reweighted), ...list('held', held)];
  const what = parts.length > 0 ? parts.join('; ') : how === 'unchanged' ? 'nothing to do' : 'changed';
  return `${style.strong(name)}: ${what}${how === 'reload' ? ' (by a reload)' : ''}`;
}
