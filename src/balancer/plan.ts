/**
 * (what HAProxy has, what is wanted) -> what to do: commands to its socket while the servers fit into the slots, a reload where its shape changes.
 * Pure.
 */
import { formatConfiguration, shapeOf, slotName, type Slots } from './configuration.js';
import { BACKEND } from './names.js';
import type { RunningSlot } from './running.js';
import { keyOf, type Server } from './servers.js';
import { MAX_SLOTS, type LiveSettings } from './settings.js';

export interface Plan {
  /** `note`: HAProxy is as wanted, its configuration file is not. */
  readonly kind: 'nothing' | 'note' | 'runtime' | 'reload';
  /** To HAProxy's socket, in their order. Empty for a reload. */
  readonly commands: readonly string[];
  /** As it will be. */
  readonly slots: Slots;
  readonly configuration: string;
  /** Why it has to be a reload. */
  readonly reason: 'shape' | 'slots' | null;
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly reweighted: readonly string[];
}

export interface Found {
  readonly slots: readonly RunningSlot[];
  /** Text of the file it was started with. */
  readonly configuration: string;
}

export function makePlan(found: Found, wanted: { readonly servers: readonly Server[]; readonly settings: LiveSettings }): Plan {
  const count = slotCount(found.slots.length, wanted.servers.length, wanted.settings.slots);
  const settings = { ...wanted.settings, slots: count };
  const slots = assign(found.slots, wanted.servers, count);
  const configuration = formatConfiguration(settings, slots);
  const reason = count !== found.slots.length ? 'slots' : shapeOf(configuration) === shapeOf(found.configuration) ? null : 'shape';
  const commands = reason === null ? commandsFor(found.slots, slots) : [];
  const isNoted = configuration === found.configuration;
  return {
    kind: reason !== null ? 'reload' : commands.length > 0 ? 'runtime' : isNoted ? 'nothing' : 'note',
    commands,
    slots,
    configuration,
    reason,
    ...differences(found.slots, wanted.servers),
  };
}

/** It never shrinks, and grows to twice what is needed: the next ones come without a reload. */
function slotCount(now: number, needed: number, asked: number): number {
  const least = Math.max(now, asked);
  return needed <= least ? least : Math.max(needed, Math.min(MAX_SLOTS, 2 ** Math.ceil(Math.log2(needed * 2))));
}

/** Who has a slot keeps it. Others get a free one, and where there is none that of one who goes. */
function assign(now: readonly RunningSlot[], servers: readonly Server[], count: number): Slots {
  const wanted = new Map(servers.map((server) => [keyOf(server), server]));
  const slots = Array.from({ length: count }, (_, index): Server | null => {
    const slot = now[index];
    const server = slot?.isUsed ? wanted.get(keyOf(slot)) : undefined;
    if (server) wanted.delete(keyOf(server));
    return server ?? null;
  });
  const places = [...slots.keys()].filter((index) => slots[index] === null);
  const free = [...places.filter((index) => now[index]?.isUsed !== true), ...places.filter((index) => now[index]?.isUsed === true)];
  for (const server of wanted.values()) slots[free.shift() ?? slots.length] = server;
  return slots;
}

/** Those who come first, so that there is somebody when others go. A server in maintenance finishes what it has, also when its slot becomes another's. */
function commandsFor(now: readonly RunningSlot[], slots: Slots): string[] {
  const steps = now.map((slot, index) => ({ slot, name: `${BACKEND}/${slotName(index)}`, server: slots[index] ?? null }));
  const isOther = ({ slot, server }: (typeof steps)[number]): boolean => slot.isUsed && (server === null || keyOf(slot) !== keyOf(server));
  const comes = steps.filter(({ slot, server }) => server !== null && !slot.isUsed);
  const goes = steps.filter(isOther);
  const stays = steps.filter((step) => step.slot.isUsed && !isOther(step));
  return [
    ...comes.flatMap(({ name, server }) => fill(name, server)),
    ...stays.flatMap(({ name, slot, server }) =>
      server && server.weight !== slot.weight ? [`set server ${name} weight ${server.weight}`] : [],
    ),
    ...goes.flatMap(({ name, server }) => [`set server ${name} state maint`, ...fill(name, server)]),
  ];
}

/** While it is in maintenance: nobody is sent anywhere else for a moment. */
function fill(name: string, server: Server | null): string[] {
  if (!server) return [];
  return [
    `set server ${name} addr ${server.address} port ${server.port}`,
    `set server ${name} weight ${server.weight}`,
    `set server ${name} state ready`,
  ];
}

function differences(now: readonly RunningSlot[], servers: readonly Server[]): Pick<Plan, 'added' | 'removed' | 'reweighted'> {
  const before = new Map(now.filter(({ isUsed }) => isUsed).map((slot) => [keyOf(slot), slot.weight]));
  const after = new Map(servers.map((server) => [keyOf(server), server.weight]));
  const keys = [...after.keys()];
  return {
    added: keys.filter((key) => !before.has(key)),
    removed: [...before.keys()].filter((key) => !after.has(key)),
    reweighted: keys.filter((key) => before.has(key) && before.get(key) !== after.get(key)),
  };
}
