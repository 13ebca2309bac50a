/**
 * What a command reaches the outside through. Tests replace parts of it on the configuration they hand to a command: the one seam
 * by which a command runs in process with fakes.
 */
import type { EndpointOptions, Engine } from '../engine/index.js';
import type { FourLetterProbe, OpenSession } from '../zookeeper/index.js';
import type { TerminalFacts } from './terminal.js';

/** A stream to write to, and what is looked at where it is a terminal. */
export type Output = Pick<NodeJS.WriteStream, 'write'> & TerminalFacts['stdout'] & { readonly columns?: number; readonly rows?: number };

/** What can be read from where it is a stream at all; a terminal can be told to hand over every key. */
export type Input = TerminalFacts['stdin'] &
  Pick<NodeJS.ReadStream, 'on' | 'off' | 'pause' | 'resume' | typeof Symbol.asyncIterator> &
  Partial<Pick<NodeJS.ReadStream, 'setRawMode' | 'unref'>>;

export interface Ports {
  readonly env: NodeJS.ProcessEnv;
  readonly stdin: Input;
  readonly stdout: Output;
  readonly stderr: Output;
  openEngine(options: EndpointOptions): Promise<Engine>;
  readonly askFourLetterWord: FourLetterProbe;
  readonly openSession: OpenSession;
}

const PORTS = Symbol.for('zkd.ports');

/** Puts replacements into an oclif configuration; used by tests. */
export function replacePorts<T extends { readonly options: object }>(config: T, ports: Partial<Ports>): T {
  // Into its options: of a configuration it is handed, oclif keeps nothing else when it runs a command.
  Object.assign(config.options, { [PORTS]: ports });
  return config;
}

/** The ports of a command: the real ones, less what the configuration replaces. Adapters load at first use. */
export function portsOf(config: object): Ports {
  const replaced = (config as { options?: { [PORTS]?: Partial<Ports> } }).options?.[PORTS];
  return {
    env: process.env,
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    openEngine: async (options) => (await import('../engine/index.js')).openEngine(options),
    askFourLetterWord: async (address, word, options) => (await import('../zookeeper/index.js')).askFourLetterWord(address, word, options),
    openSession: async (options) => (await import('../zookeeper/index.js')).openSession(options),
    ...replaced,
  };
}
