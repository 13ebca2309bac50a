/** Znodes for people, and their data as documents. */
import { isUtf8 } from 'node:buffer';
import type { Stat } from '../../zookeeper/index.js';
import type { Style } from '../style.js';

export interface DataDocument {
  /** Null where the data is no text. */
  readonly data: string | null;
  /** Null where it is. */
  readonly base64: string | null;
}

/** Data as JSON can carry it: text where it is UTF-8, which comes back byte for byte; base64 otherwise. */
export function dataDocument(data: Buffer): DataDocument {
  return isUtf8(data) ? { data: data.toString(), base64: null } : { data: null, base64: data.toString('base64') };
}

/** Whether data can be shown on a terminal as it is: text without characters that drive one. */
export function isShowable(data: Buffer): boolean {
  return isUtf8(data) && !/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/.test(data.toString());
}

const BYTES_A_LINE = 16;

/** Bytes in hex with what is printable of them beside it, 16 a line, as `hexdump -C` shows them. */
export function hexView(data: Buffer): string {
  const lines: string[] = [];
  for (let at = 0; at < data.length; at += BYTES_A_LINE) {
    const bytes = [...data.subarray(at, at + BYTES_A_LINE)];
    const hex = bytes.map((byte, index) => `${index === BYTES_A_LINE / 2 ? ' ' : ''}${byte.toString(16).padStart(2, '0')}`).join(' ');
    const text = bytes.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('');
    lines.push(`${at.toString(16).padStart(8, '0')}  ${hex.padEnd(BYTES_A_LINE * 3)}  |${text}|`);
  }
  return lines.join('\n');
}

/** Data for eyes: JSON indented, other text as it is, everything else in hex. */
export function renderPretty(data: Buffer): string {
  if (!isShowable(data)) return hexView(data);
  const text = data.toString();
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text.replace(/\n$/, '');
  }
}

/** How a node lives, in one word; with its time to live where it has one. */
export const kindWord = ({ kind, ttlMs }: Stat): string => (ttlMs === null ? kind : `${kind} ${ttlMs}ms`);

/** All there is to know of a node but its data, a line each. */
export function renderStat(stat: Stat, style: Style): string {
  const rows: (readonly [string, string | number])[] = [
    ['kind', kindWord(stat)],
    ...(stat.ephemeralOwner === null ? [] : [['owner', stat.ephemeralOwner] as const]),
    ['version', stat.version],
    ['data', `${stat.dataLength} bytes`],
    ['children', stat.numChildren],
    ['created', `${stat.ctime} (${stat.czxid})`],
    ['modified', `${stat.mtime} (${stat.mzxid})`],
    ['children version', `${stat.cversion} (${stat.pzxid})`],
    ['acl version', stat.aversion],
  ];
  const width = Math.max(...rows.map(([title]) => title.length)) + 2;
  return rows.map(([title, value]) => `${style.faint(title.padEnd(width))}${value}`).join('\n');
}
