import { string as stringArg } from '@oclif/core/args';
import { rootFlag } from '../../cli/flags/registry.js';
import { SessionCommand } from '../../cli/session-command.js';
import { ZkdError } from '../../errors.js';
import type { ExitCodeName } from '../../exit-codes.js';
import { deregister } from '../../registry/index.js';

interface DeregisterResult {
  /** Paths of the records. */
  readonly removed: readonly string[];
}

export default class ContainersDeregister extends SessionCommand<DeregisterResult> {
  static override exits: readonly ExitCodeName[] = ['not-found', 'zookeeper-unavailable', 'denied'];
  static override summary = 'Remove what is registered for a container.';
  static override description = `By the container's name or id, as the records carry it, from all services; or one instance by SERVICE/ID. The container need not be there any more. Whoever holds a record that is removed ends with 3; an agent registers what it should again at its next whole look.`;
  static override examples = [
    { description: 'All of a container', command: '<%= config.bin %> containers deregister web-1' },
    { description: 'One instance, as "containers ls -o name" prints it', command: '<%= config.bin %> containers deregister web/web-1' },
  ];
  static override args = { instance: stringArg({ description: 'Container, or SERVICE/ID.', required: true, ignoreStdin: true }) };
  static override flags = { ...rootFlag };

  async run(): Promise<DeregisterResult> {
    const { args, flags } = await this.parse(ContainersDeregister);
    if (args.instance === '') throw new ZkdError('usage', 'An empty name names nothing: give a container, or SERVICE/ID');
    const removed = await this.inSession(flags, (session) => deregister(session, flags.root, args.instance));
    this.print(removed.map((path) => `${path}: removed`).join('\n'));
    return { removed };
  }
}
