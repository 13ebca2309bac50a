/** `cluster up` and `cluster run`: the same road, a different claim. */
import { boolean, option, string } from '@oclif/core/flags';
import { bringUp, DEFAULT_CLUSTER, readSpecFile, saidName, type UpResult } from '../cluster/index.js';
import { ZkdError } from '../errors.js';
import { ClusterCommand } from './cluster-command.js';
import { clusterArgument } from './flags/cluster.js';
import { givenSettings, settingFlags } from './flags/settings.js';
import { timeoutFlag, waitFlag } from './flags/wait.js';
import { yesFlag } from './flags/confirm.js';
import { askConsent } from './prompt.js';
import { renderUp } from './render/cluster.js';

export abstract class UpCommand extends ClusterCommand<UpResult> {
  static override args = clusterArgument;
  static override flags = {
    ...settingFlags,
    file: string({
      char: 'f',
      env: 'ZKD_FILE',
      helpValue: 'zkd.yaml|-',
      summary: 'Read settings from a file, or from stdin; flags and variables win.',
    }),
    pull: option({
      options: ['missing', 'always', 'never'] as const,
      env: 'ZKD_PULL',
      default: 'missing',
      summary: 'When to pull the image.',
    })(),
    ...waitFlag,
    ...timeoutFlag({ default: '60s' }),
    'keep-on-failure': boolean({ env: 'ZKD_KEEP_ON_FAILURE', summary: 'Leave what was made when it does not become ready.' }),
    'accept-data-loss': boolean({ summary: 'Make voters anew whose data is gone, without a quorum that has it.' }),
    ...yesFlag,
    'dry-run': boolean({ env: 'ZKD_DRY_RUN', summary: 'Print what would be done, and do nothing.' }),
  };
  protected abstract readonly mode: 'up' | 'run';

  async run(): Promise<UpResult> {
    const { args, flags } = await this.parse(UpCommand);
    const file = flags.file === undefined ? { given: {} } : await readSpecFile(flags.file);
    const said = saidName({ argument: args.name, flag: flags.cluster, isFlagTyped: this.isClusterTyped });
    const typed = args.name ?? (this.isClusterTyped ? flags.cluster : undefined);
    if (typed !== undefined && file.name !== undefined && typed !== file.name) {
      throw new ZkdError('usage', `Two ensembles are named: "${typed}" and "${file.name}" in ${flags.file}`);
    }
    const name = said ?? file.name ?? DEFAULT_CLUSTER;
    const given = givenSettings(flags, file.given);
    const signal = this.interruption();
    const [engine, observer] = await Promise.all([this.engine(flags), this.observer()]);
    const result = await bringUp(
      {
        name,
        mode: this.mode,
        given,
        pull: flags.pull,
        wait: flags.wait,
        timeoutMs: flags.timeout,
        keepOnFailure: flags['keep-on-failure'],
        acceptDataLoss: flags['accept-data-loss'],
        dryRun: flags['dry-run'],
        yes: flags.yes,
      },
      { engine, ask: this.ports.askFourLetterWord, observer, signal, confirm: this.terminal.interactive ? askConsent : undefined },
    );
    this.show(name, result);
    return result;
  }

  private show(name: string, { cluster, changed, plan, outages }: UpResult): void {
    if (!cluster) return this.print(plan.length > 0 ? plan.join('\n') : `${name}: nothing to do`);
    this.print(renderUp({ cluster, changed, outages }, this.style.stdout));
    this.next(`zkd cluster status ${name}`);
  }
}
