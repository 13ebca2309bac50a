/** Lists of znodes; apart from the rest of their rendering, since tables take time to load. */
import type { ListedNode, UsageEntry } from '../../znodes/index.js';
import type { Style } from '../style.js';
import type { ListView } from './list.js';
import { kindWord } from './znode.js';

export const nodeList = (style: Style): ListView<ListedNode> => ({
  name: ({ name }) => name,
  columns: [
    { title: 'KIND', cell: ({ stat }) => (stat.kind === 'persistent' ? kindWord(stat) : style.strong(kindWord(stat))) },
    { title: 'SIZE', cell: ({ stat }) => String(stat.dataLength) },
    { title: 'CHILDREN', cell: ({ stat }) => String(stat.numChildren) },
    { title: 'VERSION', cell: ({ stat }) => String(stat.version) },
    { title: 'MODIFIED', cell: ({ stat }) => stat.mtime },
    { title: 'CREATED', wide: true, cell: ({ stat }) => stat.ctime },
    { title: 'CZXID', wide: true, cell: ({ stat }) => stat.czxid },
    { title: 'MZXID', wide: true, cell: ({ stat }) => stat.mzxid },
    { title: 'OWNER', cell: ({ stat }) => stat.ephemeralOwner ?? '-' },
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
