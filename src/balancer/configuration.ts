/**
 * The text of HAProxy's configuration: settings and servers in, text out. Slots that are in use carry their server, so that what HAProxy starts
 * with, after a restart or a reload, is what it has; the free ones between them are `server-template`s. Pure.
 */
import { BACKEND, PORT } from './names.js';
import { keyOf, type Server } from './servers.js';
import { liveSettingsLine, type LiveSettings } from './settings.js';

/** By number from 1 on; null where free. */
export type Slots = readonly (Server | null)[];

export const slotName = (index: number): string => `s${index + 1}`;

/** Nothing listens there; a free slot is in maintenance besides. */
const NOWHERE = '127.0.0.1:9';

export function formatConfiguration(settings: LiveSettings, slots: Slots): string {
  return [
    '# Written by zkd: what is changed by hand is lost.',
    liveSettingsLine(settings),
    'global',
    // What a reload leaves behind finishes its requests; who holds a connection longer is cut off.
    ...indent([`hard-stop-after ${settings.mode === 'http' ? '5m' : '1h'}`, 'mworker-max-reloads 20']),
    'defaults',
    ...indent(settings.mode === 'http' ? HTTP : TCP),
    ...indent(BOTH),
    'frontend service',
    ...indent([`bind :${PORT}`, `default_backend ${BACKEND}`]),
    `backend ${BACKEND}`,
    ...indent([...backendLines(settings), ...slotLines(slots)]),
    '',
  ].join('\n');
}

/** All but the servers and what is remembered only: HAProxy learns a change of it by a reload. */
export const shapeOf = (configuration: string): string =>
  configuration
    .split('\n')
    .filter((line) => !/^(#|\s*server(-template)?\s)/.test(line))
    .join('\n');

/** The servers a configuration carries. */
export function serversIn(configuration: string): Server[] {
  const lines = [...configuration.matchAll(/^\s*server s\d+ (?:\[([^\]]+)\]|([^:\s]+)):(\d+) weight (\d+)$/gm)];
  return lines.map(([, bracketed, plain, port, weight]) => ({
    address: bracketed ?? plain ?? '',
    port: Number(port),
    weight: Number(weight),
  }));
}

const indent = (lines: readonly string[]): string[] => lines.map((line) => `  ${line}`);

const BOTH = ['timeout connect 1s', 'timeout check 2s', 'timeout queue 5s', 'retries 3', 'option redispatch 1'];

const HTTP = [
  'mode http',
  'timeout client 1m',
  'timeout server 1m',
  'timeout http-request 10s',
  'timeout http-keep-alive 1m',
  'timeout tunnel 1h',
  // A reload closes a kept connection with an answer, never in the middle of the client's next request.
  'option idle-close-on-response',
  // Each request on a connection of its own to the server: one that was kept may be closed by the server as the next request, which must not be sent twice, is on its way.
  'option http-server-close',
];

const TCP = ['mode tcp', 'timeout client 1h', 'timeout server 1h'];

function backendLines({ mode, checkPath }: LiveSettings): string[] {
  const balance = mode === 'http' ? 'balance roundrobin' : 'balance leastconn';
  // Without an answer a server may have acted on the request: only what may be repeated is.
  const retry = mode === 'http' ? ['retry-on conn-failure empty-response', 'http-request disable-l7-retry unless METH_GET'] : [];
  const check =
    checkPath === null
      ? []
      : [
          'option httpchk',
          `http-check send meth GET uri ${checkPath} ver HTTP/1.1 hdr Host zkd hdr Connection close`,
          'http-check expect status 200-399',
        ];
  const server = 'default-server check inter 1s fastinter 250ms fall 2 rise 2 observe layer4 error-limit 3 on-error mark-down';
  return [balance, ...retry, ...check, server];
}

function slotLines(slots: Slots): string[] {
  const lines: string[] = [];
  for (let index = 0; index < slots.length; index += 1) {
    const server = slots[index];
    if (server) {
      lines.push(`server ${slotName(index)} ${keyOf(server)} weight ${server.weight}`);
      continue;
    }
    const first = index;
    while (index + 1 < slots.length && !slots[index + 1]) index += 1;
    lines.push(`server-template s ${first + 1}-${index + 1} ${NOWHERE} disabled`);
  }
  return lines;
}
