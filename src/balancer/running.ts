/** What HAProxy says of itself through its master's command line. Formats as in its management guide of 2.6. Pure. */
import { BACKEND } from './names.js';
import { keyOf, type Server } from './servers.js';
import { slotName } from './configuration.js';

/** One server of HAProxy's. */
export interface RunningSlot extends Server {
  readonly name: string;
  /** Not in maintenance: it gets requests while its check succeeds. */
  readonly isUsed: boolean;
  readonly isUp: boolean;
}

export interface Master {
  /** How often it was told to reload: each reload begins a generation. */
  readonly reloads: number;
  /** How many of the last reloads failed; 0 after one that did not. */
  readonly failed: number;
  /** Process id of the worker that takes new connections; null where there is none. */
  readonly worker: number | null;
  /** Whether that worker was born in this generation. */
  readonly isFresh: boolean;
}

/** `show proc`; undefined for anything else, as in the moment in which the master starts itself anew. */
export function parseMaster(text: string): Master | undefined {
  const lines = text.split('\n');
  const [, reloads, failed] = lines.map((line) => /^\d+\s+master\s+(\d+) \[failed: (\d+)\]/.exec(line)).find((match) => match) ?? [];
  if (reloads === undefined) return undefined;
  const current = lines.slice(lines.indexOf('# workers') + 1).find((line) => /^\d+\s+worker\s/.test(line) || line.startsWith('# '));
  const [, pid, age] = /^(\d+)\s+worker\s+(\d+)/.exec(current ?? '') ?? [];
  return { reloads: Number(reloads), failed: Number(failed), worker: pid === undefined ? null : Number(pid), isFresh: age === '0' };
}

/** In `srv_admin_state`: maintenance by command, by another server, by a failed look-up. What is disabled in the configuration has the first one too. */
const MAINTENANCE = 0x01 | 0x02 | 0x20;
const RUNNING = '2';
const COLUMN = { backend: 1, name: 3, address: 4, state: 5, admin: 6, weight: 7, port: 18 } as const;

/** `show servers state`, by number of the slot; undefined where our backend is not in it. */
export function parseSlots(text: string): RunningSlot[] | undefined {
  const rows = text.split('\n').map((line) => line.split(' '));
  const slots = rows
    .filter((row) => row[COLUMN.backend] === BACKEND && row.length > COLUMN.port)
    .map((row): RunningSlot => ({
      name: row[COLUMN.name] ?? '',
      address: row[COLUMN.address] ?? '',
      port: Number(row[COLUMN.port]),
      weight: Number(row[COLUMN.weight]),
      isUsed: (Number(row[COLUMN.admin]) & MAINTENANCE) === 0,
      isUp: row[COLUMN.state] === RUNNING,
    }));
  const inOrder = slots.sort((a, b) => Number(a.name.slice(1)) - Number(b.name.slice(1)));
  return inOrder.length > 0 && inOrder.every(({ name }, index) => name === slotName(index)) ? inOrder : undefined;
}

export const usedOf = (slots: readonly RunningSlot[]): RunningSlot[] => slots.filter(({ isUsed }) => isUsed);

/** Whether they are what is wanted. */
export function areApplied(slots: readonly RunningSlot[], wanted: readonly (Server | null)[]): boolean {
  const told = (server: Server | null): string => (server ? `${keyOf(server)} ${server.weight}` : '-');
  const now = slots.map((slot) => told(slot.isUsed ? slot : null));
  return now.length === wanted.length && now.every((text, index) => text === told(wanted[index] ?? null));
}
