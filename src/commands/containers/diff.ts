import { boolean, string } from '@oclif/core/flags';
import { advertiseFlags, rootFlag } from '../../cli/flags/registry.js';
import { SessionCommand } from '../../cli/session-command.js';
import type { ExitCodeName } from '../../exit-codes.js';
import { readDrift, type Drift } from '../../registry/index.js';

interface DiffResult {
  readonly drift: readonly Drift[];
}

const WORDS: Readonly<Record<Drift['kind'], string>> = {
  unregistered: 'serves and is not registered',
  gone: 'is registered, but its container does not run any more',
  unhealthy: 'is registered, but not healthy',
  duplicate: 'is registered more than once',
  different: 'is registered at another place than it is at',
};

export default class ContainersDiff extends SessionCommand<DiffResult> {
  static override exits: readonly ExitCodeName[] = ['engine-unavailable', 'zookeeper-unavailable', 'partial', 'negative', 'denied'];
  static override summary = 'Compare the registry with the engine; exit 10 where they differ.';
  static override description = `Compares what is registered with what "containers agent" would register with the same flags: containers that serve and are not registered, records whose container does not run any more, is not healthy or is at another place, and places that are registered more than once. Nothing is changed. What other engines have registered is compared with itself only.`;
  static override examples = [
    { description: 'Is all as it should be?', command: '<%= config.bin %> containers diff' },
    { description: 'For a script', command: '<%= config.bin %> containers diff --explicit --json' },
  ];
  static override flags = {
    explicit: boolean({ env: 'ZKD_EXPLICIT', summary: 'Only containers that say the name of a service.' }),
    advertise: advertiseFlags.advertise,
    'host-address': advertiseFlags['host-address'],
    network: string({
      env: 'ZKD_NETWORK',
      helpValue: 'NAME',
      summary: 'Of containers on several networks: whose address, unless they say it.',
    }),
    ...rootFlag,
  };

  async run(): Promise<DiffResult> {
    const { flags } = await this.parse(ContainersDiff);
    const engine = await this.engine(flags);
    const { advertise: how, explicit: isExplicit, network, root } = flags;
    const hostAddress = flags['host-address'] ?? engine.endpoint.remoteHost ?? undefined;
    const rules = { how, isExplicit, network, root, hostAddress, tags: [], payload: 'none' } as const;
    const { drift, problems, denied } = await this.inSession(flags, (session) => readDrift(session, engine, rules));
    for (const { container, problem } of problems) this.caution(`${container}: ${problem}`);
    for (const path of denied) this.caution(`"${path}" is not compared: access control denies it`);
    if (denied.length > 0) this.endWith('partial');
    if (drift.length > 0) this.endWith('negative');
    this.print(drift.length === 0 ? 'no drift' : drift.map((one) => this.#line(one)).join('\n'));
    return { drift };
  }

  #line({ kind, service, id, container }: Drift): string {
    const who = container === null ? '' : ` (${container})`;
    return `${this.style.stdout.bad(kind.padEnd('unregistered'.length))} ${service}/${id}${who}: ${WORDS[kind]}`;
  }
}
