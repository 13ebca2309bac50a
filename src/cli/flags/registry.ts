/** Where the registry is in the tree. */
import { custom } from '@oclif/core/flags';
import { DEFAULT_ROOT } from '../../registry/index.js';
import { checkPath } from '../../zookeeper/index.js';

export const rootFlag = {
  root: custom({
    env: 'ZKD_ROOT',
    helpValue: 'PATH',
    default: DEFAULT_ROOT,
    parse: async (input) => checkPath(input),
    summary: 'Znode whose children are the services.',
  })(),
};
