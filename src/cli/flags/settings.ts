/**
 * One flag per setting of an ensemble. None has a default here: defaults apply at birth only, and what nobody gave keeps its value.
 */
import { boolean, custom, string } from '@oclif/core/flags';
import { DEFAULT_IMAGE, SETTINGS, type GivenSettings, type Settings } from '../../cluster/index.js';
import { repeated } from './repeated.js';

const GROUP = 'ENSEMBLE';

/** The parts every setting's flag has; the value's type is named where it is used, since a conditional one confuses oclif's overloads. */
function setting(key: keyof Settings, helpValue: string, summary: string, birth: string) {
  const { flag } = SETTINGS[key];
  return {
    env: `ZKD_${flag.toUpperCase().replaceAll('-', '_')}`,
    helpValue,
    summary: `${summary} [default at birth: ${birth}]`,
    helpGroup: GROUP,
  };
}

export const settingFlags = {
  size: custom<number>({ ...setting('size', '1-9', 'Voting members.', '3'), parse: async (input) => SETTINGS.size.parse(input) })(),
  observers: custom<number>({
    ...setting('observers', '0-9', 'Members that follow without a vote.', '0'),
    parse: async (input) => SETTINGS.observers.parse(input),
  })(),
  image: custom({
    ...setting('image', 'REFERENCE', 'Image to run.', DEFAULT_IMAGE),
    parse: async (input) => SETTINGS.image.parse(input),
  })(),
  'client-port': custom<number | 'auto'>({
    ...setting('clientPort', 'PORT|auto', 'First client port on the host; members take consecutive ones.', '2181 if free, else auto'),
    parse: async (input) => SETTINGS.clientPort.parse(input),
  })(),
  bind: custom({
    ...setting('bind', 'ADDRESS', 'Host address to publish on.', '127.0.0.1'),
    parse: async (input) => SETTINGS.bind.parse(input),
  })(),
  network: custom<string | null>({
    ...setting('network', 'NAME', 'Existing network to join; it is never removed.', 'one of its own'),
    parse: async (input) => SETTINGS.network.parse(input),
  })(),
  subnet: custom<string | null>({
    ...setting('subnet', 'CIDR', 'Subnet of the network zkd makes.', "the engine's choice"),
    parse: async (input) => SETTINGS.subnet.parse(input),
  })(),
  heap: custom<number>({
    ...setting('heapBytes', 'SIZE', 'Java heap of a member.', '256m'),
    parse: async (input) => SETTINGS.heapBytes.parse(input),
  })(),
  memory: custom<number | null>({
    ...setting('memoryBytes', 'SIZE', 'Memory limit of a member.', 'heap + 256m'),
    parse: async (input) => SETTINGS.memoryBytes.parse(input),
  })(),
  cpus: custom<number | null>({
    ...setting('cpus', 'NUMBER', 'CPU limit of a member.', 'none'),
    parse: async (input) => SETTINGS.cpus.parse(input),
  })(),
  'tick-time': custom<number>({
    ...setting('tickTimeMs', 'DURATION', "ZooKeeper's basic time unit.", '2000ms'),
    parse: async (input) => SETTINGS.tickTimeMs.parse(input),
  })(),
  set: string({
    ...setting('set', 'KEY=VALUE', 'Any other zoo.cfg setting; can be repeated; the variable takes one pair a line.', 'none'),
    multiple: true,
    multipleNonGreedy: true,
    parse: async (input) => {
      SETTINGS.set.parse(input);
      return input;
    },
  }),
  restart: custom<Settings['restart']>({
    ...setting('restart', 'unless-stopped|no', 'Restart policy of the containers.', 'unless-stopped'),
    parse: async (input) => SETTINGS.restart.parse(input),
  })(),
  growable: boolean({ env: 'ZKD_GROWABLE', allowNo: true, summary: 'Make a single member such that it can grow later.', helpGroup: GROUP }),
  ephemeral: boolean({
    env: 'ZKD_EPHEMERAL',
    allowNo: true,
    summary: 'Keep data in anonymous volumes that go with the containers.',
    helpGroup: GROUP,
  }),
};

/** Parsed values of {@link settingFlags}. */
export interface SettingFlagValues {
  readonly size?: number | undefined;
  readonly observers?: number | undefined;
  readonly image?: string | undefined;
  readonly 'client-port'?: number | 'auto' | undefined;
  readonly bind?: string | undefined;
  readonly network?: string | null | undefined;
  readonly subnet?: string | null | undefined;
  readonly heap?: number | undefined;
  readonly memory?: number | null | undefined;
  readonly cpus?: number | null | undefined;
  readonly 'tick-time'?: number | undefined;
  readonly set?: readonly string[] | undefined;
  readonly restart?: Settings['restart'] | undefined;
  readonly growable?: boolean | undefined;
  readonly ephemeral?: boolean | undefined;
}

/** What flags and variables gave, over what the file gave; of `set`, key by key. */
export function givenSettings(flags: SettingFlagValues, file: GivenSettings): GivenSettings {
  const given = {
    size: flags.size,
    observers: flags.observers,
    image: flags.image,
    clientPort: flags['client-port'],
    bind: flags.bind,
    network: flags.network,
    subnet: flags.subnet,
    heapBytes: flags.heap,
    memoryBytes: flags.memory,
    cpus: flags.cpus,
    tickTimeMs: flags['tick-time'],
    set: flags.set ? { ...file.set, ...SETTINGS.set.parse(repeated(flags.set).join('\n')) } : undefined,
    restart: flags.restart,
    growable: flags.growable,
    ephemeral: flags.ephemeral,
  };
  const said = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  return { ...file, ...(said as GivenSettings) };
}
