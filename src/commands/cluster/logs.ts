import { boolean, custom, string } from '@oclif/core/flags';
import { ClusterCommand } from '../../cli/cluster-command.js';
import { clusterArgument } from '../../cli/flags/cluster.js';
import type { EngineFlagValues } from '../../cli/flags/engine.js';
import { membersFlag } from '../../cli/flags/member.js';
import { repeated } from '../../cli/flags/repeated.js';
import { written } from '../../cli/flow.js';
import { lineDocuments, renderLines } from '../../cli/render/logs.js';
import { exportEnsemble, readLogs, type ExportRequest, type ExportResult, type LogsRequest } from '../../cluster/index.js';
import { ZkdError } from '../../errors.js';
import type { ExitCodeName } from '../../exit-codes.js';
import { parseMoment, parseWholeNumber } from '../../runtime/quantities.js';

/** What is streamed is the result: nothing is to be added to it. */
type Streamed = Record<string, never>;

export default class ClusterLogs extends ClusterCommand<ExportResult | Streamed> {
  static override exits: readonly ExitCodeName[] = ['not-found', 'conflict', 'refused'];
  static override summary = "Show the members' logs, interleaved by time.";
  static override description = `Reads what the containers wrote, stdout and stderr; a stopped member's log is there too, that of a removed container is not.
With --follow it goes on through restarts, replacement and absences of the engine, until Ctrl-C (exit 130) or until no container of the ensemble is left for 5 seconds (exit 0). What is followed is in order of time within 100 ms; later than that, in order of arrival.
With --json each line is a document {"time","member","stream","line"}.
With --export nothing is printed: log, inspection, parsed configuration and four-letter answers of each member, status and engine version go into a folder, without secrets; what cannot be had is noted in its export.json. The folder is new, empty, or an earlier export, which is replaced (exit 4 otherwise).`;
  static override examples = [
    { description: 'The last lines of every member', command: '<%= config.bin %> cluster logs zk --tail 20' },
    {
      description: 'One member, since ten minutes, with times',
      command: '<%= config.bin %> cluster logs zk --member 2 --since 10m --timestamps',
    },
    { description: 'A folder for CI artefacts', command: '<%= config.bin %> cluster logs zk --export zk-logs' },
  ];
  static override args = clusterArgument;
  static override flags = {
    ...membersFlag,
    follow: boolean({ char: 'f', env: 'ZKD_FOLLOW', summary: 'Go on with what is logged from now on.' }),
    tail: custom<number>({
      env: 'ZKD_TAIL',
      helpValue: 'N',
      parse: async (input) => parseWholeNumber(input, 'Number of lines', 0, Number.MAX_SAFE_INTEGER),
      summary: 'Only the last N lines of each member.',
    })(),
    since: custom({
      env: 'ZKD_SINCE',
      helpValue: 'DURATION|TIME',
      parse: async (input) => parseMoment(input, 'Time', Date.now()),
      summary: 'Only lines of the last 10m, say, or from an ISO-8601 time on.',
    })(),
    timestamps: boolean({ env: 'ZKD_TIMESTAMPS', summary: "Show the engine's time of each line." }),
    export: string({ env: 'ZKD_EXPORT', helpValue: 'DIR', summary: 'Write everything there is to know into a folder.' }),
  };

  async run(): Promise<ExportResult | Streamed> {
    const parsed = await this.parse(ClusterLogs);
    const { flags } = parsed;
    const directory = flags.export;
    if (directory === '') throw new ZkdError('usage', 'The folder of --export has no name');
    if (directory !== undefined && flags.follow) throw new ZkdError('usage', 'An export ends: give --export or --follow, not both');
    const name = await this.clusterName(parsed);
    const about = { name, members: repeated(flags.member), tail: flags.tail, since: flags.since };
    if (directory !== undefined) return this.#export({ ...about, directory }, parsed.flags);
    await this.#stream({ ...about, follow: flags.follow }, parsed.flags);
    return {};
  }

  /** One document a line, failures included; what was streamed needs no document of its own. */
  override logJson(document: object): void {
    if (Object.keys(document).length > 0) this.ports.stdout.write(`${JSON.stringify(document)}\n`);
  }

  async #export(request: ExportRequest, flags: EngineFlagValues): Promise<ExportResult> {
    const signal = this.interruption();
    const result = await exportEnsemble(request, { engine: await this.engine(flags), ask: this.ports.askFourLetterWord, signal });
    for (const { file, error } of result.missing) this.caution(`${file} is missing: ${error}`);
    this.print(`${request.name}: ${result.files.length} files in ${result.dir}`);
    this.next(`cat ${request.directory}/export.json`);
    return result;
  }

  async #stream(request: LogsRequest, flags: EngineFlagValues & { readonly timestamps: boolean }): Promise<void> {
    const signal = this.interruption();
    const isJson = this.jsonEnabled();
    const { timestamps } = flags;
    const context = {
      engine: await this.engine(flags),
      signal,
      onEngine: (isThere: boolean) => this.talk(isThere ? 'The engine is back' : 'The engine is away: waiting for it'),
      onNothing: () => this.talk(`Ensemble "${request.name}" has no container whose log could be read`),
    };
    try {
      for await (const lines of readLogs(request, context)) {
        const text = isJson ? lineDocuments(lines) : renderLines(lines, { style: this.style.stdout, timestamps });
        // Whoever read has gone away.
        if (!(await written(this.ports.stdout, text))) return;
      }
    } catch (error) {
      // Ctrl-C is how following ends.
      if (isJson || !request.follow || error !== signal.reason) throw error;
      this.endWith((error as ZkdError).code);
    }
  }
}
