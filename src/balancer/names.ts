/** Names, labels and paths of everything a balancer is made of: nowhere else. Pure. */
import { createHash } from 'node:crypto';
import { ZkdError } from '../errors.js';
import { joinPath } from '../zookeeper/index.js';

/** Version of the layout of labels and files; a zkd that meets another one leaves the balancer alone. */
export const SCHEMA = '1';
export const ROLE = 'balancer';

export const LABEL = {
  schema: 'zkd.schema',
  role: 'zkd.role',
  /** JSON: what it was born with. What can change without a new container is in its configuration. */
  balancer: 'zkd.balancer',
} as const;

/** The label by which `bin/setup` marks the image of ours; its value is HAProxy's version. */
export const IMAGE_VERSION_LABEL = 'zkd.haproxy.version';
/** What zkd was tried with; a long-term release. */
export const DEFAULT_IMAGE = 'haproxy:2.6';
/** The official image's user. */
export const HAPROXY_UID = 99;

/** Everything in the container that is zkd's, in its own layer: it outlives restarts, not the container. */
export const FOLDER = '/zkd';
export const CONFIGURATION = `${FOLDER}/haproxy.cfg`;
/** Which servers went away lately, and when. */
export const MEMORY = `${FOLDER}/gone.json`;
export const SOCKET = `${FOLDER}/master.sock`;
/** HAProxy listens here inside, on its own network too. */
export const PORT = 8080;
/** HAProxy's word for what the servers are in. */
export const BACKEND = 'servers';

const CONTAINER_NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{1,127}$/;

/** A service may be called anything, a container may not: what does not fit is told apart by a digest. */
export function containerNameOf(service: string): string {
  const name = `zkd-lb-${service}`;
  if (CONTAINER_NAME.test(name) && service.length <= 63) return name;
  const digest = createHash('sha256').update(service).digest('hex').slice(0, 8);
  const fitting = service.replaceAll(/[^a-zA-Z0-9_.-]+/g, '-').slice(0, 40);
  return `zkd-lb-${fitting}-${digest}`;
}

export function parseContainerName(input: string): string {
  if (CONTAINER_NAME.test(input)) return input;
  throw new ZkdError(
    'usage',
    `Name ${JSON.stringify(input)} is none for a container: give letters, digits, "_", "." and "-", two at least`,
  );
}

/** Where several `lb up` of one balancer line up, in the registry it follows. */
export const turnPath = (engineId: string, service: string, name = containerNameOf(service)): string =>
  joinPath(joinPath('/zkd/balancers', engineId), name);

/** The name a container has until it takes the place of the one that has the name. */
export const successorName = (name: string): string => `${name}-new`;
