import { option } from '@oclif/core/flags';
import { ClusterCommand } from '../../cli/cluster-command.js';
import { clusterArgument } from '../../cli/flags/cluster.js';
import { timeoutFlag } from '../../cli/flags/wait.js';
import { WAIT_STATES, waitFor, type WaitResult } from '../../cluster/index.js';
import type { ExitCodeName } from '../../exit-codes.js';
import { formatDurationMs } from '../../runtime/quantities.js';

export default class ClusterWait extends ClusterCommand<WaitResult> {
  static override exits: readonly ExitCodeName[] = ['not-found', 'timeout', 'refused'];
  static override summary = 'Wait until an ensemble is ready, stopped or gone.';
  static override description = `Touches nothing; somebody else brings it about.
ready: every member answers, exactly one leads, all others are in sync. Members that do not run are waited for too; a crash loop ends the wait at once (exit 7).
stopped: no member's container runs. gone: no container, network or data volume is left, so that "cluster ls" lists it no more.
An ensemble that is not there is exit 3, with --for gone a success. Time that runs out is exit 7, and the error says what is missing.`;
  static override examples = [
    { description: 'After "cluster up --no-wait"', command: '<%= config.bin %> cluster wait zk --timeout 2m' },
    { description: 'Until another script has removed it', command: '<%= config.bin %> cluster wait ci --for gone --timeout 5m' },
  ];
  static override args = clusterArgument;
  static override flags = {
    for: option({ options: WAIT_STATES, env: 'ZKD_FOR', default: 'ready', summary: 'What to wait for.' })(),
    ...timeoutFlag({ default: '60s' }),
  };

  async run(): Promise<WaitResult> {
    const parsed = await this.parse(ClusterWait);
    const name = await this.clusterName(parsed);
    const signal = this.interruption();
    const [engine, observer] = await Promise.all([this.engine(parsed.flags), this.observer()]);
    const { for: state, timeout } = parsed.flags;
    const ask = this.ports.askFourLetterWord;
    const result = await waitFor({ name, for: state, timeoutMs: timeout }, { engine, ask, observer, signal });
    this.print(`${this.style.stdout.strong(name)}: ${state} after ${formatDurationMs(result.tookMs)}`);
    if (state === 'ready') this.next(`zkd cluster status ${name}`);
    return result;
  }
}
