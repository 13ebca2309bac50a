/**
 * HAProxy in the containers of a fake engine, as zkd's program inside (`inside-script.ts`) finds it: slots that commands change, a configuration
 * that is checked, a master that counts its reloads. Answers in HAProxy's formats. Its slots come from the file it was started with.
 */
import { CONFIGURATION, MEMORY } from '../../src/balancer/names.js';
import type { ExecOptions, ExecResult } from '../../src/engine/index.js';
import type { FakeContainer, FakeEngine } from './fake-engine.js';

interface FakeSlot {
  address: string;
  port: string;
  weight: string;
  isUsed: boolean;
}

interface FakeMaster {
  readonly startedAt: string | null;
  reloads: number;
  failed: number;
  worker: number;
  slots: FakeSlot[];
}

const FREE: FakeSlot = { address: '127.0.0.1', port: '9', weight: '1', isUsed: false };
const OWNER = { uid: 99, gid: 99, mode: 0o600 };

export class FakeHaproxy {
  /** What `haproxy -c` says to a configuration; nothing where it is fine. */
  onCheck: (configuration: string) => string | undefined = () => undefined;
  /** Whether a worker with this configuration starts. */
  onReload: (configuration: string) => boolean = () => true;
  /** Called before each mode; for what others do meanwhile. */
  onMode: ((container: FakeContainer, mode: string) => void) | undefined;
  /** Names of containers whose HAProxy does not answer. */
  readonly silent = new Set<string>();
  /** `address:port` of servers whose check fails. */
  readonly down = new Set<string>();
  /** Addresses of host names. */
  readonly hosts = new Map<string, string>();
  /** Modes in their order, without looks. */
  readonly changes: string[] = [];
  readonly #masters = new Map<string, FakeMaster>();

  constructor(engine: FakeEngine) {
    const others = engine.onExec;
    engine.onExec = (container, options) =>
      options.command[0] === 'perl' ? this.#run(container, options) : (others?.(container, options) ?? {});
  }

  /** As `show servers state` would tell, free slots left out: `s1 10.0.0.1:80 1`. */
  servers(container: FakeContainer): string[] {
    return this.#master(container).slots.flatMap(({ isUsed, address, port, weight }, index) =>
      isUsed ? [`s${index + 1} ${address}:${port} ${weight}`] : [],
    );
  }

  worker(container: FakeContainer): number {
    return this.#master(container).worker;
  }

  #run(container: FakeContainer, { command, stdin }: ExecOptions): Partial<ExecResult> {
    const mode = command[3] ?? '';
    this.onMode?.(container, mode);
    const input = sectionsOf(stdin?.toString() ?? '');
    if (mode === 'look') return said(this.#show(container));
    if (mode === 'hosts') return said(`== hosts\n${this.#addresses(input.get('names') ?? '')}`);
    this.changes.push(mode);
    if (input.get('seen-configuration') !== read(container, CONFIGURATION) || input.get('seen-memory') !== read(container, MEMORY)) {
      return said('== stale\n');
    }
    return said(this.#change(container, mode, input));
  }

  #change(container: FakeContainer, mode: string, input: ReadonlyMap<string, string>): string {
    const configuration = input.get('configuration') ?? '';
    const master = this.#master(container);
    if (mode === 'runtime') for (const line of (input.get('commands') ?? '').split('\n')) command(master, line);
    const words = this.onCheck(configuration);
    if (words !== undefined) return `== refused\n${words}\n`;
    if (mode === 'reload') {
      master.reloads += 1;
      if (!this.onReload(configuration)) {
        master.reloads += 1;
        master.worker += 1;
        return '== failed\na worker of the new generation failed\n';
      }
      master.worker += 1;
      master.slots = slotsIn(configuration);
    }
    container.files.put({ path: CONFIGURATION, content: configuration, ...OWNER });
    container.files.put({ path: MEMORY, content: input.get('memory') ?? '', ...OWNER });
    return this.#show(container);
  }

  #show(container: FakeContainer): string {
    const files = `== configuration\n${read(container, CONFIGURATION)}== memory\n${read(container, MEMORY)}`;
    if (this.silent.has(container.name)) return `${files}== proc\n== state\n`;
    const { reloads, failed, worker, slots } = this.#master(container);
    const proc = `#<PID> <type> <reloads> <uptime> <version>\n1 master ${reloads} [failed: ${failed}] 0d00h00m00s 2.6.12\n# workers\n${worker} worker 0 0d00h00m00s 2.6.12\n# programs\n\n`;
    const rows = slots.map(({ address, port, weight, isUsed }, index) => {
      const isUp = isUsed && !this.down.has(`${address}:${port}`);
      return `3 servers ${index + 1} s${index + 1} ${address} ${isUp ? 2 : 0} ${isUsed ? 4 : 5} ${weight} 1 0 1 0 1 6 0 0 0 - ${port} - 0 0 - - 0`;
    });
    return `${files}== proc\n${proc}== state\n1\n# be_id be_name srv_id srv_name\n${rows.join('\n')}\n\n`;
  }

  #addresses(names: string): string {
    return names
      .split('\n')
      .flatMap((name) => {
        const address = this.hosts.get(name);
        return address === undefined ? [] : [`${name}\t${address}\n`];
      })
      .join('');
  }

  /** A container that was started anew has another one. */
  #master(container: FakeContainer): FakeMaster {
    const known = this.#masters.get(container.id);
    if (known?.startedAt === container.startedAt) return known;
    const slots = slotsIn(read(container, CONFIGURATION));
    const master: FakeMaster = { startedAt: container.startedAt, reloads: 0, failed: 0, worker: 10, slots };
    this.#masters.set(container.id, master);
    return master;
  }
}

const said = (text: string): Partial<ExecResult> => ({ stdout: Buffer.from(text) });
const read = (container: FakeContainer, path: string): string => container.files.get(path)?.content?.toString() ?? '';

function sectionsOf(text: string): Map<string, string> {
  const parts = `\n${text}`.split('\n== ').slice(1);
  return new Map(
    parts.map((part, index) => {
      const [name = '', ...lines] = part.split('\n');
      const content = lines.join('\n');
      return [name, content === '' || index === parts.length - 1 ? content : `${content}\n`];
    }),
  );
}

function slotsIn(configuration: string): FakeSlot[] {
  return configuration.split('\n').flatMap((line): FakeSlot[] => {
    const [, , address = '', port = '', weight = ''] = /^ +server (\S+) (.+):(\d+) weight (\d+)$/.exec(line) ?? [];
    if (address !== '') return [{ address: address.replace(/^\[(.*)\]$/, '$1'), port, weight, isUsed: true }];
    const [, first, last] = /^ +server-template s (\d+)-(\d+) /.exec(line) ?? [];
    return first === undefined ? [] : Array.from({ length: Number(last) - Number(first) + 1 }, () => ({ ...FREE }));
  });
}

function command({ slots }: FakeMaster, line: string): void {
  const [, number, what = ''] = /^set server servers\/s(\d+) (.+)$/.exec(line) ?? [];
  const slot = slots[Number(number) - 1];
  if (!slot) return;
  const [word = '', value = '', , port = ''] = what.split(' ');
  if (word === 'addr') Object.assign(slot, { address: value, port });
  if (word === 'weight') slot.weight = value;
  if (word === 'state') slot.isUsed = value === 'ready';
}
