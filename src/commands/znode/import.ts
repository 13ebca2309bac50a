import { string as stringArg } from '@oclif/core/args';
import { placeFlags, placeOptions } from '../../cli/flags/place.js';
import { openInput, znodePath } from '../../cli/flags/znode.js';
import { PlaceCommand, type PlaceCommandResult } from '../../cli/place-command.js';
import type { ExitCodeName } from '../../exit-codes.js';
import { importTree } from '../../znodes/index.js';

export default class ZnodeImport extends PlaceCommand {
  static override exits: readonly ExitCodeName[] = ['conflict', 'zookeeper-unavailable', 'partial', 'denied', 'refused'];
  static override summary = 'Write an exported tree.';
  static override description = `FILE is what "znode export" wrote; - takes stdin. PATH is where the tree goes; where it came from if absent. Data, ACLs and kinds are written, versions and times are the servers' own; ephemeral nodes are left out unless --ephemerals makes persistent ones of them.
--mode create leaves alone what is there, overwrite writes what is different, mirror also removes what is not in the file, with --prune, and not before the file was read to its end.
It can be run again after any interruption, and goes on where it stopped. A quorum that goes is waited for as long as a session lives (--session-timeout) and one --timeout more. Nodes that cannot be written are listed when all others are (exit 9).`;
  static override examples = [
    { description: 'Where it came from, leaving alone what is there', command: '<%= config.bin %> znode import app.jsonl' },
    { description: 'What a mirror would change', command: '<%= config.bin %> znode import app.jsonl /copy --mode mirror --dry-run' },
  ];
  static override args = {
    file: stringArg({ description: 'An export; - for stdin.', required: true, ignoreStdin: true }),
    path: znodePath({ description: 'Where the tree goes.', ignoreStdin: true }),
  };
  static override flags = placeFlags;

  async run(): Promise<PlaceCommandResult> {
    const { args, flags } = await this.parse(ZnodeImport);
    const wanted = placeOptions(flags);
    const chunks = await openInput(args.file, this.ports.stdin);
    return this.inSession(flags, (session, signal) =>
      this.place(`Import ${args.file}`, wanted, signal, (options) => importTree(session, chunks, args.path, options)),
    );
  }
}
