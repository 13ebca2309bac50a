/** Where the registry is in the tree, and what is written there of a container. */
import { custom, option, string } from '@oclif/core/flags';
import { ADVERTISED, DEFAULT_ROOT, PAYLOADS } from '../../registry/index.js';
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

/** Which address is registered, and how. */
export const advertiseFlags = {
  advertise: option({ options: ADVERTISED, env: 'ZKD_ADVERTISE', default: 'network', summary: 'Which address to register.' })(),
  'host-address': string({ env: 'ZKD_HOST_ADDRESS', helpValue: 'ADDRESS', summary: "What others call the engine's host." }),
  tag: string({ env: 'ZKD_TAG', helpValue: 'TAG', multiple: true, summary: 'Can be repeated.' }),
  payload: option({
    options: PAYLOADS,
    env: 'ZKD_PAYLOAD',
    default: 'none',
    summary: "Spring Cloud's payload; plain Curator readers of the service fail at it.",
  })(),
};
