import { string as stringArg } from '@oclif/core/args';
import { outputFlag } from '../../cli/flags/output.js';
import { rootFlag } from '../../cli/flags/registry.js';
import { RegistryCommand } from '../../cli/registry-command.js';
import type { ExitCodeName } from '../../exit-codes.js';
import type { Registration } from '../../registry/index.js';

interface LsResult {
  readonly containers: readonly Registration[];
}

export default class ContainersLs extends RegistryCommand<LsResult> {
  static override exits: readonly ExitCodeName[] = ['zookeeper-unavailable', 'partial', 'denied'];
  static override summary = 'List registered containers, with what the engine says of them.';
  static override description = `Instances of all services below --root, or of one, each with its container where the engine has it: by the id in the record, else by its address. An instance is stale when its container does not run any more.
Records of Curator's service discovery (zkd's own among them), Spring Cloud, registrator and nerve are understood; anything else is shown as what it is, with the reason. A record names what it calls itself. Exit 9 where some may not be read. Without an engine the registry is shown by itself.`;
  static override examples = [
    { description: 'All of them', command: '<%= config.bin %> containers ls' },
    { description: 'One service, with images and sessions', command: '<%= config.bin %> containers ls web --output wide' },
    { description: 'With everything that is known, for a script', command: '<%= config.bin %> containers ls --json' },
  ];
  static override args = { service: stringArg({ description: 'Only this service.', ignoreStdin: true }) };
  static override flags = { ...rootFlag, ...outputFlag };

  async run(): Promise<LsResult> {
    const { args, flags } = await this.parse(ContainersLs);
    const { registrations } = await this.inSession(flags, (session) =>
      this.registrations(flags, session, { root: flags.root, service: args.service }),
    );
    const result = { containers: registrations };
    if (this.jsonEnabled()) return result;
    const [{ renderList }, { registrationList }] = await Promise.all([
      import('../../cli/render/list.js'),
      import('../../cli/render/registration.js'),
    ]);
    const style = this.style.stdout;
    this.print(await renderList(registrations, result, registrationList(style, new Date()), flags.output, style));
    return result;
  }
}
