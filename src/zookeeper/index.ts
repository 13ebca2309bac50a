/** The outward port to ZooKeeper. Rooms import from here only. */
export {
  askFourLetterWord,
  epochOf,
  formatHex,
  parseMonitor,
  parseServerConfiguration,
  parseServerStatus,
  type Address,
  type FourLetterProbe,
  type ServerMode,
  type ServerStatus,
} from './four-letter-words.js';
import type { OpenSession } from './port.js';

export type * from './port.js';
export { digestId, formatAclEntry, OPEN_ACL, parseAcl, parseAclEntry } from './acl.js';
export { formatServer, parseConnectString, type ConnectTarget } from './connect-string.js';
export { checkPath, joinPath, nodeName, parentPath } from './paths.js';

/** Opens a session; the client library loads at the first one. */
export const openSession: OpenSession = async (options) => {
  const { openNativeSession } = await import('./native-session.js');
  return await openNativeSession(options);
};
