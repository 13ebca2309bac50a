import { boolean } from '@oclif/core/flags';
import { ClusterCommand } from '../../cli/cluster-command.js';
import { clusterArgument } from '../../cli/flags/cluster.js';
import { intervalFlag } from '../../cli/flags/wait.js';
import { renderStatus } from '../../cli/render/cluster.js';
import { createAppendedScreen, createJsonScreen, createLiveScreen, type StatusScreen } from '../../cli/status-screen.js';
import { readStatus, watchStatus, type Sighting, type StatusResult } from '../../cluster/index.js';
import type { Engine } from '../../engine/index.js';
import type { ExitCodeName } from '../../exit-codes.js';

export default class ClusterStatus extends ClusterCommand<StatusResult> {
  static override exits: readonly ExitCodeName[] = ['not-found', 'negative', 'refused'];
  static override summary = 'Show the quorum as ZooKeeper sees it.';
  static override description = `Asks every member over its client port: mode, version, zxid, lag, connections, latency; names one cause per member that is not well.
Exit 0 when healthy: every member answers, exactly one leads, all others are in sync. Exit 10 otherwise.
With --watch it looks until Ctrl-C (exit 130): a table redrawn in place on a terminal, elsewhere a table, or with --json a line, at the start and at every change of more than counters. It outlives an engine that goes away for a while, and ends with exit 3 once nothing of the ensemble is left.`;
  static override examples = [
    { description: 'The one ensemble there is', command: '<%= config.bin %> cluster status' },
    { description: 'For a script', command: '<%= config.bin %> cluster status zk --json' },
    {
      description: 'The first of the lines a watching script reads',
      command: '<%= config.bin %> cluster status zk --watch --json | head -1',
    },
  ];
  static override args = clusterArgument;
  static override flags = {
    watch: boolean({ char: 'w', summary: 'Look again and again, until Ctrl-C.' }),
    ...intervalFlag({ default: '2s' }),
  };

  override async init(): Promise<void> {
    // Before anything is parsed: what is wrong with the flags is one line as well.
    this.isStream = this.argv.includes('--watch') || this.argv.includes('-w');
    await super.init();
  }

  async run(): Promise<StatusResult> {
    const parsed = await this.parse(ClusterStatus);
    const { watch, interval } = parsed.flags;
    const name = await this.clusterName(parsed);
    const engine = await this.engine(parsed.flags);
    if (watch) return this.#watch(engine, name, interval);
    const result = await readStatus(engine, name, this.ports.askFourLetterWord);
    this.print(renderStatus(result, this.style.stdout));
    if (!result.healthy) {
      this.endWith('negative');
      this.next(`zkd cluster up ${name}`);
    }
    return result;
  }

  /** Ends with an error, or where nobody reads any more; answers what was seen last. */
  async #watch(engine: Engine, name: string, intervalMs: number): Promise<StatusResult> {
    const screen = await this.#screen();
    const ask = this.ports.askFourLetterWord;
    let last: StatusResult | undefined;
    try {
      for await (const sighting of watchStatus(engine, name, { ask, intervalMs, signal: this.interruption(), until: screen.closed })) {
        if (sighting.kind === 'status') screen.show((last = sighting.status), sighting.isNew);
        else screen.aside(() => this.#tell(sighting));
      }
    } finally {
      screen.close();
    }
    return last as StatusResult;
  }

  #screen(): Promise<StatusScreen> | StatusScreen {
    const { stdout } = this.ports;
    if (this.jsonEnabled()) return createJsonScreen(stdout);
    if (this.terminal.animated && stdout.isTTY === true) return createLiveScreen(stdout, this.style.stdout);
    return createAppendedScreen(stdout, this.style.stdout);
  }

  #tell(sighting: Exclude<Sighting, { kind: 'status' }>): void {
    if (sighting.kind === 'back') this.talk('The engine answers again');
    else this.caution(`${sighting.error.message}; trying again until it answers`);
  }
}
