import { pathArgument } from '../../cli/flags/znode.js';
import { SessionCommand } from '../../cli/session-command.js';
import type { ExitCodeName } from '../../exit-codes.js';
import { runChild } from '../../runtime/run-child.js';
import { editNode, type EditResult } from '../../znodes/index.js';

export default class ZnodeEdit extends SessionCommand<EditResult> {
  static override exits: readonly ExitCodeName[] = ['not-found', 'conflict', 'zookeeper-unavailable', 'denied'];
  static override summary = "Edit a znode's data in an editor.";
  static override description = `Opens what VISUAL or EDITOR names, else vi, on a copy only you can read, and writes back what was saved; nothing where nothing changed or the editor fails.
It is written only where nobody else wrote since it was read (exit 4 otherwise). Where it cannot be written your text stays in a file that the error names.
The data has to be text. A line end that the editor adds to a last line without one is not written.`;
  static override examples = [
    { description: 'In the editor of your choice', command: 'VISUAL=nano <%= config.bin %> znode edit /app/config' },
    { description: 'In a script', command: "EDITOR='sed -i s/blue/green/' <%= config.bin %> znode edit /app/config" },
  ];
  static override args = pathArgument;

  async run(): Promise<EditResult> {
    const { args, flags } = await this.parse(ZnodeEdit);
    const { env } = this.ports;
    // An empty variable counts as none. What it says may have arguments, as for every program that looks at it.
    const editor = env['VISUAL'] || env['EDITOR'] || 'vi';
    const result = await editNode(args.path, {
      open: () => this.session(flags),
      runEditor: (file) => this.inFront(() => runChild({ command: ['/bin/sh', '-c', `${editor} "$1"`, 'sh', file], env })),
    });
    const { path, changed, stat } = result;
    this.print(changed ? `${path}: written, version ${stat.version}, ${stat.dataLength} bytes` : '');
    if (!changed) this.talk(`${path}: nothing changed, nothing written`);
    return result;
  }
}
