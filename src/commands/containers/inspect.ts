import { string as stringArg } from '@oclif/core/args';
import { rootFlag } from '../../cli/flags/registry.js';
import { RegistryCommand } from '../../cli/registry-command.js';
import { ZkdError } from '../../errors.js';
import type { ExitCodeName } from '../../exit-codes.js';
import type { Registration } from '../../registry/index.js';

interface InspectResult {
  readonly registration: Registration;
}

/** Both names may have slashes: wherever one is, the service may end. */
function parseInstance(
  input: string,
): readonly [{ readonly service: string; readonly id: string }, ...{ readonly service: string; readonly id: string }[]] {
  const ends = [...input.matchAll(/\//g)].map(({ index }) => index).filter((index) => index > 0 && index < input.length - 1);
  const [first, ...others] = ends.map((index) => ({ service: input.slice(0, index), id: input.slice(index + 1) }));
  if (first) return [first, ...others];
  throw new ZkdError('usage', `${JSON.stringify(input)} names no instance: give SERVICE/ID, as "zkd containers ls -o name" prints them`);
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
    const places = parseInstance(args.instance);
    const [{ service, id }] = places;
    const registrations = await this.inSession(flags, async (session) => {
      const read = places.map(
        async (place) => (await this.registrations(flags, session, { root: flags.root, service: place.service })).registrations,
      );
      return (await Promise.all(read)).flat();
    });
    const registration = registrations.find((one) => places.some((place) => one.service === place.service && one.id === place.id));
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
