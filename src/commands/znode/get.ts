import { boolean } from '@oclif/core/flags';
import { pathArgument } from '../../cli/flags/znode.js';
import { written } from '../../cli/flow.js';
import { dataDocument, hexView, isShowable, renderPretty, type DataDocument } from '../../cli/render/znode.js';
import { SessionCommand } from '../../cli/session-command.js';
import type { ExitCodeName } from '../../exit-codes.js';
import type { Stat } from '../../zookeeper/index.js';

interface GetResult extends DataDocument {
  readonly path: string;
  readonly stat: Stat;
}

export default class ZnodeGet extends SessionCommand<GetResult> {
  static override exits: readonly ExitCodeName[] = ['not-found', 'zookeeper-unavailable', 'denied'];
  static override summary = "Print a znode's data.";
  static override description = `Writes the bytes as they are, and nothing else. Only a terminal is spared what would upset it: there, data that is not text is shown in hex.
With --json text is in "data", everything else in "base64", and "stat" tells versions and times.`;
  static override examples = [
    { description: 'To a file, byte for byte', command: '<%= config.bin %> znode get /app/logo > logo.png' },
    { description: 'JSON made readable', command: '<%= config.bin %> znode get /app/config --pretty' },
    { description: 'From any ZooKeeper', command: '<%= config.bin %> znode get /app/config --connect 127.0.0.1:2181' },
  ];
  static override args = pathArgument;
  static override flags = {
    pretty: boolean({ env: 'ZKD_PRETTY', summary: 'Indent JSON, show in hex what is no text.' }),
  };

  async run(): Promise<GetResult> {
    const { args, flags } = await this.parse(ZnodeGet);
    const { data, stat } = await this.inSession(flags, (session) => session.get(args.path));
    if (!this.jsonEnabled()) await this.#show(data, flags.pretty);
    return { path: args.path, ...dataDocument(data), stat };
  }

  async #show(data: Buffer, pretty: boolean): Promise<void> {
    const { stdout } = this.ports;
    if (pretty || (stdout.isTTY === true && !isShowable(data))) {
      this.print(pretty ? renderPretty(data) : hexView(data));
      return;
    }
    await written(stdout, data);
    // For the prompt that comes next; the data itself gets nothing added.
    if (stdout.isTTY === true && data.length > 0 && data.at(-1) !== 0x0a) this.talk('');
  }
}
