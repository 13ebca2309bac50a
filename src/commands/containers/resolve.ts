import { string as stringArg } from '@oclif/core/args';
import { boolean, option, string } from '@oclif/core/flags';
import { rootFlag } from '../../cli/flags/registry.js';
import { RegistryCommand } from '../../cli/registry-command.js';
import { ZkdError } from '../../errors.js';
import type { ExitCodeName } from '../../exit-codes.js';
import { choose, STRATEGIES, usableOf, type Reachable } from '../../registry/index.js';
import { formatServer } from '../../zookeeper/index.js';

interface Resolved {
  readonly service: string;
  readonly address: string;
  readonly port: number;
  readonly id: string;
}

type ResolveResult = Resolved | { readonly instances: readonly Resolved[] };

const resolved = ({ service, address, port, id }: Reachable): Resolved => ({ service, address, port, id });

export default class ContainersResolve extends RegistryCommand<ResolveResult> {
  static override exits: readonly ExitCodeName[] = ['not-found', 'zookeeper-unavailable', 'partial', 'denied'];
  static override summary = 'Print where to reach an instance of a service.';
  static override description = `One address as HOST:PORT, or all with --all. Instances that are unwell, stale or out of service are not given; none left is exit 3.
With round-robin one process after the other gets the next instance: they count in a znode below /zkd. random goes by chance, hash by --key: the same key leads to the same instance while that is there. All three mind the weights.`;
  static override examples = [
    { description: 'The next one', command: 'curl "http://$(<%= config.bin %> containers resolve web)/"' },
    { description: 'The same one for the same user', command: '<%= config.bin %> containers resolve web --strategy hash --key alice' },
    { description: 'All of them, one a line', command: '<%= config.bin %> containers resolve web --all' },
  ];
  static override args = { service: stringArg({ description: 'Name of the service.', required: true, ignoreStdin: true }) };
  static override flags = {
    ...rootFlag,
    strategy: option({ options: STRATEGIES, env: 'ZKD_STRATEGY', default: 'round-robin', summary: 'How to choose.' })(),
    key: string({ env: 'ZKD_KEY', helpValue: 'TEXT', summary: 'What --strategy hash goes by.' }),
    all: boolean({ env: 'ZKD_ALL', summary: 'Every instance that may be used.' }),
  };

  async run(): Promise<ResolveResult> {
    const { args, flags } = await this.parse(ContainersResolve);
    const { service } = args;
    const { root, strategy, key } = flags;
    if (strategy !== 'hash' && this.isTyped('key'))
      throw new ZkdError('usage', '--key is for --strategy hash', { suggestions: ['--strategy hash'] });
    if (strategy === 'hash' && key === undefined) throw new ZkdError('usage', '--strategy hash goes by a key: give --key');
    const found = await this.inSession(flags, async (session) => {
      const { registrations } = await this.registrations(flags, session, { root, service });
      const usable = usableOf(registrations);
      if (flags.all && usable.length > 0) return usable;
      return [await choose(service, registrations, { strategy, key }, { session, root })];
    });
    this.print(found.map(({ address, port }) => formatServer({ host: address, port })).join('\n'));
    const [first] = found;
    return flags.all || !first ? { instances: found.map(resolved) } : resolved(first);
  }
}
