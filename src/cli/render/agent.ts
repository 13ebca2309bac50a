/** What an agent has to say, in a line. */
import type { AgentEntry, OnceResult } from '../../registry/index.js';
import { formatServer } from '../../zookeeper/index.js';
import type { Style } from '../style.js';

const LOOKS: Partial<Record<AgentEntry['event'], 'good' | 'warning' | 'bad'>> = {
  registered: 'good',
  changed: 'warning',
  deregistered: 'bad',
};

export function renderAgentEntry({ event, level, message }: AgentEntry, time: string, style: Style): string {
  const look = LOOKS[event] ?? (level === 'warning' ? 'warning' : undefined);
  const word = event.padEnd('deregistered'.length);
  return `${style.faint(time)} ${look ? style[look](word) : word} ${message}`;
}

export function renderOnce({ changes, registered }: OnceResult, style: Style): string {
  const lines = changes.map(({ type, service, id, container, address, port }) => {
    const word = type.padEnd('deregistered'.length);
    return `${style[LOOKS[type] ?? 'good'](word)} ${service}/${id}: ${container}${type === 'deregistered' ? '' : ` at ${formatServer({ host: address, port })}`}`;
  });
  return [...lines, `${registered} registered${changes.length === 0 ? ', nothing to do' : ''}`].join('\n');
}
