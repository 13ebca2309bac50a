import { string as stringArg } from '@oclif/core/args';
import { rootFlag } from '../../cli/flags/registry.js';
import { RegistryCommand } from '../../cli/registry-command.js';
import { ZkdError } from '../../errors.js';
import type { ExitCodeName } from '../../exit-codes.js';
import type { Registration } from '../../registry/index.js';

interface InspectResult {
  readonly registration: Registration;
}

/** The first slash ends the service: ids may have some. */
function parseInstance(input: string): { readonly service: string; readonly id: string } {
  const match = /^([^/]+)\/(.+)$/s.exec(input);
  if (!match)
    throw new ZkdError('usage', `${JSON.stringify(input)} names no instance: give SERVICE/ID, as "zkd containers ls -o name" prints them`);
  return { service: match[1] ?? '', id: match[2] ?? '' };
}

export default class ContainersInspect extends RegistryCommand<InspectResult> {
  static override exits: readonly ExitCodeName[] = ['not-found', 'zookeeper-unavailable', 'partial', 'denied'];
  static override summary = 'Show all that is known of a registered container.';
  static override description = `What its record and its znode say, and what the engine says of its container.`;
  static override examples = [
    { description: 'One of those "containers ls" lists', command: '<%= config.bin %> containers inspect web/web-1' },
    {
      description: 'The session that holds it, for a script',
      command: '<%= config.bin %> containers inspect web/web-1 --json',
    },
  ];
  static override args = { instance: stringArg({ description: 'SERVICE/ID.', required: true, ignoreStdin: true }) };
  static override flags = { ...rootFlag };

  async run(): Promise<InspectResult> {
    const { args, flags } = await this.parse(ContainersInspect);
    const { service, id } = parseInstance(args.instance);
    const { registrations } = await this.inSession(flags, (session) => this.registrations(flags, session, { root: flags.root, service }));
    const registration = registrations.find((one) => one.id === id);
    if (!registration) {
      throw new ZkdError('not-found', `No instance "${id}" of service "${service}" is registered`, {
        details: { service, id, registered: registrations.map((one) => one.id) },
        suggestions: [`zkd containers ls ${service}`],
      });
    }
    const { renderRegistration } = await import('../../cli/render/registration.js');
    this.print(renderRegistration(registration, this.style.stdout));
    return { registration };
  }
}
