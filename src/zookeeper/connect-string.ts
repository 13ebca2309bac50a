/** Connect strings as ZooKeeper's clients take them: `host:port,host:port/chroot`, IPv6 in brackets, port 2181 where none is said. Pure. */
import { ZkdError } from '../errors.js';
import type { ServerAddress } from './port.js';
import { checkPath } from './paths.js';

const DEFAULT_PORT = 2181;

export interface ConnectTarget {
  readonly servers: readonly ServerAddress[];
  /** Null where the whole tree is meant. */
  readonly chroot: string | null;
}

/** Parses a connect string. Throws `usage` that says which part is wrong. */
export function parseConnectString(text: string): ConnectTarget {
  const slash = text.indexOf('/');
  const hosts = slash === -1 ? text : text.slice(0, slash);
  const chroot = slash === -1 ? '' : text.slice(slash).trim();
  if (chroot.startsWith('//')) throw refusal(text, 'a URL is not wanted, only host:port');
  return {
    servers: hosts.split(',').map((part) => parseServer(part.trim(), text)),
    chroot: chroot === '' || chroot === '/' ? null : checkPath(chroot),
  };
}

function parseServer(part: string, whole: string): ServerAddress {
  if (part === '') throw refusal(whole, whole.trim() === '' ? 'it is empty' : 'a host is missing');
  const bracketed = /^\[([0-9a-f:.]+(?:%[\w.-]+)?)\](?::(.*))?$/i.exec(part);
  const plain = /^([^:[\]\s@]+)(?::(.*))?$/.exec(part);
  const [, host, port] = bracketed ?? plain ?? [];
  if (host === undefined) {
    const why = part.split(':').length > 2 && !part.includes('[') ? 'an IPv6 address wants brackets, [::1]:2181' : 'it is not host:port';
    throw refusal(whole, `"${part}": ${why}`);
  }
  if (port === undefined) return { host, port: DEFAULT_PORT };
  const number = Number(port);
  if (!/^\d+$/.test(port) || number < 1 || number > 65_535) throw refusal(whole, `"${part}": the port is a number from 1 to 65535`);
  return { host, port: number };
}

function refusal(text: string, why: string): ZkdError {
  return new ZkdError('usage', `"${text}" is no connect string: ${why}`, {
    suggestions: ['A connect string is host:port,host:port/chroot, for example 127.0.0.1:2181'],
  });
}

/** `host:port`, an IPv6 address in brackets. */
export function formatServer({ host, port }: ServerAddress): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
