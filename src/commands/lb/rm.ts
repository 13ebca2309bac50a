import { string as stringArg } from '@oclif/core/args';
import { boolean } from '@oclif/core/flags';
import { removeBalancer } from '../../balancer/index.js';
import { ZkdCommand } from '../../cli/base-command.js';
import { engineFlags } from '../../cli/flags/engine.js';
import type { ExitCodeName } from '../../exit-codes.js';

interface RmResult {
  readonly balancer: string;
  readonly service: string;
  readonly changed: boolean;
}

export default class LbRm extends ZkdCommand<RmResult> {
  static override exits: readonly ExitCodeName[] = ['not-found', 'refused'];
  static override summary = 'Remove a load balancer.';
  static override description =
    'Removes its container. One that runs is removed only with --force (exit 12 otherwise), and its connections are cut off. The service and its records stay.';
  static override examples = [
    { description: 'By its service', command: '<%= config.bin %> lb rm web --force' },
    { description: 'By the name of its container', command: '<%= config.bin %> lb rm zkd-lb-web --force' },
  ];
  static override args = { name: stringArg({ description: 'Name of the container, or the service.', required: true, ignoreStdin: true }) };
  static override flags = { force: boolean({ summary: 'Remove it while it runs, too.' }), ...engineFlags };

  async run(): Promise<RmResult> {
    const { args, flags } = await this.parse(LbRm);
    const { name, birth } = await removeBalancer(await this.engine(flags), args.name, { force: flags.force });
    this.print(`${this.style.stdout.strong(name)}: removed`);
    return { balancer: name, service: birth.service, changed: true };
  }
}
