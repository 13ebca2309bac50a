/** Which ZooKeeper a session is opened with, for how long to wait for it, and as whom. */
import { readFile } from 'node:fs/promises';
import { custom, string } from '@oclif/core/flags';
import { messageOf, ZkdError } from '../../errors.js';
import { parseDurationMs } from '../../runtime/quantities.js';
import { parseConnectString, type ConnectTarget, type SessionOptions } from '../../zookeeper/index.js';

const GROUP = 'ZOOKEEPER';

export const sessionFlags = {
  connect: custom({
    env: 'ZKD_CONNECT',
    parse: async (input) => parseConnectString(input),
    helpValue: 'HOST:PORT,...[/CHROOT]',
    summary: 'Servers of any ZooKeeper; no container engine is asked then.',
    helpGroup: GROUP,
  })(),
  cluster: string({
    env: 'ZKD_CLUSTER',
    helpValue: 'NAME',
    summary: 'The ensemble, by name; else the only one there is.',
    helpGroup: GROUP,
  }),
  timeout: custom<number>({
    env: 'ZKD_TIMEOUT',
    helpValue: 'DURATION',
    summary: 'How long to wait at most for the connection, and for each answer. [default: 10s]',
    default: async () => parseDurationMs('10s'),
    defaultHelp: async () => undefined,
    parse: async (input) => parseDurationMs(input, 'Timeout'),
    helpGroup: GROUP,
  })(),
  'session-timeout': custom<number>({
    env: 'ZKD_SESSION_TIMEOUT',
    helpValue: 'DURATION',
    summary: 'After how long without a sign of life the servers end the session. [default: 10s]',
    default: async () => parseDurationMs('10s'),
    defaultHelp: async () => undefined,
    parse: async (input) => parseDurationMs(input, 'Session timeout'),
    helpGroup: GROUP,
  })(),
  'auth-file': string({
    env: 'ZKD_AUTH_FILE',
    helpValue: 'FILE',
    summary: 'Credentials, one scheme:credential a line; else the variable ZKD_AUTH.',
    helpGroup: GROUP,
  }),
};

/** Parsed values of {@link sessionFlags}. */
export interface SessionFlagValues {
  readonly connect?: ConnectTarget | undefined;
  readonly cluster?: string | undefined;
  readonly timeout: number;
  readonly 'session-timeout': number;
  readonly 'auth-file'?: string | undefined;
}

/** The other side of a command between two ensembles; the same one where none of these is given. */
export const otherSideFlags = {
  'to-connect': custom({
    env: 'ZKD_TO_CONNECT',
    parse: async (input) => parseConnectString(input),
    helpValue: 'HOST:PORT,...[/CHROOT]',
    summary: 'Servers of the second path, where it is in another ZooKeeper.',
    helpGroup: GROUP,
  })(),
  'to-cluster': string({
    env: 'ZKD_TO_CLUSTER',
    helpValue: 'NAME',
    summary: 'The ensemble of the second path, where it is another one.',
    helpGroup: GROUP,
  }),
  'to-auth-file': string({
    env: 'ZKD_TO_AUTH_FILE',
    helpValue: 'FILE',
    summary: 'Credentials for the second ZooKeeper; none where absent.',
    helpGroup: GROUP,
  }),
};

/** Parsed values of {@link otherSideFlags}. */
export interface OtherSideFlagValues {
  readonly 'to-connect'?: ConnectTarget | undefined;
  readonly 'to-cluster'?: string | undefined;
  readonly 'to-auth-file'?: string | undefined;
}

export type Credentials = NonNullable<SessionOptions['auth']>;

/** Credentials, one `scheme:credential` a line; empty lines and those that begin with `#` do not count. What is wrong is never repeated. */
export function parseCredentials(text: string, where: string): Credentials {
  const lines = text.split(/\r?\n/).map((line, index) => ({ line, number: index + 1 }));
  return lines
    .filter(({ line }) => line.trim() !== '' && !line.startsWith('#'))
    .map(({ line, number }) => {
      const match = /^([a-z][\w-]*):(.+)$/i.exec(line);
      if (!match)
        throw new ZkdError('usage', `${where}, line ${number}: no credential of the form scheme:credential, as digest:user:password`);
      return { scheme: match[1] ?? '', credential: match[2] ?? '' };
    });
}

/** The credentials of a file; `usage` where it cannot be read. */
export async function readCredentials(path: string): Promise<Credentials> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new ZkdError('usage', `The credentials cannot be read: ${messageOf(error)}`, { cause: error });
  });
  return parseCredentials(text, path);
}
