import { UpCommand } from '../../cli/up-command.js';
import type { ExitCodeName } from '../../exit-codes.js';

export default class ClusterRun extends UpCommand {
  static override exits: readonly ExitCodeName[] = ['not-found', 'conflict', 'timeout', 'refused'];
  static override summary = 'Create and start a new ensemble.';
  static override description = `As "cluster up", but an ensemble of that name, or data volumes kept from one, is a conflict (exit 4).
Waits until the ensemble is ready. On failure or Ctrl-C what this run made is removed again.`;
  static override examples = [
    { description: 'A throw-away ensemble for a test run', command: '<%= config.bin %> cluster run ci --ephemeral --client-port auto' },
    { description: 'Five voters and two observers', command: '<%= config.bin %> cluster run big --size 5 --observers 2' },
  ];
  protected readonly mode = 'run';
}
