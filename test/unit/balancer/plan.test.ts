import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatConfiguration } from '../../../src/balancer/configuration.js';
import { makePlan, type Plan } from '../../../src/balancer/plan.js';
import { areApplied, type RunningSlot } from '../../../src/balancer/running.js';
import { keyOf, type Server } from '../../../src/balancer/servers.js';
import { DEFAULTS, type LiveSettings } from '../../../src/balancer/settings.js';

const SETTINGS: LiveSettings = { ...DEFAULTS, slots: 4 };
const server = (last: number, weight = 1): Server => ({ address: `10.0.0.${last}`, port: 80, weight });
const running = (slots: readonly (Server | null)[]): RunningSlot[] =>
  slots.map((used, index) => ({
    ...(used ?? { address: '127.0.0.1', port: 9, weight: 1 }),
    name: `s${index + 1}`,
    isUsed: used !== null,
    isUp: used !== null,
  }));
const found = (slots: readonly (Server | null)[], settings = SETTINGS) => ({
  slots: running(slots),
  configuration: formatConfiguration({ ...settings, slots: slots.length }, slots),
});
const plan = (slots: readonly (Server | null)[], servers: readonly Server[], settings = SETTINGS): Plan =>
  makePlan(found(slots), { servers, settings });

describe('the plan for a balancer', () => {
  it('is nothing where all is as wanted', () => {
    expect(plan([server(1), null, server(2), null], [server(2), server(1)])).toMatchObject({ kind: 'nothing', commands: [], reason: null });
  });

  it('brings servers into free slots by the socket, address and weight before anybody is sent there', () => {
    expect(plan([server(1), null, null, null], [server(1), server(2, 5)])).toMatchObject({
      kind: 'runtime',
      commands: ['set server servers/s2 addr 10.0.0.2 port 80', 'set server servers/s2 weight 5', 'set server servers/s2 state ready'],
      added: ['10.0.0.2:80'],
      removed: [],
    });
  });

  it('lets those go last who go, so that there is always somebody', () => {
    expect(plan([server(1), null, null, null], [server(2)]).commands.at(-1)).toBe('set server servers/s1 state maint');
  });

  it('takes the slot of one who goes only where no other is free, after that one is in maintenance', () => {
    const full = [server(1), server(2), server(3), server(4)];
    expect(plan(full, [server(1), server(2), server(3), server(5)])).toMatchObject({
      kind: 'runtime',
      commands: [
        'set server servers/s4 state maint',
        'set server servers/s4 addr 10.0.0.5 port 80',
        'set server servers/s4 weight 1',
        'set server servers/s4 state ready',
      ],
    });
  });

  it('changes a weight alone', () => {
    expect(plan([server(1), null, null, null], [server(1, 7)])).toMatchObject({
      kind: 'runtime',
      commands: ['set server servers/s1 weight 7'],
      reweighted: ['10.0.0.1:80'],
    });
  });

  it('reloads for more servers than slots, with room for as many again, and each keeps its slot', () => {
    const full = [server(1), server(2), server(3), server(4)];
    const grown = plan(full, [...full, server(5)]);
    expect(grown).toMatchObject({ kind: 'reload', reason: 'slots', commands: [] });
    expect(grown.slots.slice(0, 5)).toEqual([...full, server(5)]);
    expect(grown.slots.length).toBe(16);
  });

  it.each([{ mode: 'tcp' as const }, { checkPath: '/health' }, { slots: 8 }])('reloads for another shape: %j', (given) => {
    expect(plan([server(1), null, null, null], [server(1)], { ...SETTINGS, ...given }).kind).toBe('reload');
  });

  it('does not reload for what HAProxy need not know', () => {
    expect(plan([server(1), null, null, null], [server(1)], { ...SETTINGS, holdMs: 1 })).toMatchObject({ kind: 'note', commands: [] });
  });

  it('never takes slots away', () => {
    expect(
      plan(
        Array.from({ length: 8 }, () => null),
        [],
      ).slots.length,
    ).toBe(8);
  });
});

/** HAProxy's part: what the commands make of its slots, and who is sent somewhere no server is. */
function obey(slots: readonly RunningSlot[], commands: readonly string[]): RunningSlot[] {
  const now = slots.map((slot) => ({ ...slot }));
  for (const line of commands) {
    const [, number, word = '', value = '', port = ''] =
      /^set server servers\/s(\d+) (addr|weight|state) (\S+)(?: port (\d+))?$/.exec(line) ?? [];
    const slot = now[Number(number) - 1];
    if (!slot) throw new Error(line);
    if (word === 'addr') {
      expect(slot.isUsed, 'an address changes in maintenance only').toBe(false);
      Object.assign(slot, { address: value, port: Number(port) });
    } else if (word === 'weight') Object.assign(slot, { weight: Number(value) });
    else Object.assign(slot, { isUsed: value === 'ready' });
  }
  return now;
}

const servers = fc.uniqueArray(
  fc.record({
    address: fc.constantFrom('10.0.0.1', '10.0.0.2'),
    port: fc.integer({ min: 1, max: 6 }),
    weight: fc.integer({ min: 1, max: 256 }),
  }),
  {
    selector: keyOf,
    maxLength: 12,
  },
);

describe('any plan', () => {
  it('leads to what is wanted, each server once, whoever stays in its slot, and then to nothing more', () => {
    fc.assert(
      fc.property(servers, servers, fc.integer({ min: 1, max: 12 }), (before, after, free) => {
        const start = found([...before, ...Array.from({ length: free }, () => null)]);
        const made = makePlan(start, { servers: after, settings: SETTINGS });
        expect(made.slots.flatMap((slot) => (slot ? [keyOf(slot)] : [])).sort()).toEqual(after.map(keyOf).sort());
        for (const [index, slot] of start.slots.entries()) {
          if (slot.isUsed && after.some((one) => keyOf(one) === keyOf(slot))) expect(keyOf(made.slots[index] as Server)).toBe(keyOf(slot));
        }
        const now = made.kind === 'reload' ? running(made.slots) : obey(start.slots, made.commands);
        expect(areApplied(now, made.slots)).toBe(true);
        const again = makePlan({ slots: now, configuration: made.configuration }, { servers: after, settings: SETTINGS });
        expect(again).toMatchObject({ kind: 'nothing', commands: [] });
      }),
    );
  });
});
