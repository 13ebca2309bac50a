/**
 * The files of a member's /conf: zoo.cfg, the logging configurations, and the super-user credential. Pure, but for random bytes handed in.
 *
 * ZooKeeper rewrites zoo.cfg when it boots: `server.*` lines move to `zoo.cfg.dynamic.<version>`, `dynamicConfigFile` comes in. So zkd
 * owns the static keys only, and compares parsed keys, never the file.
 */
import { createHash } from 'node:crypto';
import type { FileEntry } from '../engine/index.js';
import { serverLines, type WantedMember } from './members.js';
import type { Settings } from './settings.js';

/** uid and gid of the official image's `zookeeper` user. */
export const ZOOKEEPER_UID = 1000;

/** The four-letter words zkd asks: the first three for health, `cons` and `dump` tell whose sessions a server holds. Fixed at birth. */
export const WHITELISTED_WORDS = ['srvr', 'mntr', 'conf', 'cons', 'dump'] as const;

const OWNER = { uid: ZOOKEEPER_UID, gid: ZOOKEEPER_UID };

export const CREDENTIAL_FILE = '/conf/zkd-super';
export const ZOO_CFG = '/conf/zoo.cfg';
/** zoo.cfg as zkd wrote it last: tells what somebody edited from what zkd has to change. */
export const WRITTEN_ZOO_CFG = '/conf/zoo.cfg.zkd';
export const MYID = '/data/myid';

/**
 * The digest ZooKeeper's `DigestAuthenticationProvider` wants for a credential `user:password`: `user:base64(sha1(user:password))`.
 * The digest is not secret enough to print either: it allows guessing offline.
 */
export function superDigest(credential: string): string {
  const [user = ''] = credential.split(':');
  return `${user}:${createHash('sha1').update(credential).digest('base64')}`;
}

/** A credential from 24 random bytes. */
export const superCredential = (random: Buffer): string => `super:${random.toString('base64url')}`;

/** The static settings zkd owns, in the order they are written. */
export function staticSettings(settings: Settings, credential: string): ReadonlyMap<string, string> {
  return new Map([
    ['dataDir', '/data'],
    ['dataLogDir', '/datalog'],
    ['tickTime', String(settings.tickTimeMs)],
    ['initLimit', '10'],
    ['syncLimit', '5'],
    ['autopurge.snapRetainCount', '3'],
    ['autopurge.purgeInterval', '1'],
    // All clients of a host share the network gateway's address: a limit per address would hit them together.
    ['maxClientCnxns', '0'],
    // A single server that shall grow later must not start in standalone mode: from there it cannot be reconfigured.
    ['standaloneEnabled', String(settings.size === 1 && settings.observers === 0 && !settings.growable)],
    ['reconfigEnabled', 'true'],
    ['admin.enableServer', 'false'],
    ['4lw.commands.whitelist', WHITELISTED_WORDS.join(',')],
    ['DigestAuthenticationProvider.superDigest', superDigest(credential)],
    ...Object.entries(settings.set),
  ]);
}

// A bare backslash would be eaten, at the end of a line together with the next line.
const formatProperty = ([key, value]: readonly [string, string]): string => `${key}=${value.replaceAll('\\', '\\\\')}`;

/** The text of zoo.cfg as it is written before the first start. */
export function formatZooCfg(settings: Settings, members: readonly WantedMember[], credential: string): string {
  const lines = [...staticSettings(settings, credential)].map(formatProperty);
  return `${[...lines, ...serverLines(members)].join('\n')}\n`;
}

/** Keys and values of a properties file as far as zoo.cfg uses the format: comments, blanks, `key=value`, backslash escapes. */
export function parseProperties(text: string): ReadonlyMap<string, string> {
  const entries = text.split(/\r?\n/).flatMap((line) => {
    const match = /^\s*([^#!\s=:][^\s=:]*)\s*[=:]\s*(.*?)\s*$/.exec(line);
    return match ? [[match[1] ?? '', (match[2] ?? '').replace(/\\(.)/g, '$1')] as const] : [];
  });
  return new Map(entries);
}

const KEY_OF_LINE = /^\s*([^#!\s=:][^\s=:]*)\s*[=:]/;

/**
 * Brings zoo.cfg up to date after the settings were changed: keys whose value is still the one zkd wrote last get the wanted one, or go;
 * what somebody edited, and everything zkd never wrote, stays line by line. The server lines only while ZooKeeper has not moved them away.
 */
export function updateZooCfg(
  text: string,
  written: string,
  wanted: string,
): { readonly text: string; readonly changed: readonly string[] } {
  const [found, last, next] = [parseProperties(text), parseProperties(written), parseProperties(wanted)];
  const isMovedAway = (key: string): boolean => key.startsWith('server.') && !found.has(key);
  const changed = [...new Set([...last.keys(), ...next.keys()])].filter(
    (key) => found.get(key) === last.get(key) && last.get(key) !== next.get(key) && !isMovedAway(key),
  );
  const kept = text.split(/\r?\n/).filter((line) => {
    const key = KEY_OF_LINE.exec(line)?.[1];
    return line !== '' && (key === undefined || !changed.includes(key));
  });
  const added = changed.flatMap((key) => (next.has(key) ? [formatProperty([key, next.get(key) ?? ''])] : []));
  return { text: `${[...kept, ...added].join('\n')}\n`, changed };
}

/** The files that hold zoo.cfg's text, and what was wanted. */
export const zooCfgFiles = (text: string, wanted: string): FileEntry[] => [
  { path: WRITTEN_ZOO_CFG, content: wanted, mode: 0o600, ...OWNER },
  { path: ZOO_CFG, content: text, mode: 0o600, ...OWNER },
];

/** What keeps a member from being started as it is. */
export interface ConfigurationCheck {
  /** No zoo.cfg or no myid: the member was never configured to the end. */
  readonly missing: boolean;
  /** myid names another member. */
  readonly wrongMyid: string | null;
  /** Keys zkd owns whose value is another one: edited by hand. */
  readonly edited: readonly string[];
}

/** Compares what was read back from a member with what is wanted. `set` keys of the user count as zkd's own. */
export function checkConfiguration(
  read: { readonly zooCfg: string | undefined; readonly myid: string | undefined },
  wanted: { readonly id: number; readonly settings: Settings; readonly credential: string },
): ConfigurationCheck {
  const found = parseProperties(read.zooCfg ?? '');
  const edited = [...staticSettings(wanted.settings, wanted.credential)]
    .filter(([key, value]) => found.get(key) !== value)
    .map(([key]) => key);
  const myid = read.myid?.trim();
  return {
    missing: read.zooCfg === undefined || myid === undefined,
    wrongMyid: myid !== undefined && myid !== String(wanted.id) ? myid : null,
    edited: read.zooCfg === undefined ? [] : edited,
  };
}

/** Logback (3.8 and later): everything to stdout at INFO, as the official image does. */
const LOGBACK_XML = `<configuration>
  <appender name="CONSOLE" class="ch.qos.logback.core.ConsoleAppender">
    <encoder>
      <pattern>%d{ISO8601} [myid:%X{myid}] - %-5p [%t:%C{1}@%L] - %m%n</pattern>
    </encoder>
    <filter class="ch.qos.logback.classic.filter.ThresholdFilter">
      <level>INFO</level>
    </filter>
  </appender>
  <root level="INFO">
    <appender-ref ref="CONSOLE" />
  </root>
</configuration>
`;

/** Log4j 1 (before 3.8): the same. */
const LOG4J_PROPERTIES = `zookeeper.root.logger=INFO, CONSOLE
log4j.rootLogger=INFO, CONSOLE
log4j.appender.CONSOLE=org.apache.log4j.ConsoleAppender
log4j.appender.CONSOLE.Threshold=INFO
log4j.appender.CONSOLE.layout=org.apache.log4j.PatternLayout
log4j.appender.CONSOLE.layout.ConversionPattern=%d{ISO8601} [myid:%X{myid}] - %-5p [%t:%C{1}@%L] - %m%n
`;

const directory = (path: string): FileEntry => ({ path, mode: 0o755, ...OWNER });

/** What a member needs on its data volumes. The directories are listed so that they belong to its user. */
export function dataFiles(member: WantedMember): FileEntry[] {
  return [directory('/data'), directory('/datalog'), { path: MYID, content: `${member.id}\n`, mode: 0o644, ...OWNER }];
}

/** Everything a member needs before its first start. */
export function memberFiles(member: WantedMember, members: readonly WantedMember[], settings: Settings, credential: string): FileEntry[] {
  const zooCfg = formatZooCfg(settings, members, credential);
  return [
    directory('/conf'),
    ...dataFiles(member),
    { path: CREDENTIAL_FILE, content: `${credential}\n`, mode: 0o600, ...OWNER },
    { path: '/conf/logback.xml', content: LOGBACK_XML, mode: 0o644, ...OWNER },
    { path: '/conf/log4j.properties', content: LOG4J_PROPERTIES, mode: 0o644, ...OWNER },
    // Last: where it is there, everything before it is.
    ...zooCfgFiles(zooCfg, zooCfg),
  ];
}
