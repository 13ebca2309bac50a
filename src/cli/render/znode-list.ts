/** Lists of znodes; apart from the rest of their rendering, since tables take time to load. */
import type { Stat } from '../../zookeeper/index.js';
import type { ListedNode, UsageEntry } from '../../znodes/index.js';
import type { Style } from '../style.js';
import type { ListView } from './list.js';
import { kindWord } from './znode.js';

const told = (stat: Stat | null, tell: (stat: Stat) => string): string => (stat ? tell(stat) : '-');

export const nodeList = (style: Style): ListView<ListedNode> => ({
  name: ({ name }) => name,
  columns: [
    {
      title: 'KIND',
      cell: ({ stat }) => told(stat, (known) => (known.kind === 'persistent' ? kindWord(known) : style.strong(kindWord(known)))),
    },
    { title: 'SIZE', cell: ({ stat }) => told(stat, ({ dataLength }) => String(dataLength)) },
    { title: 'CHILDREN', cell: ({ stat }) => told(stat, ({ numChildren }) => String(numChildren)) },
    { title: 'VERSION', cell: ({ stat }) => told(stat, ({ version }) => String(version)) },
    { title: 'MODIFIED', cell: ({ stat }) => told(stat, ({ mtime }) => mtime) },
    { title: 'CREATED', wide: true, cell: ({ stat }) => told(stat, ({ ctime }) => ctime) },
    { title: 'CZXID', wide: true, cell: ({ stat }) => told(stat, ({ czxid }) => czxid) },
    { title: 'MZXID', wide: true, cell: ({ stat }) => told(stat, ({ mzxid }) => mzxid) },
    { title: 'OWNER', cell: ({ stat }) => stat?.ephemeralOwner ?? '-' },
    { title: 'NAME', cell: ({ name }) => name },
  ],
});

export const usageList: ListView<UsageEntry> = {
  name: ({ path }) => path,
  columns: [
    { title: 'BYTES', cell: ({ bytes }) => String(bytes) },
    { title: 'NODES', cell: ({ nodes }) => String(nodes) },
    { title: 'EPHEMERAL', cell: ({ ephemerals }) => String(ephemerals) },
    { title: 'PATH', cell: ({ path }) => path },
  ],
};
