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
